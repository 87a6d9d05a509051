import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"
import { encodeName, readName } from "./fields.js"

/** What all members of a room have agreed on. */
export interface RoomSettings {
  readonly isDeniable: boolean
  /** The captain's room key: Ed25519, 32 bytes. */
  readonly captainKey: Uint8Array
  /** One more with each captain who was elected or named. */
  readonly term: number
  readonly takeovers: number
  /** At most 64 bytes of UTF-8. */
  readonly title: string
}

const version = 1

/**
 * Settings, spec/room.md §1: the GroupContext extension 0xF1A0.
 *
 *   0        1       2                    34      38          42
 *   +---------+-------+--------------------+-------+-----------+-----------+
 *   | version | flags | captain's room key | term  | takeovers | title     |
 *   | u8 = 1  | u8    | 32 bytes           | u32   | u32       | v8, UTF-8 |
 *   +---------+-------+--------------------+-------+-----------+-----------+
 */
export function encodeSettings(settings: RoomSettings): Uint8Array<ArrayBuffer> {
  const { captainKey, isDeniable, takeovers, term, title } = settings
  const head = concat(u8(version), u8(isDeniable ? 1 : 0), captainKey)
  return concat(head, u32(term), u32(takeovers), encodeName(title))
}

/** @throws {PeerError} `malformed` */
export function decodeSettings(bytes: Uint8Array): RoomSettings {
  return decodeAll(bytes, "room settings", (r) => {
    r.expect(version, "version")
    const flags = r.u8("flags")
    if (flags > 1) throw r.fail("unknown flags") // [ROOM-1-6]
    return {
      isDeniable: flags === 1,
      captainKey: r.take(32, "captain's room key").slice(),
      term: r.u32("term"),
      takeovers: r.u32("takeovers"),
      title: readName(r, "title"),
    }
  })
}
