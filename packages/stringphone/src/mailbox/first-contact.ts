import { concat } from "../bytes/index.js"
import { derive, exchange, exchangePublicKey, labelled } from "../crypto/index.js"
import { slotSecretAt, tagAt } from "./chain.js"
import type { SlotKey } from "./envelope.js"

const noSalt = new Uint8Array(32)

/** What all tags of an invitation are made of, 32 bytes. [MAILBOX-2-3] */
export function invitationTags(secret: Uint8Array): Uint8Array {
  return derive(secret, noSalt, labelled("mailbox invitation"), 32)
}

/** @param shared X25519 of the envelope's ephemeral key and the invitation's prekey */
export function invitationSlot(
  tags: Uint8Array,
  i: number,
  ephemeralKey: Uint8Array,
  shared: Uint8Array,
): SlotKey {
  const info = labelled("mailbox invitation slot", ephemeralKey)
  const key = derive(concat(shared, slotSecretAt(tags, i)), noSalt, info, 32)
  return { tag: tagAt(tags, i), key }
}

/** As the writer makes it. @returns `null`: the prekey is of low order */
export function invitationSlotFor(
  tags: Uint8Array,
  i: number,
  ephemeralSecret: Uint8Array,
  prekey: Uint8Array,
): SlotKey | null {
  const shared = exchange(ephemeralSecret, prekey)
  return shared && invitationSlot(tags, i, exchangePublicKey(ephemeralSecret), shared)
}

/**
 * A slot for a public address, for both sides. [MAILBOX-2-4]
 * @returns `null`: the other side's key is of low order
 */
export function trialSlot(
  ephemeralKey: Uint8Array,
  prekey: Uint8Array,
  shared: Uint8Array,
): SlotKey {
  const info = labelled("mailbox trial slot", ephemeralKey, prekey)
  const made = derive(shared, noSalt, info, 48)
  return { tag: made.slice(0, 16), key: made.slice(16) }
}

/** As the writer makes it. */
export function trialSlotFor(ephemeralSecret: Uint8Array, prekey: Uint8Array): SlotKey | null {
  const shared = exchange(ephemeralSecret, prekey)
  return shared && trialSlot(exchangePublicKey(ephemeralSecret), prekey, shared)
}
