import { createInterface, type Interface } from "node:readline"
import type { Context } from "../context.js"
import { plainStatus } from "./plain-status.js"
import type { RoomDesk, Taken } from "./desk.js"
import { note } from "./event-note.js"
import { reportStatus } from "./report.js"
import type { RoomEnd, RoomFace } from "./room-face.js"
import { type Shown, shownReport, shownText } from "./shown.js"

/**
 * Lines in, lines out: for pipes and screen readers, and with `--json` for programs. The end of the
 * input ends it, when everything is sent.
 */
export class PlainFace implements RoomFace {
  readonly #context: Context
  readonly #desk: () => RoomDesk
  readonly #ended: Promise<RoomEnd>
  #end: (end: RoomEnd) => void = () => {}
  #lines: Interface | null = null
  #lastStatus = ""

  constructor(context: Context, desk: () => RoomDesk) {
    this.#context = context
    this.#desk = desk
    this.#ended = new Promise((resolve) => (this.#end = resolve))
  }

  show(shown: Shown): void {
    const { json, paint } = this.#context
    const report = shownReport(shown)
    if (json && report === null) return
    const columns = process.stdout.isTTY ? process.stdout.columns : Infinity
    this.#context.print(json ? "" : shownText(shown, paint, columns), report)
  }

  change(): void {
    const { status, surroundings } = this.#desk()
    const text = plainStatus(status, surroundings)
    const report = { event: "status", ...reportStatus(status) }
    // The silence of a captain grows with every look.
    const silent = status.captainSilentMs !== null
    const key = this.#context.json ? JSON.stringify({ ...report, captainSilentMs: silent }) : text
    if (key !== this.#lastStatus) {
      this.#lastStatus = key
      this.show(note("plain", text, report))
    }
    if (status.phase === "removed") this.finish("removed")
    // What a pipe holds is meant for the room: it waits until we are in.
    if (!this.#lines && (process.stdin.isTTY || status.phase === "member")) this.#listen()
  }

  async run(): Promise<RoomEnd> {
    this.change()
    const end = await this.#ended
    this.#lines?.close()
    process.stdin.pause()
    return end
  }

  finish(end: RoomEnd): void {
    this.#end(end)
  }

  #listen(): void {
    this.#lines = createInterface({ input: process.stdin, terminal: false })
    this.#lines.on("line", (line) => {
      if (line.trim() !== "") this.#take(line)
    })
    this.#lines.on("close", () => {
      void this.#desk()
        .settled()
        .then(() => this.#end("quit"))
    })
  }

  #take(line: string): void {
    const taken = this.#read(line)
    if ("refusal" in taken) {
      const { refusal } = taken
      if (this.#context.json) this.#context.print("", { event: "refused", message: refusal, line })
      else this.#context.warn(refusal)
      return
    }
    void taken.done.then((outcome) => {
      if (outcome === "quit" || outcome === "left") this.#end(outcome)
    })
  }

  /** With `--json` a line may be `{"say": "…"}`, which is never a command, or `{"command": "/…"}`. */
  #read(line: string): Taken {
    const value = this.#context.json && line.startsWith("{") ? parsed(line) : null
    if (typeof value?.say === "string") return this.#desk().takeText(value.say)
    return this.#desk().take(typeof value?.command === "string" ? value.command : line)
  }
}

function parsed(line: string): { readonly say?: unknown; readonly command?: unknown } | null {
  try {
    return JSON.parse(line) as object
  } catch {
    return null
  }
}
