import { once } from "node:events"
import type { ServerResponse } from "node:http"
import { openingOf } from "./node-body.js"

/** They are about one connection; Node sets those of its own. */
export const hopFields: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
])

/** Sends an answer as it is, but for what is about the connection. @throws what its body does */
export async function sendResponse(
  response: Response,
  outgoing: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  // A wrong length would shift the border of the next answer.
  outgoing.strictContentLength = true
  outgoing.statusCode = response.status
  if (response.statusText !== "") outgoing.statusMessage = response.statusText
  for (const [name, value] of response.headers) {
    if (hopFields.has(name)) continue
    // What an app around this one has set before would be another value than the one that is signed.
    if (name === "set-cookie") outgoing.appendHeader(name, value)
    else outgoing.setHeader(name, value)
  }
  if (!response.body || outgoing.req.method === "HEAD") {
    outgoing.end()
    await response.body?.cancel()
    return
  }
  const reader = response.body.getReader()
  const leave = (): void => void reader.cancel().catch(() => undefined)
  gone.addEventListener("abort", leave, { once: true })
  try {
    const { first, rest } = await openingOf(reader)
    if (rest && first) await write(outgoing, first, gone)
    for await (const chunk of rest ?? []) await write(outgoing, chunk, gone)
    if (rest || !first) outgoing.end()
    else outgoing.end(first)
  } catch (error) {
    leave()
    throw error
  }
}

async function write(
  outgoing: ServerResponse,
  chunk: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  if (!outgoing.write(chunk)) await once(outgoing, "drain", { signal })
}
