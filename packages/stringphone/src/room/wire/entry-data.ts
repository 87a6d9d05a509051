import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"
import { leafNumber, readLeafOrNone } from "./fields.js"

/** The `authenticated_data` of an external commit. */
export interface EntryData {
  /** 16 bytes. */
  readonly grantId: Uint8Array
  /** Which leaf it replaces; `null`: none. */
  readonly formerLeaf: number | null
  /** By the captain's room key, 64 bytes. */
  readonly grantSignature: Uint8Array
}

const version = 1

/**
 *   0        1          17            21
 *   +--------+----------+-------------+-----------------+
 *   | u8 = 1 | grant ID | former leaf | grant signature |
 *   |        | 16 bytes | u32         | 64 bytes        |
 *   +--------+----------+-------------+-----------------+
 */
export function encodeEntryData(data: EntryData): Uint8Array<ArrayBuffer> {
  const { formerLeaf, grantId, grantSignature } = data
  return concat(u8(version), grantId, u32(leafNumber(formerLeaf)), grantSignature)
}

/** @throws {PeerError} `malformed` */
export function decodeEntryData(bytes: Uint8Array): EntryData {
  return decodeAll(bytes, "entry", (r) => {
    r.expect(version, "version")
    return {
      grantId: r.take(16, "grant ID").slice(),
      formerLeaf: readLeafOrNone(r, "former leaf"),
      grantSignature: r.take(64, "grant signature").slice(),
    }
  })
}
