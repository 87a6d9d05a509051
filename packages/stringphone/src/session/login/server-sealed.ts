import { PeerError } from "../../bytes/index.js"
import {
  errorAnswer,
  errorKey,
  laneOfCall,
  type LoginErrorName,
  openCall,
  type OpenedCall,
} from "../../login/index.js"
import { failedAnswer, type PlainAnswer, plainAnswer } from "./server-answers.js"
import type { ServerCalls } from "./server-calls.js"
import type { ServerContext } from "./server-context.js"
import type { HeldLane } from "./server-lanes.js"
import type { Asking, ServerManagement } from "./server-management.js"
import { isCalledBy, ownError } from "./server-protect.js"
import { isBelow, type ProvenRequest, requestOf, type Target } from "./server-requests.js"
import type { Handler } from "./server-types.js"

/** Sealed calls. spec/login.md §8.1 */
export class ServerSealed {
  readonly #context: ServerContext
  readonly #calls: ServerCalls
  readonly #management: ServerManagement

  constructor(context: ServerContext, calls: ServerCalls, management: ServerManagement) {
    this.#context = context
    this.#calls = calls
    this.#management = management
  }

  /** @throws {PeerError} `malformed`: it is no sealed call @throws {ChannelError} */
  async answer(
    bytes: Uint8Array,
    { app, signal, target: outer }: { app: Handler; signal: AbortSignal; target: Target },
  ): Promise<Uint8Array> {
    const { realms, tell } = this.#context
    const lane = laneOfCall(bytes)
    const result = await this.#calls.take(lane, "sealed", (held) => openedOr(held, bytes))
    if (result.kind === "refused") {
      const { generation } = result.lane ?? { generation: null }
      const prover = generation ? errorKey(generation) : realms.identityOfLane(lane)
      return errorAnswer(bytes, result.name, prover)
    }
    const { caller, opened, session } = result
    try {
      const proven = this.#proven(opened, outer)
      const response = await this.#act(proven, { caller, session }, app, signal)
      return opened.answer(binary(await plainAnswer(response)))
    } catch (error) {
      // Who went away has ended what was done for him.
      if (!signal.aborted) tell({ kind: "trouble", error })
      return opened.answer(binary(failedAnswer))
    }
  }

  async #act(
    proven: ProvenRequest | null,
    asking: Asking,
    app: Handler,
    signal: AbortSignal,
  ): Promise<Response> {
    if (!proven) return ownError("denied")
    if (isBelow(this.#context.base, proven.target)) return this.#management.answer(proven, asking)
    const request = requestOf(proven, signal)
    return request ? app(isCalledBy(request, asking.caller)) : ownError("malformed")
  }

  /** `null`: it is for another server. */
  #proven({ request }: OpenedCall, outer: Target): ProvenRequest | null {
    const { content: body, fields, method, path: target, scheme } = request
    const host = fields.find(([name]) => name === "host")?.[1]
    const authority = request.authority || host || outer.authority
    const { authorities } = this.#context
    if (authorities && !authorities.has(authority.toLowerCase())) return null // [LOGIN-7-3]
    return { method, scheme, authority, target, fields, body }
  }
}

function openedOr(held: HeldLane, bytes: Uint8Array): OpenedCall | LoginErrorName {
  try {
    return openCall(held, bytes, true) // Whether it lives is looked at behind it, as of signed calls.
  } catch (error) {
    if (error instanceof PeerError) return error.code as LoginErrorName
    throw error
  }
}

function binary({
  body: content,
  fields,
  status,
}: PlainAnswer): Parameters<OpenedCall["answer"]>[0] {
  return { status, fields, content }
}
