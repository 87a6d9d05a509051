import { UsageError } from "../../bytes/index.js"
import { mostContentBytes } from "../../login/index.js"
import { asBody, readBody } from "./server-body.js"
import { isOwnError } from "./server-protect.js"

/** An answer of a handler as it is protected. */
export interface PlainAnswer {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

export const failedAnswer: PlainAnswer = { status: 500, fields: [], body: new Uint8Array(0) }

/** They are about one connection, or somebody on the way sets them anew. */
const leftOut = new Set([
  "connection",
  "content-digest",
  "content-length",
  "date",
  "keep-alive",
  "proxy-connection",
  "signature",
  "signature-input",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
])
const errorField = "stringphone-error"

/** @throws {UsageError} `too-large`; what its body throws */
export async function plainAnswer(response: Response): Promise<PlainAnswer> {
  const read = await readBody(response, { mostBytes: () => mostContentBytes, budget: null })
  if (read.kind === "broken") throw read.error
  if (read.kind !== "whole") {
    const text = "An answer of the application has more than 16 MiB. Let it answer in parts."
    throw new UsageError("too-large", text)
  }
  // Errors of ours are made by nobody else: a client ends its session for them.
  const mayBeError = isOwnError(response)
  const fields = [...response.headers].filter(
    ([name]) => !leftOut.has(name) && (mayBeError || name !== errorField),
  )
  return { status: response.status, fields, body: read.bytes }
}

export function responseOf({ body, fields, status }: PlainAnswer): Response {
  const headers = new Headers()
  for (const [name, value] of fields) headers.append(name, value)
  const hasNoBody = status === 204 || status === 205 || status === 304
  return new Response(hasNoBody ? null : asBody(body), { status, headers })
}

/** Neither acted on nor proven: a client takes no notice of it, and may try again. */
export function unavailable(): Response {
  return new Response(null, { status: 503 })
}
