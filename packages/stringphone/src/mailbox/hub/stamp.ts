import { concat, u16, u48 } from "../../bytes/index.js"
import { hash, labelled } from "../../crypto/index.js"

export const stampBytes = 8

/** Beside an envelope that has none. */
export const noStamp: Uint8Array = new Uint8Array(stampBytes)

/** What this stamp is worth beside this envelope: the leading zero bits of their hash. [HUB-3-1] */
export function stampBits(id: Uint8Array, stamp: Uint8Array): number {
  if (stamp.every((byte) => byte === 0)) return 0
  return leadingZeroBits(hash(labelled("mailbox stamp", id, stamp)))
}

/** How far a search came. */
export interface StampSearch {
  /** `null`: none among those that were tried; go on at `next`. */
  readonly stamp: Uint8Array | null
  readonly next: number
}

/**
 * Looks for a stamp worth at least `bits`, trying `tries` candidates; 2^bits are needed on average.
 *
 * @param from 1 at first, then `next` of the call before
 */
export function findStamp(id: Uint8Array, bits: number, from: number, tries: number): StampSearch {
  for (let candidate = from; candidate < from + tries; candidate++) {
    const stamp = concat(u16(0), u48(candidate))
    if (stampBits(id, stamp) >= bits) return { stamp, next: candidate + 1 }
  }
  return { stamp: null, next: from + tries }
}

function leadingZeroBits(bytes: Uint8Array): number {
  const at = bytes.findIndex((byte) => byte !== 0)
  return at === -1 ? bytes.length * 8 : at * 8 + Math.clz32(bytes[at] as number) - 24
}
