import { padmeLength, PeerError } from "../bytes/index.js"

/** Content ‖ 0x80 ‖ zeros, as long as Padmé says. spec/topic.md §3.6 */
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
