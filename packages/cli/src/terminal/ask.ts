import { createInterface } from "node:readline"
import { UsageError } from "stringphone/bytes"

/** Asks for one line, on stderr; from a pipe it reads the next one. `null`: the input has ended. */
export async function askLine(question: string): Promise<string | null> {
  process.stderr.write(question)
  const lines = createInterface({ input: process.stdin, terminal: false })
  try {
    for await (const line of lines) return line
    return null
  } finally {
    lines.close()
    process.stdin.pause()
  }
}

/** Asks for a secret on the terminal, which shows nothing of it. */
export async function askSecret(question: string): Promise<string> {
  const input = process.stdin
  if (!input.isTTY) {
    throw new UsageError("no-terminal", "There is no terminal to ask for a passphrase.")
  }
  process.stderr.write(question)
  input.setEncoding("utf8")
  input.setRawMode(true)
  input.resume()
  try {
    return await readSecret(input)
  } finally {
    input.setRawMode(false)
    input.pause()
    process.stderr.write("\n")
  }
}

function readSecret(input: NodeJS.ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let secret: string[] = []
    const end = (finish: () => void): void => {
      input.off("data", hear)
      finish()
    }
    const hear = (chunk: Buffer | string): void => {
      for (const key of String(chunk)) {
        if (key === "\r" || key === "\n") return end(() => resolve(secret.join("")))
        if (key === "\x03" || key === "\x04") {
          return end(() => reject(new UsageError("not-answered", "Given up; nothing was changed.")))
        }
        if (key === "\x7f" || key === "\b") secret.pop()
        else if (key === "\x15") secret = []
        else secret.push(key)
      }
    }
    input.on("data", hear)
  })
}
