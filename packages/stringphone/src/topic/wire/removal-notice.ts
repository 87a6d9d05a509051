import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"

export interface RemovalNotice {
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array
  /** 8 bytes. */
  readonly hint: Uint8Array
  readonly sealed: Uint8Array
}

export const removalNoticeType = 0x58 // X

/**
 * Removal notice, spec/topic.md §8. Admin → who was removed.
 *
 *   0     1               33     41
 *   +-----+---------------+------+---------------------------------------------------+
 *   | 'X' | ephemeral key | hint | sealed: admin 32 | epoch u32 | signature 64; tag 16 |
 *   | u8  | 32 bytes      | 8    | 116 bytes                                         |
 *   +-----+---------------+------+---------------------------------------------------+
 */
export function encodeRemovalNotice(notice: RemovalNotice): Uint8Array<ArrayBuffer> {
  return concat(u8(removalNoticeType), notice.ephemeralKey, notice.hint, notice.sealed)
}

/** @throws {PeerError} `malformed` */
export function decodeRemovalNotice(bytes: Uint8Array): RemovalNotice {
  return decodeAll(bytes, "removal notice", (r) => {
    r.expect(removalNoticeType, "type")
    return {
      ephemeralKey: r.take(32, "ephemeral key"),
      hint: r.take(8, "hint"),
      sealed: r.take(116, "sealed notice"),
    }
  })
}

export function encodeRemovalBody(
  admin: Uint8Array,
  epoch: number,
  signature: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concat(admin, u32(epoch), signature)
}

/** @throws {PeerError} `malformed` */
export function decodeRemovalBody(bytes: Uint8Array): {
  readonly admin: Uint8Array
  readonly epoch: number
  readonly signature: Uint8Array
} {
  return decodeAll(bytes, "removal notice", (r) => ({
    admin: r.take(32, "admin").slice(),
    epoch: r.u32("epoch"),
    signature: r.take(64, "signature"),
  }))
}
