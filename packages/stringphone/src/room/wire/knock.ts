import { concat, decodeAll, u8 } from "../../bytes/index.js"

export interface Knock {
  /** The newcomer's E: X25519, 32 bytes, fresh. */
  readonly key: Uint8Array
}

export const knockType = 0x6b // k

/**
 * Knock, spec/room.md §3. Newcomer → all.
 *
 *   0     1
 *   +-----+----------+
 *   | 'k' | E        |
 *   | u8  | 32 bytes |
 *   +-----+----------+
 */
export function encodeKnock({ key }: Knock): Uint8Array<ArrayBuffer> {
  return concat(u8(knockType), key)
}

/** @throws {PeerError} `malformed` */
export function decodeKnock(bytes: Uint8Array): Knock {
  return decodeAll(bytes, "knock", (r) => {
    r.expect(knockType, "type")
    return { key: r.take(32, "key").slice() }
  })
}
