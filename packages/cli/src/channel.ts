import { randomBytes } from "node:crypto"

/** A channel nobody else uses, whose name tells nothing: `stringphone/` and 80 random bits. */
export function randomChannel(): string {
  const digits = "abcdefghijkmnpqrstuvwxyz23456789"
  return `stringphone/${[...randomBytes(16)].map((byte) => digits[byte % 32] ?? "").join("")}`
}
