import { ChannelError } from "stringphone/bytes"
import type { StickFile, StickFolder, StickReader, StickWriter } from "./stick-folder.ts"

/** A stick's files in hand: those that a person chose, or those of a stick that is to be downloaded. */
export class HeldFolder implements StickFolder {
  readonly #files: Map<string, Blob>

  constructor(files: ReadonlyMap<string, Blob> = new Map<string, Blob>()) {
    this.#files = new Map(files)
  }

  get files(): ReadonlyMap<string, Blob> {
    return this.#files
  }

  async list(limit: number): Promise<readonly StickFile[]> {
    return [...this.#files].slice(0, limit).map(([name, { size }]) => ({ name, bytes: size }))
  }

  async open(name: string): Promise<StickReader> {
    const file = this.#get(name)
    return {
      bytes: file.size,
      read: (offset, length) => readBlob(file, offset, length),
      close: async () => undefined,
    }
  }

  async create(name: string): Promise<StickWriter> {
    if (this.#files.has(name)) {
      throw new ChannelError("stick-failed", `${name} is there already. Try it once more.`)
    }
    const pieces: BlobPart[] = []
    const keep = async (): Promise<boolean> => {
      this.#files.set(name, new Blob(pieces))
      return true
    }
    await keep()
    return {
      append: async (bytes) => void pieces.push(new Uint8Array(bytes)),
      sync: keep,
      close: async () => {
        await keep()
      },
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#files.set(to, this.#get(from))
    this.#files.delete(from)
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name)
  }

  async sync(): Promise<boolean> {
    return true
  }

  #get(name: string): Blob {
    const file = this.#files.get(name)
    if (file) return file
    throw new ChannelError("stick-missing", `${name} is not there. Choose the folder once more.`)
  }
}

/** @throws {ChannelError} `stick-missing`: it was changed or unplugged since it was chosen */
export async function readBlob(file: Blob, offset: number, length: number): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer())
  } catch (cause) {
    throw new ChannelError(
      "stick-missing",
      "The files can not be read any more. Plug the stick in again, and choose it once more.",
      { cause },
    )
  }
}
