import type { WireAnswer, WireRequest } from "./exchange.ts"
import { fieldOf } from "./exchange.ts"
import { type Outcome, outcomeOf } from "./exchange-words.ts"
import type { OwnExchanges } from "./own-exchanges.ts"

/** A recorded request with one byte of it changed. */
export interface Altered {
  readonly request: WireRequest
  /** What was changed. */
  readonly what: string
}

/** Whether all of it is there to be sent again, and by a page. */
export function isWhole({ body, bytes }: WireRequest): boolean {
  return body.length === bytes
}

/**
 * Where to send it, if a browser asks for the same to the letter. Strangers choose what is recorded: of
 * `/api/../x` a browser would make another request, which only this page may send.
 */
export function sameTarget(target: string, origin: string): URL | null {
  if (!URL.canParse(origin + target)) return null
  const url = new URL(origin + target)
  return url.origin === origin && url.pathname + url.search === target ? url : null
}

/** The last byte of the body; where there is none, a character of the signature. `null`: it has neither. */
export function alteredByte(request: WireRequest): Altered | null {
  const { body, fields } = request
  if (body.length > 0) {
    const changed = body.slice()
    const at = body.length - 1
    changed[at] = (body[at] ?? 0) ^ 1
    const what = `with byte ${at + 1} of the body changed from ${hexByte(body, at)} to ${hexByte(changed, at)}`
    return { request: { ...request, body: changed }, what }
  }
  const signature = fieldOf(request, "signature")
  const at = signature?.indexOf(":") ?? -1
  const before = signature?.[at + 1]
  if (!signature || at < 0 || before === undefined) return null
  const after = before === "A" ? "B" : "A"
  const value = signature.slice(0, at + 1) + after + signature.slice(at + 2)
  const altered = fields.map(
    ([name, one]) => [name, name.toLowerCase() === "signature" ? value : one] as const,
  )
  const what = `with a character of the signature changed from ${before} to ${after}`
  return { request: { ...request, fields: altered }, what }
}

function hexByte(bytes: Uint8Array, at: number): string {
  return (bytes[at] ?? 0).toString(16).padStart(2, "0")
}

/** Sends a recorded request with no key at all, as anybody on the network can. */
export async function sendAgain(
  request: WireRequest,
  what: string,
  own: OwnExchanges,
): Promise<Outcome> {
  const { body, method, target } = request
  const url = sameTarget(target, location.origin)
  const isSendable = /^(GET|HEAD)$/.test(method) ? body.length === 0 : method !== "TRACE"
  if (!url || !isSendable) {
    return { answer: "–", sentence: "A page can not send that as it was.", isBad: false }
  }
  own.add(
    { method, target, signature: fieldOf(request, "signature"), body },
    { kind: "attack", what },
  )
  try {
    const response = await fetch(url, {
      method,
      headers: settable(request),
      ...(body.length > 0 && { body: body.slice() }),
      redirect: "manual",
      credentials: "omit",
      cache: "no-store",
    })
    return outcomeOf({ request, answer: await answerOf(response) })
  } catch {
    return { answer: "–", sentence: "There was no answer. Is the home running?", isBad: false }
  }
}

/** Those that are the browser's own it leaves out by itself. */
function settable({ fields }: WireRequest): Headers {
  const headers = new Headers()
  for (const [name, value] of fields) {
    try {
      headers.append(name, value)
    } catch {
      // What no browser sends.
    }
  }
  return headers
}

async function answerOf(response: Response): Promise<WireAnswer> {
  const body = new Uint8Array(await response.arrayBuffer())
  return { status: response.status, fields: [...response.headers], body, bytes: body.length }
}
