import { type RandomBytes, UsageError } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import { exchangeKeyOf, MailIdentity, type MailKeyPair, requirePublicKey } from "./keys.js"
import { compareBytes } from "./order.js"
import { sealKey } from "./sealed-key.js"
import { tagOf } from "./tag.js"
import { encodeMail, maxReceivers, type MailSlot, nonceBytes, signedBytes } from "./wire.js"

/** What {@link createMail} makes a mail of. */
export interface NewMail {
  /** n bytes, of whatever kind. */
  readonly message: Uint8Array
  /**
   * Whose key pair signs: the one whose public key all receivers of this mail have. `null`: nobody's;
   * the mail is anonymous, and every reader sees it as unverified.
   */
  readonly sender: MailKeyPair | null
  /** Public keys of 64 bytes, each once. */
  readonly receivers: readonly Uint8Array[]
  /** So many more that look like receivers and are nobody. Without it 0. */
  readonly dummyReceivers?: number
  /** Seconds since 1970: when others stop to pass it on, 0 to 4,294,967,295. */
  readonly expiresAtSeconds: number
}

/** What {@link createDummyMail} makes a mail of. */
export interface NewDummyMail {
  /** How long its message seems to be. */
  readonly messageBytes: number
  /** How many it seems to be for, at least 1. */
  readonly receivers: number
  readonly expiresAtSeconds: number
}

/**
 * Encrypts a message for all its receivers, and signs.
 *
 * @param random cryptographically random bytes: whoever foresees them reads the mail
 * @returns 171 + n bytes, and 112 for each receiver, dummies included
 * @throws {UsageError} `bad-key` (also when a receiver's key is of low order), `bad-receivers`,
 *   `bad-expiry`, `bad-message`, `bad-random`
 *
 * @example
 * ```ts
 * const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
 * const alice = new MailIdentity(random(32)).keyPair(0)
 * const bob = new MailIdentity(random(32)).keyPair(0)
 * const mail = createMail(
 *   {
 *     message: new TextEncoder().encode("At nine."),
 *     sender: alice,
 *     receivers: [bob.publicKey],
 *     dummyReceivers: 3,
 *     expiresAtSeconds: Math.floor(Date.now() / 1000) + 7 * 24 * 3600,
 *   },
 *   random,
 * )
 * mail.length // → 627
 * ```
 */
export function createMail(mail: NewMail, random: RandomBytes): Uint8Array {
  requireMail(mail)
  const draw = (length: number): Uint8Array => {
    const bytes = random(length)
    if (bytes.length === length) return bytes
    throw new UsageError("bad-random", `\`random(${length})\` gave ${bytes.length} bytes.`)
  }
  // Keys that nobody keeps: what is made with them looks like all other mail. [WCMP-4-4] [WCMP-4-5]
  const nobody = (): MailKeyPair => new MailIdentity(draw(32)).keyPair(0)
  const sender = mail.sender ?? nobody()
  const nonce1 = draw(nonceBytes)
  const contentKey = draw(32) // [WCMP-4-2]
  const nonce2 = draw(nonceBytes)
  const dummies = Array.from({ length: mail.dummyReceivers ?? 0 }, () => nobody().publicKey)
  const slots = [...mail.receivers, ...dummies]
    .map((receiver): MailSlot => {
      const sealedKey = sealKey(contentKey, exchangeKeyOf(receiver), draw(32))
      if (sealedKey) return { sealedKey, tag: tagOf(receiver, nonce2) }
      throw new UsageError("bad-key", "A receiver's key is of low order. Leave this receiver out.")
    })
    .sort((a, b) => compareBytes(a.tag, b.tag)) // [WCMP-3-7]
  const unsigned = {
    nonce1,
    senderTag: tagOf(sender.publicKey, nonce1),
    expiresAtSeconds: mail.expiresAtSeconds,
    ciphertext: crypto.sealSecretbox(mail.message, nonce1, contentKey), // [WCMP-3-4]
    nonce2,
    slots,
  }
  return encodeMail({ ...unsigned, signature: sender.sign(signedBytes(unsigned)) })
}

/**
 * A mail of random bytes by nobody to nobody, in form like any other: who sends some all the time
 * does not show when there is something to say.
 *
 * @returns 171 + messageBytes + 112 × receivers bytes
 * @throws {UsageError} as {@link createMail}
 *
 * @example
 * ```ts
 * const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
 * const expiresAtSeconds = Math.floor(Date.now() / 1000) + 3600
 * const dummy = createDummyMail({ messageBytes: 500, receivers: 2, expiresAtSeconds }, random)
 * dummy.length // → 895
 * ```
 */
export function createDummyMail(dummy: NewDummyMail, random: RandomBytes): Uint8Array {
  const { messageBytes, receivers, expiresAtSeconds } = dummy
  if (!Number.isInteger(messageBytes) || messageBytes < 0) throw badMessage() // [WCMP-4-6]
  return createMail(
    {
      message: random(messageBytes),
      sender: null,
      receivers: [],
      dummyReceivers: receivers,
      expiresAtSeconds,
    },
    random,
  )
}

function requireMail({ message, receivers, dummyReceivers, expiresAtSeconds }: NewMail): void {
  if (!(message instanceof Uint8Array) || message.length > 0xffffffff - 16) throw badMessage()
  if (!isUint32(expiresAtSeconds)) {
    throw new UsageError(
      "bad-expiry",
      "The expiry of a mail is a whole number of seconds since 1970, up to 4294967295.",
    )
  }
  for (const receiver of receivers) requirePublicKey(receiver)
  const dummyCount = dummyReceivers ?? 0
  const count = receivers.length + dummyCount
  if (!Number.isInteger(dummyCount) || dummyCount < 0 || count < 1 || count > maxReceivers) {
    throw badReceivers(`A mail has 1 to ${maxReceivers} receivers, dummies included.`)
  }
  const sorted = receivers.toSorted(compareBytes)
  if (sorted.some((key, i) => i > 0 && compareBytes(sorted[i - 1] as Uint8Array, key) === 0)) {
    throw badReceivers("A receiver is named twice. Name each once.") // [WCMP-3-7]
  }
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffffffff
}

function badMessage(): UsageError {
  return new UsageError("bad-message", "A message is a Uint8Array of at most 4294967279 bytes.")
}

function badReceivers(message: string): UsageError {
  return new UsageError("bad-receivers", message)
}
