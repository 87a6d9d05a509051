import { chmod, mkdir, open, readlink, realpath, stat } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { ChannelError } from "../bytes/index.js"
import { isSystemError } from "./file-failure.js"

/**
 * Makes the directory of a store file when it is missing (mode 0700), and takes the permissions of
 * group and others from a file that is there.
 *
 * @returns the path of the file itself: symbolic links are followed, also one to no file yet.
 * @throws {ChannelError} `store-failed` when there is something else than a file.
 */
export async function preparePlace(path: string): Promise<string> {
  await makeDirectory(dirname(resolve(path)))
  const place = join(await realpath(dirname(resolve(path))), basename(path))
  try {
    const target = await realpath(place)
    await makePrivate(target)
    return target
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error
  }
  const link = await linkTarget(place)
  return link === null ? place : preparePlace(resolve(dirname(place), link))
}

/** Makes the entries of a directory durable: which names there are, and for which files. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows can not, and orders such changes by itself.
  if (process.platform === "win32") return
  const handle = await open(directory, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function makeDirectory(directory: string): Promise<void> {
  const highest = await mkdir(directory, { recursive: true, mode: 0o700 })
  if (highest === undefined) return
  const end = dirname(highest)
  for (let made = directory; made !== end; made = dirname(made)) await syncDirectory(dirname(made))
}

async function makePrivate(path: string): Promise<void> {
  const found = await stat(path)
  if (!found.isFile()) {
    throw new ChannelError(
      "store-failed",
      `"${path}" is not a file; choose another path for the store.`,
    )
  }
  if ((found.mode & 0o077) === 0) return
  try {
    await chmod(path, 0o600)
  } catch (error) {
    // Not our file, or a file system without permissions (FAT) or without changes: not our choice.
    if (!isSystemError(error, "EPERM", "EROFS", "ENOTSUP")) throw error
  }
}

async function linkTarget(path: string): Promise<string | null> {
  try {
    return await readlink(path)
  } catch (error) {
    if (isSystemError(error, "ENOENT", "EINVAL", "UNKNOWN")) return null
    throw error
  }
}
