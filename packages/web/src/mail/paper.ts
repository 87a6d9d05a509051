import { concat, hex } from "stringphone/bytes"
import { checkEnvelope } from "stringphone/mailbox"

/** Envelopes of this size at most are carried on paper. */
const maxPaperBytes = 4_096
/** As much as a camera reads from a hand's breadth of paper. */
const partBytes = 344
/** On one sheet. */
export const maxPaperCodes = Math.ceil(maxPaperBytes / partBytes)
/** Characters of the ID that say which parts belong together. */
const markLength = 12

/**
 * An envelope as QR codes, each of which says, in capitals:
 *
 *   STRINGPHONE:PAPER/ mark / i - n / part
 *
 * mark: the first 12 hexadecimal digits of the envelope's ID; i of n, from 1; part: as many of its bytes
 * as all other parts, or what is left, in base32 (RFC 4648, no padding). Codes keep capitals and digits in
 * half the room of other text, and neither a form nor a mail program changes them.
 */
export function paperCodes(envelope: Uint8Array): readonly string[] {
  const facts = checkEnvelope(envelope)
  if (!facts || envelope.length > maxPaperBytes) return []
  const mark = hex(facts.id).slice(0, markLength).toUpperCase()
  const count = Math.ceil(envelope.length / partBytes)
  return Array.from({ length: count }, (_, i) => {
    const part = envelope.subarray(i * partBytes, (i + 1) * partBytes)
    return `STRINGPHONE:PAPER/${mark}/${i + 1}-${count}/${base32(part)}`
  })
}

export interface PaperPart {
  readonly mark: string
  /** From 1. */
  readonly number: number
  readonly count: number
  readonly bytes: Uint8Array
}

const pattern = /^STRINGPHONE:PAPER\/([0-9A-F]{12})\/(\d{1,2})-(\d{1,2})\/([A-Z2-7]{1,1000})$/

/** `null`: that is no part of an envelope. */
export function readPaperCode(text: string): PaperPart | null {
  const [, mark, number, count, data] = pattern.exec(text.trim().toUpperCase()) ?? []
  if (mark === undefined || data === undefined) return null
  const part = { mark, number: Number(number), count: Number(count), bytes: fromBase32(data) }
  if (part.number < 1 || part.number > part.count || part.count > maxPaperCodes) return null
  return part.bytes.length > partBytes ? null : part
}

/** All codes in a text, whatever stands between them. */
export function codesIn(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => /^stringphone:paper\//i.test(word))
}

/** An envelope of which not all codes were seen. */
export interface PaperProgress {
  readonly mark: string
  readonly count: number
  readonly missing: readonly number[]
}

/** Half-read envelopes that are kept in mind; whoever shows more codes loses the oldest. */
const maxUnfinished = 16

/** Puts parts together, in whatever order they come. */
export class PaperPile {
  readonly #parts = new Map<string, Map<number, Uint8Array>>()

  get progress(): readonly PaperProgress[] {
    return [...this.#parts].map(([key, parts]) => {
      const [mark = "", count = "0"] = key.split("/")
      const numbers = Array.from({ length: Number(count) }, (_, i) => i + 1)
      return { mark, count: Number(count), missing: numbers.filter((one) => !parts.has(one)) }
    })
  }

  /** @returns the envelope, if this part was the last; `"damaged"`: its parts do not fit together */
  add({ mark, number, count, bytes }: PaperPart): Uint8Array | "damaged" | null {
    const key = `${mark}/${count}`
    const parts = this.#parts.get(key) ?? new Map<number, Uint8Array>()
    this.#parts.set(key, parts)
    parts.set(number, bytes)
    const [oldest] = this.#parts.keys()
    if (this.#parts.size > maxUnfinished && oldest !== undefined) this.#parts.delete(oldest)
    if (parts.size < count) return null
    this.#parts.delete(key)
    const numbers = Array.from({ length: count }, (_, i) => i + 1)
    const envelope = concat(...numbers.flatMap((one) => parts.get(one) ?? []))
    const facts = checkEnvelope(envelope)
    const isWhole = facts && hex(facts.id).slice(0, markLength).toUpperCase() === mark
    return isWhole ? envelope : "damaged"
  }
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

function base32(bytes: Uint8Array): string {
  let [text, held, bits] = ["", 0, 0]
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(held >> bits) & 31] ?? ""
      held &= (1 << bits) - 1
    }
  }
  return bits > 0 ? text + (alphabet[(held << (5 - bits)) & 31] ?? "") : text
}

function fromBase32(text: string): Uint8Array {
  const bytes: number[] = []
  let [held, bits] = [0, 0]
  for (const character of text) {
    held = (held << 5) | alphabet.indexOf(character)
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >> bits) & 255)
    held &= (1 << bits) - 1
  }
  return Uint8Array.from(bytes)
}
