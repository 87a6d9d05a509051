import stringWidth from "string-width"

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/** What a person sees as characters; an emoji of several parts is one. */
export function charactersOf(text: string): readonly string[] {
  return [...graphemes.segment(text)].map(({ segment }) => segment)
}

/**
 * How many columns a text takes at most: a terminal that does not know an emoji of several parts
 * shows the parts.
 */
export function cellsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let cells = 0
  for (const character of charactersOf(text)) {
    const parts = character.split("\u{200d}").map((part) => stringWidth(part))
    cells += Math.max(
      parts.reduce((sum, part) => sum + part),
      stringWidth(character),
    )
  }
  return cells
}

/** The beginning of a text, with `…` when it does not fit. */
export function clipped(text: string, columns: number): string {
  if (cellsOf(text) <= columns) return text
  let [kept, left] = ["", columns - 1]
  for (const character of charactersOf(text)) {
    left -= cellsOf(character)
    if (left < 0) break
    kept += character
  }
  return columns < 1 ? "" : `${kept}…`
}

/**
 * Breaks lines into rows that surely fit, between words where that is possible: so that the terminal
 * never breaks one itself.
 *
 * @param first columns that are taken on the first row already
 * @param indent columns that are taken on every other row
 */
export function rowsOf(
  lines: readonly string[],
  columns: number,
  first: number,
  indent: number,
): readonly string[] {
  const rows: string[] = []
  let room = columns - first
  for (const line of lines) {
    rows.push(...lineRows(line, Math.max(2, room), Math.max(2, columns - indent)))
    room = columns - indent
  }
  return rows
}

function lineRows(line: string, first: number, others: number): readonly string[] {
  const rows: string[] = []
  let [row, left] = ["", first]
  const next = (): void => {
    rows.push(row)
    ;[row, left] = ["", others]
  }
  for (const word of line.split(/(?<= )/)) {
    const whole = cellsOf(word.trimEnd())
    if (whole > left && whole <= others && row !== "") next()
    for (const character of charactersOf(word)) {
      const cells = cellsOf(character)
      if (cells > left) next()
      // The blank at which a row ends is not carried over.
      if (row === "" && character === " " && rows.length > 0) continue
      row += character
      left -= cells
    }
  }
  return [...rows, row]
}
