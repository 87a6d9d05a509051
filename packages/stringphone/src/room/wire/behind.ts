import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"

/** An epoch as somebody has it. */
export interface EpochMark {
  readonly epoch: number
  /** The first 8 bytes of its authenticator. */
  readonly auth8: Uint8Array
}

export interface Behind {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  /** The newest first; 1 to 16. */
  readonly epochs: readonly EpochMark[]
}

export const behindType = 0x62 // b
const maxEpochs = 16

/**
 * Behind, spec/room.md §6. Member → all.
 *
 *   0     1         17      18
 *   +-----+---------+-------+---------------------------+
 *   | 'b' | room ID | count | (epoch u32 | auth8 8) …   |
 *   | u8  | 16      | u8    | count × 12 bytes          |
 *   +-----+---------+-------+---------------------------+
 */
export function encodeBehind({ epochs, roomId }: Behind): Uint8Array<ArrayBuffer> {
  if (epochs.length < 1 || epochs.length > maxEpochs) throw new RangeError("1 to 16 epochs.")
  const encoded = epochs.flatMap(({ auth8, epoch }) => [u32(epoch), auth8])
  return concat(u8(behindType), roomId, u8(epochs.length), ...encoded)
}

/** @throws {PeerError} `malformed` */
export function decodeBehind(bytes: Uint8Array): Behind {
  return decodeAll(bytes, "list of epochs", (r) => {
    r.expect(behindType, "type")
    const roomId = r.take(16, "room ID").slice()
    const count = r.u8("number of epochs")
    if (count < 1 || count > maxEpochs) throw r.fail(`it has not 1 to ${maxEpochs} epochs`)
    const epochs: EpochMark[] = []
    let last = Number.POSITIVE_INFINITY
    for (let i = 0; i < count; i++) {
      const epoch = r.u32("epoch")
      if (epoch >= last) throw r.fail("the newest epoch is not the first")
      last = epoch
      epochs.push({ epoch, auth8: r.take(8, "authenticator").slice() })
    }
    return { roomId, epochs }
  })
}
