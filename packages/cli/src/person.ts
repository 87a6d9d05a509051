import { hex, UsageError } from "stringphone/bytes"
import {
  type Contact,
  fingerprint,
  matchesFingerprint,
  trustOf,
  type VerifiedBy,
} from "stringphone/identity"

/** A public key for machines: itself and its fingerprint in all forms. */
export interface KeyReport {
  readonly publicKey: string
  readonly words: string
  readonly digits: string
  readonly hex: string
}

export function reportKey(publicKey: Uint8Array): KeyReport {
  const { words, digits, hex: hexadecimal } = fingerprint(publicKey)
  return { publicKey: hex(publicKey), words: words.join(" "), digits, hex: hexadecimal }
}

/** The trust in somebody, in words: `verified by words on 2026-11-21`. */
export function trustText(contact: Contact | null): string {
  const { state, by, atMs } = trustOf(contact)
  if (!contact) return "unknown"
  const how = by === undefined ? "" : ` by ${by}`
  return `${state}${how} on ${new Date(atMs).toISOString().slice(0, 10)}`
}

/**
 * Which form of a fingerprint a person typed.
 * @throws {UsageError} `bad-fingerprint` when it is none
 */
export function fingerprintForm(text: string): "words" | "digits" | "hex" {
  const squeezed = text.toLowerCase().replace(/[\s-]+/g, "")
  if (/^\d{30}$/.test(squeezed)) return "digits"
  if (/^[0-9a-f]{64}$/.test(squeezed)) return "hex"
  if (text.trim().split(/[\s-]+/).length === 8 && /^[a-z]+$/.test(squeezed)) return "words"
  throw new UsageError(
    "bad-fingerprint",
    "A fingerprint is 8 words, 30 digits or 64 hexadecimal digits. Give all of them.",
  )
}

/** @returns how the text shows that this is the key, or `null`: it is another's fingerprint. */
export function matchingForm(publicKey: Uint8Array, text: string): VerifiedBy | null {
  const form = fingerprintForm(text)
  return matchesFingerprint(publicKey, text) ? form : null
}
