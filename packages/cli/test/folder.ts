import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"

/** A configuration directory for one test; removed when it ends. */
export function freshHome(): string {
  const folder = mkdtempSync(join(tmpdir(), "stringphone-cli-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
