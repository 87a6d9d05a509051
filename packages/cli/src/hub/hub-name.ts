import { randomBytes } from "node:crypto"
import { readFile, rename, writeFile } from "node:fs/promises"
import { UsageError } from "stringphone/bytes"

/**
 * The name by which a backbone's server remembers how far this hub has read. Two hubs of one name would
 * each get a part of the mail; so it is random, and stays with the folder.
 */
export async function hubName(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null
    throw new UsageError(
      "unreadable-name",
      `The name of this hub, in ${path}, can not be read. Check its permissions.`,
      { cause: error },
    )
  })
  const known = text?.trim()
  if (known !== undefined && /^[\w-]{1,64}$/.test(known)) return known
  const name = `hub-${randomBytes(8).toString("hex")}`
  const draft = `${path}.new`
  await writeFile(draft, `${name}\n`, { mode: 0o600 })
  await rename(draft, path)
  return name
}
