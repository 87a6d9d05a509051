import { PeerError } from "../../bytes/index.js"
import {
  callHeadBytes,
  errorAnswer,
  loginErrors,
  mostRequestBytes,
  unreadCallAnswer,
} from "../../login/index.js"
import { unavailable } from "./server-answers.js"
import { asBody, type BodyRead, readBody } from "./server-body.js"
import type { ServerContext } from "./server-context.js"
import type { ServerGenerations } from "./server-generations.js"
import type { ServerLogins } from "./server-logins.js"
import type { ServerRegistrations } from "./server-registrations.js"
import type { Target } from "./server-requests.js"
import type { ServerSealed } from "./server-sealed.js"
import type { Handler } from "./server-types.js"

export interface ProtocolParts {
  readonly logins: ServerLogins
  readonly generations: ServerGenerations
  readonly registrations: ServerRegistrations
  readonly sealed: ServerSealed
}

const contentType = "application/stringphone-login"
const sealedCall = 0x10
/** `malformed` without a proof. [LOGIN-6-4] */
const notRead = Uint8Array.of(0x0e, loginErrors.malformed, 0, 0, 0, 0, 0)

/** What a message is answered with. */
type Answering = (bytes: Uint8Array) => Promise<Uint8Array>

/** What came of reading a message. */
type MessageRead =
  | BodyRead
  /** It is none of ours. */
  | { readonly kind: "foreign" }
  /** A long call, of which no more than that matters. */
  | { readonly kind: "lane-gone"; readonly head: Uint8Array }

interface Asked {
  readonly address: string | null
  readonly app: Handler
  readonly target: Target
}

/** Everything that is asked by `POST <base>`. [LOGIN-1-5] */
export class ServerProtocol {
  readonly #context: ServerContext
  readonly #parts: ProtocolParts

  constructor(context: ServerContext, parts: ProtocolParts) {
    this.#context = context
    this.#parts = parts
  }

  /** @throws {ChannelError} */
  async answer(request: Request, asked: Asked): Promise<Response> {
    const read = await this.#body(request)
    if (read.kind === "crowded") return unavailable()
    const answer = await this.#answerToRead(read, asked, request.signal)
    return new Response(asBody(answer), {
      headers: { "content-type": contentType, "cache-control": "no-store" },
    })
  }

  async #answerToRead(read: MessageRead, asked: Asked, signal: AbortSignal): Promise<Uint8Array> {
    if (read.kind === "whole") return this.#answerTo(read.bytes, asked, signal)
    // What was not read cannot be named in a proof.
    if (read.kind !== "lane-gone") return notRead.slice()
    const { head } = read
    return unreadCallAnswer(head, this.#context.realms.identityOfLane(laneIn(head)))
  }

  async #body(request: Request): Promise<MessageRead> {
    if (request.headers.get("content-type") !== contentType) return { kind: "foreign" }
    const { bodies: budget, lanes } = this.#context
    const gone: { head?: Uint8Array } = {}
    // Strangers have no lanes, and nothing of more than 64 KiB to say.
    const mostBytes = async (beginning: Uint8Array): Promise<number> => {
      if (beginning[0] !== sealedCall) return 0
      if (await lanes.find(laneIn(beginning))) return mostRequestBytes
      gone.head = beginning.slice(0, callHeadBytes)
      return 0
    }
    const read = await readBody(request, { mostBytes, budget })
    const { head } = gone
    return head && read.kind === "too-long" ? { kind: "lane-gone", head } : read
  }

  async #answerTo(
    body: Uint8Array,
    { address, app, target }: Asked,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { generations, logins, registrations, sealed } = this.#parts
    const answering: Readonly<Record<number, Answering>> = {
      0x01: (bytes) => logins.start(bytes, address),
      0x03: (bytes) => logins.finish(bytes, address),
      0x05: (bytes) => generations.openLane(bytes),
      0x07: (bytes) => generations.refresh(bytes),
      [sealedCall]: (bytes) => sealed.answer(bytes, { target, app, signal }),
      0x20: (bytes) => registrations.begin(bytes),
      0x22: (bytes) => registrations.finish(bytes),
    }
    const run = answering[body[0] ?? 0]
    const server = this.#context.realms.current
    try {
      return run ? await run(body) : errorAnswer(body, "malformed", server)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      return errorAnswer(body, "malformed", server)
    }
  }
}

function laneIn(head: Uint8Array): Uint8Array {
  return head.slice(1, 17)
}
