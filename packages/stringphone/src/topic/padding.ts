import { PeerError } from "../bytes/index.js"

/**
 * Padmé (Nikitin et al., 2019, §4.3): the size that something of this length is padded to, at most
 * 12 % more. spec/topic.md §3.6
 */
export function padmeLength(length: number): number {
  if (length < 2) return length
  const exponent = Math.floor(Math.log2(length))
  const significant = Math.floor(Math.log2(exponent)) + 1
  const step = 2 ** Math.max(0, exponent - significant)
  return Math.ceil(length / step) * step
}

/** Content ‖ 0x80 ‖ zeros. */
export function pad(content: Uint8Array): Uint8Array {
  const padded = new Uint8Array(padmeLength(content.length + 1))
  padded.set(content)
  padded[content.length] = 0x80
  return padded
}

/** @throws {PeerError} `malformed` */
export function unpad(padded: Uint8Array): Uint8Array {
  const end = padded.findLastIndex((byte) => byte !== 0)
  const content = padded.subarray(0, Math.max(0, end))
  if (end < 0 || padded[end] !== 0x80 || padded.length !== padmeLength(end + 1)) {
    throw new PeerError("malformed", "Malformed data message: its padding is wrong.")
  }
  return content
}
