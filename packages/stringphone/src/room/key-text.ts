const codes = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0))

/**
 * Keys and IDs in hexadecimal, to look them up by: `hex` puts its text together piece by piece, and such
 * text is slower to look up, and to make.
 */
export function keyText(bytes: Uint8Array): string {
  const text = new Array<number>(bytes.length * 2)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    text[2 * i] = codes[byte >> 4] as number
    text[2 * i + 1] = codes[byte & 15] as number
  }
  return String.fromCharCode.apply(null, text)
}
