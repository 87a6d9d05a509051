import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"
import { minBoxBytes } from "./attempt-box.js"
import { readV16, v16 } from "./fields.js"

export interface Offer {
  /** 8 bytes: names the attempt. */
  readonly attempt: Uint8Array
  /** The captain's O: X25519, 32 bytes, fresh. */
  readonly captainKey: Uint8Array
  /** Nonce 24 ‖ sealed fields. */
  readonly box: Uint8Array
}

export const offerType = 0x6f // o

/**
 * Offer, spec/room.md §3. Captain → newcomer.
 *
 *   0     1         9          41
 *   +-----+---------+----------+---------------------------------+
 *   | 'o' | attempt | O        | box: nonce 24 | sealed; tag 16  |
 *   | u8  | 8 bytes | 32 bytes | 40 bytes and more               |
 *   +-----+---------+----------+---------------------------------+
 */
export function encodeOffer({ attempt, box, captainKey }: Offer): Uint8Array<ArrayBuffer> {
  return concat(u8(offerType), attempt, captainKey, box)
}

/** The box is a view. @throws {PeerError} `malformed` */
export function decodeOffer(bytes: Uint8Array): Offer {
  return decodeAll(bytes, "offer", (r) => {
    r.expect(offerType, "type")
    return {
      attempt: r.take(8, "attempt").slice(),
      captainKey: r.take(32, "key").slice(),
      box: r.rest("box", minBoxBytes),
    }
  })
}

/** What is in an offer's box. */
export interface OfferFields {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  readonly epoch: number
  /** Encoded settings. */
  readonly settings: Uint8Array
  readonly captainLeaf: number
  /** The captain's, encoded. */
  readonly credential: Uint8Array
  /** By the captain's room key, 64 bytes. */
  readonly signature: Uint8Array
}

/**
 *   0         16      20             22+n            26+n               28+n+m
 *   +---------+-------+---------------+---------------+------------------+-----------+
 *   | room ID | epoch | settings      | captain's leaf| credential       | signature |
 *   | 16      | u32   | v16, n bytes  | u32           | v16, m bytes     | 64 bytes  |
 *   +---------+-------+---------------+---------------+------------------+-----------+
 */
export function encodeOfferFields(fields: OfferFields): Uint8Array<ArrayBuffer> {
  return concat(encodeUnsignedOffer(fields), fields.signature)
}

/** What the signature is over, after both fresh keys. [ROOM-3-1] */
export function encodeUnsignedOffer(
  fields: Omit<OfferFields, "signature">,
): Uint8Array<ArrayBuffer> {
  const { captainLeaf, credential, epoch, roomId, settings } = fields
  return concat(roomId, u32(epoch), v16(settings), u32(captainLeaf), v16(credential))
}

/** @throws {PeerError} `malformed` */
export function decodeOfferFields(bytes: Uint8Array): OfferFields {
  return decodeAll(bytes, "offer", (r) => ({
    roomId: r.take(16, "room ID").slice(),
    epoch: r.u32("epoch"),
    settings: readV16(r, "settings"),
    captainLeaf: r.u32("captain's leaf"),
    credential: readV16(r, "credential"),
    signature: r.take(64, "signature").slice(),
  }))
}
