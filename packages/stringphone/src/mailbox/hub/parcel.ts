import { concat, decodeAll } from "../../bytes/index.js"
import { stampBytes } from "./stamp.js"

/** An envelope under way, with its stamp. */
export interface Parcel {
  /** 8 bytes, all zero: none. */
  readonly stamp: Uint8Array
  readonly envelope: Uint8Array
}

/**
 * Parcel, spec/mailbox-hub.md §3. From hub to hub, and onto a stick.
 *
 *   0         8
 *   +---------+----------------------+
 *   | stamp 8 | envelope, 1 or more  |
 *   +---------+----------------------+
 */
export function encodeParcel({ stamp, envelope }: Parcel): Uint8Array {
  return concat(stamp, envelope)
}

/** Views. @throws {PeerError} `malformed` */
export function decodeParcel(bytes: Uint8Array): Parcel {
  return decodeAll(bytes, "parcel", (r) => ({
    stamp: r.take(stampBytes, "stamp"),
    envelope: r.rest("envelope", 1),
  }))
}
