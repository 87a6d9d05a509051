import stringWidth from "string-width"
import type { Paint } from "../terminal/paint.js"
import { visible } from "../terminal/escape.js"
import { cellsOf, charactersOf, clipped } from "./cells.js"
import type { Composer } from "./composer.js"

/** What is live at the bottom of the terminal: everything above is scrollback. */
export interface LiveRows {
  readonly rows: readonly string[]
  /** Where the cursor stands, counted from the first of these rows. */
  readonly cursor: { readonly x: number; readonly y: number }
}

export interface LiveScreen {
  readonly status: string
  readonly warnings: readonly string[]
  readonly composer: Composer
  readonly columns: number
  /** The terminal's; we take less, so that nothing above is ever cleared. */
  readonly height: number
}

const prompt = "> "
const inputRows = 8

/** The warnings, the status, the input; each row fits, so that the terminal breaks none. */
export function liveRows(screen: LiveScreen, paint: Paint): LiveRows {
  const { columns, composer, height, status, warnings } = screen
  // A terminal that has no room left at a row's end would begin another.
  const width = Math.max(8, columns - 1)
  const hints = composer.hint === "" ? [] : [paint.warn(clipped(composer.hint, width))]
  const above = [
    ...(warnings.length > 0 && height > 4
      ? [paint.bad(clipped(`⚠ ${warnings.join(" · ")}`, width))]
      : []),
    ...(height > 3 ? [paint.bold(clipped(status, width))] : []),
    ...(height > 5 ? hints : []),
  ]
  const input = editorRows(composer, width)
  const room = Math.max(1, Math.min(inputRows, height - above.length - 2))
  const first = Math.max(0, input.cursor.y - room + 1)
  const shown = input.rows.slice(first, first + room)
  return {
    rows: [...above, ...shown],
    cursor: { x: input.cursor.x, y: above.length + input.cursor.y - first },
  }
}

/** The input broken into rows at the last column, as a terminal would. */
function editorRows({ editor }: Composer, width: number): LiveRows {
  const rows: string[] = []
  let [row, cells, place] = [prompt, prompt.length, 0]
  let cursor = { x: cells, y: 0 }
  const stand = (): void => {
    // Rows are broken with what a character can take; most terminals know what it does take.
    if (place === editor.cursor) cursor = { x: stringWidth(row), y: rows.length }
  }
  const next = (): void => {
    rows.push(row)
    ;[row, cells] = [" ".repeat(prompt.length), prompt.length]
  }
  for (const character of charactersOf(editor.text)) {
    const isBreak = character === "\n"
    const shown = isBreak ? "" : shownCharacter(character)
    const taken = cellsOf(shown)
    if (cells + taken > width) next()
    stand()
    if (isBreak) next()
    row += shown
    cells += isBreak ? 0 : taken
    place += character.length
  }
  stand()
  return { rows: [...rows, row], cursor }
}

/** Pasted text may hold anything. An emoji stays one: what it is made of is harmless together. */
function shownCharacter(character: string): string {
  return /^\p{Extended_Pictographic}/u.test(character) ? character : visible(character)
}
