import { hex } from "../../bytes/index.js"
import type { Clock } from "../clock.js"
import type { Range, Request } from "./text-line.js"

/** One message that we sent in several lines. */
export interface SentMessage {
  readonly id: Uint8Array
  readonly bytes: Uint8Array
  /** The one to whom it was sent, if not to all. */
  readonly to: string | undefined
  /** So much of it has been handed to the server. */
  handedOver: number
}

interface Kept extends SentMessage {
  keptUntil: number
  /** Bytes that each one asked for once more. */
  readonly answered: Map<string, number>
}

const keepMs = 120_000
const maxBytes = 1024 * 1024

/** Each one gets at most so many times the message; all together so many times. [IRC-3-9] */
const maxForOne = 2
const maxForAll = 8

/** Our last messages, for those who missed a piece. spec/irc.md §3 */
export class SentMessages {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  keep(message: SentMessage): SentMessage {
    this.#tidy()
    const kept = { ...message, keptUntil: Infinity, answered: new Map<string, number>() }
    this.#kept.set(hex(message.id), kept)
    return kept
  }

  /** All of it is on its way: the time to ask for it begins. */
  finish({ id }: SentMessage): void {
    const kept = this.#kept.get(hex(id))
    if (kept) kept.keptUntil = this.#clock.now() + keepMs
  }

  /** @returns what to send once more to this one, and from which message; or `null` */
  answer(requester: string, { id, ranges }: Request): readonly [SentMessage, Range[]] | null {
    this.#tidy()
    const message = this.#kept.get(hex(id))
    if (!message || (message.to !== undefined && message.to !== requester)) return null
    const wanted: Range[] = []
    let bytes = 0
    for (const { offset, length } of ranges) {
      // What has not gone out yet will come without being asked for. [IRC-3-8]
      const end = Math.min(offset + length, message.handedOver)
      if (end <= offset) continue
      wanted.push({ offset, length: end - offset })
      bytes += end - offset
    }
    const before = message.answered.get(requester) ?? 0
    const all = [...message.answered.values()].reduce((sum, answered) => sum + answered, 0)
    const size = message.bytes.length
    if (bytes === 0 || before + bytes > maxForOne * size || all + bytes > maxForAll * size) {
      return null
    }
    message.answered.set(requester, before + bytes)
    return [message, wanted]
  }

  #tidy(): void {
    const now = this.#clock.now()
    let bytes = 0
    for (const [key, message] of [...this.#kept].reverse()) {
      bytes += message.bytes.length
      const isSending = message.keptUntil === Infinity
      if (message.keptUntil <= now || (bytes > maxBytes && !isSending)) this.#kept.delete(key)
    }
  }
}
