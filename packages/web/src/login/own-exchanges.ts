import { sameBytes } from "stringphone/bytes"
import type { Fetch } from "stringphone/session/login"
import { type Exchange, fieldOf, targetOf } from "./exchange.ts"
import { describeRequest } from "./exchange-words.ts"
import type { OwnCall } from "./own-call.svelte.ts"

/** What this page knows of an exchange beside the bytes. */
export type Inside =
  | { readonly kind: "call"; readonly call: OwnCall }
  /** Around a login or a call. */
  | { readonly kind: "step" }
  /** Without a login. */
  | { readonly kind: "bare" }
  /** This page played somebody on the network. */
  | { readonly kind: "attack"; readonly what: string }

/** What a request is recognised by on the wire. */
export interface SentRequest {
  readonly method: string
  readonly target: string
  readonly signature: string | null
  readonly body: Uint8Array
}

const most = 200

/** What this page sent, to find it again on the wire. */
export class OwnExchanges {
  #sent: { readonly request: SentRequest; readonly inside: Inside }[] = []
  #calling: OwnCall | null = null
  /** Aborted when the page leaves. */
  #ending = new AbortController()

  add(request: SentRequest, inside: Inside): void {
    this.#sent = [...this.#sent.slice(1 - most), { request, inside }]
  }

  /** Whose exchange it is; each of them once, in their order. */
  take({ request }: Pick<Exchange, "request">): Inside | null {
    const at = this.#sent.findIndex(
      ({ request: own }) =>
        own.method === request.method &&
        own.target === request.target &&
        own.signature === fieldOf(request, "signature") &&
        own.body.length === request.bytes &&
        sameBytes(own.body.subarray(0, request.body.length), request.body),
    )
    return this.#sent.splice(at, at < 0 ? 0 : 1)[0]?.inside ?? null
  }

  /** What is sent meanwhile is for this call; one at a time. */
  async during<T>(call: OwnCall, work: () => Promise<T>): Promise<T> {
    this.#calling = call
    try {
      return await work()
    } finally {
      this.#calling = null
    }
  }

  /** The platform's, remembered. */
  readonly fetch: Fetch = (url, init = {}) => {
    const headers = new Headers(init.headers)
    const request: SentRequest = {
      method: init.method ?? "GET",
      target: targetOf(url),
      signature: headers.get("signature"),
      body: init.body instanceof Uint8Array ? init.body : new Uint8Array(),
    }
    const call = this.#calling
    const fields: readonly (readonly [string, string])[] = [...headers]
    const { isCall } = describeRequest({ ...request, fields, bytes: request.body.length })
    this.add(request, call && isCall ? { kind: "call", call } : { kind: "step" })
    return fetch(url, { signal: this.#ending.signal, ...init })
  }

  /** Ends what is under way; until `come`, nothing more is sent. */
  leave(): void {
    this.#ending.abort()
  }

  come(): void {
    if (this.#ending.signal.aborted) this.#ending = new AbortController()
  }
}
