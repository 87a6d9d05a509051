import { UsageError } from "stringphone/bytes"
import { type Context, readSecretFile } from "../context.js"
import { askSecret } from "../terminal/ask.js"

/** The password of an account: from a file, from the environment, or asked for. Never an argument. */
export async function accountPassword(
  context: Context,
  account: string,
  file: string | undefined,
): Promise<string> {
  const set = process.env["STRINGPHONE_SASL_PASSWORD"]
  if (file !== undefined) return readSecretFile(file)
  if (set) return set
  if (process.stdin.isTTY) return askSecret(`Password of the account ${account}: `)
  throw new UsageError(
    "password-needed",
    `The account needs a password: set STRINGPHONE_SASL_PASSWORD, name a file with --sasl-password-file, or run ${context.command} irc in a terminal to be asked.`,
  )
}
