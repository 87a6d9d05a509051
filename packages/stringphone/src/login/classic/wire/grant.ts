import { concat, PeerError } from "../../../bytes/index.js"
import * as crypto from "../../../crypto/index.js"
import { bytesField, decodeForm, encodeForm } from "./form.js"

/** What a client is given. */
export interface Grant {
  /** 16 bytes that name it; whoever listens knows them. */
  readonly token: Uint8Array
  /** 32 bytes that sign calls. */
  readonly tokenKey: Uint8Array
}

/** The same on its way. */
export interface SealedGrant {
  readonly token: Uint8Array
  /** Nonce 24, ciphertext 48. */
  readonly box: Uint8Array
}

/*
 * token=<16 bytes>&box=<nonce 24 ‖ XChaCha20-Poly1305 of the token key, 32 + 16>
 */
export function sealGrant({ token, tokenKey }: Grant, nonce: Uint8Array, key: Uint8Array): string {
  const box = concat(nonce, crypto.seal(tokenKey, nonce, key, token)) // [YAAS-3-9]
  return encodeForm([bytesField("token", token), bytesField("box", box)])
}

/**
 * Parts only; the box is not opened.
 * @throws {PeerError} `malformed`
 */
export function decodeGrant(text: string): SealedGrant {
  return decodeForm(text, "login grant", (form) => ({
    token: form.bytes("token", 16),
    box: form.bytes("box", 72),
  }))
}

/** @throws {PeerError} `malformed`, `server-unproven` */
export function openGrant(text: string, key: Uint8Array): Grant {
  const { token, box } = decodeGrant(text)
  const tokenKey = crypto.open(box.subarray(24), box.subarray(0, 24), key, token)
  if (tokenKey) return { token, tokenKey }
  throw new PeerError(
    "server-unproven",
    "The answer is not of a server that knows the record of this login. Do not go on with it.",
  ) // [YAAS-5-1]
}
