import { base64url } from "../../bytes/index.js"
import { areScopes } from "../names.js"
import { decodePaddedJson, encodePaddedJson } from "../padded-json.js"
import { bytesOf, malformed, numberOf } from "./fields.js"

/** How a session goes on, as a server says it. */
export interface SessionTerms {
  readonly scopes: readonly string[]
  readonly accessSeconds: number
  readonly refreshSeconds: number
  /** The server's identity card, 129 bytes. */
  readonly card: Uint8Array
}

const cardBytes = 129

/** The text of an answer to a refresh, before it is sealed. [LOGIN-6-1] */
export function encodeSessionTerms(terms: SessionTerms): Uint8Array {
  const { accessSeconds, card, refreshSeconds, scopes } = terms
  return encodePaddedJson({ scopes, accessSeconds, refreshSeconds, card: base64url(card) })
}

/** Whoever signed its card. @throws {PeerError} `malformed` */
export function decodeSessionTerms(bytes: Uint8Array): SessionTerms {
  const { accessSeconds, card, refreshSeconds, scopes } = decodePaddedJson(bytes)
  if (!areScopes(scopes)) throw malformed("its scopes are none") // [LOGIN-6-7]
  return {
    scopes,
    accessSeconds: numberOf(accessSeconds, 0xffff_ffff, "accessSeconds"),
    refreshSeconds: numberOf(refreshSeconds, 0xffff_ffff, "refreshSeconds"),
    card: bytesOf(card, cardBytes, "card"),
  }
}
