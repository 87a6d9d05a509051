import { base64url, concat, decodeAll, fromBase64url, PeerError, u8 } from "../bytes/index.js"
import { labelled, verify } from "../crypto/index.js"
import { cardPurpose } from "./card-purpose.js"

/** The public side of an identity. */
export interface IdentityCard {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** X25519, 32 bytes. */
  readonly exchangePublicKey: Uint8Array
  /** Ed25519, 64 bytes, by `publicKey` over the label and `exchangePublicKey`. */
  readonly signature: Uint8Array
}

/**
 * Identity card, spec/identity.md §2. Public.
 *
 *   0         1            33                   65          129
 *   +---------+------------+--------------------+-----------+
 *   | version | public key | exchange public key| signature |
 *   | u8 = 1  | 32 bytes   | 32 bytes           | 64 bytes  |
 *   +---------+------------+--------------------+-----------+
 */
export function encodeIdentityCard(card: IdentityCard): Uint8Array<ArrayBuffer> {
  return concat(u8(1), card.publicKey, card.exchangePublicKey, card.signature)
}

/**
 * Reads a card and checks its signature.
 * @throws {PeerError} `malformed`, `bad-signature`
 */
export function openIdentityCard(bytes: Uint8Array): IdentityCard {
  const card = decodeAll(bytes, "identity card", (r) => {
    r.expect(1, "version") // [IDENTITY-2-1]
    return {
      publicKey: r.take(32, "public key").slice(),
      exchangePublicKey: r.take(32, "exchange public key").slice(),
      signature: r.take(64, "signature").slice(),
    }
  })
  const signed = labelled(cardPurpose, card.exchangePublicKey)
  if (!verify(card.signature, signed, card.publicKey)) {
    throw new PeerError("bad-signature", "The identity card was altered. Ask for it again.") // [IDENTITY-2-2]
  }
  return card
}

const textPrefix = "stringphone:card/"

/** The card as text to mail, print or paste: `stringphone:card/` and 172 characters. */
export function cardText(card: Uint8Array): string {
  return textPrefix + base64url(card)
}

/** @throws {PeerError} `malformed`, `bad-signature` */
export function openCardText(text: string): IdentityCard {
  const trimmed = text.trim()
  if (!trimmed.startsWith(textPrefix)) throw malformedText()
  let bytes: Uint8Array
  try {
    bytes = fromBase64url(trimmed.slice(textPrefix.length))
  } catch (cause) {
    throw malformedText(cause)
  }
  return openIdentityCard(bytes)
}

function malformedText(cause?: unknown): PeerError {
  return new PeerError(
    "malformed",
    `This is no identity card. A card starts with ${textPrefix} and is 189 characters long.`,
    { cause },
  )
}
