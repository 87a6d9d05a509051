import { concat, PeerError, sameBytes } from "../bytes/index.js"
import {
  exchangePublicKey,
  hash,
  labelled,
  open,
  randomBytes,
  seal,
  verify,
} from "../crypto/index.js"
import { deriveEpochKeys, type EpochKeys, rekeyBodyKey, slotInfo } from "./schedule.js"
import type { Signer } from "./signer.js"
import { openSlot, type RekeyKeyPair, sealSlot, zeroNonce } from "./slot.js"
import {
  decodeRekey,
  decodeRekeyBody,
  encodeRekeyBody,
  encodeRekeyOuter,
  type RekeyBody,
} from "./wire/rekey.js"

const purpose = "topic rekey"

/** A rekey message that we made, or opened and found rightly signed by the signer that it names. */
export interface OpenedRekey {
  readonly body: RekeyBody
  readonly keys: EpochKeys
}

/** Makes the rekey message of an epoch, spec/topic.md §7, with a secret that nobody keeps. */
export function makeRekey(
  signer: Signer,
  body: RekeyBody,
): OpenedRekey & { readonly message: Uint8Array } {
  const { epochSecret, keys } = drawSecret(body)
  const secretKey = randomBytes(32)
  const ephemeral = { secretKey, publicKey: exchangePublicKey(secretKey) }
  const info = slotInfo(body.epoch)
  const slots = body.participants
    .filter(({ publicKey }) => !sameBytes(publicKey, signer.publicKey))
    .map(({ rekeyKey }) => sealSlot(epochSecret, ephemeral, rekeyKey, info))
    .filter((slot) => slot !== null)
    .map(({ hint, sealed }) => ({ hint, sealedSecret: sealed }))
  const outer = encodeRekeyOuter({
    epoch: body.epoch,
    ephemeralKey: ephemeral.publicKey,
    slots: shuffled(slots),
  })
  const unsigned = encodeRekeyBody(body)
  const signature = signer.sign(purpose, concat(hash(outer), unsigned)) // [TOPIC-7-4]
  const key = rekeyBodyKey(epochSecret, outer)
  const sealedBody = seal(concat(unsigned, signature), zeroNonce, key, outer)
  return { body, keys, message: concat(outer, sealedBody) }
}

/**
 * Opens a rekey message with one of our rekey keys. Whether its signer may do so is not checked here.
 *
 * @returns `null` when no slot is ours.
 * @throws {PeerError} `malformed`, `not-authentic`, `bad-signature`, `tags-collide`
 */
export function openRekey(
  bytes: Uint8Array,
  ours: readonly RekeyKeyPair[],
): (OpenedRekey & { readonly by: RekeyKeyPair }) | null {
  const { ephemeralKey, epoch, outer, sealedBody, slots } = decodeRekey(bytes)
  const sealedSlots = slots.map(({ hint, sealedSecret }) => ({ hint, sealed: sealedSecret }))
  const slot = openSlot(sealedSlots, ephemeralKey, ours, slotInfo(epoch))
  if (!slot) return null
  const epochSecret = slot.plaintext
  const opened = open(sealedBody, zeroNonce, rekeyBodyKey(epochSecret, outer), outer)
  if (!opened) throw new PeerError("not-authentic", "A rekey message was changed.")
  const { body, signature, unsigned } = decodeRekeyBody(opened)
  if (!verify(signature, labelled(purpose, hash(outer), unsigned), body.signer)) {
    throw new PeerError("bad-signature", "A rekey message is not signed by the admin it names.")
  }
  if (body.epoch !== epoch) {
    throw new PeerError("malformed", "Malformed rekey message: it is of two epochs.")
  }
  return { body, keys: deriveEpochKeys(epochSecret, body), by: slot.by }
}

/** A secret for which no two participants get the same tag. [TOPIC-2-2] */
function drawSecret(body: RekeyBody): {
  readonly epochSecret: Uint8Array
  readonly keys: EpochKeys
} {
  for (;;) {
    const epochSecret = randomBytes(32)
    try {
      return { epochSecret, keys: deriveEpochKeys(epochSecret, body) }
    } catch (error) {
      if (!(error instanceof PeerError && error.code === "tags-collide")) throw error
    }
  }
}

/** In an order that tells nothing of the roster's. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: new DataView(randomBytes(4).buffer).getUint32(0) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
