import { UsageError } from "./errors.js"

// The bare language has no text codec in its types; every runtime we support has these two.
declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> }
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string }

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** UTF-8 bytes of a string. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** @returns the string, or `null` when the bytes are not valid UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

const hexPairs: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
)

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += hexPairs[byte] as string
  return text
}

/** @throws {UsageError} `bad-hex` when the text is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) {
    throw new UsageError("bad-hex", "Expected an even number of hexadecimal digits (0-9, a-f).")
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  )
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  let text = ""
  let pending = 0
  let bits = 0
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 6) {
      bits -= 6
      text += alphabet.charAt((pending >> bits) & 63)
    }
  }
  return bits > 0 ? text + alphabet.charAt((pending << (6 - bits)) & 63) : text
}

/**
 * Strict inverse of {@link base64url}: no padding, no white space, no spare bits set.
 * @throws {UsageError} `bad-base64url`
 */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.floor((text.length * 6) / 8))
  let pending = 0
  let bits = 0
  let at = 0
  for (const character of text) {
    const value = alphabet.indexOf(character)
    if (value < 0) throw badBase64url()
    pending = ((pending << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = pending >> bits
    }
  }
  const spareBits = pending & ((1 << bits) - 1)
  if (bits >= 6 || spareBits !== 0) throw badBase64url()
  return out
}

function badBase64url(): UsageError {
  return new UsageError("bad-base64url", "Expected base64url text (A-Z, a-z, 0-9, - and _).")
}
