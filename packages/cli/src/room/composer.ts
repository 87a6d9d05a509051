import { complete, type Completion } from "./completion.js"
import { type Editor, editorWith, emptyEditor, erase, insert, type Motion, move } from "./editor.js"
import { emptyHistory, type History, newer, older, remembered } from "./history.js"

/** A key as Node's `readline` decodes it. */
export interface Key {
  readonly name?: string | undefined
  readonly sequence?: string | undefined
  readonly ctrl?: boolean | undefined
  readonly meta?: boolean | undefined
}

/** The input line with all that belongs to it. Nothing changes in place. */
export interface Composer {
  readonly editor: Editor
  readonly history: History
  readonly completion: Completion | null
  /** What arrived of a paste that has not ended. */
  readonly paste: string | null
  /** So many lines were pasted that Enter has to be pressed twice. */
  readonly isConfirming: boolean
  /** Why the last Enter did nothing, or what the next one does. */
  readonly hint: string
}

export const emptyComposer: Composer = {
  editor: emptyEditor,
  history: emptyHistory,
  completion: null,
  paste: null,
  isConfirming: false,
  hint: "",
}

export interface Pressed {
  readonly composer: Composer
  /** `submit`: Enter; the text stays until {@link submitted}. `quit`: Ctrl-C or Ctrl-D on nothing. */
  readonly effect: "none" | "submit" | "quit"
}

/** More lines than that are not sent by a single Enter. */
const maxLinesUnasked = 5

/** One key. `names` and `commands` are what Tab can complete. */
export function press(
  composer: Composer,
  key: Key,
  names: readonly string[] = [],
  commands: readonly string[] = [],
): Pressed {
  if (key.name === "paste-start") return none({ ...composer, paste: "" })
  if (composer.paste !== null) return none(pasted(composer, composer.paste, key))
  if (key.name === "tab") return none(tabbed(composer, names, commands))
  const untabbed = { ...composer, completion: null, hint: "" }
  if (isEnter(key)) return key.meta ? none(typed(untabbed, "\n")) : entered(untabbed)
  const calm = { ...untabbed, isConfirming: false }
  if (key.ctrl && (key.name === "c" || key.name === "d")) return stopped(calm, key.name)
  if (key.name === "up" || key.name === "down") return none(looked(calm, key.name))
  const { editor } = calm
  const erased = erasures.find(([names]) => names.includes(chord(key)))
  if (erased) return none({ ...calm, editor: erase(editor, erased[1]) })
  const moved = motions.find(([names]) => names.includes(chord(key)))
  if (moved) return none({ ...calm, editor: move(editor, moved[1]) })
  const isText = !key.ctrl && !key.meta && key.sequence && !/^\p{Cc}/u.test(key.sequence)
  return none(isText ? typed(calm, key.sequence ?? "") : calm)
}

/** The text was taken: it goes to the history. */
export function submitted(composer: Composer): Composer {
  const { history } = composer
  return { ...emptyComposer, history: remembered(history, composer.editor.text) }
}

/** The text was not taken, and stays. */
export function refused(composer: Composer, hint: string): Composer {
  return { ...composer, isConfirming: false, hint }
}

/** It was taken and then could not be sent: it comes back, unless something else is being typed. */
export function returned(composer: Composer, text: string): Composer {
  return composer.editor.text === "" ? { ...composer, editor: editorWith(text) } : composer
}

const motions: readonly (readonly [names: readonly string[], motion: Motion])[] = [
  [["left", "ctrl-b"], "left"],
  [["right", "ctrl-f"], "right"],
  [["ctrl-left", "meta-left", "meta-b"], "word-left"],
  [["ctrl-right", "meta-right", "meta-f"], "word-right"],
  [["home", "ctrl-a"], "start"],
  [["end", "ctrl-e"], "end"],
]

const erasures: readonly (readonly [names: readonly string[], motion: Motion])[] = [
  [["backspace", "ctrl-h"], "left"],
  [["delete"], "right"],
  [["ctrl-w", "meta-backspace", "ctrl-backspace"], "word-left"],
  [["meta-d", "ctrl-delete"], "word-right"],
  [["ctrl-u"], "start"],
  [["ctrl-k"], "end"],
]

function chord({ ctrl, meta, name = "" }: Key): string {
  return `${ctrl ? "ctrl-" : ""}${meta ? "meta-" : ""}${name}`
}

function isEnter({ name }: Key): boolean {
  return name === "return" || name === "enter"
}

function entered(composer: Composer): Pressed {
  const { text } = composer.editor
  const lines = text.split("\n").length
  if (text.trim() === "") return none(composer)
  if (lines <= maxLinesUnasked || composer.isConfirming) return { composer, effect: "submit" }
  const hint = `${lines} lines: Enter again sends them as one message.`
  return none({ ...composer, isConfirming: true, hint })
}

function stopped(composer: Composer, name: "c" | "d"): Pressed {
  const { text } = composer.editor
  if (text === "") return { composer, effect: "quit" }
  if (name === "d") return none({ ...composer, editor: erase(composer.editor, "right") })
  return none({ ...composer, editor: emptyEditor, hint: "Ctrl-C again ends it." })
}

function looked(composer: Composer, name: "up" | "down"): Composer {
  const { editor, history } = composer
  const found = name === "up" ? older(history, editor.text) : newer(history)
  return found ? { ...composer, editor: editorWith(found.text), history: found.history } : composer
}

function pasted(composer: Composer, paste: string, key: Key): Composer {
  if (key.name !== "paste-end") return { ...composer, paste: paste + (key.sequence ?? "") }
  return typed({ ...composer, paste: null, completion: null }, paste.replace(/[\r\n]+$/, ""))
}

function tabbed(
  composer: Composer,
  names: readonly string[],
  commands: readonly string[],
): Composer {
  const found = complete(composer.editor, composer.completion, names, commands)
  return found ? { ...composer, ...found, hint: "" } : composer
}

function typed(composer: Composer, text: string): Composer {
  return { ...composer, editor: insert(composer.editor, text), isConfirming: false, hint: "" }
}

function none(composer: Composer): Pressed {
  return { composer, effect: "none" }
}
