import { concat, decodeAll, type Reader, u16, u32, u48 } from "../bytes/index.js"
import type { DecodedBundle, DecodedMessage } from "../topic/index.js"

/** One message that was accepted and is not handled yet; kept beside the topic's state. */
export interface JournalEntry {
  /** Rises; the order in which they are shown. */
  readonly number: number
  /** Ed25519, 32 bytes. */
  readonly from: Uint8Array
  readonly epoch: number
  readonly counter: number
  /** When it arrived, milliseconds since 1970. */
  readonly receivedMs: number
  readonly sentMs: number | null
  readonly isLate: boolean
  /** Several of a bundle. */
  readonly payloads: readonly Uint8Array[]
  /** What the channel brought; not saved, so `null` after a crash. */
  readonly encoded: Uint8Array | null
}

export function journalEntry(
  decoded: DecodedMessage | DecodedBundle,
  number: number,
  receivedMs: number,
  encoded: Uint8Array,
): JournalEntry {
  const { counter, epoch, from, isLate } = decoded
  const isOne = decoded.kind === "message"
  const payloads = isOne ? [decoded.payload] : decoded.payloads
  const sentMs = isOne ? decoded.sentMs : null
  return { number, from, epoch, counter, receivedMs, sentMs, isLate, payloads, encoded }
}

export function encodeJournalEntry(entry: JournalEntry): Uint8Array<ArrayBuffer> {
  const { counter, epoch, from, isLate, payloads, receivedMs, sentMs } = entry
  return concat(
    from,
    u32(epoch),
    u32(counter),
    u48(receivedMs),
    u48(sentMs === null ? 0 : sentMs + 1),
    Uint8Array.of(isLate ? 1 : 0),
    u16(payloads.length),
    ...payloads.flatMap((payload) => [u32(payload.length), payload]),
  )
}

/** @throws {PeerError} `malformed` */
export function decodeJournalEntry(number: number, bytes: Uint8Array): JournalEntry {
  return decodeAll(bytes, "journal entry", (r) => {
    const from = r.take(32, "from")
    const [epoch, counter] = [r.u32("epoch"), r.u32("counter")]
    const [receivedMs, sent] = [r.u48("received at"), r.u48("sent at")]
    const isLate = r.u8("late") === 1
    const sentMs = sent === 0 ? null : sent - 1
    const payloads = Array.from({ length: r.u16("number of payloads") }, () => readPayload(r))
    const encoded = null
    return { number, from, epoch, counter, receivedMs, sentMs, isLate, payloads, encoded }
  })
}

function readPayload(r: Reader): Uint8Array {
  return r.take(r.u32("length of payload"), "payload")
}
