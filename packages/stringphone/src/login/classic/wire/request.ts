import { bytesField, decodeForm, encodeForm, optionalField } from "./form.js"

/** The client asks. */
export interface LoginRequest {
  readonly login: string
  /** The client's, 16 bytes. */
  readonly nonce: Uint8Array
  /** X25519, 32 bytes; `null`: without exchange. */
  readonly exchangeKey: Uint8Array | null
}

/*
 * user=<login>&nonce=<16 bytes>[&dh=<32 bytes>]
 */
export function encodeRequest({ login, nonce, exchangeKey }: LoginRequest): string {
  return encodeForm([
    ["user", login],
    bytesField("nonce", nonce),
    ...optionalField("dh", exchangeKey),
  ])
}

/** @throws {PeerError} `malformed` */
export function decodeRequest(text: string): LoginRequest {
  return decodeForm(text, "login request", (form) => ({
    login: form.login("user"), // [YAAS-2-1]
    nonce: form.bytes("nonce", 16),
    exchangeKey: form.optionalBytes("dh", 32),
  }))
}
