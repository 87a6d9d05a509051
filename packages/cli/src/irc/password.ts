import { existsSync, statSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { base64url, UsageError, utf8 } from "stringphone/bytes"
import { equal, randomBytes } from "stringphone/crypto"
import { type Context, readSecretFile } from "../context.js"

/**
 * The password that clients have to say, from the first line of this file; where there is none, a
 * new one is written into it, for its owner only.
 */
export async function clientPassword(context: Context, path: string): Promise<string> {
  if (!existsSync(path)) {
    const password = base64url(randomBytes(18))
    try {
      await writeFile(path, `${password}\n`, { flag: "wx", mode: 0o600 })
    } catch (cause) {
      throw new UsageError(
        "not-written",
        `${path} can not be written. Check the folder and its permissions.`,
        { cause },
      )
    }
    context.warn(`Made a password for clients; it is in ${path}.`)
    return password
  }
  const password = await readSecretFile(path)
  if (password === "") {
    throw new UsageError("no-password", `The first line of ${path} is empty. Put a password there.`)
  }
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    context.warn(`Others on this computer can read ${path}. Run: chmod 600 ${path}`)
  }
  return password
}

/** Takes as long for every wrong one. */
export function isRightPassword(said: string, right: string): boolean {
  return equal(utf8(said), utf8(right))
}
