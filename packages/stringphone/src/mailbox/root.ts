import { concat } from "../bytes/index.js"
import { derive, exchange, labelled } from "../crypto/index.js"
import type { Identity } from "../identity/index.js"

const noSalt = new Uint8Array(32)
const noSecret = new Uint8Array(16)

/** What both sides of a first contact know, all public keys of 32 bytes. */
interface FirstContact {
  /** Of the one who writes first: both keys of its identity, and the fresh one. */
  readonly writerKey: Uint8Array
  readonly writerExchangeKey: Uint8Array
  readonly freshKey: Uint8Array
  /** Of the one who is written to. */
  readonly ownerKey: Uint8Array
  readonly ownerExchangeKey: Uint8Array
  readonly prekey: Uint8Array
  /** Of an invitation, 16 bytes. */
  readonly secret: Uint8Array | null
}

/**
 * 32 bytes, for who writes first. [MAILBOX-3-2]
 * @returns `null`: a key of the other side is of low order
 */
export function rootOfWriter(
  identity: Identity,
  freshSecret: Uint8Array,
  facts: FirstContact,
): Uint8Array | null {
  return rootOf(
    [
      identity.exchange(facts.prekey),
      exchange(freshSecret, facts.ownerExchangeKey),
      exchange(freshSecret, facts.prekey),
    ],
    facts,
  )
}

/** The same, for who is written to. */
export function rootOfOwner(
  identity: Identity,
  prekeySecret: Uint8Array,
  facts: FirstContact,
): Uint8Array | null {
  return rootOf(
    [
      exchange(prekeySecret, facts.writerExchangeKey),
      identity.exchange(facts.freshKey),
      exchange(prekeySecret, facts.freshKey),
    ],
    facts,
  )
}

function rootOf(shared: readonly (Uint8Array | null)[], facts: FirstContact): Uint8Array | null {
  const secrets = shared.filter((one) => one !== null)
  if (secrets.length < shared.length) return null
  const { writerKey, writerExchangeKey, ownerKey, ownerExchangeKey, freshKey, prekey } = facts
  const sides = [writerKey, writerExchangeKey, ownerKey, ownerExchangeKey]
  const info = labelled("mailbox root", ...sides, freshKey, prekey)
  return derive(concat(...secrets, facts.secret ?? noSecret), noSalt, info, 32)
}

/** What deniable proofs of a pair are made with, 32 bytes. [MAILBOX-3-4] */
export function authorshipKey(root: Uint8Array): Uint8Array {
  return derive(root, noSalt, labelled("mailbox authorship"), 32)
}
