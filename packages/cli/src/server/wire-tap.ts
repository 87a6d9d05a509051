import type { IncomingMessage, ServerResponse } from "node:http"
import { isLocal } from "./guard.js"

/** What somebody on the network gets of a call and its answer. Nothing here has a key. */
export interface WireExchange {
  readonly atMs: number
  /** Who called: an IP address, or `this computer`. */
  readonly from: string
  readonly request: WireMessage & { readonly method: string; readonly target: string }
  readonly answer: WireMessage & { readonly status: number }
}

export interface WireMessage {
  /** In their order and spelling; what belongs to other programs is left out. */
  readonly fields: readonly WireField[]
  /** Base64 of its beginning. */
  readonly body: string
  /** Of the whole body. */
  readonly bytes: number
}

export type WireField = readonly [name: string, value: string]

const mostBodyBytes = 4_096
/**
 * A browser sends a host's cookies to all of its ports: they are secrets of other programs, and from
 * this computer to itself they pass no network.
 */
const othersFields = new Set(["cookie", "authorization", "proxy-authorization"])

/**
 * Listens to one call, as it is on the wire; it changes nothing. To be begun before anybody reads or
 * answers. A call that nobody answered is not told.
 */
export function tapExchange(
  request: IncomingMessage,
  response: ServerResponse,
  tell: (exchange: WireExchange) => void,
): void {
  const atMs = Date.now()
  const from = senderOf(request)
  const asked = new Recorded()
  const answered = new Recorded()
  tapBody(request, asked)
  tapAnswer(response, answered)
  const end = (): void => {
    const fields = sentFields(response)
    if (fields.length === 0) return
    const { method = "", rawHeaders, url: target = "" } = request
    tell({
      atMs,
      from,
      request: { method, target, fields: pairsOf(rawHeaders), ...asked.body },
      answer: { status: response.statusCode, fields, ...answered.body },
    })
  }
  // Who is refused is answered before the rest of the body came.
  response.once("close", () => (request.complete ? end() : whenAllCame(request, end)))
}

/** Or when its sender went away. */
function whenAllCame(request: IncomingMessage, then: () => void): void {
  const { socket } = request
  const done = (): void => {
    request.off("end", done)
    socket.off("close", done)
    then()
  }
  request.once("end", done)
  socket.once("close", done)
}

/** A body, of which the beginning is kept. */
class Recorded {
  readonly #chunks: Buffer[] = []
  #keptBytes = 0
  #bytes = 0

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length
    const kept = Buffer.from(chunk.subarray(0, mostBodyBytes - this.#keptBytes))
    if (kept.length === 0) return
    this.#chunks.push(kept)
    this.#keptBytes += kept.length
  }

  get body(): Pick<WireMessage, "body" | "bytes"> {
    return { body: Buffer.concat(this.#chunks).toString("base64"), bytes: this.#bytes }
  }
}

/** Where Node puts what came in; a listener for data would take it from who has to read it. */
function tapBody(request: IncomingMessage, recorded: Recorded): void {
  const push = request.push.bind(request)
  request.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk instanceof Uint8Array) recorded.add(chunk)
    return push(chunk, encoding)
  }
}

type AnyCall = (...args: readonly unknown[]) => unknown

function tapAnswer(response: ServerResponse, recorded: Recorded): void {
  const add = (chunk: unknown): void => {
    if (typeof chunk === "string") recorded.add(Buffer.from(chunk))
    if (chunk instanceof Uint8Array) recorded.add(chunk)
  }
  const write = response.write.bind(response) as AnyCall
  const end = response.end.bind(response) as AnyCall
  response.write = ((...args) => (add(args[0]), write(...args))) as typeof response.write
  response.end = ((...args) => (add(args[0]), end(...args))) as typeof response.end
}

/**
 * The head as it was sent, from where Node keeps it: what it adds by itself (`Date`, `Connection`) is
 * told nowhere else.
 */
function sentFields(response: ServerResponse): readonly WireField[] {
  const { _header: head } = response as { readonly _header?: string | null }
  const lines = (head ?? "").split("\r\n").slice(1)
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const at = line.indexOf(": ")
      return [line.slice(0, at), line.slice(at + 2)]
    })
}

function pairsOf(raw: readonly string[]): readonly WireField[] {
  return Array.from({ length: raw.length / 2 }, (_, at) => {
    const name = raw[at * 2] ?? ""
    return [name, othersFields.has(name.toLowerCase()) ? "(left out)" : (raw[at * 2 + 1] ?? "")]
  })
}

function senderOf(request: IncomingMessage): string {
  if (isLocal(request)) return "this computer"
  return (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "")
}
