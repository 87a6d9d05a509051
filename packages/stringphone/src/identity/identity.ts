import { type Brand, UsageError } from "../bytes/index.js"
import * as crypto from "../crypto/index.js"
import { encodeIdentityCard } from "./card.js"
import { cardPurpose } from "./card-purpose.js"
import { type Fingerprint, fingerprint } from "./fingerprint.js"

/** 32 bytes: the whole secret of one identity. */
export type IdentitySeed = Brand<"identity seed">
/** 32 bytes, Ed25519. */
export type SigningPublicKey = Brand<"signing public key">
/** 32 bytes, X25519. */
export type ExchangePublicKey = Brand<"exchange public key">

/**
 * One person or device. A 32-byte seed is the whole secret; the Ed25519 key is made from it as in
 * classic topics (so one identity serves both), the X25519 key by HKDF (spec/identity.md §1).
 *
 * The secrets are private fields: they show in no log, no JSON and no inspection.
 *
 * @example
 * ```ts
 * const alice = Identity.generate()
 * alice.fingerprint.words.join(" ") // eight words to read out on the telephone
 * const again = new Identity(alice.exportSeed())
 * ```
 */
export class Identity {
  readonly #seed: Uint8Array
  readonly #signingKey: Uint8Array
  readonly #exchangeKey: Uint8Array
  /** 32 bytes, Ed25519. */
  readonly publicKey: SigningPublicKey
  /** 32 bytes, X25519. */
  readonly exchangePublicKey: ExchangePublicKey

  /**
   * @param seed 32 bytes
   * @throws {UsageError} `bad-seed`
   */
  constructor(seed: Uint8Array) {
    if (!(seed instanceof Uint8Array) || seed.length !== 32) {
      throw new UsageError("bad-seed", "An identity seed is a Uint8Array of 32 bytes.")
    }
    const { publicKey, secretKey } = crypto.signingKeyPair(seed)
    const salt = new Uint8Array(32)
    this.#seed = Uint8Array.from(seed)
    this.#signingKey = secretKey
    this.#exchangeKey = crypto.derive(seed, salt, crypto.labelled("identity exchange key"), 32)
    this.publicKey = publicKey as SigningPublicKey
    this.exchangePublicKey = crypto.exchangePublicKey(this.#exchangeKey) as ExchangePublicKey
  }

  /** A new identity from 32 bytes of the operating system's generator. */
  static generate(): Identity {
    return new Identity(crypto.randomBytes(32))
  }

  /** The secret, 32 bytes. Whoever has it is this identity: keep it in a key ring only. */
  exportSeed(): IdentitySeed {
    return this.#seed.slice() as IdentitySeed
  }

  /**
   * Ed25519 signature, 64 bytes, over `stringphone/2 <purpose>` ‖ 0x00 ‖ message: no signature made
   * for one purpose is valid for another.
   */
  sign(purpose: string, message: Uint8Array): Uint8Array {
    return crypto.withLabelled(purpose, [message], (m) => crypto.sign(m, this.#signingKey))
  }

  /** X25519 shared secret, 32 bytes; `null` when the other key is of low order. */
  exchange(publicKey: Uint8Array): Uint8Array | null {
    return crypto.exchange(this.#exchangeKey, publicKey)
  }

  /** What people compare to know that they have the right key. */
  get fingerprint(): Fingerprint {
    return fingerprint(this.publicKey)
  }

  /** The public card, 129 bytes: both keys, the second signed by the first. */
  card(): Uint8Array {
    const signature = this.sign(cardPurpose, this.exchangePublicKey)
    return encodeIdentityCard({
      publicKey: this.publicKey,
      exchangePublicKey: this.exchangePublicKey,
      signature,
    })
  }
}
