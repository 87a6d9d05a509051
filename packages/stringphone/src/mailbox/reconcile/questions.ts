import { PeerError } from "../../bytes/index.js"
import type { DayTable, Range } from "./day-table.js"

/** What we sent and the other side has to answer, in this order. */
export type Question =
  | { readonly kind: "day"; readonly day: number }
  | { readonly kind: "range"; readonly range: Range }
  /** Positions in the table, which we listed. */
  | { readonly kind: "list"; readonly table: DayTable; readonly from: number; readonly to: number }

/** Questions that wait for answers; they are answered in the order in which they were put. */
export class Questions {
  #waiting: Question[] = []
  #next = 0

  get count(): number {
    return this.#waiting.length - this.#next
  }

  put(questions: readonly Question[]): void {
    for (const question of questions) this.#waiting.push(question)
  }

  /** @throws {PeerError} `malformed`: more answers than questions [SYNC-1-14] */
  peek(offset: number): Question {
    const question = this.#waiting[this.#next + offset]
    if (question === undefined) throw tooManyAnswers()
    return question
  }

  /** @throws {PeerError} `malformed`: more answers than questions [SYNC-1-14] */
  requireCount(count: number): void {
    if (count > this.count) throw tooManyAnswers()
  }

  drop(count: number): void {
    this.#next += count
    if (this.#next * 2 < this.#waiting.length) return
    this.#waiting = this.#waiting.slice(this.#next)
    this.#next = 0
  }
}

function tooManyAnswers(): PeerError {
  return new PeerError("malformed", "It answers what nobody asked. End the session with this peer.")
}
