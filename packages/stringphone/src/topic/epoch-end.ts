import { hex } from "../bytes/index.js"
import { type Epoch, senderIn } from "./epoch.js"
import type { Gap } from "./receiving-keys.js"

/** What was received of each sender of an epoch that is over, by numbers alone. */
export interface EndedEpoch {
  readonly epoch: number
  /** The highest counter plus 1, by public key in hexadecimal. */
  readonly counters: ReadonlyMap<string, number>
  /** By a removal: late messages of it are not taken. [TOPIC-7-9] */
  readonly atRemoval: boolean
}

export function endOf({ body, senders }: Epoch, atRemoval: boolean): EndedEpoch {
  const counters = [...senders.values()].map((s) => [hex(s.publicKey), s.chain.counters] as const)
  return { epoch: body.epoch, counters: new Map(counters), atRemoval }
}

/**
 * What is missing at the end of an epoch that its sender closes. [TOPIC-4-5]
 *
 * @param earlier epochs that still take late messages
 */
export function missingAtEnd(
  from: Uint8Array,
  closing: { readonly epoch: number; readonly counters: number },
  earlier: readonly Epoch[],
  ended: EndedEpoch | null,
): Gap | null {
  const known = earlier.find(({ body }) => body.epoch === closing.epoch)
  const noted = ended?.epoch === closing.epoch ? ended.counters.get(hex(from)) : undefined
  const received = (known && senderIn(known, from)?.chain.counters) ?? noted
  if (received === undefined || closing.counters <= received) return null
  const missing = closing.counters - received
  return { missing, possiblyMissing: 0, ...(!known && ended?.atRemoval && { atRemoval: true }) }
}
