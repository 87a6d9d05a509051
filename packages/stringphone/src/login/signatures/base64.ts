const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
/** So large that what it is part of has more than 12 bits. */
const noDigit = 4096

/** Two characters for each 12 bits. */
const pairs: readonly string[] = Array.from(
  { length: 4096 },
  (_, bits) => alphabet.charAt(bits >> 6) + alphabet.charAt(bits & 63),
)

const digits = new Uint16Array(128).fill(noDigit)
for (let value = 0; value < 64; value++) digits[alphabet.charCodeAt(value)] = value

/** With padding, as in byte sequences of header fields. RFC 4648 §4 */
export function base64(bytes: Uint8Array): string {
  let text = ""
  const whole = bytes.length - (bytes.length % 3)
  for (let i = 0; i < whole; i += 3) {
    const bits = (at(bytes, i) << 16) | (at(bytes, i + 1) << 8) | at(bytes, i + 2)
    text += pair(bits >> 12) + pair(bits & 4095)
  }
  if (bytes.length - whole === 1) return `${text}${pair(at(bytes, whole) << 4)}==`
  if (bytes.length === whole) return text
  const bits = (at(bytes, whole) << 10) | (at(bytes, whole + 1) << 2)
  return `${text}${pair(bits >> 6)}${alphabet.charAt(bits & 63)}=`
}

/** Just what {@link base64} writes: padded, and no spare bits set. `null`: it is something else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 4 !== 0) return null
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  const out = new Uint8Array((text.length / 4) * 3 - padding)
  const whole = text.length - (padding > 0 ? 4 : 0)
  let written = 0
  let bad = 0
  for (let i = 0; i < whole; i += 4) {
    const high = (digit(text, i) << 6) | digit(text, i + 1)
    const low = (digit(text, i + 2) << 6) | digit(text, i + 3)
    bad |= high | low
    out[written++] = high >> 4
    out[written++] = (high << 4) | (low >> 8)
    out[written++] = low
  }
  if (padding > 0) {
    const high = (digit(text, whole) << 6) | digit(text, whole + 1)
    const third = padding === 1 ? digit(text, whole + 2) : 0
    bad |= high | third
    out[written++] = high >> 4
    if (padding === 1) out[written] = (high << 4) | (third >> 2)
    if ((padding === 1 ? third & 3 : high & 15) !== 0) return null
  }
  return bad >= noDigit ? null : out
}

function digit(text: string, index: number): number {
  return digits[text.charCodeAt(index)] ?? noDigit
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] as number
}

function pair(bits: number): string {
  return pairs[bits] as string
}
