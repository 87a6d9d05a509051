/** Base64 with padding (RFC 4648 §4), as SASL wants it. */
export function base64(bytes: Uint8Array): string {
  let characters = ""
  for (const byte of bytes) characters += String.fromCharCode(byte)
  return btoa(characters)
}
