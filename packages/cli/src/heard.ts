import { fromUtf8, hex, utf8 } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { tallyKey, type TopicRecord } from "./topic-shelf.js"

/** What the last `listen` heard of a topic; kept in the ring, for `status`. */
export interface Heard {
  readonly sinceMs: number
  readonly untilMs: number
  readonly messages: number
  /** Messages that are missing for certain, and that may be. */
  readonly missing: number
  readonly possiblyMissing: number
  /** How many were refused, by code. */
  readonly rejected: Readonly<Record<string, number>>
  /** When each participant was last heard, by public key in hexadecimal. */
  readonly lastMs: Readonly<Record<string, number>>
}

export async function readHeard(ring: KeyRing, record: TopicRecord): Promise<Heard | null> {
  const entry = await ring.store.get(tallyKey(record))
  try {
    return entry && (JSON.parse(fromUtf8(entry.value) ?? "") as Heard)
  } catch {
    return null
  }
}

/** Counts while listening, and saves every few seconds and at the end. */
export class HeardTally {
  readonly #ring: KeyRing
  readonly #key: string
  #heard: Heard
  #isChanged = true
  readonly #timer: NodeJS.Timeout

  constructor(ring: KeyRing, record: TopicRecord, before: Heard | null) {
    this.#ring = ring
    this.#key = tallyKey(record)
    const nowMs = Date.now()
    this.#heard = {
      sinceMs: nowMs,
      untilMs: nowMs,
      messages: 0,
      missing: 0,
      possiblyMissing: 0,
      rejected: {},
      lastMs: before?.lastMs ?? {},
    }
    this.#timer = setInterval(() => void this.#save().catch(() => {}), 5_000)
  }

  message(from: Uint8Array): void {
    const lastMs = { ...this.#heard.lastMs, [hex(from)]: Date.now() }
    this.#change({ messages: this.#heard.messages + 1, lastMs })
  }

  gap(missing: number, possiblyMissing: number): void {
    this.#change({
      missing: this.#heard.missing + missing,
      possiblyMissing: this.#heard.possiblyMissing + possiblyMissing,
    })
  }

  rejected(code: string): void {
    const before = this.#heard.rejected
    this.#change({ rejected: { ...before, [code]: (before[code] ?? 0) + 1 } })
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#isChanged = true
    await this.#save()
  }

  #change(change: Partial<Heard>): void {
    this.#heard = { ...this.#heard, ...change }
    this.#isChanged = true
  }

  async #save(): Promise<void> {
    if (!this.#isChanged) return
    this.#isChanged = false
    const value = utf8(JSON.stringify({ ...this.#heard, untilMs: Date.now() }))
    await this.#ring.store.commit({ writes: [{ key: this.#key, value }] })
  }
}
