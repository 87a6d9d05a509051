// A second implementation in Python: one process, which answers questions in the order in which they are asked.
import { spawn, spawnSync } from "node:child_process"
import { join } from "node:path"
import { hex } from "../../src/bytes/index.js"

const python = "/usr/bin/python3"

/**
 * Looks for Python with libsodium. Where it is missing the suite is skipped and says what to install; on the
 * build server it is an error.
 *
 * @param what the second implementation of what
 */
export function requirePython(what: string): boolean {
  if (spawnSync(python, ["-c", "import nacl.bindings"]).status === 0) return true
  const advice = `${python} has no PyNaCl: Debian and Ubuntu have it as python3-nacl.`
  if (process.env["CI"] === "true") throw new Error(advice)
  console.log(`Skipped: the second implementation of ${what}. ${advice}`)
  return false
}

/** Runs one of them to its end. @param program in this folder */
export function runPython(program: string, option: string) {
  const command = ["-B", join(import.meta.dirname, program), option]
  return spawnSync(python, command, { encoding: "utf8" })
}

/** @param program in this folder; it reads and writes a line of JSON for each question */
export function startPython<Question, Answer>(program: string) {
  const child = spawn(python, ["-B", join(import.meta.dirname, program)], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const waiting: { done: (answer: Answer) => void; failed: (error: Error) => void }[] = []
  let begun = ""
  // Not with node:readline, which also ends a line at U+2028 and U+2029: names in the answers have them.
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (begun + text).split("\n")
    begun = lines.pop() ?? ""
    for (const line of lines) waiting.shift()?.done(JSON.parse(line) as Answer)
  })
  child.on("exit", (code) => {
    for (const { failed } of waiting) failed(new Error(`Python ended with code ${String(code)}.`))
  })
  const inHex = (_: string, value: unknown) => (value instanceof Uint8Array ? hex(value) : value)
  return {
    ask: (question: Question) =>
      new Promise<Answer>((done, failed) => {
        waiting.push({ done, failed })
        child.stdin.write(`${JSON.stringify(question, inHex)}\n`)
      }),
    stop: () => child.stdin.end(),
  }
}
