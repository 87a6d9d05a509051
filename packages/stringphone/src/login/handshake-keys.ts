import { base64url } from "../bytes/index.js"
import { authenticate, derive, equal, hash, labelled } from "../crypto/index.js"
import type { OpaqueIdentities } from "./opaque.js"
import type { Price } from "./price.js"

/** What a record is bound to beside the password. */
export interface RecordTerms {
  readonly realm: string
  /** Ed25519, 32 bytes. */
  readonly serverKey: Uint8Array
  readonly price: Price
}

/** [LOGIN-2-1], [LOGIN-2-2] */
export function opaqueIdentities(
  login: string,
  { price, realm, serverKey }: RecordTerms,
): OpaqueIdentities {
  const cost = [price.passes, price.kib, price.lanes].join(" ")
  return {
    client: login,
    server: `stringphone/2 login ${realm} ${base64url(serverKey)} argon2id ${cost}`,
  }
}

/** T1: 32 bytes. [LOGIN-3-2] */
export function challengeTranscript(start: Uint8Array, challenge: Uint8Array): Uint8Array {
  return hash(labelled("login challenge", start, challenge))
}

/** T2: 32 bytes. */
export function finishTranscript(t1: Uint8Array, finish: Uint8Array): Uint8Array {
  return hash(labelled("login finish", t1, finish))
}

export function finishKey(sessionKey: Uint8Array, t1: Uint8Array): Uint8Array {
  return derive(sessionKey, t1, labelled("login finish key"), 32)
}

export function welcomeKey(sessionKey: Uint8Array, t2: Uint8Array): Uint8Array {
  return derive(sessionKey, t2, labelled("login welcome key"), 32)
}

/** The root of generation 1. */
export function firstRoot(sessionKey: Uint8Array, t2: Uint8Array): Uint8Array {
  return derive(sessionKey, t2, labelled("login root"), 32)
}

/** A device that had a session says so. [LOGIN-9-3] */
export function knownDeviceProof(knownDeviceKey: Uint8Array, ke1: Uint8Array): Uint8Array {
  return authenticate(labelled("login known start", ke1), knownDeviceKey)
}

export function isKnownDeviceProof(
  proof: Uint8Array,
  knownDeviceKey: Uint8Array,
  ke1: Uint8Array,
): boolean {
  return equal(proof, knownDeviceProof(knownDeviceKey, ke1))
}
