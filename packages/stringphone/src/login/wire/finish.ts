import { base64url, concat, decodeAll, u8, UsageError } from "../../bytes/index.js"
import { areScopes, takeDeviceName } from "../names.js"
import { decodePaddedJson, encodePaddedJson } from "../padded-json.js"
import { bytesOf, malformed, readSealedText } from "./fields.js"

export interface Finish {
  /** 16 bytes. */
  readonly attempt: Uint8Array
  /** 64 bytes. */
  readonly ke3: Uint8Array
  readonly sealed: Uint8Array
}

/** What a client says when the server is proven, and before it is itself. */
export interface FinishText {
  readonly device: string
  /** `null`: all that the user may have. */
  readonly scopes: readonly string[] | null
  /** An OPAQUE registration request, 32 bytes. [LOGIN-8-3] */
  readonly register: Uint8Array | null
}

const type = 0x03

/**
 * Finish, spec/login.md §3. Client → server.
 *
 *   0        1         17    81
 *   +--------+---------+-----+-------------+
 *   | type   | attempt | KE3 | sealed text |
 *   | u8 = 3 | 16      | 64  | 272 or more |
 *   +--------+---------+-----+-------------+
 */
export function encodeFinish({ attempt, ke3, sealed }: Finish): Uint8Array {
  return concat(u8(type), attempt, ke3, sealed)
}

/** Views. @throws {PeerError} `malformed` */
export function decodeFinish(bytes: Uint8Array): Finish {
  return decodeAll(bytes, "finish of a login", (r) => {
    r.expect(type, "type")
    const attempt = r.take(16, "attempt")
    return { attempt, ke3: r.take(64, "KE3"), sealed: readSealedText(r) }
  })
}

/** [LOGIN-3-3] */
export function encodeFinishText({ device, register, scopes }: FinishText): Uint8Array {
  return encodePaddedJson({
    device,
    ...(scopes && { scopes }),
    ...(register && { register: base64url(register) }),
  })
}

/** @throws {PeerError} `malformed` */
export function decodeFinishText(bytes: Uint8Array): FinishText {
  const { device, register, scopes } = decodePaddedJson(bytes)
  if (typeof device !== "string" || !isDeviceName(device)) throw malformed("its device has no name")
  if (scopes !== undefined && !areScopes(scopes)) throw malformed("its scopes are none")
  return {
    device,
    scopes: scopes ?? null,
    register: register === undefined ? null : bytesOf(register, 32, "register"),
  }
}

function isDeviceName(text: string): boolean {
  try {
    return takeDeviceName(text) === text
  } catch (error) {
    if (error instanceof UsageError) return false
    throw error
  }
}
