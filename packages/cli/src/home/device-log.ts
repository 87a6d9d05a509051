/** One line of what happened to a device, for its page. */
export interface LogLine {
  readonly atMs: number
  readonly text: string
}

const maxLines = 30

/** The last lines, newest first, and who wants to know when something changes. */
export class DeviceLog {
  #lines: readonly LogLine[] = []
  readonly #watchers = new Set<() => void>()

  get lines(): readonly LogLine[] {
    return this.#lines
  }

  add(text: string): void {
    this.#lines = [{ atMs: Date.now(), text }, ...this.#lines].slice(0, maxLines)
    this.changed()
  }

  /** Something else about the device changed. */
  changed(): void {
    for (const watcher of this.#watchers) watcher()
  }

  /** @returns a function that ends it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }
}
