/** Whoever signs for us; an `Identity` is one. Only its public side is ever asked for more. */
export interface Signer {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Ed25519, 64 bytes, over `label(purpose)` ‖ message. */
  sign(purpose: string, message: Uint8Array): Uint8Array
}
