import { type RandomBytes, UsageError } from "../bytes/index.js"

export type { RandomBytes } from "../bytes/index.js"

/** @throws {UsageError} `bad-random` */
export function drawBytes(random: RandomBytes, length: number): Uint8Array {
  const bytes = random(length)
  if (bytes instanceof Uint8Array && bytes.length === length) return bytes
  throw new UsageError("bad-random", `\`random(${length})\` did not give ${length} bytes.`)
}
