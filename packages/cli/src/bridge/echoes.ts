import { createHash } from "node:crypto"

const maxExpected = 1_000
const withinMs = 10_000

/** What we published and will hear again from a broker that sends us our own messages. */
export class Echoes {
  readonly #expected = new Map<string, { count: number; untilMs: number }>()

  expect(topic: string, payload: Uint8Array): void {
    const nowMs = performance.now()
    const key = keyOf(topic, payload)
    const count = (this.#expected.get(key)?.count ?? 0) + 1
    this.#expected.delete(key)
    this.#expected.set(key, { count, untilMs: nowMs + withinMs })
    for (const [oldest, { untilMs }] of this.#expected) {
      if (untilMs > nowMs && this.#expected.size <= maxExpected) return
      this.#expected.delete(oldest)
    }
  }

  /** Whether this is one, which is then not expected any more. */
  isOne(topic: string, payload: Uint8Array): boolean {
    if (this.#expected.size === 0) return false
    const key = keyOf(topic, payload)
    const expected = this.#expected.get(key)
    if (!expected) return false
    expected.count -= 1
    if (expected.count === 0) this.#expected.delete(key)
    return expected.untilMs > performance.now()
  }
}

function keyOf(topic: string, payload: Uint8Array): string {
  return createHash("sha256").update(`${topic}\0`).update(payload).digest("base64")
}
