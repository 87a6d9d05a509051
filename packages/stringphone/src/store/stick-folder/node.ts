import { constants, type Stats } from "node:fs"
import { type FileHandle, lstat, open, opendir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { ChannelError } from "../../bytes/index.js"
import { isSystemError } from "../file-failure.js"
import { syncDirectory } from "../file-place.js"
import type { StickFile, StickFolder, StickReader, StickWriter } from "./port.js"

/**
 * A folder on a removable or shared disk (Node). It has to be there: a stick that is not plugged in is
 * not made up.
 *
 * @example
 * const folder = new NodeStickFolder("/media/ann/stick")
 */
export class NodeStickFolder implements StickFolder {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async list(limit: number): Promise<readonly StickFile[]> {
    return this.#told(async () => {
      const files: StickFile[] = []
      for await (const { name } of await opendir(this.#path)) {
        if (files.length >= limit) break
        const found = await this.#stat(name)
        if (found?.isFile()) files.push({ name, bytes: found.size })
      }
      return files
    })
  }

  async open(name: string): Promise<StickReader> {
    return this.#told(async () => {
      const handle = await open(this.#place(name), readingFlags)
      const found = await handle.stat()
      if (found.isFile()) return new Reading(handle, found.size, this.#told)
      await handle.close()
      throw new Error(`${name} is not a file`)
    })
  }

  async create(name: string): Promise<StickWriter> {
    return this.#told(async () => {
      // Any hub may read it, whoever plugs the stick in.
      return new Writing(await open(this.#place(name), "wx", 0o666), this.#told)
    })
  }

  async rename(from: string, to: string): Promise<void> {
    return this.#told(() => rename(this.#place(from), this.#place(to)))
  }

  async remove(name: string): Promise<void> {
    return this.#told(() => rm(this.#place(name), { force: true }))
  }

  async sync(): Promise<boolean> {
    return this.#told(async () => {
      try {
        await syncDirectory(this.#path)
        return true
      } catch (error) {
        // Some shared drives can not: their server decides when it is on the disk.
        if (isSystemError(error, "EINVAL", "ENOTSUP", "ENOSYS", "EPERM", "EACCES")) return false
        throw error
      }
    })
  }

  async #stat(name: string): Promise<Stats | null> {
    try {
      return await lstat(join(this.#path, name))
    } catch (error) {
      // Gone in the meantime, or a directory entry that the disk has spoilt.
      if (isSystemError(error, "ENOENT", "EIO", "EINVAL", "EACCES")) return null
      throw error
    }
  }

  #place(name: string): string {
    if (!/^[0-9a-f]{32}\.[a-z]{3,4}$/.test(name)) throw new Error(`"${name}" is no name of ours`)
    return join(this.#path, name)
  }

  readonly #told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw stickFailure(error, this.#path)
    }
  }
}

type Told = <T>(work: () => Promise<T>) => Promise<T>

/** Follows no link and waits for no pipe. Windows knows neither flag. */
const readingFlags =
  constants.O_RDONLY | (nonWindows(constants.O_NOFOLLOW) | nonWindows(constants.O_NONBLOCK))

function nonWindows(flag: number | undefined): number {
  return flag ?? 0
}

class Reading implements StickReader {
  readonly bytes: number
  readonly #handle: FileHandle
  readonly #told: Told
  #isClosed = false

  constructor(handle: FileHandle, bytes: number, told: Told) {
    this.bytes = bytes
    this.#handle = handle
    this.#told = told
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    return this.#told(async () => {
      const out = new Uint8Array(length)
      let at = 0
      while (at < length) {
        const { bytesRead } = await this.#handle.read(out, at, length - at, offset + at)
        if (bytesRead === 0) break
        at += bytesRead
      }
      return out.subarray(0, at)
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#handle.close().catch(() => {})
  }
}

/** Nobody needs to know when it was: 2000-01-01, which FAT can write in every time zone. */
const noTime = new Date(Date.UTC(2000, 0, 1))

class Writing implements StickWriter {
  readonly #handle: FileHandle
  readonly #told: Told
  #isClosed = false

  constructor(handle: FileHandle, told: Told) {
    this.#handle = handle
    this.#told = told
  }

  async append(bytes: Uint8Array): Promise<void> {
    return this.#told(() => this.#handle.appendFile(bytes))
  }

  async sync(): Promise<boolean> {
    return this.#told(async () => {
      // Not every file system keeps times, and none has to.
      await this.#handle.utimes(noTime, noTime).catch(() => {})
      await this.#handle.sync()
      return true
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#told(() => this.#handle.close())
  }
}

function stickFailure(cause: unknown, path: string): ChannelError {
  if (cause instanceof ChannelError) return cause
  if (isSystemError(cause, "ENOENT", "ENOTDIR", "ENODEV", "ENXIO", "ESTALE")) {
    return new ChannelError(
      "stick-missing",
      `"${path}" is not there (any more). Plug the stick in again, or check the path.`,
      { cause },
    )
  }
  if (isSystemError(cause, "ENOSPC", "EDQUOT", "EFBIG")) {
    return new ChannelError(
      "stick-full",
      `There is no room left in "${path}". What was written can be read; free some space, ` +
        "or take another stick for the rest.",
      { cause },
    )
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new ChannelError(
    "stick-failed",
    `"${path}" can not be used: ${reason}. Check the stick and its write protection.`,
    { cause },
  )
}
