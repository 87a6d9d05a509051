import { decodeAll } from "../../bytes/index.js"

/** What the content of a data message is. */
export type DataType = "message" | "timed" | "bundle" | "control"

/** In clear on the channel, and bound into what is sealed. */
export interface DataHeader {
  readonly type: DataType
  /** The low 16 bits of the epoch's number. */
  readonly epoch: number
  /** 4 bytes as a number. */
  readonly tag: number
  readonly counter: number
  /** 8 random bytes. */
  readonly guard: Uint8Array
}

export const headerBytes = 19
export const dataTypes: Readonly<Record<DataType, number>> = {
  message: 0x4d, // M
  timed: 0x54, // T
  bundle: 0x42, // B
  control: 0x43, // C
}
const typeByByte = new Map(
  Object.entries(dataTypes).map(([type, byte]) => [byte, type as DataType] as const),
)

/** @returns what a message is by its first byte, or `null` when it is no data message. */
export function dataTypeOf(byte: number | undefined): DataType | null {
  return (byte !== undefined && typeByByte.get(byte)) || null
}

/**
 * Data message, spec/topic.md §3. Participant → all.
 *
 *   0      1       3            7         11      19
 *   +------+-------+------------+---------+-------+--------------------------------------+
 *   | type | epoch | sender tag | counter | guard | sealed signature 64 ‖ content, tag 16 |
 *   | u8   | u16   | 4 bytes    | u32     | 8     | 80 bytes and more                    |
 *   +------+-------+------------+---------+-------+--------------------------------------+
 *
 * @param out of at least 19 bytes, of which the header takes the first
 */
export function encodeDataHeader(
  { counter, epoch, guard, tag, type }: DataHeader,
  out: Uint8Array = new Uint8Array(headerBytes),
): Uint8Array {
  header.setUint8(0, dataTypes[type])
  header.setUint16(1, epoch)
  header.setUint32(3, tag)
  header.setUint32(7, counter)
  out.set(headerRoom)
  out.set(guard, 11)
  return out
}

// The same memory each time: a view of new memory takes as long as all else here.
const headerRoom = new Uint8Array(headerBytes)
const header = new DataView(headerRoom.buffer)

/** A data message in its parts: views. */
export interface DecodedData {
  readonly header: DataHeader
  readonly sealed: Uint8Array
}

/** @throws {PeerError} `malformed` */
export function decodeData(bytes: Uint8Array): DecodedData {
  return decodeAll(bytes, "data message", (r) => {
    const type = dataTypeOf(r.u8("type"))
    if (!type) throw r.fail("its type is none of M, T, B, C")
    const header = {
      type,
      epoch: r.u16("epoch"),
      tag: r.u32("sender tag"),
      counter: r.u32("counter"),
      guard: r.take(8, "guard"),
    }
    return { header, sealed: r.rest("sealed content", 80) }
  })
}
