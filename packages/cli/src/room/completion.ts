import { type Editor } from "./editor.js"

/** A word that Tab is going through the possibilities for. */
export interface Completion {
  readonly start: number
  /** What was typed before the first Tab. */
  readonly typed: string
  readonly choices: readonly string[]
  readonly at: number
}

/**
 * One press of Tab: completes a command at the beginning of the line, or else a name; pressed again,
 * the next one that fits. @returns `null`: nothing fits.
 */
export function complete(
  editor: Editor,
  before: Completion | null,
  names: readonly string[],
  commands: readonly string[],
): { readonly editor: Editor; readonly completion: Completion } | null {
  const completion = before
    ? { ...before, at: (before.at + 1) % before.choices.length }
    : begin(editor, names, commands)
  const choice = completion?.choices[completion.at]
  if (!completion || choice === undefined) return null
  const word = withEnd(choice, completion.start)
  const head = editor.text.slice(0, completion.start) + word
  const tail = editor.text.slice(editor.cursor)
  return {
    editor: { text: head + tail.replace(/^ /, ""), cursor: head.length },
    completion,
  }
}

function begin(
  { cursor, text }: Editor,
  names: readonly string[],
  commands: readonly string[],
): Completion | null {
  const typed = /\S*$/.exec(text.slice(0, cursor))?.[0] ?? ""
  const start = cursor - typed.length
  if (typed === "") return null
  const isCommand = start === 0 && typed.startsWith("/")
  const lower = typed.replace(/^"/, "").toLowerCase()
  const all = isCommand ? commands : [...names].sort((a, b) => a.localeCompare(b))
  const choices = all.filter((one) => one.replace(/^"/, "").toLowerCase().startsWith(lower))
  return choices.length > 0 ? { start, typed, choices, at: 0 } : null
}

/** Whoever is named first is addressed. */
function withEnd(choice: string, start: number): string {
  return start === 0 && !choice.startsWith("/") ? `${choice}: ` : `${choice} `
}
