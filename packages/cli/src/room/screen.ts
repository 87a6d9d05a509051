import { emitKeypressEvents } from "node:readline"
import { Box, type Instance, render, Static, Text, useCursor } from "ink"
import { createElement, Fragment, type ReactElement, useSyncExternalStore } from "react"
import type { Paint } from "../terminal/paint.js"
import { arrived, type Attention, attentive, unfocused } from "./attention.js"
import { emptyComposer, type Key, press, refused, returned, submitted } from "./composer.js"
import type { RoomDesk } from "./desk.js"
import type { RoomEnd, RoomFace } from "./room-face.js"
import { roomCommands } from "./room-command.js"
import { type LiveRows, liveRows } from "./screen-rows.js"
import { type Shown, shownText } from "./shown.js"
import { statusText, warningTexts } from "./status-text.js"

/** One picture: what went to the scrollback so far, and what is live below it. */
interface Frame {
  readonly printed: readonly string[]
  readonly live: LiveRows | null
}

interface Terminal {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
}

/**
 * The room in a terminal: what is said goes to the terminal's own scrollback, so that scrolling and
 * copying stay the terminal's; only the status and the input are redrawn.
 */
export class ScreenFace implements RoomFace {
  readonly #desk: () => RoomDesk
  readonly #paint: Paint
  readonly #terminal: Terminal
  readonly #ended: Promise<RoomEnd>
  readonly #listeners = new Set<() => void>()
  #end: (end: RoomEnd) => void = () => {}
  #frame: Frame = { printed: [], live: null }
  #composer = emptyComposer
  #attention: Attention = attentive(Date.now())
  #isOver = false

  constructor(
    desk: () => RoomDesk,
    paint: Paint,
    terminal: Terminal = { input: process.stdin, output: process.stdout },
  ) {
    this.#desk = desk
    this.#paint = paint
    this.#terminal = terminal
    this.#ended = new Promise((resolve) => (this.#end = resolve))
  }

  show(shown: Shown): void {
    const isNews = shown.kind === "cleartext" || (shown.kind === "message" && !shown.message.isOwn)
    const { attention, needsMark } = arrived(this.#attention, Date.now())
    if (isNews) this.#attention = attention
    this.#print(isNews && needsMark ? [{ kind: "unread" }, shown] : [shown])
  }

  change(): void {
    this.#draw(this.#frame.printed)
  }

  async run(): Promise<RoomEnd> {
    const { input, output } = this.#terminal
    const listen = (_: string | undefined, key: Key): void => this.#press(key)
    emitKeypressEvents(input)
    input.setRawMode(true)
    input.on("keypress", listen)
    input.once("end", () => this.#end("quit"))
    input.resume()
    output.write(beginModes)
    const restore = (): void => void output.write(endModes)
    process.once("exit", restore)
    this.change()
    const instance = this.#mount()
    const broken = instance.waitUntilExit().then((): RoomEnd => "quit")
    const redraw = (): void => this.change()
    output.on("resize", redraw)
    const ticking = setInterval(redraw, 5_000)
    try {
      return await Promise.race([this.#ended, broken])
    } finally {
      clearInterval(ticking)
      output.off("resize", redraw)
      // The last picture has nothing live, and the shell goes on below what was said.
      this.#isOver = true
      this.change()
      await new Promise(setImmediate)
      instance.unmount()
      process.off("exit", restore)
      restore()
      input.off("keypress", listen)
      input.setRawMode(false)
      input.pause()
    }
  }

  finish(end: RoomEnd): void {
    this.#end(end)
  }

  #mount(): Instance {
    const { input, output } = this.#terminal
    const subscribe = (listener: () => void): (() => void) => {
      this.#listeners.add(listener)
      return () => this.#listeners.delete(listener)
    }
    const view = createElement(RoomView, { subscribe, frame: () => this.#frame })
    return render(view, { stdin: input, stdout: output, exitOnCtrlC: false, patchConsole: false })
  }

  #press(key: Key): void {
    if (key.sequence === "\x1b[O") {
      this.#attention = unfocused(this.#attention)
      return
    }
    this.#attention = attentive(Date.now())
    if (key.sequence === "\x1b[I") return
    const names = roomCommands.map(({ name }) => `/${name}`)
    const { composer, effect } = press(this.#composer, key, this.#desk().names, names)
    this.#composer = composer
    if (effect === "submit") this.#submit()
    if (effect === "quit") this.#end("quit")
    if (composer.paste === null) this.change()
  }

  #submit(): void {
    const { text } = this.#composer.editor
    const taken = this.#desk().take(text)
    if ("refusal" in taken) {
      this.#composer = refused(this.#composer, taken.refusal)
      return
    }
    this.#composer = submitted(this.#composer)
    void taken.done.then((outcome) => {
      if (outcome === "quit" || outcome === "left") this.#end(outcome)
      if (outcome === "unsent") this.#composer = returned(this.#composer, text)
      this.change()
    })
  }

  #print(all: readonly Shown[]): void {
    const columns = this.#columns
    const texts = all.map((shown) => shownText(shown, this.#paint, columns))
    this.#draw([...this.#frame.printed, ...texts])
  }

  #draw(printed: readonly string[]): void {
    const { status, surroundings } = this.#desk()
    const live = liveRows(
      {
        status: statusText(status, surroundings),
        warnings: warningTexts(status, surroundings),
        composer: this.#composer,
        columns: this.#columns,
        height: this.#terminal.output.rows || 24,
      },
      this.#paint,
    )
    this.#frame = { printed, live: this.#isOver ? null : live }
    for (const listener of this.#listeners) listener()
  }

  get #columns(): number {
    return this.#terminal.output.columns || 80
  }
}

/** Pasted text arrives marked as such, and the terminal tells when it gets and loses the focus. */
const beginModes = "\x1b[?2004h\x1b[?1004h"
const endModes = "\x1b[?1004l\x1b[?2004l"

interface RoomViewProps {
  readonly subscribe: (listener: () => void) => () => void
  readonly frame: () => Frame
}

function RoomView({ frame, subscribe }: RoomViewProps): ReactElement {
  const { live, printed } = useSyncExternalStore(subscribe, frame)
  const { setCursorPosition } = useCursor()
  setCursorPosition(live?.cursor)
  const rows = live?.rows ?? []
  return createElement(
    Fragment,
    null,
    createElement(Static<string>, {
      items: printed as string[],
      children: (text, i) => createElement(Text, { key: i }, text),
    }),
    createElement(
      Box,
      { flexDirection: "column" },
      rows.map((row, i) => createElement(Text, { key: i, wrap: "truncate" }, row)),
    ),
  )
}
