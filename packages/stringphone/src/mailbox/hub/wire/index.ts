export { decodeCredit, encodeCredit } from "./credit.js"
export type { Credit } from "./credit.js"
export {
  decodeFrame,
  encodeFrame,
  frameHeaderBytes,
  frameTypes,
  hubNumberBytes,
  toAll,
} from "./frame.js"
export type { Frame, FrameKind } from "./frame.js"
export { decodeHello, encodeHello, leastFrameBytes } from "./hello.js"
export type { Hello } from "./hello.js"
export { decodeParcels, encodeParcels, parcelLengthBytes, parcelsHeaderBytes } from "./parcels.js"
export type { Parcels } from "./parcels.js"
export { decodePiece, encodePiece, pieceHeaderBytes } from "./piece.js"
export type { Piece } from "./piece.js"
export {
  decodeReconcilePart,
  encodeReconcilePart,
  reconcilePartHeaderBytes,
} from "./reconcile-part.js"
export type { ReconcilePart } from "./reconcile-part.js"
export { decodeRunNumber, encodeRunNumber } from "./run-number.js"
export { decodeRunStart, encodeRunStart, runNonceBytes } from "./run-start.js"
export type { RunStart } from "./run-start.js"
