import { PeerError } from "../../bytes/index.js"
import { type Answer, answerBytes, equalBytes, type GivenAnswer } from "./wire/answers.js"
import { dayEntryBytes, type DayFingerprint, daysHeadBytes, lastDay } from "./wire/days.js"
import { headBytes, maxMessageLength, messageType } from "./wire/head.js"
import { checkBytes, encodeMessage } from "./wire/message.js"

/** One answer, or that so many questions need none. */
export type Reply = Answer | { readonly kind: "equal"; readonly count: number }

/** Numbers our messages, keeps each below the limit, and keeps those that may have to go again. */
export class Outbox {
  readonly #maxMessageBytes: number
  /** From number #acknowledged on. */
  #kept: Uint8Array[] = []
  #acknowledged = 0

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes
  }

  /** How many messages there were. */
  get sent(): number {
    return this.#acknowledged + this.#kept.length
  }

  /** @throws {PeerError} `malformed` [SYNC-1-15] */
  requireSent(received: number): void {
    if (received < this.#acknowledged || received > this.sent) {
      throw new PeerError("malformed", "It has another count of our messages than we have.")
    }
  }

  /** The other side has so many. */
  acknowledge(received: number): void {
    this.#kept.splice(0, received - this.#acknowledged)
    this.#acknowledged = received
  }

  /** What the other side lacks. */
  after(received: number): Uint8Array[] {
    return this.#kept.slice(received - this.#acknowledged)
  }

  packDays(fromDay: number, days: readonly DayFingerprint[], received: number): Uint8Array[] {
    const most = Math.floor((this.#maxMessageBytes - headBytes - daysHeadBytes) / dayEntryBytes)
    const messages: Uint8Array[] = []
    for (let at = 0; at === 0 || at < days.length; at += most) {
      const some = days.slice(at, at + most)
      const isLast = at + most >= days.length
      const throughDay = isLast ? lastDay : (some.at(-1)?.day ?? lastDay)
      messages.push(
        encodeMessage({
          kind: "days",
          head: { type: messageType.days, number: this.sent + messages.length, received },
          days: { fromDay, throughDay, days: some },
        }),
      )
      fromDay = throughDay + 1
    }
    return messages
  }

  /** @param check not `null`: these are the last answers */
  packAnswers(replies: readonly Reply[], received: number, check: Uint8Array | null): Uint8Array[] {
    const messages: Uint8Array[] = []
    let given: GivenAnswer[] = []
    let equal = 0
    let length = 0
    const close = (isLast: boolean) => {
      const type = isLast && check !== null ? messageType.lastAnswers : messageType.answers
      const head = { type, number: this.sent + messages.length, received }
      const answers = { given, equalAfter: equal }
      messages.push(encodeMessage({ kind: "answers", head, answers, check: isLast ? check : null }))
      given = []
      equal = length = 0
    }
    for (const reply of replies) {
      if (reply.kind === "equal") {
        equal += reply.count
        continue
      }
      const more = equalBytes(equal) + answerBytes(reply)
      // Room for the count at the end of all, and for the check.
      const room = this.#maxMessageBytes - headBytes - checkBytes - equalBytes(maxMessageLength)
      if (given.length > 0 && length + more > room) close(false)
      given.push({ equalBefore: equal, answer: reply })
      length += more
      equal = 0
    }
    if (given.length > 0 || equal > 0 || check !== null) close(true)
    return messages
  }

  /** @throws {PeerError} `too-much` [SYNC-1-10] */
  keep(messages: readonly Uint8Array[]): void {
    for (const message of messages) this.#kept.push(message)
  }
}
