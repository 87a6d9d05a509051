import { Timers } from "../timers.js"
import { contentsOf, isSameContents, type StickContents } from "./stick-contents.js"
import { exportTo } from "./stick-export.js"
import { importContents } from "./stick-import.js"
import { StickKeyRing } from "./stick-keys.js"
import type { ExportResult, ImportResult, WatchOptions } from "./stick-types.js"

export interface StickWatch {
  /** Ends a look that is under way at the next good place. May be called twice. */
  close(): Promise<void>
}

/**
 * Keeps a folder that several hubs share, and a store, level: looks into it at once and then again and
 * again. A folder that is not there is looked for again.
 *
 * @throws {UsageError} `bad-passphrase`
 */
export function watchStick(options: WatchOptions): StickWatch {
  const watch = new Watch(options)
  watch.start()
  return watch
}

class Watch implements StickWatch {
  readonly #options: WatchOptions
  readonly #ring: StickKeyRing
  readonly #timers: Timers
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  #look: Promise<void> = Promise.resolve()
  /** Segments that were read, by name: how long they were, and of unreadable ones, what keys there were. */
  readonly #read = new Map<string, string>()
  #last: {
    readonly contents: StickContents
    readonly number: number
    readonly day: number
  } | null = null

  constructor(options: WatchOptions) {
    this.#options = options
    this.#ring = new StickKeyRing(options.folder, options.passphrase)
    this.#timers = new Timers(options.clock)
    const { signal } = options
    this.#signal = signal ? AbortSignal.any([signal, this.#abort.signal]) : this.#abort.signal
  }

  start(): void {
    if (this.#signal.aborted) return
    this.#look = this.#round()
      .then((round) => this.#options.onRound?.(round))
      .catch((error: unknown) => {
        this.#last = null
        this.#options.onError?.(error)
      })
      .finally(() => {
        this.#timers.once("look", this.#options.intervalMs, () => this.start())
      })
  }

  async close(): Promise<void> {
    this.#abort.abort()
    this.#timers.close()
    await this.#look
  }

  async #round(): Promise<{ imported: ImportResult | null; exported: ExportResult | null }> {
    const { folder, store } = this.#options
    const today = this.#options.today()
    const contents = await contentsOf(folder)
    // Not by what the last look ended with: others write while we do.
    const imported = await this.#import(contents, today)
    const { lastNumber } = await store.usage()
    const last = this.#last
    const isDue =
      imported !== null ||
      last?.number !== lastNumber ||
      last.day !== today ||
      !isSameContents(contents, last.contents)
    if (!isDue) return { imported, exported: null }
    const { onError: _, onRound: __, ...options } = this.#options
    const signal = this.#signal
    const exported = await exportTo({ ...options, today, signal }, contents, this.#ring)
    const isDone = !exported.isStopped
    this.#last = isDone
      ? { contents: await contentsOf(folder), number: lastNumber, day: today }
      : null
    return { imported, exported }
  }

  async #import(contents: StickContents, today: number): Promise<ImportResult | null> {
    // Whoever carries the files may bring the key last.
    const keyFiles = contents.keys.map(({ name, bytes }) => `${name} ${bytes}`).join()
    const fresh = contents.segments.filter(({ name, bytes }) => {
      const read = this.#read.get(name)
      return read !== `${bytes}` && read !== `${bytes} ${keyFiles}`
    })
    if (fresh.length === 0) return null
    const keys = await this.#ring.open(contents)
    const signal = this.#signal
    const { store: _, ...options } = this.#options
    const imported = await importContents({ ...options, today, signal }, contents, keys, fresh)
    if (imported.isStopped) return imported
    const names = new Set(contents.segments.map(({ name }) => name))
    for (const name of this.#read.keys()) if (!names.has(name)) this.#read.delete(name)
    const closed = new Set(imported.unreadable.map(({ name }) => name))
    for (const { name, bytes } of fresh) {
      this.#read.set(name, closed.has(name) ? `${bytes} ${keyFiles}` : `${bytes}`)
    }
    return imported
  }
}
