import { randomBytes } from "node:crypto"

/** A channel nobody else uses, whose name tells nothing: `stringphone/` and 80 random bits. */
export function randomChannel(): string {
  return `stringphone/${randomId()}`
}

/** 80 random bits: 16 letters and digits that nobody mistakes for each other. */
export function randomId(): string {
  const digits = "abcdefghijkmnpqrstuvwxyz23456789"
  return [...randomBytes(16)].map((byte) => digits[byte % 32] ?? "").join("")
}
