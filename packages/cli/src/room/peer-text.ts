import { shownName } from "../member.js"
import { visible } from "../terminal/escape.js"

/**
 * What a member or a stranger wrote, as lines that are harmless for a terminal: whatever controls,
 * hides or turns text is spelled out. Only line breaks are kept, and what holds an emoji together.
 */
export function peerLines(text: string): readonly string[] {
  return text
    .replace(/\r\n?/g, "\n")
    .split("\n")
    .map((line) => fewMarks(line).split(joinedEmoji).map(harmless).join(""))
}

/** Two emoji with a joiner between them; `split` keeps the groups at the odd places. */
const joinedEmoji =
  /((?:\p{Extended_Pictographic}[\u{fe0f}\p{Emoji_Modifier}]*\u{200d})+\p{Extended_Pictographic})/u

function harmless(part: string, i: number): string {
  return i % 2 === 1 ? part : visible(part)
}

/** Marks that pile up would cover the lines above. */
function fewMarks(line: string): string {
  return line.replace(/(\p{M}{4})\p{M}+/gu, "$1")
}

/** `/me waves`, as IRC clients send it. `null`: it is ordinary text. */
export function actionOf(text: string): string | null {
  // eslint-disable-next-line no-control-regex -- that is how IRC marks it
  return /^\x01ACTION ([^\x01]*)\x01?$/.exec(text)?.[1] ?? null
}

export function asAction(text: string): string {
  return `\x01ACTION ${text}\x01`
}

/** A name as the channel has it, which anybody may choose. */
export function channelNick(name: string): string {
  return shownName(name.slice(0, 64))
}
