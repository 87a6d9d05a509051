/** How hard Argon2id works; one lane, version 1.3. */
export interface StretchCost {
  /** Passes over the memory, at least 1. */
  readonly passes: number
  /** Memory in KiB, at least 8. */
  readonly memoryKib: number
}

/**
 * The primitives under their protocol names. Two engines implement this, byte for byte alike: every
 * operation gives the same bytes, and the same inputs are refused.
 *
 * Lengths of keys, nonces and signatures are the caller's duty and checked where bytes enter the
 * library. A wrong tag or a point of low order is `null`, never an exception: it is the peer's doing.
 */
export interface CryptoEngine {
  readonly engineName: "native" | "portable"

  /** Bytes from the operating system's generator, as many as are wanted. */
  randomBytes(length: number): Uint8Array
  /** The same, into bytes that are there already. */
  fillRandom(out: Uint8Array): void

  /** Ed25519 (RFC 8032 §5.1.5): seed 32 → public key 32, secret key 64 = seed ‖ public key. */
  signingKeyPair(seed: Uint8Array): {
    readonly publicKey: Uint8Array
    readonly secretKey: Uint8Array
  }
  /** Ed25519 detached signature, 64 bytes. */
  sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array
  /**
   * Ed25519, strict: canonical S and A, no A or R of small order, and R must be the very encoding
   * of [S]B − [k]A (no cofactor). libsodium's rule, so that no two peers disagree on a message.
   * [CLASSIC-2-4]
   */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean

  /** X25519 (RFC 7748): secret key 32 → public key 32. */
  exchangePublicKey(secretKey: Uint8Array): Uint8Array
  /** X25519 shared secret, 32 bytes; `null` when the public key is of low order. */
  exchange(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null

  /**
   * NaCl secretbox (XSalsa20-Poly1305), nonce 24, key 32 → tag 16 ‖ ciphertext. With `out`, of just
   * that length, it is written there and returned.
   */
  sealSecretbox(
    plaintext: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
    out?: Uint8Array,
  ): Uint8Array
  openSecretbox(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null

  /** NaCl box (X25519, HSalsa20, XSalsa20-Poly1305); `null` when the public key is of low order. */
  sealBox(
    plaintext: Uint8Array,
    nonce: Uint8Array,
    publicKey: Uint8Array,
    secretKey: Uint8Array,
  ): Uint8Array | null
  openBox(
    box: Uint8Array,
    nonce: Uint8Array,
    publicKey: Uint8Array,
    secretKey: Uint8Array,
  ): Uint8Array | null

  /**
   * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), nonce 24, key 32 → ciphertext ‖ tag 16. With
   * `out`, of just that length, it is written there and returned; the plaintext may stand at its
   * beginning.
   */
  seal(
    plaintext: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
    associatedData: Uint8Array,
    out?: Uint8Array,
  ): Uint8Array
  open(
    sealed: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
    associatedData: Uint8Array,
  ): Uint8Array | null

  /** ChaCha20-Poly1305 (RFC 8439), nonce 12, key 32 → ciphertext ‖ tag 16. For protocols that say so. */
  sealIetf(
    plaintext: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
    associatedData: Uint8Array,
  ): Uint8Array
  openIetf(
    sealed: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
    associatedData: Uint8Array,
  ): Uint8Array | null

  /** SHA-256, 32 bytes. */
  hash(message: Uint8Array): Uint8Array
  /** HMAC-SHA256 (RFC 2104), 32 bytes. */
  authenticate(message: Uint8Array, key: Uint8Array): Uint8Array
  /** HKDF-SHA256 (RFC 5869), at most 8,160 bytes. */
  derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array
  /** Argon2id (RFC 9106), salt 16, at least 16 bytes out. */
  stretch(password: Uint8Array, salt: Uint8Array, cost: StretchCost, length: number): Uint8Array
}
