import { type Reader } from "../../../bytes/index.js"

/** What to say to one question. [SYNC-1-13] */
export type Answer =
  /** To a range: these short IDs, of 40 bits, are all that is there. */
  | { readonly kind: "list"; readonly shortIds: readonly number[] }
  /** To a range: 2^bits fingerprints of its parts, each a question. */
  | { readonly kind: "split"; readonly fingerprints: readonly number[] }
  /** To a list: a bit for each item, the highest of a byte first; set: I lack it. */
  | { readonly kind: "wanted"; readonly map: Uint8Array }

/** Answers to the questions of the other side, in their order. */
export interface Answers {
  readonly given: readonly GivenAnswer[]
  /** Questions behind the last of them to which the answer is "nothing differs". */
  readonly equalAfter: number
}

export interface GivenAnswer {
  /** Questions before it to which the answer is "nothing differs". */
  readonly equalBefore: number
  readonly answer: Answer
}

export const shortIdBytes = 5
export const fingerprintBytes = 4
export const maxListed = 127
export const maxSplitBits = 8

const splitHead = 0x80
const wantedHead = 0xa0
const maxWantedBytes = 16

/** Whether the other side has to answer in its turn. */
export function isQuestion(answer: Answer): boolean {
  return answer.kind === "split" || (answer.kind === "list" && answer.shortIds.length > 0)
}

/** @returns bytes of an answer without the count before it */
export function answerBytes(answer: Answer): number {
  if (answer.kind === "list") return 1 + shortIdBytes * answer.shortIds.length
  if (answer.kind === "split") return 1 + fingerprintBytes * answer.fingerprints.length
  return 1 + answer.map.length
}

/** @returns bytes of a count of questions */
export function equalBytes(count: number): number {
  return Math.floor(count / 255) + 1
}

/**
 * spec/mailbox-sync.md §1.4
 *
 *   for each question that differs                          at the end
 *   +-------+------+----------------------------------+     +-------+
 *   | equal | head | head 0…127: short IDs, 5 each    |     | equal |
 *   | count | u8   | 129…136: 2^(head−128) sums, 4    |     | count |
 *   +-------+------+ 161…176: map, head−160 bytes     |     +-------+
 *                  +----------------------------------+
 *
 * A count is bytes of 255 that add up, and then one below 255.
 */
export function encodeAnswers({ given, equalAfter }: Answers): Uint8Array {
  let length = equalBytes(equalAfter)
  for (const { equalBefore, answer } of given)
    length += equalBytes(equalBefore) + answerBytes(answer)
  const out = new Uint8Array(length)
  let at = 0
  const count = (equal: number) => {
    for (; equal >= 255; equal -= 255) out[at++] = 255
    out[at++] = equal
  }
  const number = (value: number) => {
    out[at++] = value >>> 24
    out[at++] = value >>> 16
    out[at++] = value >>> 8
    out[at++] = value
  }
  for (const { equalBefore, answer } of given) {
    count(equalBefore)
    if (answer.kind === "list") {
      out[at++] = answer.shortIds.length
      for (const shortId of answer.shortIds) {
        out[at++] = shortId / 2 ** 32
        number(shortId >>> 0)
      }
    } else if (answer.kind === "split") {
      out[at++] = splitHead + Math.log2(answer.fingerprints.length)
      for (const fingerprint of answer.fingerprints) number(fingerprint)
    } else {
      out[at++] = wantedHead + answer.map.length
      out.set(answer.map, at)
      at += answer.map.length
    }
  }
  count(equalAfter)
  return out
}

export function decodeAnswers(r: Reader): Answers {
  const given: GivenAnswer[] = []
  for (;;) {
    const equal = decodeEqual(r)
    if (r.remaining === 0) return { given, equalAfter: equal }
    given.push({ equalBefore: equal, answer: decodeAnswer(r) })
  }
}

function decodeEqual(r: Reader): number {
  for (let count = 0; ;) {
    const more = r.u8("count of equal ranges")
    count += more
    if (more < 255) return count
  }
}

function decodeAnswer(r: Reader): Answer {
  const head = r.u8("head")
  if (head <= maxListed) {
    const shortIds: number[] = []
    for (let i = 0; i < head; i++) shortIds.push(r.u8("short ID") * 2 ** 32 + r.u32("short ID"))
    return { kind: "list", shortIds }
  }
  const bits = head - splitHead
  if (bits >= 1 && bits <= maxSplitBits) {
    const fingerprints: number[] = []
    for (let i = 0; i < 2 ** bits; i++) fingerprints.push(r.u32("fingerprint"))
    return { kind: "split", fingerprints }
  }
  const length = head - wantedHead
  if (length >= 1 && length <= maxWantedBytes) {
    return { kind: "wanted", map: r.take(length, "map") }
  }
  throw r.fail(`head is ${head}`) // [SYNC-1-13]
}
