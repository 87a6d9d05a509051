import { mkdtemp, readdir, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"

/** A new folder, removed after the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stringphone-store-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Paths of everything below a folder, sorted. */
export async function contents(folder: string): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).sort()
}

/** Permission bits, octal. */
export async function mode(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}
