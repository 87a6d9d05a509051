import { concat, decodeAll, u32, u48, u8 } from "../../bytes/index.js"

/** What somebody says who does not have the epoch that others use. */
export interface KeyRequest {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** The highest epoch it has. */
  readonly epoch: number
  /** The first 8 bytes of the hash of the rekey message that it could not open, or zeros. */
  readonly failed: Uint8Array
  readonly serial: number
  /** X25519, 32 bytes. */
  readonly rekeyKey: Uint8Array
}

export const keyRequestType = 0x51 // Q

/**
 * Key request, spec/topic.md §8. Participant → all.
 *
 *   0     1       25
 *   +-----+-------+--------------------------------------------------------------------+
 *   | 'Q' | nonce | sealed: public key 32 | epoch u32 | failed 8 | serial u48 |          |
 *   | u8  | 24    |         rekey key 32 | signature 64; tag 16                         |
 *   +-----+-------+--------------------------------------------------------------------+
 */
export function encodeKeyRequest(nonce: Uint8Array, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(u8(keyRequestType), nonce, sealed)
}

/** @throws {PeerError} `malformed` */
export function decodeKeyRequest(bytes: Uint8Array): {
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
} {
  return decodeAll(bytes, "key request", (r) => {
    r.expect(keyRequestType, "type")
    return { nonce: r.take(24, "nonce"), sealed: r.take(162, "sealed request") }
  })
}

/** The fields that are signed. */
export function encodeKeyRequestBody(request: KeyRequest): Uint8Array<ArrayBuffer> {
  const { epoch, failed, publicKey, rekeyKey, serial } = request
  return concat(publicKey, u32(epoch), failed, u48(serial), rekeyKey)
}

/** @throws {PeerError} `malformed` */
export function decodeKeyRequestBody(bytes: Uint8Array): {
  readonly request: KeyRequest
  readonly signature: Uint8Array
  readonly unsigned: Uint8Array
} {
  return decodeAll(bytes, "key request", (r) => {
    const request = {
      publicKey: r.take(32, "public key").slice(),
      epoch: r.u32("epoch"),
      failed: r.take(8, "failed").slice(),
      serial: r.u48("serial"),
      rekeyKey: r.take(32, "rekey key").slice(),
    }
    return { request, unsigned: bytes.subarray(0, 82), signature: r.take(64, "signature") }
  })
}
