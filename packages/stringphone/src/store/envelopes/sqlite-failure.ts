import { ChannelError, type UsageError } from "../../bytes/index.js"
import { isSqliteBusy, sqliteFailure } from "../sqlite-failure.js"

/** The error to throw for anything that went wrong with the database; ours pass as they are. */
export function envelopesFailure(cause: unknown, path: string): ChannelError | UsageError {
  if (!isSqliteBusy(cause)) return sqliteFailure(cause, path)
  return new ChannelError(
    "store-locked",
    `The envelopes in "${path}" are in use by another process. ` +
      "End that program, or give this one another folder.",
    { cause },
  )
}
