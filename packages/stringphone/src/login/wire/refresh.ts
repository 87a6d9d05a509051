import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"
import { authenticate, equal, labelled } from "../../crypto/index.js"

export interface Refresh {
  /** 16 bytes. */
  readonly session: Uint8Array
  /** The one that the client has. */
  readonly generation: number
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array
}

export interface ReadRefresh extends Refresh {
  /** 32 bytes. */
  readonly mac: Uint8Array
}

const type = 0x07
const macAt = 53

/**
 * spec/login.md §6
 *
 *   0      1         17           21          53
 *   +------+---------+------------+-----------+-----+
 *   | type | session | generation | ephemeral | mac |
 *   | 7    | 16      | u32        | 32        | 32  |
 *   +------+---------+------------+-----------+-----+
 */
export function encodeRefresh(refresh: Refresh, refreshKey: Uint8Array): Uint8Array {
  const { session, generation, ephemeralKey } = refresh
  const before = concat(u8(type), session, u32(generation), ephemeralKey)
  return concat(before, macOf(before, refreshKey))
}

/** @throws {PeerError} `malformed` */
export function decodeRefresh(bytes: Uint8Array): ReadRefresh {
  return decodeAll(bytes, "refresh", (r) => {
    r.expect(type, "type")
    const session = r.take(16, "session").slice()
    const generation = r.u32("generation")
    if (generation < 1) throw r.fail("generation is 0")
    const ephemeralKey = r.take(32, "ephemeral key").slice()
    return { session, generation, ephemeralKey, mac: r.take(32, "mac").slice() }
  })
}

/** Its mac is right. [LOGIN-6-1] */
export function provesRefresh(request: Uint8Array, refreshKey: Uint8Array): boolean {
  return equal(request.subarray(macAt), macOf(request.subarray(0, macAt), refreshKey))
}

function macOf(before: Uint8Array, key: Uint8Array): Uint8Array {
  return authenticate(labelled("login refresh request", before), key)
}
