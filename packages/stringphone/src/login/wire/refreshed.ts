import { concat, decodeAll, u8 } from "../../bytes/index.js"
import { readSealedText } from "./fields.js"

export interface Refreshed {
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array
  /** A box. */
  readonly sealed: Uint8Array
}

export const refreshedType = 0x08

/**
 * spec/login.md §6
 *
 *   0      1           33
 *   +------+-----------+-------------+
 *   | type | ephemeral | sealed text |
 *   | 8    | 32        | 272 or more |
 *   +------+-----------+-------------+
 */
export function encodeRefreshed({ ephemeralKey, sealed }: Refreshed): Uint8Array {
  return concat(u8(refreshedType), ephemeralKey, sealed)
}

/** @throws {PeerError} `malformed` */
export function decodeRefreshed(bytes: Uint8Array): Refreshed {
  return decodeAll(bytes, "answer to a refresh", (r) => {
    r.expect(refreshedType, "type")
    const ephemeralKey = r.take(32, "ephemeral key").slice()
    return { ephemeralKey, sealed: readSealedText(r).slice() }
  })
}
