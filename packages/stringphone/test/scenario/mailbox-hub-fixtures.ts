import { concat, u16, u32, u8 } from "../../src/bytes/index.js"
import { checkEnvelope, dayMs, envelopeId } from "../../src/mailbox/index.js"
import { type MailHub, openHub } from "../../src/session/mailbox/hub.js"
import type { MailHubEvent, MailHubOptions } from "../../src/session/mailbox/hub-types.js"
import { createMemoryEnvelopeStore } from "../../src/store/envelopes/memory.js"
import type { Clock } from "../../src/transport/index.js"
import { SeededRandom } from "../../src/transport/random.js"

export const today = 20_000
export const noStamp: Uint8Array = new Uint8Array(8)

/** Random bytes that are the same in each run. */
export function seededBytes(seed: number): (length: number) => Uint8Array {
  const random = new SeededRandom(seed)
  return (length) => Uint8Array.from({ length }, () => random.below(256))
}

/** What a hub takes for an envelope: its head, and then anything. @param sizeCode 0: 1 KiB … 5: 1 MiB */
export function envelope(seed: number, day = today + 7, sizeCode = 0): Uint8Array {
  const size = 1_024 * 4 ** sizeCode
  const head = concat(u8(2), u8(sizeCode << 4), u16(day))
  const marks = seededBytes(seed)(64)
  const bytes = new Uint8Array(size).fill(seed & 0xff)
  bytes.set(head)
  bytes.set(marks, head.length)
  if (!checkEnvelope(bytes)) throw new Error("This is no envelope.")
  return bytes
}

/** The same, quickly made: one that only its number tells from others. */
export function numbered(number: number): Uint8Array {
  const bytes = new Uint8Array(1_024)
  bytes.set(concat(u8(2), u8(0), u16(today + 7), u32(number)))
  return bytes
}

export const parcel = (bytes: Uint8Array, stamp = noStamp): Uint8Array => concat(stamp, bytes)
export const parcels = (...all: readonly Uint8Array[]): Uint8Array[] =>
  all.map((one) => parcel(one))

export interface TestHub {
  readonly hub: MailHub
  readonly events: MailHubEvent[]
  has(bytes: Uint8Array): boolean
}

/** A hub in memory, on the day `today`, that holds nothing back. */
export async function testHub(
  clock: Clock,
  more: Partial<MailHubOptions> = {},
  seed = 1,
): Promise<TestHub> {
  const events: MailHubEvent[] = []
  const hub = await openHub({
    store: createMemoryEnvelopeStore(),
    mixing: { meanMs: 0 },
    clock,
    wallClock: () => today * dayMs + 3_600_000 + clock.now(),
    randomBytes: seededBytes(seed),
    onEvent: (event) => void events.push(event),
    ...more,
  })
  return {
    hub,
    events,
    has: (bytes) => hub.has(envelopeId(bytes), checkEnvelope(bytes)!.day),
  }
}
