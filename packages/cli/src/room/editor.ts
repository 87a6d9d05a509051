import { charactersOf } from "./cells.js"

/** One input that a person edits; may have several lines. */
export interface Editor {
  readonly text: string
  /** Where the cursor stands, in UTF-16 units; never inside of a character. */
  readonly cursor: number
}

export const emptyEditor: Editor = { text: "", cursor: 0 }

export function editorWith(text: string): Editor {
  return { text, cursor: text.length }
}

export type Motion = "left" | "right" | "word-left" | "word-right" | "start" | "end"

/** Inserts what was typed or pasted; of control characters only line breaks stay. */
export function insert({ cursor, text }: Editor, typed: string): Editor {
  const clean = typed.replace(/\r\n?/g, "\n").replace(/(?!\n)\p{Cc}/gu, " ")
  return {
    text: text.slice(0, cursor) + clean + text.slice(cursor),
    cursor: cursor + clean.length,
  }
}

export function move(editor: Editor, motion: Motion): Editor {
  return { text: editor.text, cursor: placeOf(editor, motion) }
}

/** Deletes from the cursor to where the motion leads. */
export function erase(editor: Editor, motion: Motion): Editor {
  const place = placeOf(editor, motion)
  const [from, to] = [Math.min(place, editor.cursor), Math.max(place, editor.cursor)]
  return { text: editor.text.slice(0, from) + editor.text.slice(to), cursor: from }
}

function placeOf({ cursor, text }: Editor, motion: Motion): number {
  const [before, after] = [text.slice(0, cursor), text.slice(cursor)]
  switch (motion) {
    case "left":
      return cursor - (charactersOf(before).at(-1)?.length ?? 0)
    case "right":
      return cursor + (charactersOf(after)[0]?.length ?? 0)
    case "word-left":
      return cursor - (/\S*\s*$/.exec(before)?.[0].length ?? 0)
    case "word-right":
      return cursor + (/^\s*\S*/.exec(after)?.[0].length ?? 0)
    case "start":
      return before.lastIndexOf("\n") + 1
    case "end":
      return cursor + (/^.*/.exec(after)?.[0].length ?? 0)
  }
}
