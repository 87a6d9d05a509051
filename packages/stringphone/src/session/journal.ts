import { concat, decodeAll, u16, u32, u48 } from "../bytes/index.js"
import type { DecodedBundle, DecodedMessage } from "../topic/index.js"

/** One payload that was accepted and is not handled yet; kept beside the topic's state. */
export interface JournalEntry {
  /** Rises; the order in which they are shown. */
  readonly number: number
  /** Ed25519, 32 bytes. */
  readonly from: Uint8Array
  readonly epoch: number
  readonly counter: number
  /** Within its bundle. */
  readonly index: number
  /** When it arrived, milliseconds since 1970. */
  readonly receivedMs: number
  readonly sentMs: number | null
  readonly isLate: boolean
  readonly payload: Uint8Array
}

/** The payloads of one decoded message or bundle. */
export function journalEntries(
  decoded: DecodedMessage | DecodedBundle,
  firstNumber: number,
  receivedMs: number,
): readonly JournalEntry[] {
  const { counter, epoch, from, isLate } = decoded
  const payloads = decoded.kind === "message" ? [decoded.payload] : decoded.payloads
  const sentMs = decoded.kind === "message" ? decoded.sentMs : null
  return payloads.map((payload, index) => ({
    number: firstNumber + index,
    from,
    epoch,
    counter,
    index,
    receivedMs,
    sentMs,
    isLate,
    payload,
  }))
}

export function encodeJournalEntry(entry: JournalEntry): Uint8Array<ArrayBuffer> {
  const { counter, epoch, from, index, isLate, payload, receivedMs, sentMs } = entry
  return concat(
    from,
    u32(epoch),
    u32(counter),
    u16(index),
    u48(receivedMs),
    u48(sentMs === null ? 0 : sentMs + 1),
    Uint8Array.of(isLate ? 1 : 0),
    payload,
  )
}

/** @throws {PeerError} `malformed` */
export function decodeJournalEntry(number: number, bytes: Uint8Array): JournalEntry {
  return decodeAll(bytes, "journal entry", (r) => {
    const from = r.take(32, "from")
    const [epoch, counter, index] = [r.u32("epoch"), r.u32("counter"), r.u16("index")]
    const [receivedMs, sent] = [r.u48("received at"), r.u48("sent at")]
    const isLate = r.u8("late") === 1
    const sentMs = sent === 0 ? null : sent - 1
    const payload = r.rest("payload")
    return { number, from, epoch, counter, index, receivedMs, sentMs, isLate, payload }
  })
}
