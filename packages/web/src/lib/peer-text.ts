import { fromUtf8, hex } from "stringphone/bytes"

/**
 * Text of a peer, for the eye: control characters and those that change the direction of writing
 * become visible, so that no text can pass for something else. Line breaks stay.
 */
export function visible(text: string): string {
  return text.replace(
    /[^\P{C}\n]|[\p{Zl}\p{Zp}\u115F\u1160\u3164\uFFA0]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

const maxCharacters = 4_000

/** A payload as people read it: JSON in lines, other text as it is, anything else in hexadecimal. */
export function payloadText(payload: Uint8Array): string {
  const text = fromUtf8(payload)
  const readable = text === null ? `Not text: ${hex(payload.subarray(0, 512))}` : indented(text)
  return visible(
    readable.length > maxCharacters ? `${readable.slice(0, maxCharacters)} …` : readable,
  )
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** The same in one line. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, 240)
}
