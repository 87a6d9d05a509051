import { concat, decodeAll, u8 } from "../../bytes/index.js"

export interface Fragment {
  /** 4 random bytes, the same in all pieces of one message. */
  readonly messageId: Uint8Array
  readonly index: number
  /** The index of the last piece. */
  readonly last: number
  readonly piece: Uint8Array
}

export const fragmentType = 0x46 // F
/** 7 bytes over each piece. */
export const fragmentOverhead = 7

/**
 * Fragment, spec/topic.md §5. Not authenticated; the whole message is.
 *
 *   0     1            5       6      7
 *   +-----+------------+-------+------+-------+
 *   | 'F' | message ID | index | last | piece |
 *   | u8  | 4 bytes    | u8    | u8   |       |
 *   +-----+------------+-------+------+-------+
 */
export function encodeFragment(fragment: Fragment): Uint8Array<ArrayBuffer> {
  const { index, last, messageId, piece } = fragment
  return concat(u8(fragmentType), messageId, u8(index), u8(last), piece)
}

/** @throws {PeerError} `malformed` */
export function decodeFragment(bytes: Uint8Array): Fragment {
  return decodeAll(bytes, "fragment", (r) => {
    r.expect(fragmentType, "type")
    const messageId = r.take(4, "message ID").slice()
    const [index, last] = [r.u8("index"), r.u8("last")]
    if (index > last) throw r.fail("its index is after the last")
    return { messageId, index, last, piece: r.rest("piece", 1).slice() }
  })
}
