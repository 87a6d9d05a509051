import { ChannelError, concat } from "../../src/bytes/index.js"
import type {
  StickFile,
  StickFolder,
  StickReader,
  StickWriter,
} from "../../src/store/stick-folder/port.js"

/** What the program is ended by, at any place. */
export class Killed extends Error {}

/** One thing that changes a folder. */
export type Operation =
  | { readonly kind: "create"; readonly name: string }
  | { readonly kind: "append"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "sync"; readonly name: string | null }

/** A folder in memory that keeps a record of all that was done to it. */
export class MemoryStickFolder implements StickFolder {
  readonly files = new Map<string, Uint8Array>()
  readonly log: Operation[] = []
  /** Calls of any kind until it is killed. */
  lives = Infinity
  /** Called before each change. */
  onChange: (operation: Operation) => void = () => {}
  reads = 0
  bytesRead = 0

  constructor(files: Iterable<readonly [string, Uint8Array]> = []) {
    for (const [name, bytes] of files) this.files.set(name, bytes)
  }

  async list(limit: number): Promise<readonly StickFile[]> {
    this.#live()
    const files = [...this.files].map(([name, { length }]) => ({ name, bytes: length }))
    return files.slice(0, limit)
  }

  async open(name: string): Promise<StickReader> {
    this.#live()
    const bytes = this.#file(name)
    return {
      bytes: bytes.length,
      read: async (offset, length) => {
        this.#live()
        this.reads++
        this.bytesRead += length
        return bytes.slice(offset, offset + length)
      },
      close: async () => {},
    }
  }

  async create(name: string): Promise<StickWriter> {
    if (this.files.has(name)) throw new ChannelError("stick-failed", `${name} is there already.`)
    this.#do({ kind: "create", name })
    return {
      append: async (bytes) => this.#do({ kind: "append", name, bytes: bytes.slice() }),
      sync: async () => {
        this.#do({ kind: "sync", name })
        return true
      },
      close: async () => {},
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#file(from)
    this.#do({ kind: "rename", from, to })
  }

  async remove(name: string): Promise<void> {
    this.#do({ kind: "remove", name })
  }

  async sync(): Promise<boolean> {
    this.#do({ kind: "sync", name: null })
    return true
  }

  apply(operation: Operation): void {
    if (operation.kind === "create") this.files.set(operation.name, new Uint8Array())
    if (operation.kind === "append") {
      // Who writes to a file that was removed notices nothing.
      const before = this.files.get(operation.name)
      if (before !== undefined) this.files.set(operation.name, concat(before, operation.bytes))
    }
    if (operation.kind === "rename") {
      this.files.set(operation.to, this.#file(operation.from))
      this.files.delete(operation.from)
    }
    if (operation.kind === "remove") this.files.delete(operation.name)
  }

  #do(operation: Operation): void {
    this.#live()
    this.onChange(operation)
    this.log.push(operation)
    this.apply(operation)
  }

  #live(): void {
    if (this.lives-- <= 0) throw new Killed()
  }

  #file(name: string): Uint8Array {
    const bytes = this.files.get(name)
    if (bytes === undefined) throw new ChannelError("stick-missing", `${name} is not there.`)
    return bytes
  }
}

/** The folder as it is when all stops after so many bytes, or changes without bytes, of a record. */
export function* everyMoment(
  before: ReadonlyMap<string, Uint8Array>,
  log: readonly Operation[],
  stride: number,
): Generator<MemoryStickFolder> {
  const folder = new MemoryStickFolder(before)
  yield new MemoryStickFolder(folder.files)
  for (const operation of log) {
    if (operation.kind === "append") {
      for (let at = 1; at < operation.bytes.length; at += stride) {
        const torn = new MemoryStickFolder(folder.files)
        torn.apply({ ...operation, bytes: operation.bytes.subarray(0, at) })
        yield torn
      }
    }
    folder.apply(operation)
    yield new MemoryStickFolder(folder.files)
  }
}
