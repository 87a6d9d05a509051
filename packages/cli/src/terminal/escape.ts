/**
 * Text of others, made harmless for a terminal: control, invisible and direction-changing
 * characters become `\n`, `\t`, `\x1b` or `\u{202e}`. It stays on its line and shows what it holds.
 */
export function visible(text: string): string {
  return text.replace(hidden, escaped)
}

/** The same within quotes: where a name stands in a sentence, it ends at the second of them. */
export function quoted(text: string): string {
  return `"${visible(text).replaceAll('"', '\\"')}"`
}

/** One line of JSON, with the same characters as `\uXXXX`: as harmless, and still the same value. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(hidden, (character) =>
    [...Array(character.length).keys()]
      .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`)
      .join(""),
  )
}

/** Controls, formats, surrogates, private and unassigned; line separators; fillers that show nothing. */
const hidden = /[\p{C}\p{Zl}\p{Zp}\u115F\u1160\u3164\uFFA0]/gu

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const digits = code.toString(16)
  return short[character] ?? (code < 256 ? `\\x${digits.padStart(2, "0")}` : `\\u{${digits}}`)
}
