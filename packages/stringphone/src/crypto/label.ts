import { concat, UsageError, utf8, withJoined } from "../bytes/index.js"

/**
 * The input of a hash, signature, MAC or KDF: label ‖ 0x00 ‖ parts. No input made for one purpose
 * is ever valid for another. Parts other than the last must have fixed lengths.
 *
 * @throws {UsageError} `bad-label`
 */
export function labelled(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concat(prefixes.get(label) ?? prefixOf(label), ...parts)
}

/** The same for as long as `use` runs; it costs less. */
export function withLabelled<T>(
  label: string,
  message: Uint8Array,
  use: (labelled: Uint8Array) => T,
): T {
  return withJoined([prefixes.get(label) ?? prefixOf(label), message], use)
}

/** Labels are constants of the protocols, so there are few; encoding one costs as much as its hash. */
const prefixes = new Map<string, Uint8Array>()
const maxPrefixes = 256

function prefixOf(label: string): Uint8Array {
  if (label.includes("\0")) throw new UsageError("bad-label", "A label holds no NUL character.")
  const prefix = utf8(`stringphone/2 ${label}\0`)
  if (prefixes.size < maxPrefixes) prefixes.set(label, prefix)
  return prefix
}
