/** Counts what happens too often to tell each time; tells at most once in `everyMs`. */
export class Tally {
  readonly #everyMs: number
  readonly #tell: (counts: ReadonlyMap<string, number>) => void
  #counts = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null

  constructor(everyMs: number, tell: (counts: ReadonlyMap<string, number>) => void) {
    this.#everyMs = everyMs
    this.#tell = tell
  }

  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
    // Soon, but so that what comes in one burst is told as one.
    this.#timer ??= setTimeout(() => this.#tick(), 200)
  }

  /** Tells at once what is left, and stops. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#tellAll()
  }

  #tick(): void {
    const told = this.#tellAll()
    this.#timer = told ? setTimeout(() => this.#tick(), this.#everyMs) : null
  }

  #tellAll(): boolean {
    if (this.#counts.size === 0) return false
    const counts = this.#counts
    this.#counts = new Map()
    this.#tell(counts)
    return true
  }
}
