import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"
import { minBoxBytes } from "./attempt-box.js"

/** What is sealed with the key of a slot, for the newcomer and all members. */
export interface SlotBox extends SlotHeader {
  /** Nonce 24 ‖ sealed. */
  readonly box: Uint8Array
  /** All that is before the nonce. */
  readonly header: Uint8Array
}

export interface SlotHeader {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  readonly epoch: number
  /** 16 bytes. */
  readonly grantId: Uint8Array
}

/**
 * Entry and order, spec/room.md §3.
 *
 *   0      1         17      21         37
 *   +------+---------+-------+----------+---------------------------------+
 *   | type | room ID | epoch | grant ID | box: nonce 24 | sealed; tag 16  |
 *   | u8   | 16      | u32   | 16       | 40 bytes and more               |
 *   +------+---------+-------+----------+---------------------------------+
 */
export function encodeSlotHeader(type: number, header: SlotHeader): Uint8Array<ArrayBuffer> {
  return concat(u8(type), header.roomId, u32(header.epoch), header.grantId)
}

export function decodeSlotBox(bytes: Uint8Array, type: number, what: string): SlotBox {
  return decodeAll(bytes, what, (r) => {
    r.expect(type, "type")
    return {
      roomId: r.take(16, "room ID").slice(),
      epoch: r.u32("epoch"),
      grantId: r.take(16, "grant ID").slice(),
      header: bytes.slice(0, 37),
      box: r.rest("box", minBoxBytes),
    }
  })
}
