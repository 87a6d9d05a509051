import { readFile } from "node:fs/promises"
import { UsageError } from "stringphone/bytes"
import { askSecret } from "../terminal/ask.js"

/** From the first line of a file, or from the terminal without an echo; never from the command line. */
export async function takePassword(question: string, file: string | undefined): Promise<string> {
  if (file !== undefined) return readPasswordFile(file)
  if (process.stdin.isTTY) return askSecret(`${question}: `)
  throw new UsageError(
    "password-needed",
    "There is no terminal to ask for the password. Name a file with it; --help says how.",
  )
}

/** The same for one that nobody else can tell us when it was mistyped. */
export async function takeNewPassword(question: string, file: string | undefined): Promise<string> {
  const password = await takePassword(question, file)
  if (file !== undefined || (await askSecret("Once more: ")) === password) return password
  throw new UsageError("passwords-differ", "The two are not the same. Nothing was changed.")
}

async function readPasswordFile(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new UsageError(
      "no-password-file",
      `The password file "${path}" can not be read. Check the path and its permissions.`,
      { cause },
    )
  })
  return text.split(/\r?\n/)[0] ?? ""
}
