import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"

/**
 * Looks for a program that a suite can not do without. A missing one skips the suite and says what
 * to install; on the build server it is an error.
 *
 * @returns its path, or `null`, as in `describe.skipIf(requireProgram("nginx", "nginx") === null)`
 */
export function requireProgram(program: string, debianPackage: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"]
  const path = folders.map((folder) => join(folder, program)).find(isExecutable)
  if (path !== undefined) return path
  const advice = `Skipped: needs ${program}. Install it with: apt install ${debianPackage}`
  if (process.env["CI"] === "true") throw new Error(advice)
  console.warn(advice)
  return null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
