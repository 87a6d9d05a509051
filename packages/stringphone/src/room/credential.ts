import { concat, PeerError, utf8 } from "../bytes/index.js"
import { hash, labelled, verify } from "../crypto/index.js"
import { encodeIdentityCard, type Identity, openIdentityCard } from "../identity/index.js"
import {
  type Credential,
  decodeCredential,
  type DeniableCredential,
  encodeCredential,
  type SignedCredential,
} from "./wire/credential.js"

export interface CredentialOptions {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  /** Our own: Ed25519, 32 bytes. */
  readonly roomKey: Uint8Array
  /** At most 64 bytes of UTF-8. */
  readonly ownName: string
  readonly isDeniable: boolean
  /** X25519, 32 bytes, fresh for this room; of deniable rooms. */
  readonly roomExchangeKey?: Uint8Array
}

const purpose = "room member"

/** Our own credential for one room, encoded. [ROOM-1-3] */
export function makeCredential(
  identity: Identity,
  { isDeniable, ownName, roomExchangeKey, roomId, roomKey }: CredentialOptions,
): Uint8Array {
  const identityKey: Uint8Array = identity.publicKey
  if (!isDeniable) {
    const binding = identity.sign(purpose, bindingOf(roomId, roomKey, ownName))
    return encodeCredential({ kind: "signed", identityKey, ownName, binding })
  }
  if (!roomExchangeKey) throw new TypeError("A deniable room needs a room exchange key.")
  const { exchangePublicKey, signature } = openIdentityCard(identity.card())
  return encodeCredential({
    kind: "deniable",
    identityKey,
    exchangeKey: exchangePublicKey,
    cardSignature: signature,
    roomExchangeKey,
    ownName,
  })
}

/**
 * @param roomKey of the leaf that the credential is in
 * @returns what it says, or `null` when it does not fit
 */
export function isCredentialValid(
  credential: Uint8Array,
  roomId: Uint8Array,
  roomKey: Uint8Array,
  isDeniable: boolean,
): Credential | null {
  const decoded = decodedOrNull(credential)
  if (!decoded || (decoded.kind === "deniable") !== isDeniable) return null
  const isValid =
    decoded.kind === "signed" ? isBound(decoded, roomId, roomKey) : hasGenuineCard(decoded)
  return isValid ? decoded : null
}

function isBound(credential: SignedCredential, roomId: Uint8Array, roomKey: Uint8Array): boolean {
  const { binding, identityKey, ownName } = credential
  const signed = labelled(purpose, bindingOf(roomId, roomKey, ownName))
  return verify(binding, signed, identityKey)
}

function bindingOf(roomId: Uint8Array, roomKey: Uint8Array, ownName: string): Uint8Array {
  return concat(roomId, roomKey, hash(utf8(ownName)))
}

function hasGenuineCard(credential: DeniableCredential): boolean {
  const { cardSignature, exchangeKey, identityKey } = credential
  const card = encodeIdentityCard({
    publicKey: identityKey,
    exchangePublicKey: exchangeKey,
    signature: cardSignature,
  })
  return resultOrNull(() => openIdentityCard(card)) !== null
}

function decodedOrNull(credential: Uint8Array): Credential | null {
  return resultOrNull(() => decodeCredential(credential))
}

/** What a peer wrote wrong is `null`. */
function resultOrNull<T>(run: () => T): T | null {
  try {
    return run()
  } catch (error) {
    if (error instanceof PeerError) return null
    throw error
  }
}
