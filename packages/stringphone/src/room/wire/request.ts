import { concat, decodeAll, u32 } from "../../bytes/index.js"
import { type AttemptBox, decodeAttemptBox, encodeAttemptBox } from "./attempt-box.js"
import { encodeProof, leafNumber, readLeafOrNone, readProof, readV16, v16 } from "./fields.js"

export const requestType = 0x72 // r

/** Request, spec/room.md §3. Newcomer → captain. */
export function encodeRequest(request: AttemptBox): Uint8Array<ArrayBuffer> {
  return encodeAttemptBox(requestType, request)
}

/** The box is a view. @throws {PeerError} `malformed` */
export function decodeRequest(bytes: Uint8Array): AttemptBox {
  return decodeAttemptBox(bytes, requestType, "request")
}

/** What is in a request's box. */
export interface RequestFields {
  /** The newcomer's: Ed25519, 32 bytes. */
  readonly roomKey: Uint8Array
  /** Where it sat before; `null`: nowhere. */
  readonly formerLeaf: number | null
  /** Encoded. */
  readonly credential: Uint8Array
  /** By the room key, 64 bytes. */
  readonly signature: Uint8Array
  /** Of a deniable room: 16 bytes. */
  readonly proof: Uint8Array | null
}

/**
 *   0          32            36                38+n        102+n
 *   +----------+-------------+-----------------+-----------+-----------+
 *   | room key | former leaf | credential      | signature | proof     |
 *   | 32 bytes | u32         | v16, n bytes    | 64 bytes  | v8        |
 *   +----------+-------------+-----------------+-----------+-----------+
 */
export function encodeRequestFields(fields: RequestFields): Uint8Array<ArrayBuffer> {
  return concat(encodeUnsignedRequest(fields), fields.signature, encodeProof(fields.proof))
}

/** What the signature is over, after both fresh keys. [ROOM-3-1] */
export function encodeUnsignedRequest(
  fields: Omit<RequestFields, "signature" | "proof">,
): Uint8Array<ArrayBuffer> {
  const { credential, formerLeaf, roomKey } = fields
  return concat(roomKey, u32(leafNumber(formerLeaf)), v16(credential))
}

/** @throws {PeerError} `malformed` */
export function decodeRequestFields(bytes: Uint8Array): RequestFields {
  return decodeAll(bytes, "request", (r) => ({
    roomKey: r.take(32, "room key").slice(),
    formerLeaf: readLeafOrNone(r, "former leaf"),
    credential: readV16(r, "credential"),
    signature: r.take(64, "signature").slice(),
    proof: readProof(r),
  }))
}
