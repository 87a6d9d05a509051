export {
  chunkBytes,
  chunkDataBytes,
  maxChunks,
  maxSegmentBytes,
  openChunk,
  segmentKey,
  segmentSaltBytes,
} from "./chunk.js"
export type { Chunk } from "./chunk.js"
export {
  decodeKeyFile,
  defaultStickCost,
  encodeKeyFile,
  isAllowedCost,
  keyFileBytes,
  maxKeyFiles,
  maxSealedKeyFiles,
  newStickKey,
  openStickKey,
} from "./key-file.js"
export type { StickKeyFile } from "./key-file.js"
export {
  isListOf,
  listFileBytes,
  maxListFileBytes,
  openList,
  sealList,
  sortedEntries,
} from "./list-file.js"
export type { ListEntry, SegmentList } from "./list-file.js"
export { listNameOf, maxStickFiles, segmentNameOf, stickFileName, stickFileOf } from "./names.js"
export type { StickFileKind } from "./names.js"
export { Difference, planStick } from "./plan.js"
export type { Candidate, StickPlan } from "./plan.js"
export { maxParcelBytes, maxParcels, SegmentScanner, SegmentWriter } from "./segment.js"
export type { ParcelPlace } from "./segment.js"
