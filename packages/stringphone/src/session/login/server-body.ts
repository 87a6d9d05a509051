/**
 * The whole body, if it is not too long. No field says how long it is: what comes is counted.
 *
 * @param mostBytes by its first byte
 * @returns `null`: it is longer, and the rest was not read
 */
export async function readBody(
  message: Request | Response,
  mostBytes: (firstByte: number) => number,
): Promise<Uint8Array | null> {
  const reader = message.body?.getReader()
  if (!reader) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (value.length === 0) continue
    chunks.push(value)
    length += value.length
    if (length > mostBytes(chunks[0]?.[0] ?? 0)) {
      // Nobody waits for a sender that does not end.
      void reader.cancel().catch(() => undefined)
      return null
    }
  }
  const body = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}

/** As the platform's types want it: nothing here shares memory. */
export function asBody(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
