import { concat, padmeLength, PeerError, u8, UsageError } from "../bytes/index.js"
import { hash } from "../crypto/index.js"
import {
  type BinaryRequest,
  type BinaryResponse,
  decodeBinaryRequest,
  decodeBinaryResponse,
  encodeBinaryRequest,
  encodeBinaryResponse,
} from "./binary-http/index.js"
import type { ClientLane } from "./client-lane.js"
import { isError, type ProvenError } from "./error-proof.js"
import type { LaneKeys } from "./lane-keys.js"
import type { LaneWindow } from "./lane-window.js"
import {
  decodeSealedAnswer,
  decodeSealedCall,
  encodeSealedAnswer,
  encodeSealedCall,
  sealedAnswerType,
  sealedCallHead,
} from "./wire/sealed-call.js"

/** A call under way. */
export interface SentCall {
  readonly lane: ClientLane
  readonly number: number
  /** What to send, once: a repetition is refused. */
  readonly bytes: Uint8Array
}

/** A lane as its server has it: the keys and the window live and end together. [LOGIN-5-4] */
export interface ServerLane {
  readonly keys: LaneKeys
  readonly window: LaneWindow
}

/** @throws {UsageError} `bad-request`, `bad-field`, `too-large`, `lane-used-up` */
export function sealCall(lane: ClientLane, request: BinaryRequest): SentCall {
  const plaintext = padded(encodeBinaryRequest(request))
  const number = lane.takeNumber()
  const head = sealedCallHead(lane.id, number)
  const box = lane.keys.sealRequest(number, head, plaintext) // [LOGIN-8-1]
  return { lane, number, bytes: encodeSealedCall({ lane: lane.id, number, box }) }
}

/** The lane that a sealed call came on. @throws {PeerError} `malformed` */
export function laneOfCall(bytes: Uint8Array): Uint8Array {
  return decodeSealedCall(bytes).lane
}

/** A call to act on. It is answered once. */
export class OpenedCall {
  readonly request: BinaryRequest
  readonly number: number
  readonly #keys: LaneKeys
  readonly #bytes: Uint8Array
  #isAnswered = false

  constructor(keys: LaneKeys, number: number, bytes: Uint8Array, request: BinaryRequest) {
    this.#keys = keys
    this.#bytes = bytes
    this.number = number
    this.request = request
  }

  /** @throws {UsageError} `already-answered`, `bad-response`, `bad-field`, `too-large` */
  answer(response: BinaryResponse): Uint8Array {
    const plaintext = padded(encodeBinaryResponse(response))
    if (this.#isAnswered) {
      throw new UsageError("already-answered", "One call has one answer: two would share a nonce.") // [LOGIN-8-1]
    }
    this.#isAnswered = true
    const box = this.#keys.sealAnswer(this.number, boundTo(this.#bytes), plaintext)
    return encodeSealedAnswer(box)
  }
}

/**
 * Opens it, and its number is used from then on: so it is acted on once at most. Proof, number, time, in this order:
 * what is `expired` was not acted on, and never will be. [LOGIN-5-3]
 * The codes are the names of errors to answer with.
 *
 * @param isLiving the lane's generation is; see `isGenerationLiving`
 * @throws {PeerError} `denied`, `used`, `too-old`, `expired`, `malformed`
 */
export function openCall(lane: ServerLane, bytes: Uint8Array, isLiving: boolean): OpenedCall {
  const { box, lane: id, number } = decodeSealedCall(bytes)
  const plaintext = lane.keys.openRequest(number, sealedCallHead(id, number), box)
  if (!plaintext) {
    throw new PeerError("denied", "The call was changed on the way, or is by a stranger. Drop it.")
  }
  const state = lane.window.use(number)
  if (state !== "fresh") {
    throw new PeerError(state, `Call ${number} is ${state}: it was repeated, or delayed. Drop it.`)
  }
  if (!isLiving) {
    throw new PeerError("expired", "The lane's generation has ended. Its client has to refresh.") // [LOGIN-5-6]
  }
  return new OpenedCall(lane.keys, number, bytes, decodeBinaryRequest(plaintext))
}

/** @throws {UsageError} `already-answered`, `bad-response`, `bad-field`, `too-large` */
export function sealAnswer(call: OpenedCall, response: BinaryResponse): Uint8Array {
  return call.answer(response)
}

/**
 * The answer to this call and no other, or the server's error.
 *
 * @param serverKeys pinned, Ed25519
 * @throws {PeerError} `unauthenticated-answer`, `malformed`: whether the call was acted on is not known
 */
export function openAnswer(
  sent: SentCall,
  answer: Uint8Array,
  serverKeys: readonly Uint8Array[],
): { readonly response: BinaryResponse } | { readonly error: ProvenError } {
  const { bytes, lane, number } = sent
  if (isError(answer)) return { error: lane.readError(answer, bytes, serverKeys) }
  const plaintext = lane.keys.openAnswer(number, boundTo(bytes), decodeSealedAnswer(answer))
  if (plaintext) return { response: decodeBinaryResponse(plaintext) }
  throw new PeerError(
    "unauthenticated-answer",
    "What came is not the server's answer to this call: somebody is in between. Whether it was acted on is not known.",
  )
}

function boundTo(request: Uint8Array): Uint8Array {
  return concat(hash(request), u8(sealedAnswerType))
}

/** With zeros behind it, so that its size says less. RFC 9292 §3.8, Padmé */
function padded(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(padmeLength(message.length))
  out.set(message)
  return out
}
