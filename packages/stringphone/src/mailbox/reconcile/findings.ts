import { PeerError, sameBytes } from "../../bytes/index.js"
import { type DayTable, placeBits, type Range } from "./day-table.js"
import type { OwnDays } from "./own-days.js"
import { expectedDifferences } from "./plan.js"
import type { Question, Questions } from "./questions.js"
import type { Answer, Answers } from "./wire/answers.js"
import type { Days } from "./wire/days.js"

/** What to say to a question of the other side; its questions in their order. */
export type Finding =
  | { readonly kind: "equal"; readonly count: number }
  /** We have nothing there. */
  | { readonly kind: "nothing" }
  /** It differs; `differences`: how many are likely, `null` for a day, of which nothing is known. */
  | { readonly kind: "range"; readonly range: Range; readonly differences: number | null }
  /** Of a list, what we lack. */
  | { readonly kind: "wanted"; readonly map: Uint8Array }

/**
 * What a message tells, found without changing anything: a throw leaves the session as it was.
 */
export class Findings {
  readonly found: Finding[] = []
  /** What the other side lacks: whole days, and positions of items. */
  readonly missingDays: number[] = []
  readonly missing: (readonly [table: DayTable, position: number])[] = []
  /** The tables that the session works on from now on. */
  readonly opened: Set<DayTable> = new Set<DayTable>()
  /** How many of our questions are answered. */
  answered = 0
  readonly #own: OwnDays

  constructor(own: OwnDays) {
    this.#own = own
  }

  /** The initiator's days. [SYNC-1-12] */
  readDays({ fromDay, throughDay, days }: Days): void {
    const listed = new Set<number>()
    for (const { day, fingerprint } of days) {
      listed.add(day)
      if (!this.#own.isWanted(day)) this.#equal(1)
      else if (this.#own.idsOf(day).length === 0) this.found.push({ kind: "nothing" })
      else if (sameBytes(this.#own.fingerprint(day), fingerprint)) this.#equal(1)
      else this.#differs(this.#own.table(day).whole(), null)
    }
    for (const day of this.#own.between(fromDay, throughDay)) {
      if (!listed.has(day)) this.missingDays.push(day)
    }
  }

  /** @throws {PeerError} `malformed`: they do not answer our questions [SYNC-1-14] */
  readAnswers({ given, equalAfter }: Answers, questions: Questions): void {
    for (const { equalBefore, answer } of given) {
      this.answered += equalBefore
      this.#read(questions.peek(this.answered), answer)
      this.answered++
    }
    this.answered += equalAfter
    questions.requireCount(this.answered)
  }

  #read(question: Question, answer: Answer): void {
    if (question.kind === "list") {
      if (answer.kind !== "wanted") throw unexpected()
      this.#readWanted(question, answer.map)
    } else if (answer.kind === "wanted") {
      throw unexpected()
    } else if (question.kind === "day" && answer.kind === "list" && answer.shortIds.length === 0) {
      // Not one item of the day needs hashing.
      this.missingDays.push(question.day)
    } else {
      const range = question.kind === "day" ? this.#own.table(question.day).whole() : question.range
      this.opened.add(range.table)
      if (answer.kind === "list") this.#readList(range, answer.shortIds)
      else this.#readSplit(range, answer.fingerprints)
    }
  }

  #readWanted({ table, from, to }: Question & { kind: "list" }, map: Uint8Array): void {
    const count = to - from
    if (map.length !== Math.ceil(count / 8)) throw unexpected()
    for (let i = 0; i < map.length * 8; i++) {
      if ((((map[i >> 3] as number) << (i & 7)) & 0x80) === 0) continue
      if (i >= count) throw unexpected()
      this.missing.push([table, from + i])
    }
  }

  #readList({ table, from, to }: Range, shortIds: readonly number[]): void {
    const theirs = new Set(shortIds)
    const ours = new Set<number>()
    for (let position = from; position < to; position++) {
      const shortId = table.shortId(position)
      ours.add(shortId)
      if (!theirs.has(shortId)) this.missing.push([table, position])
    }
    if (shortIds.length === 0) return
    const map = new Uint8Array(Math.ceil(shortIds.length / 8))
    let isAnyWanted = false
    for (const [i, shortId] of shortIds.entries()) {
      if (ours.has(shortId)) continue
      map[i >> 3] = (map[i >> 3] as number) | (0x80 >> (i & 7))
      isAnyWanted = true
    }
    if (isAnyWanted) this.found.push({ kind: "wanted", map })
    else this.#equal(1)
  }

  #readSplit(range: Range, fingerprints: readonly number[]): void {
    const bits = Math.log2(fingerprints.length)
    if (range.bits + bits > placeBits) throw unexpected() // [SYNC-1-16]
    const parts = range.table.split(range, bits)
    const isDifferent = parts.map((part, i) => part.table.fingerprint(part) !== fingerprints[i])
    const differing = isDifferent.filter(Boolean).length
    for (const [i, part] of parts.entries()) {
      if (isDifferent[i]) this.#differs(part, expectedDifferences(differing, parts.length))
      else this.#equal(1)
    }
  }

  #differs(range: Range, differences: number | null): void {
    this.opened.add(range.table)
    if (range.from === range.to) this.found.push({ kind: "nothing" })
    else this.found.push({ kind: "range", range, differences })
  }

  #equal(count: number): void {
    this.found.push({ kind: "equal", count })
  }
}

function unexpected(): PeerError {
  return new PeerError(
    "malformed",
    "It is no answer to what was asked. End the session with this peer.",
  )
}
