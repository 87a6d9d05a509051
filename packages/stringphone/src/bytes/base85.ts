import { PeerError } from "./errors.js"

/** The alphabet of Z85 (ZeroMQ RFC 32): no quote, backslash, comma, semicolon or space. */
const alphabet =
  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

const digits = new Int8Array(128).fill(-1)
for (let i = 0; i < alphabet.length; i++) digits[alphabet.charCodeAt(i)] = i

const powers = [85 ** 4, 85 ** 3, 85 ** 2, 85, 1] as const
const highest = 84

/**
 * Base 85: four bytes become five characters, as in Z85. Where one to three bytes are left over, they
 * become one character more than they are, as in Ascii85; so every length has a text.
 */
export function base85(bytes: Uint8Array): string {
  let text = ""
  for (let at = 0; at < bytes.length; at += 4) {
    const length = Math.min(4, bytes.length - at)
    let value = 0
    for (let i = 0; i < 4; i++) value = value * 256 + (bytes[at + i] ?? 0)
    for (let i = 0; i <= length; i++) {
      text += alphabet.charAt(Math.floor(value / (powers[i] as number)) % 85)
    }
  }
  return text
}

/** How many bytes a text of so many characters holds at most. */
export function base85Capacity(characters: number): number {
  return Math.floor(characters / 5) * 4 + Math.max(0, (characters % 5) - 1)
}

/**
 * Strict inverse of {@link base85}: each text stands for other bytes, and each bytes have one text.
 * @throws {PeerError} `malformed`
 */
export function fromBase85(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 5 === 1) throw malformed()
  const out = new Uint8Array(base85Capacity(text.length))
  let size = 0
  for (let at = 0; at < text.length; at += 5) {
    let value = 0
    for (let i = 0; i < 5; i++) {
      // What the end leaves out is taken for the most, because the encoder rounds down.
      const digit = at + i < text.length ? (digits[text.charCodeAt(at + i)] ?? -1) : highest
      if (digit < 0) throw malformed()
      value = value * 85 + digit
    }
    const isWhole = at + 5 <= text.length
    if (isWhole && value > 0xffffffff) throw malformed()
    const length = Math.min(4, out.length - size)
    for (let i = 0; i < length; i++) out[size++] = Math.floor(value / 256 ** (3 - i)) & 0xff
    if (!isWhole && base85(out.subarray(size - length)) !== text.slice(at)) throw malformed()
  }
  return out
}

function malformed(): PeerError {
  return new PeerError("malformed", "Malformed base 85: not a text that its encoder writes.")
}
