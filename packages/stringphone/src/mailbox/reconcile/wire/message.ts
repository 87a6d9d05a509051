import { concat, decodeAll, PeerError } from "../../../bytes/index.js"
import { type Answers, decodeAnswers, encodeAnswers } from "./answers.js"
import { type Days, decodeDays, encodeDays } from "./days.js"
import { decodeHead, encodeHead, type Head, maxMessageLength, messageType } from "./head.js"

export const checkBytes = 8

/** A message of a reconciliation. spec/mailbox-sync.md §1.4 */
export type Message = { readonly head: Head } & (
  | { readonly kind: "days"; readonly days: Days }
  | {
      readonly kind: "answers"
      readonly answers: Answers
      /** 8 bytes before the answers, in the last message only. [SYNC-1-18] */
      readonly check: Uint8Array | null
    }
)

export function encodeMessage(message: Message): Uint8Array {
  const head = encodeHead(message.head)
  if (message.kind === "days") return concat(head, encodeDays(message.days))
  return concat(head, message.check ?? new Uint8Array(0), encodeAnswers(message.answers))
}

/** @throws {PeerError} `malformed`, `too-much` */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > maxMessageLength) {
    throw new PeerError("too-much", "A message of a reconciliation has at most 65,535 bytes.") // [SYNC-1-10]
  }
  return decodeAll(bytes, "reconciliation message", (r) => {
    const head = decodeHead(r)
    if (head.type === messageType.days) return { kind: "days", head, days: decodeDays(r) }
    const check = head.type === messageType.lastAnswers ? r.take(checkBytes, "check") : null
    return { kind: "answers", head, check, answers: decodeAnswers(r) }
  })
}
