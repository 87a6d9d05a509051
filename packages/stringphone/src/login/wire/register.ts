import { base64url, concat, decodeAll, u8 } from "../../bytes/index.js"
import { isCanonicalName } from "../names.js"
import { decodePaddedJson, encodePaddedJson } from "../padded-json.js"
import type { Price } from "../price.js"
import { bytesOf, malformed, priceOf, readSealedText } from "./fields.js"

export interface Register {
  /** 16 bytes. */
  readonly invitation: Uint8Array
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array
  readonly sealed: Uint8Array
}

export interface RegisterText {
  readonly login: string
  /** An OPAQUE registration request, 32 bytes. */
  readonly request: Uint8Array
}

/** An OPAQUE registration response, 64 bytes, and the realm's price; or that the login is taken. */
export type RegisteringText =
  { readonly response: Uint8Array; readonly price: Price } | { readonly error: "login-taken" }

const types = { register: 0x20, registering: 0x21 } as const

/**
 * Register, spec/login.md §8. Client → server.
 *
 *   0           1            17          49
 *   +-----------+------------+-----------+-------------+
 *   | type      | invitation | ephemeral | sealed text |
 *   | u8 = 0x20 | 16         | 32        | 272 or more |
 *   +-----------+------------+-----------+-------------+
 */
export function encodeRegister({ ephemeralKey, invitation, sealed }: Register): Uint8Array {
  return concat(registerHead(invitation, ephemeralKey), sealed)
}

/** What its box is bound to. */
export function registerHead(invitation: Uint8Array, ephemeralKey: Uint8Array): Uint8Array {
  return concat(u8(types.register), invitation, ephemeralKey)
}

/** @throws {PeerError} `malformed` */
export function decodeRegister(bytes: Uint8Array): Register {
  return decodeAll(bytes, "registration", (r) => {
    r.expect(types.register, "type")
    const invitation = r.take(16, "invitation").slice()
    const ephemeralKey = r.take(32, "ephemeral key").slice()
    return { invitation, ephemeralKey, sealed: readSealedText(r) }
  })
}

export function encodeRegisterText({ login, request }: RegisterText): Uint8Array {
  return encodePaddedJson({ login, request: base64url(request) })
}

/** @throws {PeerError} `malformed` */
export function decodeRegisterText(bytes: Uint8Array): RegisterText {
  const { login, request } = decodePaddedJson(bytes)
  if (typeof login !== "string" || !isCanonicalName(login)) throw malformed("its login is none")
  return { login, request: bytesOf(request, 32, "request") }
}

/** What its box is bound to. */
export const registeringHead: Uint8Array = u8(types.registering)

/**
 * Registering, spec/login.md §8. Server → client.
 *
 *   0           1
 *   +-----------+-------------+
 *   | type      | sealed text |
 *   | u8 = 0x21 | 272 or more |
 *   +-----------+-------------+
 */
export function encodeRegistering(sealed: Uint8Array): Uint8Array {
  return concat(registeringHead, sealed)
}

/** A view. @throws {PeerError} `malformed` */
export function decodeRegistering(bytes: Uint8Array): Uint8Array {
  return decodeAll(bytes, "answer to a registration", (r) => {
    r.expect(types.registering, "type")
    return readSealedText(r)
  })
}

export function encodeRegisteringText(text: RegisteringText): Uint8Array {
  if ("error" in text) return encodePaddedJson({ error: text.error })
  const { price, response } = text
  const { kib, lanes, passes } = price
  return encodePaddedJson({ response: base64url(response), passes, kib, lanes })
}

/** @throws {PeerError} `malformed` */
export function decodeRegisteringText(bytes: Uint8Array): RegisteringText {
  const fields = decodePaddedJson(bytes)
  const { error, response } = fields
  if (error === "login-taken") return { error }
  if (error !== undefined) throw malformed("its error is unknown")
  return { response: bytesOf(response, 64, "response"), price: priceOf(fields) }
}
