import { visible } from "../lib/peer-text.ts"

/** Two emoji with a joiner between them; `split` keeps the groups at the odd places. */
const joinedEmoji =
  /((?:\p{Extended_Pictographic}[\u{fe0f}\p{Emoji_Modifier}]*\u{200d})+\p{Extended_Pictographic})/u

/**
 * What somebody said, for the eye: as `visible`, and what holds an emoji together stays. Marks that
 * pile up would cover the lines above.
 */
export function roomText(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/\t/g, "    ")
    .replace(/(\p{M}{4})\p{M}+/gu, "$1")
    .split(joinedEmoji)
    .map((part, i) => (i % 2 === 1 ? part : visible(part)))
    .join("")
}

/** A name as the channel has it, which anybody may choose. */
export function channelName(name: string): string {
  return visible(name.slice(0, 64)).replaceAll("\n", " ")
}

const foldedCharacters = 900
const foldedLines = 14

/** The start of a text that would fill the screen; `null`: it does not. */
export function foldedText(text: string): string | null {
  const lines = text.split("\n")
  const isLong = text.length > 1.2 * foldedCharacters || lines.length > foldedLines + 4
  if (!isLong) return null
  const start = lines.slice(0, foldedLines).join("\n")
  // Not in the middle of a character.
  return `${[...start].slice(0, foldedCharacters).join("").trimEnd()} …`
}

/** `/me waves`, as IRC clients send it. `null`: it is ordinary text. */
export function actionOf(text: string): string | null {
  // eslint-disable-next-line no-control-regex -- that is how IRC marks it
  return /^\x01ACTION ([^\x01]*)\x01?$/.exec(text)?.[1] ?? null
}
