import { createInterface, type Interface } from "node:readline"
import { buffer } from "node:stream/consumers"
import { fromUtf8, UsageError, utf8 } from "stringphone/bytes"
import type { Context } from "./context.js"

/** All that comes from stdin: as it is, or without the line end of its last line. */
export async function readInput(context: Context, raw: boolean): Promise<Uint8Array> {
  if (process.stdin.isTTY) context.progress("Type the message; Ctrl-D sends it.")
  const bytes = new Uint8Array(await buffer(process.stdin))
  const text = raw ? null : fromUtf8(bytes)
  return text === null ? bytes : utf8(text.replace(/\r?\n$/, ""))
}

/** One line from a person or a pipe, which never stands on the command line. */
export async function readLine(question: string): Promise<string> {
  const line = await nextLine(process.stdin.isTTY ? `${question} ` : "")
  if (line !== null && line.trim() !== "") return line.trim()
  throw new UsageError("not-answered", "Nothing was typed. Nothing was changed.")
}

/** @throws {UsageError} `not-answered` unless the answer is y */
export async function confirmed(question: string): Promise<void> {
  const answer = await nextLine(`${question} y/n: `)
  if (answer?.trim().toLowerCase() === "y") return
  throw new UsageError("not-answered", "Not answered with y. Nothing was changed.")
}

/** Several lines may come at once from a pipe: what is not asked for yet waits here. */
const waiting: string[] = []
let lines: Interface | null = null
let isOver = false
let arrived = (): void => {}

async function nextLine(question: string): Promise<string | null> {
  process.stderr.write(question)
  if (!lines) {
    lines = createInterface({ input: process.stdin, terminal: false })
    lines.on("line", (line) => {
      waiting.push(line)
      arrived()
    })
    lines.on("close", () => {
      isOver = true
      arrived()
    })
  }
  lines.resume()
  while (waiting.length === 0 && !isOver) {
    await new Promise<void>((resolve) => (arrived = resolve))
  }
  if (!isOver) lines.pause()
  return waiting.shift() ?? null
}
