import { type ComparedEmoji, emojiList } from "./emoji.js"

/** What two persons compare, by eye or by voice. Each of the two forms is enough. */
export interface Comparison {
  /** Seven: 42 bits. */
  readonly emoji: readonly ComparedEmoji[]
  /** Twelve digits in three groups, as in `1234 5678 9012`: 39 bits. */
  readonly digits: string
}

/**
 * The comparison of 12 derived bytes, spec/topic.md §9.6. The two forms come from different bytes.
 *
 *   0        1        2        3        4        5        6 … 10                       11
 *   +--------+--------+--------+--------+--------+--------+----------------------------+------+
 *   | 6 bits each: emoji 1 … 7                   |## ·····| 13 bits each: groups 1 … 3 | ···· |
 *   +--------+--------+--------+--------+--------+--------+----------------------------+------+
 *
 * Of byte 5 the first two bits count, of byte 10 all but the last.
 */
export function comparisonOf(bytes: Uint8Array): Comparison {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("")
  const number = (from: number, length: number) =>
    Number.parseInt(bits.slice(from, from + length), 2)
  const emoji = Array.from({ length: 7 }, (_, i) => emojiList[number(6 * i, 6)] as ComparedEmoji)
  const groups = Array.from({ length: 3 }, (_, i) => 1_000 + number(48 + 13 * i, 13))
  return { emoji, digits: groups.join(" ") }
}
