import { concat, PeerError } from "../bytes/index.js"
import { authenticate, equal, hash, labelled, verify } from "../crypto/index.js"
import type { Identity } from "../identity/index.js"
import type { LoginErrorName } from "./error-codes.js"
import { decodeError, encodeError, encodeErrorContent, errorType } from "./wire/error.js"

/** What a server proves its errors with: the error key of a generation, or its own key. */
export type ErrorProver = Uint8Array | Identity

/** What a client believes errors by. */
export interface ErrorTrust {
  /** Error keys of the generations that it has. */
  readonly errorKeys: readonly Uint8Array[]
  /** Pinned server keys, Ed25519. */
  readonly serverKeys: readonly Uint8Array[]
}

/** An error that is truly the server's. */
export interface ProvenError {
  readonly name: LoginErrorName
  /** Until it is worth another try; 0: nothing is said about that. */
  readonly seconds: number
}

const purpose = "login error"

/** The answer of type 0x0e to this request. [LOGIN-6-4] */
export function errorAnswer(
  request: Uint8Array,
  name: LoginErrorName,
  prover: ErrorProver,
  seconds = 0,
): Uint8Array {
  const covered = concat(hash(request), encodeErrorContent(name, seconds))
  if (prover instanceof Uint8Array) {
    const mac = authenticate(labelled(purpose, covered), prover)
    return encodeError({ name, seconds, proof: { kind: "mac", mac } })
  }
  const signature = prover.sign(purpose, covered)
  return encodeError({ name, seconds, proof: { kind: "signature", signature } })
}

export function isError(answer: Uint8Array): boolean {
  return answer[0] === errorType
}

/**
 * What the server says about this request. Without a right proof nothing of it is believed. [LOGIN-6-5]
 * @throws {PeerError} `malformed`, `unauthenticated-answer`
 */
export function readError(answer: Uint8Array, request: Uint8Array, trust: ErrorTrust): ProvenError {
  const { name, proof, seconds } = decodeError(answer)
  const covered = labelled(purpose, hash(request), encodeErrorContent(name, seconds))
  const isProven =
    (proof.kind === "mac" &&
      trust.errorKeys.some((key) => equal(proof.mac, authenticate(covered, key)))) ||
    (proof.kind === "signature" &&
      trust.serverKeys.some((key) => verify(proof.signature, covered, key)))
  if (isProven) return { name, seconds }
  throw new PeerError(
    "unauthenticated-answer",
    `Somebody says "${name}", and may not be the server: the proof is missing or wrong. Nothing was changed; try again, or on another network.`,
  )
}
