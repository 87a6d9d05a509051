// Runs vitest and counts. Used by `npm test` and by the runs on other lines of Node.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "./prepare.mjs"

/**
 * @param {string[]} args of `vitest run`
 * @param {{ node?: string, env?: Record<string, string> }} options the program that runs it
 * @returns {{ passed: number, failed: number, skipped: number, failures: string[] }} `failed` is never 0 when it failed
 */
export function runVitest(args, { node = process.execPath, env = {} } = {}) {
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
  // Once more at the end: between the failures and here there may be thousands of lines.
  for (const failure of totals.failures) console.log(`failed: ${failure}`)
  return totals
}

function readTotals(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch {
    return { passed: 0, failed: 0, skipped: 0, failures: [] }
  }
}

/** The last line of every run: for people, and for whoever adds the runs up. */
export function totalsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
}
