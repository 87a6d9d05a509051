import { type Description, describe } from "./describe.ts"
import type { TapListener } from "./tap.ts"

/** What this phone made of a message. */
export type Verdict =
  | { readonly kind: "waiting" }
  | { readonly kind: "opened"; readonly text: string }
  | { readonly kind: "rejected"; readonly sentence: string }
  /** Neither read nor refused, and why. */
  | { readonly kind: "unread"; readonly sentence: string }

export interface WireEntry {
  readonly id: number
  readonly direction: "in" | "out"
  readonly atMs: number
  readonly bytes: Uint8Array
  readonly description: Description
  readonly who: string
  readonly verdict: Verdict
}

const maxEntries = 200
/** However many messages arrive, the list is drawn ten times a second at most. */
const drawEveryMs = 100

/** The last messages on the channel, newest first. While paused the picture stands still. */
export class Wire implements TapListener {
  shown = $state.raw<readonly WireEntry[]>([])
  paused = $state(false)
  /** How many came while paused. */
  missed = $state(0)
  #entries: WireEntry[] = []
  #newest = new WeakMap<Uint8Array, WireEntry>()
  #nextId = 1
  #drawing = false
  #outgoing: string | null = null
  /** Of a message that was neither opened nor rejected. */
  readonly #explain: (bytes: Uint8Array) => { readonly who: string; readonly sentence: string }

  constructor(explain: (bytes: Uint8Array) => { readonly who: string; readonly sentence: string }) {
    this.#explain = explain
  }

  /** What the next message to be sent says; the tap itself sees only bytes. */
  announce(text: string): void {
    this.#outgoing = text
  }

  sent(bytes: Uint8Array): void {
    const text = this.#outgoing
    this.#outgoing = null
    const verdict: Verdict =
      text === null
        ? { kind: "unread", sentence: "Sent by this phone to ask for, or to give, the topic key." }
        : { kind: "opened", text }
    this.#add(bytes, "out", "this phone", verdict)
  }

  received(bytes: Uint8Array): void {
    this.#add(bytes, "in", "unknown sender", { kind: "waiting" })
  }

  settled(bytes: Uint8Array): void {
    if (this.#newest.get(bytes)?.verdict.kind !== "waiting") return
    const { who, sentence } = this.#explain(bytes)
    this.#judge(bytes, who, { kind: "unread", sentence })
  }

  opened(bytes: Uint8Array, who: string, text: string): void {
    this.#judge(bytes, who, { kind: "opened", text })
  }

  rejected(bytes: Uint8Array, who: string, sentence: string): void {
    this.#judge(bytes, who, { kind: "rejected", sentence })
  }

  pause(paused: boolean): void {
    this.paused = paused
    if (!paused) this.#draw()
  }

  #add(bytes: Uint8Array, direction: WireEntry["direction"], who: string, verdict: Verdict): void {
    const entry: WireEntry = {
      id: this.#nextId++,
      direction,
      atMs: Date.now(),
      bytes,
      description: describe(bytes),
      who,
      verdict,
    }
    this.#newest.set(bytes, entry)
    this.#entries.unshift(entry)
    this.#entries.length = Math.min(this.#entries.length, maxEntries)
    if (this.paused) this.missed += 1
    this.#drawSoon()
  }

  #judge(bytes: Uint8Array, who: string, verdict: Verdict): void {
    const entry = this.#newest.get(bytes)
    const at = entry ? this.#entries.indexOf(entry) : -1
    if (!entry || at < 0) return
    const judged = { ...entry, who, verdict }
    this.#newest.set(bytes, judged)
    this.#entries[at] = judged
    this.#drawSoon()
  }

  #drawSoon(): void {
    if (this.#drawing || this.paused) return
    this.#drawing = true
    setTimeout(() => {
      this.#drawing = false
      if (!this.paused) this.#draw()
    }, drawEveryMs)
  }

  #draw(): void {
    this.missed = 0
    this.shown = [...this.#entries]
  }
}
