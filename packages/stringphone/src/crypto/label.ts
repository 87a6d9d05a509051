import { concat, UsageError, utf8 } from "../bytes/index.js"

/**
 * The input of a hash, signature, MAC or KDF: label ‖ 0x00 ‖ parts. No input made for one purpose
 * is ever valid for another. Parts other than the last must have fixed lengths.
 *
 * @throws {UsageError} `bad-label`
 */
export function labelled(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concat(prefixes.get(label) ?? prefixOf(label), ...parts)
}

/**
 * The same for as long as `use` runs, in memory that is there already and is wiped afterwards: new
 * memory for a short message, and its collection, cost as much as the message's encryption.
 */
export function withLabelled<T>(
  label: string,
  parts: readonly Uint8Array[],
  use: (labelled: Uint8Array) => T,
): T {
  const prefix = prefixes.get(label) ?? prefixOf(label)
  let length = prefix.length
  for (const part of parts) length += part.length
  // Taken: `use` does the same.
  const isFree = length <= room.length && !roomIsTaken
  if (!isFree) return use(concat(prefix, ...parts))
  roomIsTaken = true
  try {
    room.set(prefix)
    let at = prefix.length
    for (const part of parts) {
      room.set(part, at)
      at += part.length
    }
    return use(room.subarray(0, length))
  } finally {
    room.fill(0, 0, length)
    roomIsTaken = false
  }
}

const room = new Uint8Array(2048)
let roomIsTaken = false

/** Labels are constants of the protocols, so there are few; encoding one costs as much as its hash. */
const prefixes = new Map<string, Uint8Array>()
const maxPrefixes = 256

function prefixOf(label: string): Uint8Array {
  if (label.includes("\0")) throw new UsageError("bad-label", "A label holds no NUL character.")
  const prefix = utf8(`stringphone/2 ${label}\0`)
  if (prefixes.size < maxPrefixes) prefixes.set(label, prefix)
  return prefix
}
