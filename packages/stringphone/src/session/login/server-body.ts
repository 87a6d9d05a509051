import { concat } from "../../bytes/index.js"

/** Of any body so much is read, and it does not count as a long one. [LOGIN-1-5] */
const shortBodyBytes = 65_536
const firstBytes = 1_024
const beginningBytes = 64

/** How much long bodies may take, all that are being read together. */
export class BodyBudget {
  #leftBytes: number

  constructor(bytes: number) {
    this.#leftBytes = bytes
  }

  take(bytes: number): boolean {
    if (bytes > this.#leftBytes) return false
    this.#leftBytes -= bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#leftBytes += bytes
  }
}

export interface BodyLimits {
  /** Of a long one that begins so, in 64 bytes or more. Until that is known, no more of it is read. */
  readonly mostBytes: (beginning: Uint8Array) => number | Promise<number>
  /** `null`: there is none for those. */
  readonly budget: BodyBudget | null
}

/** What came of reading a body; all but `whole` was left before its end. */
export type BodyRead =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | { readonly kind: "too-long" }
  /** Too much else is being read. */
  | { readonly kind: "crowded" }
  /** Its sender broke it off. */
  | { readonly kind: "broken"; readonly error: unknown }

/**
 * The whole body, if it is not too long. No field says how long it is: what comes is counted.
 *
 * @throws what `mostBytes` throws
 */
export async function readBody(
  message: Request | Response,
  { budget, mostBytes }: BodyLimits,
): Promise<BodyRead> {
  const reader = message.body?.getReader()
  if (!reader) return { kind: "whole", bytes: new Uint8Array(0) }
  const kept = new KeptBytes(budget)
  let most = shortBodyBytes
  let isEnded = false
  try {
    for (;;) {
      const next = await nextOf(reader)
      isEnded = "error" in next || next.done
      if ("error" in next) return { kind: "broken", error: next.error }
      if (next.done) return { kind: "whole", bytes: kept.bytes }
      const length = kept.length + next.value.length
      if (length > most) {
        if (most === shortBodyBytes) most = await mostBytes(beginningOf(kept.bytes, next.value))
        if (length > most) return { kind: "too-long" }
      }
      if (!kept.add(next.value, most)) return { kind: "crowded" }
    }
  } finally {
    kept.release()
    // Nobody waits for a sender that does not end.
    if (!isEnded) void reader.cancel().catch(() => undefined)
  }
}

type Next = ReadableStreamReadResult<Uint8Array> | { readonly error: unknown }

async function nextOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Next> {
  try {
    return await reader.read()
  } catch (error) {
    return { error }
  }
}

function beginningOf(kept: Uint8Array, next: Uint8Array): Uint8Array {
  return concat(kept.subarray(0, beginningBytes), next.subarray(0, beginningBytes))
}

/** One piece of memory: of a body that comes byte by byte, each as an object would take a hundred times as much. */
class KeptBytes {
  readonly #budget: BodyBudget | null
  #memory = new Uint8Array(0)
  #takenBytes = 0
  length = 0

  constructor(budget: BodyBudget | null) {
    this.#budget = budget
  }

  /** A view. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.length)
  }

  /** @returns `false`: there is no room for it */
  add(chunk: Uint8Array, mostBytes: number): boolean {
    const length = this.length + chunk.length
    if (length > this.#memory.length && !this.#grow(length, mostBytes)) return false
    this.#memory.set(chunk, this.length)
    this.length = length
    return true
  }

  release(): void {
    this.#budget?.giveBack(this.#takenBytes)
    this.#takenBytes = 0
  }

  #grow(length: number, mostBytes: number): boolean {
    const doubled = Math.max(firstBytes, this.#memory.length * 2)
    const size = Math.max(length, Math.min(doubled, mostBytes))
    const missingBytes = size > shortBodyBytes ? size - this.#takenBytes : 0
    if (this.#budget?.take(missingBytes) === false) return false
    this.#takenBytes += missingBytes
    const memory = new Uint8Array(size)
    memory.set(this.bytes)
    this.#memory = memory
    return true
  }
}

/** As the platform's types want it: nothing here shares memory. */
export function asBody(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
