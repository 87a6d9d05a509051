import { UsageError } from "../bytes/index.js"
import { type ErrorTrust, isError, type ProvenError, readError } from "./error-proof.js"
import { errorKey, type Generation, laneOpeningKey } from "./generation-keys.js"
import { LaneKeys } from "./lane-keys.js"
import { mostCalls } from "./wire/call-number.js"
import { openLaneAnswer } from "./wire/lane.js"
import { encodeOpenLane } from "./wire/open-lane.js"

/** The lane of one program, in its memory alone: it is never saved, and never shared. [LOGIN-5-5] */
export class ClientLane {
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly generation: number
  readonly keys: LaneKeys
  readonly #errorKey: Uint8Array
  #last = 0

  constructor(generation: Generation, id: Uint8Array) {
    this.id = id
    this.generation = generation.generation
    this.keys = new LaneKeys(generation, id)
    this.#errorKey = errorKey(generation)
  }

  /**
   * The number of the next call, which no other call gets.
   * @throws {UsageError} `lane-used-up`
   */
  takeNumber(): number {
    if (this.#last >= mostCalls) {
      throw new UsageError("lane-used-up", "This lane has no numbers left. Open another.")
    }
    return ++this.#last
  }

  /**
   * An error that came instead of an answer on this lane.
   * @param serverKeys pinned, Ed25519
   * @throws {PeerError} `malformed`, `unauthenticated-answer`
   */
  readError(
    answer: Uint8Array,
    request: Uint8Array,
    serverKeys: readonly Uint8Array[],
  ): ProvenError {
    return readError(answer, request, { errorKeys: [this.#errorKey], serverKeys })
  }
}

/** Asks for a lane; sent again, it gets the same one. @param clientRandom 16 random bytes */
export function requestLane(generation: Generation, clientRandom: Uint8Array): Uint8Array {
  const { generation: number, session } = generation
  return encodeOpenLane({ session, generation: number, clientRandom }, laneOpeningKey(generation))
}

/**
 * The server answered.
 *
 * @param request as {@link requestLane} returned it
 * @param serverKeys pinned, Ed25519
 * @throws {PeerError} `unauthenticated-answer`, `malformed`: nothing has changed
 */
export function completeLane(
  generation: Generation,
  request: Uint8Array,
  answer: Uint8Array,
  serverKeys: readonly Uint8Array[],
): { readonly lane: ClientLane } | { readonly error: ProvenError } {
  if (isError(answer)) {
    const trust: ErrorTrust = { errorKeys: [errorKey(generation)], serverKeys }
    return { error: readError(answer, request, trust) }
  }
  const id = openLaneAnswer(answer, request, laneOpeningKey(generation))
  return { lane: new ClientLane(generation, id) }
}
