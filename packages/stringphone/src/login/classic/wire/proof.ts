import { signText } from "../sign.js"
import { bytesField, decodeForm, encodeForm } from "./form.js"

/** The client proves that it knows the password. */
export interface LoginProof {
  readonly login: string
  /** Of the challenge, 16 bytes. [YAAS-3-6] */
  readonly nonce: Uint8Array
}

/*
 * user=<login>&nonce=<16 bytes>&sign=<32 bytes>
 * |<-------- signed ------->|
 */
export function encodeProof({ login, nonce }: LoginProof, key: Uint8Array): string {
  return signText(encodeForm([["user", login], bytesField("nonce", nonce)]), key)
}

/**
 * Parts only; the signature is not checked.
 * @throws {PeerError} `malformed`
 */
export function decodeProof(text: string): LoginProof {
  return decodeForm(text, "login proof", (form) => {
    const proof = { login: form.login("user"), nonce: form.bytes("nonce", 16) }
    form.bytes("sign", 32)
    return proof
  })
}
