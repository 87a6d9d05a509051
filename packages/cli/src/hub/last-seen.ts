import { readFile, rename, writeFile } from "node:fs/promises"
import { UsageError } from "stringphone/bytes"

const dayMs = 86_400_000

/** A service that was away for longer than this has little mail left that has not expired. */
const longAwayMs = 21 * dayMs

/**
 * Remembers in a file when the service last ran. A computer that starts with a wrong date would drop
 * all mail as expired; so it does not start, until the date is right or somebody says that it is.
 */
export class LastSeen {
  readonly #path: string
  readonly #wallClock: () => number

  constructor(path: string, wallClock: () => number = Date.now) {
    this.#path = path
    this.#wallClock = wallClock
  }

  /** @throws {UsageError} `clock-leapt` */
  async check(): Promise<void> {
    const text = await readFile(this.#path, "utf8").catch(() => "")
    if (!/^\d{1,15}\n?$/.test(text)) return
    const [seenMs, nowMs] = [Number(text), this.#wallClock()]
    if (nowMs > seenMs - dayMs && nowMs < seenMs + longAwayMs) return
    const [seen, now] = [seenMs, nowMs].map((ms) => new Date(ms).toISOString().slice(0, 10))
    throw new UsageError(
      "clock-leapt",
      `This hub last ran on ${seen ?? ""}, and the clock says ${now ?? ""}. Set the clock, so that no mail is taken for expired; or if it is right, start once with --confirm-date.`,
    )
  }

  async save(): Promise<void> {
    const draft = `${this.#path}.new`
    await writeFile(draft, `${this.#wallClock()}\n`, { mode: 0o600 })
    await rename(draft, this.#path)
  }
}
