import { hex } from "stringphone/bytes"
import { dataHeader } from "./data-header.ts"
import { type Description, describe } from "./describe.ts"
import type { TapListener } from "./tap.ts"
import type { Status } from "./trust.ts"
import type { Unread } from "./unread.ts"

/** What this phone made of a message. */
export type Verdict =
  | { readonly kind: "waiting" }
  | { readonly kind: "opened"; readonly text: string }
  | { readonly kind: "rejected"; readonly code: string; readonly sentence: string }
  /** For machines: it did its work. */
  | { readonly kind: "taken"; readonly sentence: string }
  /** Neither read nor refused, and why. */
  | { readonly kind: "unread"; readonly sentence: string }

/** Whom a message is by, as far as this phone knows. */
export interface Who {
  readonly name: string
  /** `null`: not proven, or of no matter. */
  readonly status: Status | null
}

export interface WireEntry {
  readonly id: number
  readonly direction: "in" | "out"
  readonly atMs: number
  readonly bytes: Uint8Array
  readonly description: Description
  readonly who: Who
  readonly verdict: Verdict
}

const maxEntries = 200
/** However many messages arrive, the list is drawn ten times a second at most. */
const drawEveryMs = 100
/** By then the session has dealt with a message, also one that it held back at its start. */
const settleMs = 2_500
const nobody: Who = { name: "unknown sender", status: null }
const ourselves: Who = { name: "this phone", status: null }

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
  #outgoing: { readonly text: string }[] = []
  /** Of a message that was neither opened nor rejected. */
  readonly #explain: (bytes: Uint8Array) => Unread

  constructor(explain: (bytes: Uint8Array) => Unread) {
    this.#explain = explain
  }

  /**
   * What the next timed message to be sent says; the tap itself sees only bytes.
   * @returns a function that takes it back, if it was not sent
   */
  announce(text: string): () => void {
    const outgoing = { text }
    this.#outgoing.push(outgoing)
    return () => {
      this.#outgoing = this.#outgoing.filter((one) => one !== outgoing)
    }
  }

  sent(bytes: Uint8Array): void {
    const text = dataHeader(bytes)?.letter === "T" ? this.#outgoing.shift()?.text : undefined
    const verdict: Verdict =
      text === undefined
        ? { kind: "taken", sentence: "Sent by this phone’s machinery, not by you." }
        : { kind: "opened", text }
    this.#add(bytes, "out", ourselves, verdict)
  }

  received(bytes: Uint8Array): void {
    if (this.#isEcho(bytes)) {
      const sentence = "Our own message: this broker sends everything to everyone, and back to us."
      this.#add(bytes, "in", ourselves, { kind: "unread", sentence })
      return
    }
    this.#add(bytes, "in", nobody, { kind: "waiting" })
    setTimeout(() => this.#settle(bytes), settleMs)
  }

  opened(bytes: Uint8Array, who: Who, text: string): void {
    const before = this.#newest.get(bytes)?.verdict
    // Several of one bundle.
    const whole = before?.kind === "opened" ? `${before.text}\n${text}` : text
    this.#judge(bytes, who, { kind: "opened", text: whole })
  }

  rejected(bytes: Uint8Array, who: string | null, code: string, sentence: string): void {
    const name = who === null ? nobody.name : `seems to be ${who} (not proven)`
    this.#judge(bytes, { name, status: null }, { kind: "rejected", code, sentence })
  }

  /** Whether something came lately that is, or pretends to be, of a later epoch than this one. */
  hasNewerThan(epoch: number): boolean {
    const lately = this.#entries.filter(({ direction }) => direction === "in").slice(0, 50)
    return lately.some(({ bytes }) => {
      const low = dataHeader(bytes)?.epoch
      if (low === undefined) return false
      // Of the low 16 bits, the nearer half is ahead.
      const ahead = (low - epoch) & 0xffff
      return ahead > 0 && ahead < 0x8000
    })
  }

  pause(paused: boolean): void {
    this.paused = paused
    if (!paused) this.#draw()
  }

  #settle(bytes: Uint8Array): void {
    const entry = this.#newest.get(bytes)
    if (entry?.verdict.kind !== "waiting") return
    const { isTaken, sentence } = this.#explain(bytes)
    this.#judge(bytes, entry.who, { kind: isTaken ? "taken" : "unread", sentence })
  }

  #isEcho(bytes: Uint8Array): boolean {
    const text = hex(bytes)
    return this.#entries.some(
      (entry) =>
        entry.direction === "out" &&
        entry.bytes.length === bytes.length &&
        hex(entry.bytes) === text,
    )
  }

  #add(bytes: Uint8Array, direction: WireEntry["direction"], who: Who, verdict: Verdict): void {
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

  #judge(bytes: Uint8Array, who: Who, verdict: Verdict): void {
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
