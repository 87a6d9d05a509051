import { concat, decodeAll, u16 } from "../../bytes/index.js"
import { type AttemptBox, decodeAttemptBox, encodeAttemptBox } from "./attempt-box.js"
import { encodeProof, readProof } from "./fields.js"

export const grantType = 0x67 // g

/** Grant, spec/room.md §3. Captain → newcomer. */
export function encodeGrant(grant: AttemptBox): Uint8Array<ArrayBuffer> {
  return encodeAttemptBox(grantType, grant)
}

/** The box is a view. @throws {PeerError} `malformed` */
export function decodeGrant(bytes: Uint8Array): AttemptBox {
  return decodeAttemptBox(bytes, grantType, "grant")
}

/** What is in a grant's box. */
export interface GrantFields {
  /** 16 bytes. */
  readonly grantId: Uint8Array
  /** 32 bytes. */
  readonly slotKey: Uint8Array
  readonly lifeSeconds: number
  /** By the captain's room key, 64 bytes. */
  readonly grantSignature: Uint8Array
  /** Of a deniable room: 16 bytes. */
  readonly proof: Uint8Array | null
  /** MLS GroupInfo with the tree. */
  readonly groupInfo: Uint8Array
}

/**
 *   0          16         48    50              114     115+n
 *   +----------+----------+------+---------------+-------+-----------+
 *   | grant ID | slot key | life | signature     | proof | GroupInfo |
 *   | 16 bytes | 32 bytes | u16  | 64 bytes      | v8    |           |
 *   +----------+----------+------+---------------+-------+-----------+
 */
export function encodeGrantFields(fields: GrantFields): Uint8Array<ArrayBuffer> {
  const { grantId, grantSignature, groupInfo, lifeSeconds, proof, slotKey } = fields
  return concat(grantId, slotKey, u16(lifeSeconds), grantSignature, encodeProof(proof), groupInfo)
}

/** @throws {PeerError} `malformed` */
export function decodeGrantFields(bytes: Uint8Array): GrantFields {
  return decodeAll(bytes, "grant", (r) => ({
    grantId: r.take(16, "grant ID").slice(),
    slotKey: r.take(32, "slot key").slice(),
    lifeSeconds: r.u16("life"),
    grantSignature: r.take(64, "grant signature").slice(),
    proof: readProof(r),
    groupInfo: r.rest("GroupInfo", 1).slice(),
  }))
}
