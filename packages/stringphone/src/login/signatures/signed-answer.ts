import { base64url, UsageError, utf8 } from "../../bytes/index.js"
import { authenticate, equal, sign, verify } from "../../crypto/index.js"
import { base64 } from "./base64.js"
import { badDigest, contentDigest } from "./content-digest.js"
import {
  chosenFields,
  coveredNames,
  type CoveredFields,
  coverFields,
  joinedFields,
  maxBaseCharacters,
} from "./covered-fields.js"
import { readErrorName } from "./error-answer.js"
import { type AnswerHead, type Fields, isStatus } from "./message.js"
import { badSignature } from "./message-signature.js"
import {
  malformed,
  readSignatureFields,
  signatureBytes,
  signatureFields,
  tag,
} from "./signature-text.js"
import type { CallProof } from "./signed-call.js"

/** An answer with its whole body, encoded as it travels. */
export interface Answer extends AnswerHead {
  readonly body: Uint8Array
}

export interface ServerSigningKey {
  readonly publicKey: Uint8Array
  /** 64 bytes, seed ‖ public key. */
  readonly secretKey: Uint8Array
}

/** Whose answers a client believes. */
export interface AnswerKeys {
  /** The lane's answer signing key. */
  readonly lane: Uint8Array
  /** Server keys: of errors where the server knows the lane no more. */
  readonly server: readonly Uint8Array[]
}

export interface VerifiedAnswer {
  readonly status: number
  /** Those that are covered, one of each name; a client sees no others. [LOGIN-7-4] */
  readonly fields: Fields
  readonly signer: Signer
}

const first = '("@status" "content-digest"'
const ofSignature = '"signature";req;key="sp"'
const ofInput = '"signature-input";req;key="sp"'
/** How the list of what is covered ends: with what binds the answer to its request. */
const lasts = {
  lane: ` ${ofSignature})`,
  // This key is not the lane's: an error about a lane that somebody made up, under the same signature's text,
  // would be one about the lane by which the call was sent. [LOGIN-7-5]
  server: ` ${ofInput} ${ofSignature})`,
}
type Signer = keyof typeof lasts

/**
 * Signs an answer with all of its fields.
 * @returns the fields to be added to it
 * @throws {UsageError} `bad-answer`: no answer can be so
 */
export function signAnswer(answer: Answer, proof: CallProof, key: Uint8Array): Fields {
  return signed("lane", answer, proof, proof.parameters, (base) => authenticate(base, key))
}

/**
 * The same by the server key, for errors where there is no lane. [LOGIN-7-5]
 *
 * @param answer of `errorAnswer`
 * @throws {UsageError} `bad-answer`: no answer can be so, or it is no error
 */
export function signServerError(
  answer: Answer,
  proof: CallProof,
  { publicKey, secretKey }: ServerSigningKey,
): Fields {
  if (readErrorName(answer) === null) {
    throw new UsageError("bad-answer", "The server key signs errors alone. Sign with the lane's.")
  }
  const parameters = serverParameters(proof, publicKey)
  return signed("server", answer, proof, parameters, (base) => sign(base, secretKey))
}

/**
 * Verifies the answer to one's own request. Every field is handed in, as often as it came.
 *
 * @param proof of the request
 * @throws {PeerError} `unsigned`; `malformed`; `bad-signature`, also for the answer to another request;
 *   `bad-digest`. None of them is an answer: nothing is done because of it. [LOGIN-7-4]
 */
export function verifyAnswer(answer: Answer, proof: CallProof, keys: AnswerKeys): VerifiedAnswer {
  const read = readSignatureFields(answer.fields)
  const { input } = read
  const end = input.indexOf(")") + 1
  const signer = endsWith(input, end, lasts.server) ? "server" : "lane"
  const lastAt = end - lasts[signer].length
  const isWhole = input.slice(0, first.length) === first && endsWith(input, end, lasts[signer])
  const names = isWhole ? coveredNames(input.slice(first.length, lastAt)) : null
  if (!names) throw malformed("it covers not just what it has to, in this order")
  const covered = coverFields(chosenFields(answer.fields, names))
  if (typeof covered === "string") throw malformed(covered)
  if (!isStatus(answer.status)) throw malformed("the status is none")
  const base = answerBase(signer, answer.status, read.contentDigest, covered, proof, input)
  if (base === null) throw malformed("the fields are too long")
  const parameters = input.slice(end)
  const isRight =
    signer === "lane"
      ? parameters === proof.parameters &&
        equal(authenticate(base, keys.lane), signatureBytes(read.signature, 32))
      : isOfServer(base, parameters, proof, read.signature, keys.server)
  if (!isRight) throw badSignature()
  if (contentDigest(answer.body) !== read.contentDigest) throw badDigest()
  const verified = { status: answer.status, fields: covered.fields }
  if (signer === "server" && readErrorName(verified) === null) {
    throw malformed("the server key signs errors alone")
  }
  return { ...verified, signer }
}

function endsWith(text: string, end: number, last: string): boolean {
  return text.slice(end - last.length, end) === last
}

function isOfServer(
  base: Uint8Array,
  parameters: string,
  proof: CallProof,
  signature: string,
  serverKeys: readonly Uint8Array[],
): boolean {
  const key = serverKeys.find((key) => parameters === serverParameters(proof, key))
  return key !== undefined && verify(signatureBytes(signature, 64), base, key)
}

function serverParameters({ number }: CallProof, publicKey: Uint8Array): string {
  return `;nonce="${number}";keyid="${base64url(publicKey)}";alg="ed25519";tag="${tag}"`
}

function signed(
  signer: Signer,
  answer: Answer,
  proof: CallProof,
  parameters: string,
  signBase: (base: Uint8Array) => Uint8Array,
): Fields {
  const covered = isStatus(answer.status)
    ? coverFields(joinedFields(answer.fields))
    : "its status is none"
  if (typeof covered === "string") throw badAnswer(covered)
  const digest = contentDigest(answer.body)
  const input = `${first}${covered.names}${lasts[signer]}${parameters}`
  const base = answerBase(signer, answer.status, digest, covered, proof, input)
  if (base === null) throw badAnswer("its fields are too long")
  return signatureFields({ input, signature: base64(signBase(base)), contentDigest: digest })
}

/** `null` when it is too long. */
function answerBase(
  signer: Signer,
  status: number,
  digest: string,
  { lines }: CoveredFields,
  request: CallProof,
  input: string,
): Uint8Array | null {
  const inputLine = signer === "server" ? `${ofInput}: ${request.input}\n` : ""
  const text =
    `"@status": ${status}\n"content-digest": ${digest}\n${lines}${inputLine}` +
    `${ofSignature}: :${request.signature}:\n"@signature-params": ${input}`
  return text.length <= maxBaseCharacters ? utf8(text) : null
}

function badAnswer(problem: string): UsageError {
  return new UsageError("bad-answer", `The answer can not be signed: ${problem}.`)
}
