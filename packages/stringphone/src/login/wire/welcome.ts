import { base64url, concat, decodeAll, u8 } from "../../bytes/index.js"
import { areScopes } from "../names.js"
import { decodePaddedJson, encodePaddedJson } from "../padded-json.js"
import type { Price } from "../price.js"
import { bytesOf, malformed, numberOf, priceOf, readSealedText } from "./fields.js"
import type { SessionTerms } from "./session-terms.js"

/** What a server says when both are proven. */
export interface WelcomeText extends SessionTerms {
  /** 16 bytes. */
  readonly session: Uint8Array
  readonly isOutdated: boolean
  /** Of the realm now, for the next record. */
  readonly price: Price
  /** An OPAQUE registration response, 64 bytes; `null`: none was asked for. */
  readonly register: Uint8Array | null
}

const type = 0x04
const cardBytes = 129

/**
 * Welcome, spec/login.md §3. Server → client.
 *
 *   0        1
 *   +--------+-------------+
 *   | type   | sealed text |
 *   | u8 = 4 | 272 or more |
 *   +--------+-------------+
 */
export function encodeWelcome(sealed: Uint8Array): Uint8Array {
  return concat(u8(type), sealed)
}

/** A view. @throws {PeerError} `malformed` */
export function decodeWelcome(bytes: Uint8Array): Uint8Array {
  return decodeAll(bytes, "welcome of a login", (r) => {
    r.expect(type, "type")
    return readSealedText(r)
  })
}

/** [LOGIN-3-4] */
export function encodeWelcomeText(welcome: WelcomeText): Uint8Array {
  const { accessSeconds, card, isOutdated, price, refreshSeconds, register, scopes } = welcome
  return encodePaddedJson({
    session: base64url(welcome.session),
    scopes,
    accessSeconds,
    refreshSeconds,
    card: base64url(card),
    isOutdated,
    passes: price.passes,
    kib: price.kib,
    lanes: price.lanes,
    ...(register && { register: base64url(register) }),
  })
}

/** Whoever signed its card. @throws {PeerError} `malformed` */
export function decodeWelcomeText(bytes: Uint8Array): WelcomeText {
  const fields = decodePaddedJson(bytes)
  const { accessSeconds, card, isOutdated, refreshSeconds, register, scopes, session } = fields
  if (!areScopes(scopes)) throw malformed("its scopes are none")
  if (typeof isOutdated !== "boolean") throw malformed("isOutdated is missing")
  return {
    session: bytesOf(session, 16, "session"),
    scopes,
    accessSeconds: numberOf(accessSeconds, 0xffff_ffff, "accessSeconds"),
    refreshSeconds: numberOf(refreshSeconds, 0xffff_ffff, "refreshSeconds"),
    card: bytesOf(card, cardBytes, "card"),
    isOutdated,
    price: priceOf(fields),
    register: register === undefined ? null : bytesOf(register, 64, "register"),
  }
}
