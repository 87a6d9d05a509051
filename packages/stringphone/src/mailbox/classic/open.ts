import { PeerError, sameBytes } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import { type MailKeyPair, requirePublicKey, signingKeyOf } from "./keys.js"
import { compareBytes } from "./order.js"
import { tagOf } from "./tag.js"
import { decodeMail, type Mail, type MailSlot, signedBytes } from "./wire.js"

/** Somebody whose mail we recognise. */
export interface MailContact {
  /** The reader's own name for them. */
  readonly petname: string
  /** The public key that they write to us with, 64 bytes. One contact may be in the book with several. */
  readonly publicKey: Uint8Array
}

/** Who reads. */
export interface MailReader {
  /** All our key pairs. */
  readonly keyPairs: readonly MailKeyPair[]
  /** Our contact book. */
  readonly contacts: readonly MailContact[]
}

/** What a reader sees of a mail before it is opened; nothing of it is proven. */
export interface RecognisedMail {
  /** Which of our key pairs it is for, at least one, with the slot of each. */
  readonly slots: readonly { readonly keyPair: MailKeyPair; readonly slot: MailSlot }[]
  /** Whose it claims to be; `null`: of nobody in our contact book. */
  readonly sender: MailContact | null
}

/** A mail that was for us. */
export type OpenedMail = {
  /** n bytes. */
  readonly message: Uint8Array
  /** Which of our key pairs it was for. */
  readonly keyPair: MailKeyPair
  /** Seconds since 1970; only a verified sender's is proven. */
  readonly expiresAtSeconds: number
} & (
  | { readonly status: "verified"; readonly sender: MailContact }
  /** By somebody who is not in the contact book: anybody. Say so wherever the message is shown. */
  | { readonly status: "unverified"; readonly sender: null }
)

/**
 * Whether a mail is for us, and whose it claims to be: one HMAC for each of our key pairs, and if it is
 * for us, one for each contact.
 *
 * @returns `null`: not for us
 * @throws {UsageError} `bad-key` when a contact's key has the wrong length
 */
export function recogniseMail(mail: Mail, reader: MailReader): RecognisedMail | null {
  const slots = reader.keyPairs.flatMap((keyPair) => {
    const slot = slotOf(mail.slots, tagOf(keyPair.publicKey, mail.nonce2)) // [WCMP-5-1]
    return slot ? [{ keyPair, slot }] : []
  })
  if (slots.length === 0) return null
  const isSender = ({ publicKey }: MailContact): boolean => {
    requirePublicKey(publicKey)
    return sameBytes(tagOf(publicKey, mail.nonce1), mail.senderTag) // [WCMP-5-2]
  }
  return { slots, sender: reader.contacts.find(isSender) ?? null }
}

/**
 * Whether this public key's owner wrote the mail, and nobody changed it. Anyone who knows the key can
 * find out, receiver or not.
 *
 * @param publicKey 64 bytes
 * @throws {UsageError} `bad-key`
 */
export function verifyMail(mail: Mail, publicKey: Uint8Array): boolean {
  requirePublicKey(publicKey)
  return (
    sameBytes(tagOf(publicKey, mail.nonce1), mail.senderTag) &&
    crypto.verify(mail.signature, signedBytes(mail), signingKeyOf(publicKey))
  )
}

/**
 * Recognises, verifies and decrypts. It knows no time and remembers nothing: an expired mail opens,
 * and one that was opened before opens again.
 *
 * @param bytes a mail, 283 bytes or more
 * @returns `null`: not for us
 * @throws {PeerError} `malformed`; `bad-signature` when it claims to be of a contact who did not write
 *   it so; `decryption-failed` when it is for us and does not open
 * @throws {UsageError} `bad-key` when a contact's key has the wrong length
 *
 * @example
 * ```ts
 * const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
 * const alice = new MailIdentity(random(32)).keyPair(0)
 * const bob = new MailIdentity(random(32)).keyPair(0)
 * const message = new TextEncoder().encode("At nine.")
 * const expiresAtSeconds = Math.floor(Date.now() / 1000) + 3600
 * const receivers = [bob.publicKey]
 * const signed = createMail({ message, sender: alice, receivers, expiresAtSeconds }, random)
 * const anonymous = createMail({ message, sender: null, receivers, expiresAtSeconds }, random)
 *
 * const contacts = [{ petname: "Alice", publicKey: alice.publicKey }]
 * const reader = { keyPairs: [bob], contacts }
 * openMail(signed, reader)?.sender?.petname // → 'Alice'
 * openMail(anonymous, reader)?.status // → 'unverified'
 * openMail(signed, { keyPairs: [alice], contacts }) // → null
 * ```
 */
export function openMail(bytes: Uint8Array, reader: MailReader): OpenedMail | null {
  const mail = decodeMail(bytes)
  const recognised = recogniseMail(mail, reader)
  if (!recognised) return null
  const { sender, slots } = recognised
  if (sender && !verifyMail(mail, sender.publicKey)) {
    throw new PeerError(
      "bad-signature",
      "The mail claims to be of a contact who did not sign it so. It was altered or forged: drop it.",
    ) // [WCMP-5-3]
  }
  const authorship = sender
    ? ({ status: "verified", sender } as const)
    : ({ status: "unverified", sender: null } as const) // [WCMP-5-4]
  for (const { keyPair, slot } of slots) {
    const contentKey = keyPair.openKey(slot.sealedKey)
    const message = contentKey && crypto.openSecretbox(mail.ciphertext, mail.nonce1, contentKey)
    if (!message) continue
    return { message, keyPair, expiresAtSeconds: mail.expiresAtSeconds, ...authorship }
  }
  throw new PeerError(
    "decryption-failed",
    "The mail is for us and does not open. It was altered or badly made: ask its sender for another.",
  ) // [WCMP-5-5]
}

/** Slots are in order of their tags: a binary search. */
function slotOf(slots: readonly MailSlot[], tag: Uint8Array): MailSlot | null {
  let [from, to] = [0, slots.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const slot = slots[middle] as MailSlot
    const order = compareBytes(slot.tag, tag)
    if (order === 0) return slot
    if (order < 0) from = middle + 1
    else to = middle
  }
  return null
}
