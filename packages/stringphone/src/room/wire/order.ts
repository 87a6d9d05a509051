import { concat, decodeAll } from "../../bytes/index.js"
import { encodeHeads, readHeads } from "./heads.js"
import { decodeSlotBox, encodeSlotHeader, type SlotBox, type SlotHeader } from "./slot-box.js"

export const orderType = 0x73 // s

/** What is before the nonce of an order, spec/room.md §3. Captain → all. */
export function encodeOrderHeader(header: SlotHeader): Uint8Array<ArrayBuffer> {
  return encodeSlotHeader(orderType, header)
}

/** @param box nonce 24 ‖ sealed fields */
export function encodeOrder(header: SlotHeader, box: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(encodeOrderHeader(header), box)
}

/** The box is a view. @throws {PeerError} `malformed` */
export function decodeOrder(bytes: Uint8Array): SlotBox {
  return decodeSlotBox(bytes, orderType, "order")
}

/** What is in an order's box. */
export interface OrderFields {
  /** H(MLS PublicMessage), 32 bytes. */
  readonly commitHash: Uint8Array
  /** Message IDs that belong to the ended epoch. */
  readonly heads: readonly Uint8Array[]
  /** By the captain's room key, 64 bytes. */
  readonly signature: Uint8Array
}

/**
 *   0             32             33+16n
 *   +-------------+--------------+-----------+
 *   | commit hash | heads        | signature |
 *   | 32 bytes    | u8 n, 16 × n | 64 bytes  |
 *   +-------------+--------------+-----------+
 */
export function encodeOrderFields({
  commitHash,
  heads,
  signature,
}: OrderFields): Uint8Array<ArrayBuffer> {
  return concat(commitHash, encodeHeads(heads), signature)
}

/** @throws {PeerError} `malformed` */
export function decodeOrderFields(bytes: Uint8Array): OrderFields {
  return decodeAll(bytes, "order", (r) => ({
    commitHash: r.take(32, "commit hash").slice(),
    heads: readHeads(r),
    signature: r.take(64, "signature").slice(),
  }))
}
