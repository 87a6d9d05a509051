import { type FileHandle, open, rm } from "node:fs/promises"
import { UsageError } from "stringphone/bytes"

/**
 * Makes something, whose text goes into a file that only its owner may read. Nothing is made that
 * could not be written.
 * @throws {UsageError} `not-written`: there is a file already, or none can be
 */
export async function intoNewFile<T extends { readonly text: string }>(
  path: string,
  make: () => Promise<T>,
): Promise<T> {
  const file = await openNew(path)
  try {
    const made = await make()
    await file.writeFile(`${made.text}\n`)
    return made
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600)
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST"
    throw new UsageError(
      "not-written",
      exists
        ? `There is a file ${path} already; it was left as it is.`
        : `${path} can not be written. Check the folder and its permissions.`,
      { cause },
    )
  }
}
