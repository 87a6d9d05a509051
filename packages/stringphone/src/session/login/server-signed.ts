import { PeerError, UsageError } from "../../bytes/index.js"
import { signingKeyPair } from "../../crypto/index.js"
import type { Identity } from "../../identity/index.js"
import {
  type Call,
  type CallSignature,
  type Fields,
  type LoginErrorName,
  mostContentBytes,
  readCallSignature,
  signAnswer,
  signedErrorAnswer,
  signServerError,
  type VerifiedCall,
  verifyCall,
} from "../../login/index.js"
import {
  failedAnswer,
  type PlainAnswer,
  plainAnswer,
  responseOf,
  unavailable,
} from "./server-answers.js"
import { type BodyRead, readBody } from "./server-body.js"
import type { ServerCalls } from "./server-calls.js"
import type { ServerContext } from "./server-context.js"
import type { HeldLane } from "./server-lanes.js"
import { isCalledBy, ownError } from "./server-protect.js"
import { isBelow, requestOf, type Target } from "./server-requests.js"
import type { Caller, Handler } from "./server-types.js"

/** Signed calls. spec/login.md §7 */
export class ServerSigned {
  readonly #context: ServerContext
  readonly #calls: ServerCalls

  constructor(context: ServerContext, calls: ServerCalls) {
    this.#context = context
    this.#calls = calls
  }

  static isSigned({ headers }: Request): boolean {
    return headers.has("signature") || headers.has("signature-input")
  }

  /** @throws {ChannelError} */
  async answer(request: Request, target: Target, app: Handler): Promise<Response> {
    const fields: Fields = [...request.headers]
    let read: CallSignature
    try {
      read = readCallSignature(fields)
    } catch (error) {
      if (error instanceof PeerError) return ownError("malformed") // There is nothing to bind an answer to.
      throw error
    }
    const body = await this.#body(request, read)
    if (body.kind === "crowded") return unavailable()
    if (body.kind !== "whole") return this.#serverError("malformed", read)
    const call: Call = { method: request.method, ...target, fields, body: body.bytes }
    const result = await this.#calls.take(read.lane, "signed", (lane) =>
      verifiedOr(lane, call, read, this.#context.authorities),
    )
    if (result.kind === "refused") {
      const error = signedErrorAnswer(result.name)
      return result.lane
        ? this.#signed(error, read, result.lane)
        : this.#serverError(result.name, read)
    }
    const { caller, opened } = result
    const answer = await this.#act({ call, ...opened, caller }, target, app, request.signal)
    return this.#signed(answer, read, opened.lane)
  }

  /** Of a lane that is none, nothing is read. */
  async #body(request: Request, { lane }: CallSignature): Promise<BodyRead> {
    const { bodies: budget, lanes } = this.#context
    if (await lanes.find(lane)) {
      return readBody(request, { mostBytes: () => mostContentBytes, budget })
    }
    void request.body?.cancel().catch(() => undefined)
    return { kind: "whole", bytes: new Uint8Array(0) }
  }

  async #act(
    { call, caller, verified }: { call: Call; verified: VerifiedCall; caller: Caller },
    { authority, path, query, scheme }: Target,
    app: Handler,
    signal: AbortSignal,
  ): Promise<PlainAnswer> {
    const { base, tell } = this.#context
    const { body, method } = call
    const { fields } = verified // [LOGIN-7-2]
    try {
      if (isBelow(base, path)) return signedErrorAnswer("unprotected") // [LOGIN-8-4]
      // What is signed of a query without content and of none is the same: so it is of no meaning.
      const target = query === "?" ? path : path + query
      const parts = { method, scheme, authority, target, fields, body }
      const request = requestOf(parts, signal)
      if (!request) return signedErrorAnswer("malformed")
      const answer = await plainAnswer(await app(isCalledBy(request, caller)))
      return method === "HEAD" ? { ...answer, body: new Uint8Array(0) } : answer
    } catch (error) {
      // Who went away has ended what was done for him.
      if (!signal.aborted) tell({ kind: "trouble", error })
      return failedAnswer
    }
  }

  #signed(answer: PlainAnswer, read: CallSignature, lane: HeldLane): Response {
    const key = lane.keys.answerSigningKey()
    try {
      const fields = [...answer.fields, ...signAnswer(answer, read, key)]
      return responseOf({ ...answer, fields })
    } catch (error) {
      // No answer can be so: a field that stands there twice, or has characters that it must not have.
      if (!(error instanceof UsageError) || answer === failedAnswer) throw error
      this.#context.tell({ kind: "trouble", error })
      return this.#signed(failedAnswer, read, lane)
    }
  }

  /** [LOGIN-7-5] */
  #serverError(name: LoginErrorName, read: CallSignature): Response {
    const error = signedErrorAnswer(name)
    const key = keyPairOf(this.#context.realms.identityOfLane(read.lane))
    return responseOf({ ...error, fields: [...error.fields, ...signServerError(error, read, key)] })
  }
}

/** The number is used in the turn in which the signature was found right. [LOGIN-5-3] */
function verifiedOr(
  lane: HeldLane,
  call: Call,
  read: CallSignature,
  authorities: ReadonlySet<string> | null,
): { readonly verified: VerifiedCall; readonly lane: HeldLane } | LoginErrorName {
  try {
    const verified = verifyCall(call, read, lane.keys.requestSigningKey(), authorities)
    const state = lane.window.use(verified.number)
    return state === "fresh" ? { verified, lane } : state
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    return error.code === "malformed" ? "malformed" : "denied"
  }
}

type KeyPair = ReturnType<typeof signingKeyPair>

const keyPairs = new WeakMap<Identity, KeyPair>()

function keyPairOf(identity: Identity): KeyPair {
  const pair = keyPairs.get(identity) ?? signingKeyPair(identity.exportSeed())
  keyPairs.set(identity, pair)
  return pair
}
