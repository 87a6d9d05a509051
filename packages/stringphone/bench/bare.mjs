// The bare primitives of the engine of this process, as their own documentation calls them: what a
// message costs at the least, on which everything we add is measured.
import { createRequire } from "node:module"
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js"
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js"
import { ed25519 } from "@noble/curves/ed25519.js"
import { cryptoEngine } from "stringphone/crypto"

function native() {
  const sodium = createRequire(import.meta.url)("sodium-native")
  const aeadTagBytes = sodium.crypto_aead_xchacha20poly1305_ietf_ABYTES
  return {
    seal(plaintext, nonce, key) {
      const box = new Uint8Array(plaintext.length + sodium.crypto_secretbox_MACBYTES)
      sodium.crypto_secretbox_easy(box, plaintext, nonce, key)
      return box
    },
    open(box, nonce, key) {
      const plaintext = new Uint8Array(box.length - sodium.crypto_secretbox_MACBYTES)
      if (!sodium.crypto_secretbox_open_easy(plaintext, box, nonce, key)) throw new Error("box")
      return plaintext
    },
    aeadSeal(plaintext, nonce, key, associated) {
      const sealed = new Uint8Array(plaintext.length + aeadTagBytes)
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed,
        plaintext,
        associated,
        null,
        nonce,
        key,
      )
      return sealed
    },
    aeadOpen(sealed, nonce, key, associated) {
      const plaintext = new Uint8Array(sealed.length - aeadTagBytes)
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plaintext,
        null,
        sealed,
        associated,
        nonce,
        key,
      )
      return plaintext
    },
    sign(message, { secretKey }) {
      const signature = new Uint8Array(sodium.crypto_sign_BYTES)
      sodium.crypto_sign_detached(signature, message, secretKey)
      return signature
    },
    verify: (signature, message, publicKey) =>
      sodium.crypto_sign_verify_detached(signature, message, publicKey),
  }
}

const portable = () => ({
  seal: (plaintext, nonce, key) => xsalsa20poly1305(key, nonce).encrypt(plaintext),
  open: (box, nonce, key) => xsalsa20poly1305(key, nonce).decrypt(box),
  aeadSeal: (plaintext, nonce, key, associated) =>
    xchacha20poly1305(key, nonce, associated).encrypt(plaintext),
  aeadOpen: (sealed, nonce, key, associated) =>
    xchacha20poly1305(key, nonce, associated).decrypt(sealed),
  sign: (message, { seed }) => ed25519.sign(message, seed),
  verify: (signature, message, publicKey) => ed25519.verify(signature, message, publicKey),
})

export const bare = cryptoEngine() === "native" ? native() : portable()
