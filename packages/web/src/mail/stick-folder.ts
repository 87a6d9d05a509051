import type { ExportOptions } from "stringphone/session/mailbox/stick"

/** What a stick is to the library. */
export type StickFolder = ExportOptions["folder"]
export type StickFile = Awaited<ReturnType<StickFolder["list"]>>[number]
export type StickReader = Awaited<ReturnType<StickFolder["open"]>>
export type StickWriter = Awaited<ReturnType<StickFolder["create"]>>

/** Names that files of a stick may have; nothing else on it is ever opened. */
export const stickFilePattern = /^[0-9a-f]{32}\.(key|mail|list|part)$/
