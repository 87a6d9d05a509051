import { UsageError } from "../../bytes/index.js"
import type { NewEnvelope } from "./port.js"

const ID_BYTES = 32
const STAMP_BYTES = 8
const MAX_STAMP_BITS = 256
const MAX_LINK_LENGTH = 64
const MAX_DAY = 0xffff

/**
 * A copy of what the caller wants to add, taken before the first `await`: what the caller does to its
 * arrays afterwards does not reach the store.
 *
 * @throws {UsageError} `bad-envelope`, and nothing is added
 */
export function ownEnvelopes(envelopes: readonly NewEnvelope[]): readonly NewEnvelope[] {
  return envelopes.map((envelope) => {
    assertEnvelope(envelope)
    const { id, day, stamp, stampBits, link, bytes } = envelope
    return {
      id: new Uint8Array(id),
      day,
      stamp: new Uint8Array(stamp),
      stampBits,
      link,
      bytes: new Uint8Array(bytes),
    }
  })
}

/** @throws {UsageError} `bad-envelope` */
export function assertIds(ids: readonly Uint8Array[]): void {
  if (!ids.every((id) => isBytes(id, ID_BYTES))) throw bad("an ID has 32 bytes")
}

/** @throws {UsageError} `bad-envelope` */
export function assertDay(day: number): void {
  if (!isNatural(day, MAX_DAY)) throw bad("a day is an integer from 0 to 65535")
}

function assertEnvelope({ id, day, stamp, stampBits, link, bytes }: NewEnvelope): void {
  assertIds([id])
  assertDay(day)
  if (!isBytes(stamp, STAMP_BYTES)) throw bad("a stamp has 8 bytes")
  if (!isNatural(stampBits, MAX_STAMP_BITS)) throw bad("stampBits is an integer from 0 to 256")
  if (typeof link !== "string" || link.length > MAX_LINK_LENGTH || !isWellFormed(link)) {
    throw bad("a link is a text of at most 64 characters")
  }
  if (!(bytes instanceof Uint8Array)) throw bad("bytes is a Uint8Array")
}

function isBytes(value: unknown, length: number): boolean {
  return value instanceof Uint8Array && value.length === length
}

function isNatural(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max
}

// Half of a surrogate pair would not come back from UTF-8 as it went in.
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

function bad(rule: string): UsageError {
  return new UsageError("bad-envelope", `This is no envelope for the store: ${rule}.`)
}
