import { concat, PeerError } from "../bytes/index.js"
import { authenticate, equal, hash, labelled, verify } from "../crypto/index.js"
import type { Identity } from "../identity/index.js"
import type { LoginErrorName } from "./error-codes.js"
import {
  decodeError,
  encodeError,
  encodeErrorContent,
  type ErrorMessage,
  errorType,
} from "./wire/error.js"
import { sealedCallType } from "./wire/sealed-call.js"

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
const unreadPurpose = "login error unread"
/** Of a sealed call: with lane and number it names one. */
export const callHeadBytes = 25

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

/**
 * To a sealed call of which no more was read than that: its lane is gone. [LOGIN-6-4]
 * @param head the first 25 bytes
 */
export function unreadCallAnswer(head: Uint8Array, server: Identity): Uint8Array {
  const name = "unknown-lane"
  const covered = concat(head.subarray(0, callHeadBytes), encodeErrorContent(name, 0))
  const signature = server.sign(unreadPurpose, covered)
  return encodeError({ name, seconds: 0, proof: { kind: "call-signature", signature } })
}

export function isError(answer: Uint8Array): boolean {
  return answer[0] === errorType
}

/**
 * What the server says about this request. Without a right proof nothing of it is believed. [LOGIN-6-5]
 * @throws {PeerError} `malformed`, `unauthenticated-answer`
 */
export function readError(answer: Uint8Array, request: Uint8Array, trust: ErrorTrust): ProvenError {
  const error = decodeError(answer)
  const { name, seconds } = error
  if (isProven(error, request, trust)) return { name, seconds }
  const wait = seconds > 0 ? ` (for ${seconds} s)` : ""
  throw new PeerError(
    "unauthenticated-answer",
    `Somebody says "${name}"${wait}, and may not be the server: the proof is missing or wrong, or its key is not known here yet. Nothing was changed; try again later, or on another network.`,
  )
}

function isProven(
  { name, proof, seconds }: ErrorMessage,
  request: Uint8Array,
  { errorKeys, serverKeys }: ErrorTrust,
): boolean {
  const content = encodeErrorContent(name, seconds)
  const covered = labelled(purpose, hash(request), content)
  switch (proof.kind) {
    case "none":
      return false
    case "mac":
      return errorKeys.some((key) => equal(proof.mac, authenticate(covered, key)))
    case "signature":
      return serverKeys.some((key) => verify(proof.signature, covered, key))
    case "call-signature": {
      // Nothing else is named by its first bytes, and nothing else is said of what was not read.
      if (request[0] !== sealedCallType || name !== "unknown-lane") return false
      const head = labelled(unreadPurpose, request.subarray(0, callHeadBytes), content)
      return serverKeys.some((key) => verify(proof.signature, head, key))
    }
  }
}
