/** How much is remembered of what arrived. Whichever is reached first counts. */
export interface CopyMemory {
  /** Default 4096 messages. */
  readonly maxMessages?: number
  /** Default 16 MiB. */
  readonly maxBytes?: number
}

interface Trace {
  readonly bytes: number
  /** How often the message came by each channel, and how often it was let through. */
  readonly arrivals: Map<number, number>
  passed: number
}

/**
 * Tells copies of a message, which came by another of several channels before, from its repetitions
 * on one channel: the n-th arrival on a channel is news unless n of them were let through already.
 *
 * Whole messages are remembered and not their hashes: with a cheap hash, one channel could stop what
 * the others carry by sending something with the same hash.
 */
export class Copies {
  readonly #maxMessages: number
  readonly #maxBytes: number
  /** The oldest first. */
  readonly #traces = new Map<string, Trace>()
  #bytes = 0

  constructor({ maxMessages = 4096, maxBytes = 16 * 1024 * 1024 }: CopyMemory = {}) {
    this.#maxMessages = maxMessages
    this.#maxBytes = maxBytes
  }

  /** @returns whether this arrival is to be let through. */
  isNews(message: Uint8Array, channel: number): boolean {
    const trace = this.#traceOf(message)
    const count = (trace.arrivals.get(channel) ?? 0) + 1
    trace.arrivals.set(channel, count)
    if (count <= trace.passed) return false
    trace.passed = count
    return true
  }

  #traceOf(message: Uint8Array): Trace {
    // One character for each byte: the engine's own table of strings finds and compares them.
    const key = latin1.decode(message)
    const known = this.#traces.get(key)
    if (known) return known
    const trace = { bytes: message.length, arrivals: new Map<number, number>(), passed: 0 }
    this.#traces.set(key, trace)
    this.#bytes += trace.bytes
    for (const [oldest, { bytes }] of this.#traces) {
      if (this.#traces.size <= this.#maxMessages && this.#bytes <= this.#maxBytes) break
      this.#traces.delete(oldest)
      this.#bytes -= bytes
    }
    return trace
  }
}

const latin1 = new TextDecoder("latin1")
