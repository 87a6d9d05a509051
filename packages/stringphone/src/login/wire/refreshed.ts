import { concat, decodeAll, u8 } from "../../bytes/index.js"
import { readSealedText } from "./fields.js"

export interface Refreshed {
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array
  /** Ed25519, 64 bytes: by the server key that its device knows. */
  readonly signature: Uint8Array
  /** A box. */
  readonly sealed: Uint8Array
}

export const refreshedType = 0x08

/**
 * spec/login.md §6
 *
 *   0      1           33          97
 *   +------+-----------+-----------+-------------+
 *   | type | ephemeral | signature | sealed text |
 *   | 8    | 32        | 64        | 272 or more |
 *   +------+-----------+-----------+-------------+
 */
export function encodeRefreshed({ ephemeralKey, sealed, signature }: Refreshed): Uint8Array {
  return concat(u8(refreshedType), ephemeralKey, signature, sealed)
}

/** @throws {PeerError} `malformed` */
export function decodeRefreshed(bytes: Uint8Array): Refreshed {
  return decodeAll(bytes, "answer to a refresh", (r) => {
    r.expect(refreshedType, "type")
    const ephemeralKey = r.take(32, "ephemeral key").slice()
    const signature = r.take(64, "signature").slice()
    return { ephemeralKey, signature, sealed: readSealedText(r).slice() }
  })
}
