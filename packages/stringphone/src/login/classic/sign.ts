import { fromHex, hex, utf8 } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"

const prefix = "&sign="
const signCharacters = 64

/** The text with its HMAC behind it. [YAAS-3-4] */
export function signText(text: string, key: Uint8Array): string {
  return text + prefix + hex(crypto.authenticate(utf8(text), key))
}

/** Whether a decoded text ends with its HMAC; in constant time. */
export function isSigned(text: string, key: Uint8Array): boolean {
  const before = text.slice(0, -(prefix.length + signCharacters))
  const sign = fromHex(text.slice(-signCharacters))
  return crypto.equal(sign, crypto.authenticate(utf8(before), key))
}
