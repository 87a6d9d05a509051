import { concat, sameBytes } from "../../bytes/index.js"
import { derive, hash, labelled } from "../../crypto/index.js"

/** What a scanned code adds to a session; without a code it is all zeros. */
export interface OneTimeSecret {
  /** 32 bytes. */
  readonly secret: Uint8Array
  /** 8 bytes, sent in clear: by it the other one knows which code is meant. */
  readonly id: Uint8Array
}

const noSalt = new Uint8Array(32)

/** Of a session whose persons compare. */
export const noOneTimeSecret: OneTimeSecret = {
  secret: new Uint8Array(32),
  id: new Uint8Array(8),
}

/** Whether a code was scanned, so that nobody compares. */
export function isCoded({ id }: OneTimeSecret): boolean {
  return !sameBytes(id, noOneTimeSecret.id)
}

/** From the 16 bytes in a pairing code. [TOPIC-9-9] */
export function deriveOneTimeSecret(codeSecret: Uint8Array): OneTimeSecret {
  return {
    secret: derive(codeSecret, noSalt, labelled("topic pairing secret"), 32),
    id: derive(codeSecret, noSalt, labelled("topic pairing secret ID"), 8),
  }
}

/** [TOPIC-9-2] */
export function joinerCommitment(ephemeralKey: Uint8Array, profile: Uint8Array): Uint8Array {
  return hash(labelled("topic pairing joiner", ephemeralKey, profile))
}

/** [TOPIC-9-2] */
export function hostCommitment(
  ephemeralKey: Uint8Array,
  salt: Uint8Array,
  profile: Uint8Array,
): Uint8Array {
  return hash(labelled("topic pairing host", ephemeralKey, salt, profile))
}

/** Everything that was said in clear; both are bound to it. */
export interface TranscriptParts {
  readonly session: Uint8Array
  readonly secretId: Uint8Array
  readonly joinerCommitment: Uint8Array
  readonly hostEphemeralKey: Uint8Array
  readonly hostCommitment: Uint8Array
  readonly joinerEphemeralKey: Uint8Array
}

/** 32 bytes. [TOPIC-9-3] */
export function transcriptOf(parts: TranscriptParts): Uint8Array {
  return hash(
    labelled(
      "topic pairing",
      parts.session,
      parts.secretId,
      parts.joinerCommitment,
      parts.hostEphemeralKey,
      parts.hostCommitment,
      parts.joinerEphemeralKey,
    ),
  )
}

/** The keys of one session, 32 bytes each; every one seals one message. */
export interface PairingKeys {
  readonly joinerKey: Uint8Array
  readonly hostKey: Uint8Array
  readonly confirmKey: Uint8Array
  readonly joinerCancelKey: Uint8Array
  readonly hostCancelKey: Uint8Array
  /** 12 bytes: what the persons compare is made of them. */
  readonly comparisonBytes: Uint8Array
}

/** @param exchanged X25519 of the ephemeral keys, 32 bytes. [TOPIC-9-4] */
export function derivePairingKeys(
  exchanged: Uint8Array,
  oneTimeSecret: OneTimeSecret,
  transcript: Uint8Array,
): PairingKeys {
  const secret = concat(exchanged, oneTimeSecret.secret)
  const key = (name: string, length = 32) =>
    derive(secret, transcript, labelled(`topic pairing ${name}`), length)
  return {
    joinerKey: key("joiner key"),
    hostKey: key("host key"),
    confirmKey: key("confirm key"),
    joinerCancelKey: key("joiner cancel key"),
    hostCancelKey: key("host cancel key"),
    comparisonBytes: key("comparison", 12),
  }
}
