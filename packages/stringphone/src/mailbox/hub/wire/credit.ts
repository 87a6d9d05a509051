import { concat, decodeAll, u32, u48 } from "../../../bytes/index.js"

/** How far a sender may go, or how far it went. */
export interface Credit {
  readonly run: number
  /** In bytes of parcels of this run. */
  readonly position: number
}

/**
 * Body of a credit (the sender's position may reach this) and of an end (it has sent so much, and that
 * was all), spec/mailbox-sync.md §2.
 *
 *   0     4
 *   +-----+----------+
 *   | run | position |
 *   | u32 | u48      |
 *   +-----+----------+
 */
export function encodeCredit({ position, run }: Credit): Uint8Array {
  return concat(u32(run), u48(position))
}

/** @throws {PeerError} `malformed` */
export function decodeCredit(bytes: Uint8Array): Credit {
  return decodeAll(bytes, "credit", (r) => ({
    run: r.u32("run"),
    position: r.u48("position"),
  }))
}
