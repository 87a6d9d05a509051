import type { WriteStream } from "node:tty"

/** Colours for one stream, or none: `NO_COLOR`, a pipe and a dumb terminal get plain text. */
export interface Paint {
  /** Whether there are any. */
  readonly colours: boolean
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  warn(text: string): string
  bad(text: string): string
}

export function paintFor(stream: Pick<WriteStream, "isTTY">): Paint {
  const { NO_COLOR, TERM } = process.env
  const colours = stream.isTTY && !NO_COLOR && TERM !== "dumb"
  const style =
    (start: number, end: number) =>
    (text: string): string =>
      colours ? `\x1b[${start}m${text}\x1b[${end}m` : text
  return {
    colours,
    bold: style(1, 22),
    dim: style(2, 22),
    good: style(32, 39),
    warn: style(33, 39),
    bad: style(31, 39),
  }
}
