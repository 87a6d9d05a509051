import { concat, UsageError, utf8 } from "../bytes/index.js"

/**
 * The input of a hash, signature, MAC or KDF: label ‖ 0x00 ‖ parts. No input made for one purpose
 * is ever valid for another. Parts other than the last must have fixed lengths.
 *
 * @throws {UsageError} `bad-label`
 */
export function labelled(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  if (label.includes("\0")) throw new UsageError("bad-label", "A label holds no NUL character.")
  return concat(utf8(`stringphone/2 ${label}`), Uint8Array.of(0), ...parts)
}
