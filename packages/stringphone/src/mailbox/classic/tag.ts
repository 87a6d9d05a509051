import { authenticate } from "../../crypto/index.js"

/** HMAC-SHA256, 32 bytes, whose key is a public key: those who know the key recognise it. [WCMP-2-4] */
export function tagOf(publicKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return authenticate(nonce, publicKey)
}
