/** One character for each byte, as header fields have it: the value of `null` has others. */
export function bytesOfText(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) return null
    bytes[i] = code
  }
  return bytes
}

const step = 4_096

export function textOfBytes(bytes: Uint8Array): string {
  let text = ""
  for (let at = 0; at < bytes.length; at += step) {
    text += String.fromCharCode(...bytes.subarray(at, at + step))
  }
  return text
}
