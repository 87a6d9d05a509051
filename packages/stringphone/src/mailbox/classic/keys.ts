import { type Brand, concat, u32, UsageError } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import { openSealedKey } from "./sealed-key.js"

/** 64 bytes: Ed25519 32 ‖ X25519 32. Whoever has it recognises mail from it and mail to it. */
export type MailPublicKey = Brand<"mail public key">

const publicKeyBytes = 64

/**
 * One person, as a seed of 32 bytes and as many key pairs as wanted. A key pair for each contact
 * keeps two contacts from finding out that they know the same person.
 *
 * @example
 * ```ts
 * const alice = new MailIdentity(crypto.getRandomValues(new Uint8Array(32)))
 * const forBob = alice.keyPair(0)
 * const forCarol = alice.keyPair(1)
 * forBob.publicKey.length // → 64
 * ```
 */
export class MailIdentity {
  readonly #seed: Uint8Array

  /**
   * @param seed 32 random bytes. Whoever has them reads all mail to every key pair: keep them secret.
   * @throws {UsageError} `bad-seed`
   */
  constructor(seed: Uint8Array) {
    if (!(seed instanceof Uint8Array) || seed.length !== 32) {
      throw new UsageError("bad-seed", "The seed of a mail identity is a Uint8Array of 32 bytes.")
    }
    this.#seed = Uint8Array.from(seed)
  }

  /**
   * The key pair of this number, always the same.
   * @param number 0 to 4,294,967,295
   * @throws {UsageError} `bad-number`
   */
  keyPair(number: number): MailKeyPair {
    if (!Number.isInteger(number) || number < 0 || number > 0xffffffff) {
      throw new UsageError("bad-number", "A key pair's number is whole, from 0 to 4294967295.")
    }
    const secret = (label: string): Uint8Array =>
      crypto.derive(this.#seed, new Uint8Array(32), crypto.labelled(label, u32(number)), 32)
    return new MailKeyPair(
      number,
      secret("mailbox classic signing key"), // [WCMP-2-3]
      secret("mailbox classic exchange key"),
    )
  }
}

/** One of a {@link MailIdentity}'s key pairs. Its secrets show in no log, no JSON and no inspection. */
export class MailKeyPair {
  readonly #signingKey: Uint8Array
  readonly #exchangeKey: Uint8Array
  /** Under which its identity makes it again. */
  readonly number: number
  /** 64 bytes: give it to the one contact whom this key pair is for. */
  readonly publicKey: MailPublicKey

  /** {@link MailIdentity.keyPair} makes them. */
  constructor(number: number, signingSeed: Uint8Array, exchangeKey: Uint8Array) {
    const { publicKey, secretKey } = crypto.signingKeyPair(signingSeed)
    this.number = number
    this.#signingKey = secretKey
    this.#exchangeKey = exchangeKey
    this.publicKey = concat(
      publicKey,
      crypto.exchangePublicKey(exchangeKey),
    ) as Uint8Array as MailPublicKey // [WCMP-2-1]
  }

  /** Ed25519, 64 bytes, over just these bytes. */
  sign(message: Uint8Array): Uint8Array {
    return crypto.sign(message, this.#signingKey)
  }

  /**
   * @param sealedKey 80 bytes
   * @returns the content key, 32 bytes, or `null` when it does not open with this key pair
   */
  openKey(sealedKey: Uint8Array): Uint8Array | null {
    return openSealedKey(sealedKey, exchangeKeyOf(this.publicKey), this.#exchangeKey)
  }
}

/** The half that verifies. */
export function signingKeyOf(publicKey: Uint8Array): Uint8Array {
  return publicKey.subarray(0, 32)
}

/** The half that content keys are sealed to. */
export function exchangeKeyOf(publicKey: Uint8Array): Uint8Array {
  return publicKey.subarray(32)
}

/** @throws {UsageError} `bad-key` */
export function requirePublicKey(publicKey: Uint8Array): void {
  if (!(publicKey instanceof Uint8Array) || publicKey.length !== publicKeyBytes) {
    throw new UsageError(
      "bad-key",
      `A mail public key is a Uint8Array of ${publicKeyBytes} bytes: Ed25519, then X25519.`,
    )
  }
}
