// Runs vitest and counts. Used by `npm test` and by the runs on other lines of Node.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative, sep } from "node:path"
import { root } from "./prepare.mjs"

/**
 * Where other programs, their clocks and the machine's load play a part. What fails elsewhere fails: a
 * second run of a property with another seed would only hide what the first has found.
 */
const withOtherPrograms =
  /^packages\/(cli\/|web\/|stringphone\/test\/(real|browser|transport|contract\/transport))/
/** More than so many files are no accident. */
const maxAgain = 6

/**
 * A run of everything runs files again that failed among other programs, alone, and says so.
 * @param {string[]} args of `vitest run`
 * @param {{ node?: string, env?: Record<string, string> }} options the program that runs it
 * @returns {{ passed: number, failed: number, skipped: number }} `failed` is never 0 when it failed
 */
export function runVitest(args, options = {}) {
  const isComplete = args.every((argument) => argument.startsWith("--project="))
  const first = run(args, options)
  const totals = isComplete && isWorthAgain(first) ? again(first, options) : first
  // Once more at the end: between the failures and here there may be thousands of lines.
  for (const failure of totals.failures) console.log(`failed: ${failure}`)
  const { passed, failed, skipped } = totals
  return { passed, failed, skipped }
}

function isWorthAgain({ failed, files }) {
  const inFiles = files.reduce((sum, file) => sum + file.failed, 0)
  return (
    failed > 0 &&
    failed === inFiles &&
    files.length <= maxAgain &&
    files.every(({ path }) => withOtherPrograms.test(relative(root, path).split(sep).join("/")))
  )
}

/** The same totals, with those of a second run in the place of what failed. */
function again(first, options) {
  const totals = { ...first, failures: [], files: [] }
  for (const file of first.files) {
    for (const failure of file.failures) console.log(`failed at first, runs again: ${failure}`)
    const second = run([`--project=${file.project}`, file.path], options)
    for (const state of ["passed", "failed", "skipped"])
      totals[state] += second[state] - file[state]
    totals.failures.push(...second.failures)
    if (second.failed > 0) continue
    for (const failure of file.failures) console.log(`flaky, passed when it ran again: ${failure}`)
  }
  return totals
}

function run(args, { node = process.execPath, env = {} }) {
  const folder = mkdtempSync(join(tmpdir(), "stringphone-test-"))
  const totalsFile = join(folder, "totals.json")
  const { status } = spawnSync(
    node,
    [
      join(root, "node_modules", "vitest", "vitest.mjs"),
      "run",
      "--reporter=default",
      `--reporter=${join(root, "scripts", "vitest-totals.mjs")}`,
      ...args,
    ],
    {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, ...env, STRINGPHONE_TOTALS: totalsFile },
    },
  )
  const totals = readTotals(totalsFile)
  rmSync(folder, { recursive: true, force: true })
  if (status !== 0 && totals.failed === 0) totals.failed = 1
  return totals
}

function readTotals(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch {
    return { passed: 0, failed: 0, skipped: 0, failures: [], files: [] }
  }
}

/** The last line of every run: for people, and for whoever adds the runs up. */
export function totalsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
}
