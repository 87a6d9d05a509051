export { exportToStick } from "./stick-export.js"
export { importFromStick } from "./stick-import.js"
export { watchStick } from "./stick-watch.js"
export type { StickWatch } from "./stick-watch.js"
export type {
  ExportOptions,
  ExportResult,
  ImportOptions,
  ImportResult,
  StickOptions,
  StickParcel,
  StickProgress,
  WatchOptions,
  WatchRound,
} from "./stick-types.js"
export type { UnreadableFile, UnreadableReason } from "./stick-unreadable.js"
