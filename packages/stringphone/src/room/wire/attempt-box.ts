import { concat, decodeAll, u8 } from "../../bytes/index.js"

/** What travels between a newcomer and the captain after the offer. */
export interface AttemptBox {
  /** 8 bytes: names the attempt. */
  readonly attempt: Uint8Array
  /** Nonce 24 ‖ sealed fields. */
  readonly box: Uint8Array
}

/** Of a nonce and a tag. */
export const minBoxBytes = 40

/**
 * Request, answer and grant, spec/room.md §3.
 *
 *   0      1         9
 *   +------+---------+----------------------------------+
 *   | type | attempt | box: nonce 24 | sealed; tag 16   |
 *   | u8   | 8 bytes | 40 bytes and more                |
 *   +------+---------+----------------------------------+
 */
export function encodeAttemptBox(
  type: number,
  { attempt, box }: AttemptBox,
): Uint8Array<ArrayBuffer> {
  return concat(u8(type), attempt, box)
}

export function decodeAttemptBox(bytes: Uint8Array, type: number, what: string): AttemptBox {
  return decodeAll(bytes, what, (r) => {
    r.expect(type, "type")
    return { attempt: r.take(8, "attempt").slice(), box: r.rest("box", minBoxBytes) }
  })
}
