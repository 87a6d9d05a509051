import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"
import type { Price } from "../price.js"
import { encodeText8, readName } from "./name.js"

export interface Challenge {
  /** 16 bytes. */
  readonly attempt: Uint8Array
  readonly price: Price
  /** Ed25519, 32 bytes. */
  readonly serverKey: Uint8Array
  readonly realm: string
  /** 320 bytes. */
  readonly ke2: Uint8Array
}

const type = 0x02

/**
 * Challenge, spec/login.md §3. Server → client.
 *
 *   0        1         17       18    22      23           55
 *   +--------+---------+--------+-----+-------+------------+--------+-------+-----+
 *   | type   | attempt | passes | KiB | lanes | server key | length | realm | KE2 |
 *   | u8 = 2 | 16      | u8     | u32 | u8    | 32         | u8     | 1–64  | 320 |
 *   +--------+---------+--------+-----+-------+------------+--------+-------+-----+
 */
export function encodeChallenge({ attempt, ke2, price, realm, serverKey }: Challenge): Uint8Array {
  const cost = [u8(price.passes), u32(price.kib), u8(price.lanes)]
  return concat(u8(type), attempt, ...cost, serverKey, encodeText8(realm), ke2)
}

/** Whatever its price is. @throws {PeerError} `malformed` */
export function decodeChallenge(bytes: Uint8Array): Challenge {
  return decodeAll(bytes, "challenge of a login", (r) => {
    r.expect(type, "type")
    const attempt = r.take(16, "attempt").slice()
    const price = { passes: r.u8("passes"), kib: r.u32("KiB"), lanes: r.u8("lanes") }
    const serverKey = r.take(32, "server key").slice()
    const realm = readName(r, "realm")
    return { attempt, price, serverKey, realm, ke2: r.take(320, "KE2").slice() }
  })
}
