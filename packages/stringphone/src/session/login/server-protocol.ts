import { PeerError } from "../../bytes/index.js"
import { errorAnswer, loginErrors, mostRequestBytes } from "../../login/index.js"
import { asBody, readBody } from "./server-body.js"
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
/** Of anything but a sealed call. */
const mostMessageBytes = 65_536

const sealedCall = 0x10
/** `malformed` without a proof. [LOGIN-6-4] */
const notRead = Uint8Array.of(0x0e, loginErrors.malformed, 0, 0, 0, 0, 0)

/** What a message is answered with. */
type Answering = (bytes: Uint8Array) => Promise<Uint8Array>

/** Everything that is asked by `POST <base>`. [LOGIN-1-5] */
export class ServerProtocol {
  readonly #context: ServerContext
  readonly #parts: ProtocolParts

  constructor(context: ServerContext, parts: ProtocolParts) {
    this.#context = context
    this.#parts = parts
  }

  /** @throws {ChannelError} */
  async answer(
    request: Request,
    { address, app, target }: { address: string | null; app: Handler; target: Target },
  ): Promise<Response> {
    const type = request.headers.get("content-type")
    const body = type === contentType ? await readBody(request, mostBytes) : null
    return new Response(asBody(await this.#answerTo(body, { address, app, target })), {
      headers: { "content-type": contentType, "cache-control": "no-store" },
    })
  }

  async #answerTo(
    body: Uint8Array | null,
    { address, app, target }: { address: string | null; app: Handler; target: Target },
  ): Promise<Uint8Array> {
    // What was not read cannot be named in a proof.
    if (!body) return notRead.slice()
    const { generations, logins, registrations, sealed } = this.#parts
    const answering: Readonly<Record<number, Answering>> = {
      0x01: (bytes) => logins.start(bytes, address),
      0x03: (bytes) => logins.finish(bytes, address),
      0x05: (bytes) => generations.openLane(bytes),
      0x07: (bytes) => generations.refresh(bytes),
      [sealedCall]: (bytes) => sealed.answer(bytes, target, app),
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

function mostBytes(type: number): number {
  return type === sealedCall ? mostRequestBytes : mostMessageBytes
}
