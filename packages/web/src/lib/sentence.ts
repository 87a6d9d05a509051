import { ChannelError, PeerError, UsageError } from "stringphone/bytes"

/** What people read when something failed: the library's own sentences word for word. */
export function sentenceOf(error: unknown): string {
  if (isStringphoneError(error)) return error.message
  const detail = error instanceof Error && error.message !== "" ? ` (${error.message})` : ""
  return `Something unexpected went wrong in this page${detail}. Reload it; what was saved is kept.`
}

export function codeOf(error: unknown): string | null {
  return isStringphoneError(error) ? error.code : null
}

function isStringphoneError(error: unknown): error is PeerError | UsageError | ChannelError {
  return error instanceof PeerError || error instanceof UsageError || error instanceof ChannelError
}
