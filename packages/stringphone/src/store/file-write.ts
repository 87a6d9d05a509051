import { open, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { isSystemError } from "./file-failure.js"
import { syncDirectory } from "./file-place.js"

/**
 * Writes `bytes` to a new file `draft` (mode 0600) and renames it to `path`; when it resolves with
 * `true`, that is on the disk. When it throws, `path` is as it was, unless the disk failed so late
 * that nobody can know.
 *
 * @returns `false` when the directory of `draft` has gone; `path` is as it was.
 */
export async function replaceFile(
  path: string,
  draft: string,
  bytes: Uint8Array,
): Promise<boolean> {
  try {
    await writeNew(draft, bytes)
    await rename(draft, path)
  } catch (error) {
    // Should that fail too, the next holder of the lock removes the draft.
    await rm(draft, { force: true }).catch(() => {})
    if (isSystemError(error, "ENOENT")) return false
    throw error
  }
  await syncDirectory(dirname(path))
  return true
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, "wx", 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
