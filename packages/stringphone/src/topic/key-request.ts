import { concat, PeerError, u32 } from "../bytes/index.js"
import { exchangePublicKey, labelled, open, randomBytes, seal, verify } from "../crypto/index.js"
import type { Signer } from "./signer.js"
import { openSlot, type RekeyKeyPair, sealSlot } from "./slot.js"
import {
  decodeKeyRequest,
  decodeKeyRequestBody,
  encodeKeyRequest,
  encodeKeyRequestBody,
  type KeyRequest,
} from "./wire/key-request.js"
import {
  decodeRemovalBody,
  decodeRemovalNotice,
  encodeRemovalBody,
  encodeRemovalNotice,
} from "./wire/removal-notice.js"

const requestPurpose = "topic key request"
const removalPurpose = "topic removal"
const requestLabel = labelled(requestPurpose)
const removalSlot = labelled("topic removal slot")

export interface TopicSecrets {
  readonly topicId: Uint8Array
  readonly requestKey: Uint8Array
}

/** spec/topic.md §8.1 */
export function makeKeyRequest(
  signer: Signer,
  { requestKey, topicId }: TopicSecrets,
  request: Omit<KeyRequest, "publicKey">,
): Uint8Array {
  const body = encodeKeyRequestBody({ ...request, publicKey: signer.publicKey })
  const signature = signer.sign(requestPurpose, concat(topicId, body))
  const nonce = randomBytes(24)
  return encodeKeyRequest(nonce, seal(concat(body, signature), nonce, requestKey, requestLabel))
}

/**
 * @returns `null` when it is another topic's.
 * @throws {PeerError} `malformed`, `bad-signature`
 */
export function openKeyRequest(
  bytes: Uint8Array,
  { requestKey, topicId }: TopicSecrets,
): KeyRequest | null {
  const { nonce, sealed } = decodeKeyRequest(bytes)
  const opened = open(sealed, nonce, requestKey, requestLabel)
  if (!opened) return null
  const { request, signature, unsigned } = decodeKeyRequestBody(opened)
  if (!verify(signature, labelled(requestPurpose, topicId, unsigned), request.publicKey)) {
    throw new PeerError("bad-signature", "A key request is not signed by the participant it names.")
  }
  return request
}

/** spec/topic.md §8.4. @returns `null` when the rekey key is of low order. */
export function makeRemovalNotice(
  signer: Signer,
  topicId: Uint8Array,
  epoch: number,
  removed: { readonly publicKey: Uint8Array; readonly rekeyKey: Uint8Array },
): Uint8Array | null {
  const signature = signer.sign(removalPurpose, concat(topicId, u32(epoch), removed.publicKey))
  const secretKey = randomBytes(32)
  const ephemeral = { secretKey, publicKey: exchangePublicKey(secretKey) }
  const body = encodeRemovalBody(signer.publicKey, epoch, signature)
  const slot = sealSlot(body, ephemeral, removed.rekeyKey, removalSlot)
  return slot && encodeRemovalNotice({ ephemeralKey: ephemeral.publicKey, ...slot })
}

/**
 * @returns `null` when it is not for us.
 * @throws {PeerError} `malformed`, `bad-signature`
 */
export function openRemovalNotice(
  bytes: Uint8Array,
  topicId: Uint8Array,
  ownKey: Uint8Array,
  ours: readonly RekeyKeyPair[],
): { readonly admin: Uint8Array; readonly epoch: number } | null {
  const { ephemeralKey, hint, sealed } = decodeRemovalNotice(bytes)
  const slot = openSlot([{ hint, sealed }], ephemeralKey, ours, removalSlot)
  if (!slot) return null
  const { admin, epoch, signature } = decodeRemovalBody(slot.plaintext)
  if (!verify(signature, labelled(removalPurpose, topicId, u32(epoch), ownKey), admin)) {
    throw new PeerError("bad-signature", "A removal notice is not signed by the admin it names.")
  }
  return { admin, epoch }
}
