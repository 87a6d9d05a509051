import { ChannelError, concat } from "../../bytes/index.js"
import { type Endpoint, endpointUrl } from "./client-endpoint.js"
import { unauthenticated } from "./client-errors.js"
import type { Fetch } from "./client-types.js"

/** An answer as it came, by anybody. */
export interface RawAnswer {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

const contentType = "application/stringphone-login"
const mostBytes = 17 * 2 ** 20

/** Redirections are followed by nobody: whoever redirects has not proven anything. */
const requestInit: RequestInit = {
  redirect: "manual",
  credentials: "omit",
  cache: "no-store",
  referrerPolicy: "no-referrer",
}

/** Plain HTTP to one server: what comes is to be proven by whoever asked. */
export class LoginChannel {
  readonly endpoint: Endpoint
  readonly #fetch: Fetch

  constructor(endpoint: Endpoint, fetch: Fetch = (url, init) => globalThis.fetch(url, init)) {
    this.endpoint = endpoint
    this.#fetch = fetch
  }

  /**
   * A message of this protocol, and what it is answered. [LOGIN-1-5]
   * @throws {ChannelError} `unreachable`, `unauthenticated-answer`, `too-large`
   */
  async post(message: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const answer = await this.send(
      endpointUrl(this.endpoint),
      { method: "POST", headers: { "content-type": contentType }, body: message.slice() },
      signal,
    )
    const type = answer.fields.find(([name]) => name === "content-type")?.[1]
    if (answer.status === 200 && type === contentType) return answer.body
    throw unauthenticated(`it has status ${answer.status}, and is none of this protocol`)
  }

  /** @throws {ChannelError} `unreachable`, `too-large` */
  async send(url: string, init: RequestInit, signal?: AbortSignal): Promise<RawAnswer> {
    try {
      const own = signal ? { ...requestInit, signal } : requestInit
      const response = await this.#fetch(url, { ...init, ...own })
      const body = await bodyOf(response)
      return { status: response.status, fields: [...response.headers], body }
    } catch (cause) {
      if (cause instanceof ChannelError) throw cause
      signal?.throwIfAborted()
      throw new ChannelError(
        "unreachable",
        `${this.endpoint.origin} does not answer, or the connection ended. Whether it acted is not known; try again.`,
        { cause },
      )
    }
  }
}

/** Not more than that, whatever its length is said to be. */
async function bodyOf(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  const parts: Uint8Array[] = []
  for (let length = 0; reader;) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
    length += value.length
    if (length > mostBytes) {
      await reader.cancel()
      throw new ChannelError("too-large", "The answer has more than 16 MiB. Ask for less at once.")
    }
  }
  return parts.length === 1 && parts[0] ? parts[0] : concat(...parts)
}
