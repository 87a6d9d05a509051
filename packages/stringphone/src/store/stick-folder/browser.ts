import { ChannelError } from "../../bytes/index.js"
import type { StickFile, StickFolder, StickReader, StickWriter } from "./port.js"

/**
 * A folder that a person has shown to the page (File System Access API). What is appended counts from
 * `sync` on, and the page can not know when it is on the disk: so it is never called safe to unplug.
 *
 * @example
 * const folder = new BrowserStickFolder(await showDirectoryPicker({ mode: "readwrite" }))
 */
export class BrowserStickFolder implements StickFolder {
  readonly #directory: FileSystemDirectoryHandle

  constructor(directory: FileSystemDirectoryHandle) {
    this.#directory = directory
  }

  async list(limit: number): Promise<readonly StickFile[]> {
    return told(async () => {
      const files: StickFile[] = []
      for await (const handle of this.#directory.values()) {
        if (files.length >= limit) break
        if (!(handle instanceof FileSystemFileHandle)) continue
        // To know how long a file is, it has to be opened: only what may be ours is.
        const { name } = handle
        files.push({ name, bytes: isOurs(name) ? (await handle.getFile()).size : 0 })
      }
      return files
    })
  }

  async open(name: string): Promise<StickReader> {
    return told(async () => {
      const file = await (await this.#directory.getFileHandle(ours(name))).getFile()
      return {
        bytes: file.size,
        read: (offset, length) =>
          told(async () => {
            const part = file.slice(offset, offset + length)
            return new Uint8Array(await part.arrayBuffer())
          }),
        close: async () => {},
      }
    })
  }

  async create(name: string): Promise<StickWriter> {
    return told(async () => {
      if (await this.#has(ours(name))) throw new Error(`${name} is there already`)
      return new Writing(await this.#directory.getFileHandle(name, { create: true }))
    })
  }

  async rename(from: string, to: string): Promise<void> {
    // Not all browsers can rename. Only short files are: what is written appears as a whole.
    return told(async () => {
      const source = await (await this.#directory.getFileHandle(ours(from))).getFile()
      const bytes = new Uint8Array(await source.arrayBuffer())
      const target = await this.#directory.getFileHandle(ours(to), { create: true })
      const writing = new Writing(target)
      await writing.append(bytes)
      await writing.close()
      await this.remove(from)
    })
  }

  async remove(name: string): Promise<void> {
    return told(async () => {
      try {
        await this.#directory.removeEntry(ours(name))
      } catch (error) {
        if (!isNamed(error, "NotFoundError")) throw error
      }
    })
  }

  async sync(): Promise<boolean> {
    return false
  }

  async #has(name: string): Promise<boolean> {
    try {
      await this.#directory.getFileHandle(name)
      return true
    } catch (error) {
      if (isNamed(error, "NotFoundError")) return false
      throw error
    }
  }
}

class Writing implements StickWriter {
  readonly #handle: FileSystemFileHandle
  #stream: FileSystemWritableFileStream | null = null

  constructor(handle: FileSystemFileHandle) {
    this.#handle = handle
  }

  async append(bytes: Uint8Array): Promise<void> {
    return told(async () => {
      if (this.#stream === null) {
        const { size } = await this.#handle.getFile()
        this.#stream = await this.#handle.createWritable({ keepExistingData: true })
        await this.#stream.seek(size)
      }
      await this.#stream.write(new Uint8Array(bytes))
    })
  }

  async sync(): Promise<boolean> {
    await this.close()
    return false
  }

  async close(): Promise<void> {
    const stream = this.#stream
    this.#stream = null
    return told(async () => stream?.close())
  }
}

function isOurs(name: string): boolean {
  return /^[0-9a-f]{32}\.[a-z]{3,4}$/.test(name)
}

function ours(name: string): string {
  if (!isOurs(name)) throw new Error(`"${name}" is no name of ours`)
  return name
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw stickFailure(cause)
  }
}

function stickFailure(cause: unknown): ChannelError {
  if (cause instanceof ChannelError) return cause
  if (isNamed(cause, "NotFoundError")) {
    return new ChannelError(
      "stick-missing",
      "The folder, or a file in it, is not there (any more). Plug the stick in and choose it again.",
      { cause },
    )
  }
  if (isNamed(cause, "QuotaExceededError")) {
    return new ChannelError(
      "stick-full",
      "There is no room left in the folder. What was written can be read; free some space, or take " +
        "another stick for the rest.",
      { cause },
    )
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new ChannelError(
    "stick-failed",
    `The browser could not use the folder: ${reason}. Choose it again and allow this page to use it.`,
    { cause },
  )
}
