import type { IncomingMessage } from "node:http"

/** A body as it comes, no faster than it is read. */
export interface IncomingBody {
  readonly stream: ReadableStream<Uint8Array>
  /** Nobody reads it any more: what is still to come can be read by others. */
  leave(): Promise<void>
}

/** @param onCancel its reader wants no more */
export function bodyOf(incoming: IncomingMessage, onCancel?: () => void): IncomingBody {
  const chunks: AsyncIterator<Uint8Array> = incoming.iterator({ destroyOnReturn: false })
  const leave = async (): Promise<void> => {
    await chunks.return?.()
  }
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next()
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
      async cancel() {
        onCancel?.()
        await leave().catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, leave }
}

/** The beginning of a body, and whether it is all of it. */
export interface Opening {
  readonly first: Uint8Array | null
  /** `null`: nothing comes after it. */
  readonly rest: AsyncIterable<Uint8Array> | null
}

/** A body that is there at once is known to be whole; nobody waits for one that takes its time. */
export async function openingOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Opening> {
  const { done, value: first } = await reader.read()
  if (done) return { first: null, rest: null }
  const reading = reader.read()
  // Whoever reads the rest hears of an error.
  reading.catch(() => undefined)
  const next = await soon(reading)
  return next?.done ? { first, rest: null } : { first, rest: restOf(reader, reading) }
}

type Reading = Promise<ReadableStreamReadResult<Uint8Array>>

async function* restOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  reading: Reading,
): AsyncGenerator<Uint8Array, void> {
  for (let next = await reading; !next.done; next = await reader.read()) yield next.value
}

/** `null`: not in this turn. */
async function soon<T>(promise: Promise<T>): Promise<T | null> {
  let immediate: NodeJS.Immediate | undefined
  const turn = new Promise<null>((resolve) => {
    immediate = setImmediate(() => resolve(null))
  })
  try {
    return await Promise.race([promise, turn])
  } finally {
    clearImmediate(immediate)
  }
}
