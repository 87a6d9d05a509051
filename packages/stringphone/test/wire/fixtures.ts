import { utf8 } from "../../src/bytes/index.js"
import { Topic } from "../../src/topic/classic/index.js"

/** 32 bytes, all alike: secrets that a reader of a failed test recognises. */
export function secret(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte)
}

export const topicKey = secret(0x55)
export const payload = utf8("Hi Bob!")

/** Alice and Bob have the key and trust each other. */
export function pair(): { alice: Topic; bob: Topic } {
  const alice = new Topic({ signingKeySeed: secret(1), encryptionPrivateKey: secret(11), topicKey })
  const bob = new Topic({
    signingKeySeed: secret(2),
    encryptionPrivateKey: secret(12),
    topicKey,
    participants: [alice.publicKey],
  })
  alice.addParticipant(bob.publicKey)
  return { alice, bob }
}

/** Has no topic key and trusts nobody. */
export function joiner(): Topic {
  return new Topic({ signingKeySeed: secret(3), encryptionPrivateKey: secret(13) })
}

/** The name of the error that `run` throws, or `"none"`. */
export function errorName(run: () => unknown): string {
  try {
    run()
    return "none"
  } catch (error) {
    return error instanceof Error ? error.name : "no error object"
  }
}

/** `bytes` with one bit changed; bit 0 is the least significant of byte 0. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}

/** Calls `visit` for each bit of bytes `from` ≤ i < `to`. */
export function eachBit(from: number, to: number, visit: (bit: number) => void): void {
  for (let bit = from * 8; bit < to * 8; bit++) visit(bit)
}

/** All bits whose outcome is not `expected`, so that a failure lists them at once. */
export function unlike(
  [from, to]: readonly [number, number],
  expected: string,
  outcome: (bit: number) => string,
): string[] {
  const wrong: string[] = []
  eachBit(from, to, (bit) => {
    const found = outcome(bit)
    if (found !== expected) wrong.push(`byte ${bit >> 3} bit ${bit & 7}: ${found}`)
  })
  return wrong
}

/** `bytes` in the middle of a larger buffer, at an odd offset. */
export function viewAtOffset(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 10).fill(0xee)
  larger.set(bytes, 3)
  return larger.subarray(3, 3 + bytes.length)
}
