import { constants } from "node:fs"
import { access, stat } from "node:fs/promises"
import { visible } from "../terminal/escape.js"
import { bad, type Check, good } from "./check.js"

/** Whether the key ring is there, ours alone, and can be read and written. */
export async function checkRingFile(path: string): Promise<readonly Check[]> {
  const shown = visible(path)
  const found = await stat(path).catch(() => null)
  if (!found) {
    return [
      bad("key-ring", `There is no key ring at ${shown}.`, "Is --as right, or STRINGPHONE_HOME?"),
    ]
  }
  try {
    await access(path, constants.R_OK | constants.W_OK)
  } catch {
    return [
      bad(
        "key-ring",
        `You can not read and write ${shown}.`,
        `Make it yours: chown "$USER" ${shown}`,
      ),
    ]
  }
  const readable = good("key-ring", `The key ring is at ${shown}, and can be read and written.`)
  if (process.platform === "win32") return [readable]
  const mode = found.mode & 0o777
  return [
    readable,
    (mode & 0o077) === 0
      ? good("permissions", "Nobody else of this computer can read it.")
      : bad(
          "permissions",
          `Others of this computer may read it (mode ${mode.toString(8)}).`,
          `Run: chmod 600 ${shown}`,
        ),
  ]
}
