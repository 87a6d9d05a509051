import { ChannelError, type UsageError } from "../bytes/index.js"
import { fileFailure } from "./file-failure.js"

/** The error to throw for anything that went wrong with the database; ours pass as they are. */
export function sqliteFailure(cause: unknown, path: string): ChannelError | UsageError {
  switch (resultOf(cause)) {
    case "FULL":
      return new ChannelError(
        "store-full",
        `There is no room on the disk (or in its quota) for "${path}". ` +
          "Nothing was changed; free some space and try again.",
        { cause },
      )
    case "CORRUPT":
    case "NOTADB":
      return corruptDatabase(path, cause)
    default:
      return fileFailure(cause, path)
  }
}

/** Does somebody else have the lock? */
export function isSqliteBusy(error: unknown): boolean {
  const result = resultOf(error)
  return result === "BUSY" || result === "LOCKED"
}

export function corruptDatabase(path: string, cause?: unknown): ChannelError {
  return new ChannelError(
    "store-corrupt",
    `The database "${path}" is damaged, or not of Stringphone, and was left as it is. ` +
      "Move it away to start with an empty store.",
    { cause },
  )
}

// Node gives numbers, of which the low byte is the result; better-sqlite3 gives names.
const RESULTS = new Map([
  [5, "BUSY"],
  [6, "LOCKED"],
  [11, "CORRUPT"],
  [13, "FULL"],
  [26, "NOTADB"],
])

function resultOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ("errcode" in error && typeof error.errcode === "number") {
    return RESULTS.get(error.errcode & 0xff) ?? null
  }
  const [, name] = /^SQLITE_([A-Z]+)/.exec("code" in error ? String(error.code) : "") ?? []
  return name ?? null
}
