import { wordlist } from "@scure/bip39/wordlists/english.js"
import { hex } from "../bytes/index.js"
import { hash, labelled } from "../crypto/index.js"

/** One public key in three forms to compare by eye or by voice; each is enough alone. */
export interface Fingerprint {
  /** 8 words of the BIP-39 English list: 88 bits. */
  readonly words: readonly string[]
  /** 30 digits in 6 groups, as in `12345 67890 …`: 99 bits. */
  readonly digits: string
  /** 64 hexadecimal digits in 16 groups: 256 bits. */
  readonly hex: string
}

/**
 * The fingerprint of an Ed25519 key (32 bytes): SHA-256 with a label, spec/identity.md §3.
 * To find another key with the same words takes about 2⁸⁸ tries.
 */
export function fingerprint(publicKey: Uint8Array): Fingerprint {
  const digest = hash(labelled("fingerprint", publicKey))
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, "0")).join("")
  const words = Array.from(
    { length: 8 },
    (_, i) => wordlist[Number.parseInt(bits.slice(11 * i, 11 * i + 11), 2)] as string,
  )
  // Five bytes for five digits: the bias of the remainder is below 2⁻²³.
  const digits = Array.from({ length: 6 }, (_, i) => {
    const chunk = digest.subarray(5 * i, 5 * i + 5)
    return String(chunk.reduce((value, byte) => value * 256 + byte, 0) % 100_000).padStart(5, "0")
  })
  return { words, digits: digits.join(" "), hex: grouped(hex(digest)) }
}

/**
 * Whether a text that a person typed or pasted is the fingerprint of this key, in any of its three
 * forms. Case, spaces and hyphens do not matter; every word or digit must be there.
 */
export function matchesFingerprint(publicKey: Uint8Array, text: string): boolean {
  const typed = squeezed(text)
  const { words, digits, hex } = fingerprint(publicKey)
  return [words.join(""), digits, hex].some((form) => squeezed(form) === typed)
}

function squeezed(text: string): string {
  return text.toLowerCase().replace(/[\s-]+/g, "")
}

function grouped(text: string): string {
  return (text.match(/.{4}/g) ?? []).join(" ")
}
