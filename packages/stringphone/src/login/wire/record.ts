import { base64url, concat, decodeAll, u8 } from "../../bytes/index.js"
import { isCanonicalName } from "../names.js"
import { decodePaddedJson, encodePaddedJson } from "../padded-json.js"
import { bytesOf, malformed, readSealedText } from "./fields.js"

export interface RecordMessage {
  /** 16 bytes. */
  readonly invitation: Uint8Array
  readonly sealed: Uint8Array
}

const types = { record: 0x22, registered: 0x23 } as const

/**
 * Record, spec/login.md §8. Client → server.
 *
 *   0           1            17
 *   +-----------+------------+-------------+
 *   | type      | invitation | sealed text |
 *   | u8 = 0x22 | 16         | 272 or more |
 *   +-----------+------------+-------------+
 */
export function encodeRecordMessage({ invitation, sealed }: RecordMessage): Uint8Array {
  return concat(recordHead(invitation), sealed)
}

/** What its box is bound to. */
export function recordHead(invitation: Uint8Array): Uint8Array {
  return concat(u8(types.record), invitation)
}

/** @throws {PeerError} `malformed` */
export function decodeRecordMessage(bytes: Uint8Array): RecordMessage {
  return decodeAll(bytes, "record of a registration", (r) => {
    r.expect(types.record, "type")
    const invitation = r.take(16, "invitation").slice()
    return { invitation, sealed: readSealedText(r) }
  })
}

/** @param record 192 bytes, of OPAQUE */
export function encodeRecordText(record: Uint8Array): Uint8Array {
  return encodePaddedJson({ record: base64url(record) })
}

/** @throws {PeerError} `malformed` */
export function decodeRecordText(bytes: Uint8Array): Uint8Array {
  return bytesOf(decodePaddedJson(bytes)["record"], 192, "record")
}

/** What its box is bound to. */
export const registeredHead: Uint8Array = u8(types.registered)

/**
 * Registered, spec/login.md §8. Server → client.
 *
 *   0           1
 *   +-----------+-------------+
 *   | type      | sealed text |
 *   | u8 = 0x23 | 272 or more |
 *   +-----------+-------------+
 */
export function encodeRegistered(sealed: Uint8Array): Uint8Array {
  return concat(registeredHead, sealed)
}

/** A view. @throws {PeerError} `malformed` */
export function decodeRegistered(bytes: Uint8Array): Uint8Array {
  return decodeAll(bytes, "end of a registration", (r) => {
    r.expect(types.registered, "type")
    return readSealedText(r)
  })
}

export function encodeRegisteredText(login: string): Uint8Array {
  return encodePaddedJson({ login })
}

/** @throws {PeerError} `malformed` */
export function decodeRegisteredText(bytes: Uint8Array): string {
  const { login } = decodePaddedJson(bytes)
  if (typeof login === "string" && isCanonicalName(login)) return login
  throw malformed("its login is none")
}
