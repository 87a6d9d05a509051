import { ChannelError, concat, decodeAll, u16, u32, u8 } from "../bytes/index.js"
import { opaqueBytes } from "./opaque.js"
import type { Price } from "./price.js"

/** What a record is made for: the server's at that time. [LOGIN-10-2] */
export interface RecordOffer {
  /** Number of the OPAQUE setup. */
  readonly setup: number
  readonly price: Price
  /** Ed25519, 32 bytes. */
  readonly serverKey: Uint8Array
}

/** What a server keeps instead of a password. */
export interface LoginRecord extends RecordOffer {
  /** 192 bytes. */
  readonly opaque: Uint8Array
}

/**
 * A record at rest.
 *
 *   0         1       3        4     8       9            41
 *   +---------+-------+--------+-----+-------+------------+---------------+
 *   | version | setup | passes | KiB | lanes | server key | OPAQUE record |
 *   | u8 = 1  | u16   | u8     | u32 | u8    | 32         | 192           |
 *   +---------+-------+--------+-----+-------+------------+---------------+
 */
export function encodeLoginRecord({ opaque, price, serverKey, setup }: LoginRecord): Uint8Array {
  const cost = [u8(price.passes), u32(price.kib), u8(price.lanes)]
  return concat(u8(1), u16(setup), ...cost, serverKey, opaque)
}

/** @throws {ChannelError} `record-corrupt` */
export function decodeLoginRecord(bytes: Uint8Array): LoginRecord {
  return decodeAll(
    bytes,
    "record of a login",
    (r) => {
      r.expect(1, "version")
      const setup = r.u16("setup")
      const price = { passes: r.u8("passes"), kib: r.u32("KiB"), lanes: r.u8("lanes") }
      const serverKey = r.take(32, "server key").slice()
      return { setup, price, serverKey, opaque: r.take(opaqueBytes.record, "record").slice() }
    },
    (problem) => new ChannelError("record-corrupt", `${problem} Restore it from a backup.`),
  )
}
