import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import ts from "typescript"
import { afterAll, describe, expect, test } from "vitest"
import { findSnippets, withChecks } from "../../../../scripts/snippets.mjs"

const root = join(import.meta.dirname, "..", "..", "..", "..")
/** Inside the clone, so that `stringphone/…` is found as a user's program would find it. */
const cache = join(root, ".cache")
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, "snippets-"))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const timeoutMs = 30_000
const run = promisify(execFile)

/** A program of its own: it must end by itself, and nobody sees its globals. */
async function runProgram(name: string, code: string): Promise<void> {
  const { outputText } = ts.transpileModule(withChecks(code), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  const file = join(folder, `${name.replaceAll(/[^a-z0-9]/gi, "-")}.mjs`)
  writeFileSync(file, outputText)
  await run(process.execPath, [file], { timeout: timeoutMs, cwd: folder })
}

/** `$ command`, and below it what it prints; a line `…` stands for any lines, `…` for any text. */
async function runSession(code: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "stringphone-session-"))
  const env = {
    ...process.env,
    HOME: home,
    PATH: [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
  }
  try {
    for (const part of code.split(/^\$ /m).slice(1)) {
      const [command = "", ...expected] = part.trimEnd().split("\n")
      const { stdout, stderr } = await run("sh", ["-c", command], {
        cwd: home,
        env,
        timeout: timeoutMs,
      })
      if (expected.length > 0) expect(stdout + stderr).toMatch(patternOf(expected))
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function patternOf(lines: readonly string[]): RegExp {
  const body = lines.map((line) =>
    line.trim() === "…"
      ? "(?:.*\\n)*?"
      : `${line
          .split("…")
          .map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
          .join(".*")}\\s*?\\n`,
  )
  return new RegExp(`^${body.join("")}\\s*$`)
}

const snippets = findSnippets().filter(({ treatment }) => treatment === "run")

describe("examples in the documentation", () => {
  test.each(snippets.map((snippet) => [snippet.name, snippet] as const))(
    "%s",
    async (name, { language, code }) => {
      await (language === "ts" ? runProgram(name, code) : runSession(code))
    },
    timeoutMs,
  )
})

describe("the runner", () => {
  test.each([
    "1 + 1 // → 2",
    "const a = [1, 2] // → [ 1, 2 ]",
    "const b = { c: 1 }\nb // → { c: 1 }",
    'console.log("x", 1) // → x 1',
    '"text" // → "text"',
    "await Promise.resolve(3) // → 3",
    "for (const x of [7]) {\n  x // → 7\n}",
    "throw1()\nfunction throw1() {\n  ;[].x.y // → throws TypeError\n}",
  ])("accepts %j", async (code) => {
    await runProgram("accepted", code)
  })

  test.each([
    "1 + 1 // → 3",
    "const a = 1 // → 2",
    'console.log("x") // → y',
    "[].x // → throws Error",
  ])("refuses %j", async (code) => {
    await expect(runProgram("refused", code)).rejects.toThrow("the example")
  })

  test("accepts what a session prints", async () => {
    await runSession("$ echo one two; echo three; echo four\none …\n…\nfour\n$ true\n")
    await expect(runSession("$ echo one\ntwo\n")).rejects.toThrow("to match")
  })
})
