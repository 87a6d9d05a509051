import { concat, decodeAll, type Reader, u16, u32, u8 } from "../../bytes/index.js"

/** An MLS PrivateMessage as it travels: what follows from the rest is left out. */
export interface FramedMls {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  readonly epoch: number
  /** The whole PrivateMessage in an MLSMessage. */
  readonly mls: Uint8Array
  /** Its `authenticated_data`, which is not secret; authentic once MLS has opened the message. */
  readonly data: Uint8Array
}

/** RFC 9420 §6: version mls10, wire format mls_private_message, a group ID of 16 bytes. */
const mlsHead = concat(u16(1), u16(2), u8(16))
const headBytes = 30
export const applicationContent = 1
export const commitContent = 3

/**
 * MLS PrivateMessage in an MLSMessage (RFC 9420 §6.3) → what travels, spec/room.md §4.
 *
 *   0         2             4    5          21      29             30
 *   +---------+-------------+----+----------+-------+--------------+------------------------+
 *   | version | wire format | 16 | group ID | epoch | content type | authenticated_data,    |
 *   | u16 = 1 | u16 = 2     | u8 | 16 bytes | u64   | u8           | sender data, ciphertext|
 *   +---------+-------------+----+----------+-------+--------------+------------------------+
 *
 *   0      1         17      21
 *   +------+---------+-------+--------------------------------------------------------------+
 *   | type | room ID | epoch | authenticated_data, sender data, ciphertext: opaque<V> each   |
 *   | u8   | 16      | u32   |                                                              |
 *   +------+---------+-------+--------------------------------------------------------------+
 */
export function encodeFramedMls(
  type: number,
  contentType: number,
  mls: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const hasHead = mlsHead.every((byte, i) => mls[i] === byte)
  const isEpochShort = [21, 22, 23, 24].every((i) => mls[i] === 0)
  if (mls.length <= headBytes || !hasHead || !isEpochShort || mls[29] !== contentType) {
    throw new TypeError("This is no MLS PrivateMessage of the kind that was expected.")
  }
  // Most of it stays where it is; small views of it would cost more than the bytes.
  const out = new Uint8Array(mls.subarray(9))
  out[0] = type
  for (let i = 0; i < 16; i++) out[1 + i] = mls[5 + i] as number
  for (let i = 0; i < 4; i++) out[17 + i] = mls[25 + i] as number
  return out
}

export function decodeFramedMls(
  bytes: Uint8Array,
  type: number,
  contentType: number,
  what: string,
): FramedMls {
  return decodeAll(bytes, what, (r) => {
    r.expect(type, "type")
    const roomId = r.take(16, "room ID").slice()
    const epoch = r.u32("epoch")
    // Read whole, so that one message has one encoding and with it one ID. [ROOM-0-1]
    const data = readOpaque(r, "authenticated data").slice()
    readOpaque(r, "sender data")
    readOpaque(r, "ciphertext")
    const mls = new Uint8Array(bytes.length + 9)
    mls.set(mlsHead)
    mls.set(roomId, 5)
    mls.set(u32(epoch), 25)
    mls[29] = contentType
    mls.set(bytes.subarray(21), headBytes)
    return { roomId, epoch, data, mls }
  })
}

/** `opaque<V>`: length in 1, 2 or 4 bytes, the shortest that does (RFC 9420 §2.1.2). */
function readOpaque(r: Reader, field: string): Uint8Array {
  const first = r.u8(`length of ${field}`)
  const bytes = 1 << (first >> 6)
  let length = first & 63
  for (let i = 1; i < bytes && bytes < 8; i++) length = length * 256 + r.u8(`length of ${field}`)
  const shortest = length < 64 ? 1 : length < 16_384 ? 2 : 4
  if (bytes !== shortest) throw r.fail(`the length of ${field} is not in its shortest form`)
  return r.take(length, field)
}
