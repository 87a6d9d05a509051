import { createInterface } from "node:readline"

/**
 * Single keys of the person: from a terminal as they are pressed, from a pipe the letters of each
 * line. Enter is "\r", Ctrl-C is "\x03". @returns a function that gives the input back.
 */
export function listenToKeys(
  input: NodeJS.ReadStream,
  onKey: (key: string) => void,
  onEnd: () => void = () => {},
): () => void {
  return input.isTTY ? listenToTerminal(input, onKey) : listenToLines(input, onKey, onEnd)
}

function listenToTerminal(input: NodeJS.ReadStream, onKey: (key: string) => void): () => void {
  const hear = (text: string): void => {
    // Arrows and other keys that send a sequence mean nothing to us.
    if (text.startsWith("\x1b")) return
    for (const key of text) onKey(key === "\n" ? "\r" : key)
  }
  input.setEncoding("utf8")
  input.setRawMode(true)
  input.on("data", hear)
  input.resume()
  return () => {
    input.off("data", hear)
    input.setRawMode(false)
    input.pause()
  }
}

function listenToLines(
  input: NodeJS.ReadStream,
  onKey: (key: string) => void,
  onEnd: () => void,
): () => void {
  const lines = createInterface({ input, terminal: false })
  let given = false
  lines.on("line", (line) => {
    for (const key of line.trim()) onKey(key)
    // Enter ends a number; a letter needs none.
    if (!/\D$/.test(line.trim())) onKey("\r")
  })
  lines.on("close", () => {
    if (!given) onEnd()
  })
  return () => {
    given = true
    lines.close()
    input.destroy()
  }
}
