import { base64url, PeerError, UsageError, utf8 } from "../../bytes/index.js"
import { authenticate, equal } from "../../crypto/index.js"
import { base64, fromBase64 } from "./base64.js"
import { badDigest, contentDigest } from "./content-digest.js"
import {
  chosenFields,
  coveredNames,
  coverFields,
  type CoveredFields,
  joinedFields,
  maxBaseCharacters,
} from "./covered-fields.js"
import { type Fields, isAuthority, isMethod, isTarget, normalAuthority } from "./message.js"
import type { RequestHead } from "./message.js"
import { badSignature } from "./message-signature.js"
import {
  malformed,
  readSignatureFields,
  signatureBytes,
  type SignatureFields,
  signatureFields,
  tag,
} from "./signature-text.js"

/** A request with its whole body, encoded as it travels. */
export interface Call extends RequestHead {
  readonly body: Uint8Array
}

export interface SigningLane {
  /** 16 bytes. */
  readonly id: Uint8Array
  /** 32 bytes: the request signing key. */
  readonly key: Uint8Array
}

/** What binds an answer to its request: a client keeps it for as long as it waits. */
export interface CallProof {
  /** 16 bytes. */
  readonly lane: Uint8Array
  readonly number: number
  /** What the label `sp` stands before in `signature-input`. */
  readonly input: string
  /** The end of it. */
  readonly parameters: string
  /** Base64. */
  readonly signature: string
}

export interface SignedCall {
  /** To be added to the request: `content-digest`, `signature-input`, `signature`. */
  readonly fields: Fields
  readonly proof: CallProof
}

/** Read but not verified: it says which key verifies it. */
export interface CallSignature extends CallProof, SignatureFields {
  readonly covered: readonly string[]
}

export interface VerifiedCall {
  readonly lane: Uint8Array
  /** Not looked at: the lane's window knows whether it is fresh. */
  readonly number: number
  /** Those that are covered, one of each name; a handler sees no others. [LOGIN-7-2] */
  readonly fields: Fields
  readonly proof: CallProof
}

const laneBytes = 16
const digestBytes = 32
const first = '("@method" "@authority" "@path" "@query" "content-digest"'
const parametersText = new RegExp(
  `^;nonce="([1-9][0-9]{0,15})";keyid="([A-Za-z0-9_-]{22})";tag="${tag}"$`,
)

/**
 * Signs a request with all of its fields. spec/login.md §7
 *
 * @throws {UsageError} `bad-call`: no request can be so; `bad-number`
 */
export function signCall(call: Call, lane: SigningLane, number: number): SignedCall {
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new UsageError("bad-number", "The number of a call is from 1 to 2⁵³ − 1.") // [LOGIN-5-3]
  }
  const parameters = `;nonce="${number}";keyid="${base64url(lane.id)}";tag="${tag}"`
  const covered = coverFields(joinedFields(call.fields))
  const problem = typeof covered === "string" ? covered : problemOf(call)
  if (typeof covered === "string" || problem !== null) {
    throw new UsageError("bad-call", `The request can not be signed: ${problem}.`)
  }
  const digest = contentDigest(call.body)
  const input = `${first}${covered.names})${parameters}`
  const base = callBase(call, digest, covered, input)
  if (base === null)
    throw new UsageError("bad-call", "The request's address and fields are too long.")
  const signature = base64(authenticate(base, lane.key))
  return {
    fields: signatureFields({ input, signature, contentDigest: digest }),
    proof: { lane: lane.id, number, input, parameters, signature },
  }
}

/**
 * Who says to have signed a request, and with which number.
 *
 * @throws {PeerError} `unsigned`, `malformed`
 */
export function readCallSignature(fields: Fields): CallSignature {
  const { input, signature, contentDigest } = readSignatureFields(fields)
  const end = input.indexOf(")")
  // An engine compares whole strings faster than it looks where one starts.
  const isWhole = input.slice(0, first.length) === first
  const covered = isWhole ? coveredNames(input.slice(first.length, end)) : null
  if (!covered) throw malformed("it covers not just what it has to, in this order") // [LOGIN-7-1]
  const parameters = input.slice(end + 1)
  const found = parametersText.exec(parameters)
  const number = Number(found?.[1])
  if (!Number.isSafeInteger(number)) throw malformed("its parameters are others")
  const lane = laneOf(found?.[2] ?? "")
  return { lane, number, parameters, signature, input, contentDigest, covered }
}

/**
 * Verifies a request that has come in. Every field is handed in, as often as it came.
 *
 * @param key the request signing key of the lane that {@link readCallSignature} tells
 * @param authorities the server's own, in lower case, if they are set [LOGIN-7-3]
 * @throws {PeerError} `malformed`; `wrong-authority`; `bad-signature`; `bad-digest`
 */
export function verifyCall(
  call: Call,
  read: CallSignature,
  key: Uint8Array,
  authorities: ReadonlySet<string> | null = null,
): VerifiedCall {
  const problem = problemOf(call)
  const covered = coverFields(chosenFields(call.fields, read.covered))
  if (typeof covered === "string") throw malformed(covered)
  if (problem !== null) throw malformed(problem)
  if (authorities && !authorities.has(normalAuthority(call))) {
    throw new PeerError(
      "wrong-authority",
      "The request is for another server: its address is none of this server's own.",
    )
  }
  const base = callBase(call, read.contentDigest, covered, read.input)
  if (base === null) throw malformed("the request's address and fields are too long")
  const signature = signatureBytes(read.signature, digestBytes)
  if (!equal(authenticate(base, key), signature)) throw badSignature()
  if (contentDigest(call.body) !== read.contentDigest) throw badDigest()
  const { input, lane, number, parameters } = read
  return {
    lane,
    number,
    fields: covered.fields,
    proof: { lane, number, input, parameters, signature: read.signature },
  }
}

/** `null` when it is too long. */
function callBase(
  call: Call,
  digest: string,
  { lines }: CoveredFields,
  input: string,
): Uint8Array | null {
  const text =
    `"@method": ${call.method}\n"@authority": ${normalAuthority(call)}\n` +
    `"@path": ${call.path || "/"}\n"@query": ${call.query || "?"}\n` +
    `"content-digest": ${digest}\n${lines}"@signature-params": ${input}`
  return text.length <= maxBaseCharacters ? utf8(text) : null
}

function problemOf(call: Call): string | null {
  if (!isMethod(call.method)) return "its method is none"
  if (!isAuthority(call.authority)) return "its authority is none"
  return isTarget(call) ? null : "its path or query has characters that it must not have"
}

function laneOf(keyid: string): Uint8Array {
  const lane = fromBase64(`${keyid.replaceAll("-", "+").replaceAll("_", "/")}==`)
  if (lane?.length !== laneBytes) throw malformed("its keyid is no lane")
  return lane
}
