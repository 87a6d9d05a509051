import { utf8 } from "../../src/bytes/index.js"
import type { NewEnvelope } from "../../src/store/envelopes/port.js"

/** An envelope of its own for each number; the same number gives the same envelope. */
export function sample(seed: number, changes: Partial<NewEnvelope> = {}): NewEnvelope {
  return {
    id: idOf(seed),
    day: 20_000,
    stamp: new Uint8Array(8),
    stampBits: 0,
    link: "ann",
    bytes: bytesOf(seed, 200),
    ...changes,
  }
}

export function samples(count: number, changes: Partial<NewEnvelope> = {}): NewEnvelope[] {
  return Array.from({ length: count }, (_, i) => sample(i, changes))
}

/** 32 bytes that do not sort as the numbers do. */
export function idOf(seed: number): Uint8Array {
  const id = bytesOf(seed, 32)
  new DataView(id.buffer).setUint32(28, seed)
  return id
}

export function bytesOf(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = (seed + 1) * 2_654_435_761
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export function stamp(text: string): Uint8Array {
  return utf8(text.padEnd(8))
}
