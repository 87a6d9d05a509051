import { concat, decodeAll, type Reader, u16, u32, u8 } from "../../bytes/index.js"
import { compareBytes } from "./order.js"
import { sealedKeyBytes } from "./sealed-key.js"

/** The one suite that there is. */
const suite = 1
export const nonceBytes = 24
const tagBytes = 32
export const maxReceivers = 0xffff
const signatureBytes = 64
/** For each receiver, 112 bytes. */
const slotBytes: number = sealedKeyBytes + tagBytes

/** The parts of one mail. Decoded is not verified: each is only what whoever wrote it claims. */
export interface Mail {
  /** 24 bytes; also the nonce of {@link ciphertext}. */
  readonly nonce1: Uint8Array
  /** HMAC(sender's public key, nonce1), 32 bytes. */
  readonly senderTag: Uint8Array
  /** Seconds since 1970, UTC: from then on nobody passes the mail on. */
  readonly expiresAtSeconds: number
  /** Secretbox of the message, 16 + n bytes. */
  readonly ciphertext: Uint8Array
  /** 24 bytes. */
  readonly nonce2: Uint8Array
  /** 1 to 65,535, real and dummy, in ascending order of their tags. */
  readonly slots: readonly MailSlot[]
  /** Ed25519 by the sender over all that is before it, 64 bytes. */
  readonly signature: Uint8Array
}

/** What a mail has for one receiver. */
export interface MailSlot {
  /** The content key, sealed to the receiver, 80 bytes. */
  readonly sealedKey: Uint8Array
  /** HMAC(receiver's public key, nonce2), 32 bytes. */
  readonly tag: Uint8Array
}

/**
 * Mail of suite 1, spec/mailbox-classic.md §3.
 *
 *   0       1        25           57         61       65           81 + n
 *   +-------+--------+------------+----------+--------+------------+
 *   | suite | nonce1 | sender tag | expiry   | length | ciphertext |
 *   | u8 =1 | 24     | 32         | u32 BE   | u32 BE | 16 + n     |
 *   +-------+--------+------------+----------+--------+------------+
 *   81 + n   105 + n   107 + n              107 + n + 112 r     171 + n + 112 r
 *   +--------+---------+--------------------+-----------+
 *   | nonce2 | r       | r slots:           | signature |
 *   | 24     | u16 BE  | sealed key 80,     | 64        |
 *   |        |         | receiver tag 32    |           |
 *   +--------+---------+--------------------+-----------+
 *
 * @returns 171 + n + 112 r bytes
 */
export function encodeMail(mail: Mail): Uint8Array {
  return concat(signedBytes(mail), mail.signature)
}

/** What the signature covers: all that is before it. [WCMP-3-8] */
export function signedBytes(mail: Omit<Mail, "signature">): Uint8Array {
  return concat(
    u8(suite),
    mail.nonce1,
    mail.senderTag,
    u32(mail.expiresAtSeconds),
    u32(mail.ciphertext.length),
    mail.ciphertext,
    mail.nonce2,
    u16(mail.slots.length),
    slotsBytes(mail.slots),
  )
}

/** Not by `concat`: more arguments than a call can have. */
function slotsBytes(slots: readonly MailSlot[]): Uint8Array {
  const out = new Uint8Array(slots.length * slotBytes)
  slots.forEach(({ sealedKey, tag }, i) => {
    out.set(sealedKey, i * slotBytes)
    out.set(tag, i * slotBytes + sealedKeyBytes)
  })
  return out
}

/**
 * Parts only, as views of `bytes`; nothing is recognised, verified or opened.
 * @throws {PeerError} `malformed`
 */
export function decodeMail(bytes: Uint8Array): Mail {
  return decodeAll(bytes, "mail", readMail) // [WCMP-3-1]
}

function readMail(r: Reader): Mail {
  r.expect(suite, "suite") // [WCMP-3-2]
  const nonce1 = r.take(nonceBytes, "nonce1")
  const senderTag = r.take(tagBytes, "sender tag")
  const expiresAtSeconds = r.u32("expiry")
  const length = r.u32("ciphertext length")
  if (length < 16) throw r.fail("the ciphertext is shorter than its tag") // [WCMP-3-5]
  const ciphertext = r.take(length, "ciphertext")
  const nonce2 = r.take(nonceBytes, "nonce2")
  const count = r.u16("receiver count")
  if (count === 0) throw r.fail("it has no receivers") // [WCMP-3-6]
  const slots: MailSlot[] = []
  for (let i = 0; i < count; i++) {
    const sealedKey = r.take(sealedKeyBytes, "sealed key")
    const tag = r.take(tagBytes, "receiver tag")
    const before = slots.at(-1)
    if (before && compareBytes(before.tag, tag) >= 0) {
      throw r.fail("its receiver tags are not in ascending order") // [WCMP-3-7]
    }
    slots.push({ sealedKey, tag })
  }
  const signature = r.take(signatureBytes, "signature")
  return { nonce1, senderTag, expiresAtSeconds, ciphertext, nonce2, slots, signature }
}
