import { type Brand, UsageError } from "../../bytes/index.js"
import { hash, randomBytes } from "../../crypto/index.js"

/** 32 bytes, shared by all participants: whoever has it reads everything. */
export type TopicKey = Brand<"topic key">
/** 32 bytes, the secret of one participant: its identity. */
export type SigningKeySeed = Brand<"signing key seed">
/** 32 bytes, Ed25519. */
export type PublicKey = Brand<"public key">
/** 16 bytes: the start of SHA-256 of the public key. */
export type ParticipantId = Brand<"participant ID">

/** 32 random bytes for a new topic. */
export function generateTopicKey(): TopicKey {
  return randomBytes(32) as TopicKey
}

/** 32 random bytes for a new participant. Store them: they are its identity. */
export function generateSigningKeySeed(): SigningKeySeed {
  return randomBytes(32) as SigningKeySeed
}

/** The first 16 bytes of SHA-256(public key). [CLASSIC-2-1] */
export function participantId(publicKey: Uint8Array): ParticipantId {
  return hash(publicKey).subarray(0, 16) as ParticipantId
}

/**
 * A private copy, of the right length.
 * @throws {UsageError} `bad-key`
 */
export function takeKey<Key extends Uint8Array>(key: Uint8Array, name: string, length = 32): Key {
  if (!(key instanceof Uint8Array) || key.length !== length) {
    throw new UsageError("bad-key", `\`${name}\` must be a Uint8Array of ${length} bytes.`)
  }
  return Uint8Array.from(key) as unknown as Key
}
