// One ciphertext that two keys open, to different texts: XSalsa20-Poly1305 does not commit to its key.
import { xsalsa20 } from "@noble/ciphers/salsa.js"
import { concat } from "../../src/bytes/index.js"

const p = 2n ** 130n - 5n
const wrap = 2n ** 128n

/** What Poly1305 makes of a key: r, s (RFC 8439 §2.5); and what the text is combined with. */
function streamOf(key: Uint8Array, nonce: Uint8Array, length: number) {
  const stream = xsalsa20(key, nonce, new Uint8Array(32 + length))
  const r = number(stream.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
  return { r, s: number(stream.subarray(16, 32)), pad: stream.subarray(32) }
}

/**
 * A secretbox of 64 bytes: with the first key its text begins with `texts[0]`, with the second its
 * next 16 bytes are `texts[1]`. Two free blocks at the end make both tags the same: two linear
 * equations modulo 2¹³⁰ − 5, solved for one tag after the other until the blocks are of 128 bits.
 */
export function twoReadings(
  keys: readonly [Uint8Array, Uint8Array],
  nonce: Uint8Array,
  texts: readonly [Uint8Array, Uint8Array],
): Uint8Array {
  const [a, b] = [streamOf(keys[0], nonce, 64), streamOf(keys[1], nonce, 64)]
  const fixed = [
    texts[0].map((byte, i) => byte ^ a.pad[i]!),
    texts[1].map((byte, i) => byte ^ b.pad[16 + i]!),
  ]
  const blocks = fixed.map((block) => number(block) + wrap)
  /** What the two blocks have to add: x r² + y r = this, where x and y include their 2¹²⁸. */
  const wanted = ({ r, s }: typeof a, tag: bigint) => {
    const known = (blocks[0]! * power(r, 4n) + blocks[1]! * power(r, 3n)) % p
    return modulo(modulo(tag - s, wrap) - known, p)
  }
  const determinant = modulo(power(a.r, 2n) * b.r - power(b.r, 2n) * a.r, p)
  const inverse = power(determinant, p - 2n)
  for (let tag = 1n; ; tag++) {
    const [u, v] = [wanted(a, tag), wanted(b, tag)]
    const x = modulo((u * b.r - v * a.r) * inverse, p) - wrap
    const y = modulo((power(a.r, 2n) * v - power(b.r, 2n) * u) * inverse, p) - wrap
    if ([x, y].every((block) => block >= 0n && block < wrap)) {
      return concat(bytesOf(tag), ...fixed, bytesOf(x), bytesOf(y))
    }
  }
}

function modulo(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base % p]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % p
    square = (square * square) % p
  }
  return result
}

/** Little-endian. */
function number(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}
