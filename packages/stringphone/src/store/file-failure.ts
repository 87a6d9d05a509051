import { constants } from "node:os"
import { ChannelError, UsageError } from "../bytes/index.js"

/** Is this a failure of the system with one of these codes, for instance `ENOENT`? */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.some((code) => code === error.code)
}

// Node has a number but no name for an exhausted quota.
function isQuotaExhausted(error: unknown): boolean {
  return error instanceof Error && "errno" in error && error.errno === -constants.errno.EDQUOT
}

/**
 * The error to throw for anything that went wrong with the store file; ours pass as they are.
 * Codes: `store-full`, `store-failed`.
 */
export function fileFailure(cause: unknown, path: string): ChannelError | UsageError {
  if (cause instanceof ChannelError || cause instanceof UsageError) return cause
  if (isSystemError(cause, "ENOSPC", "EFBIG") || isQuotaExhausted(cause)) {
    return new ChannelError(
      "store-full",
      `There is no room on the disk (or in its quota) for the store file "${path}". ` +
        "Nothing was changed; free some space and try again.",
      { cause },
    )
  }
  if (isSystemError(cause, "EACCES", "EPERM", "EROFS")) {
    return new ChannelError(
      "store-failed",
      `The system does not permit the use of the store file "${path}". Check the owner and the ` +
        `permissions of it, of its directory and of "${path}.lock".`,
      { cause },
    )
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new ChannelError(
    "store-failed",
    `The store file "${path}" can not be used: ${reason}. Check the path and the disk.`,
    { cause },
  )
}
