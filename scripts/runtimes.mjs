// Bun and Deno for the tests that run the library there. Their npm packages ship the programs; asking for
// the one of this platform needs no install script.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { install } from "./install.mjs"
import { root } from "./prepare.mjs"

const platform = `${process.platform}-${process.arch}`

/** The line that is tested, the npm packages by platform, and where the program is in them. */
const runtimes = {
  bun: {
    line: "1",
    program: ["bin", "bun"],
    packages: {
      "linux-x64": "@oven/bun-linux-x64",
      "linux-arm64": "@oven/bun-linux-aarch64",
      "darwin-x64": "@oven/bun-darwin-x64",
      "darwin-arm64": "@oven/bun-darwin-aarch64",
      "win32-x64": "@oven/bun-windows-x64",
    },
  },
  deno: {
    line: "2",
    program: ["deno"],
    packages: {
      "linux-x64": "@deno/linux-x64-glibc",
      "linux-arm64": "@deno/linux-arm64-glibc",
      "darwin-x64": "@deno/darwin-x64",
      "darwin-arm64": "@deno/darwin-arm64",
      "win32-x64": "@deno/win32-x64",
    },
  },
}

/**
 * Installs a runtime into `.cache`, unless it is there.
 *
 * @param {"bun" | "deno"} name
 * @returns {string | null} the path of the program; `null`: there is none for this platform, or the registry is away
 */
export function installRuntime(name) {
  const { line, packages, program } = runtimes[name]
  const packageName = packages[platform]
  if (packageName === undefined) return null
  const folder = join(root, ".cache", `${name}-${line}`)
  const suffix = process.platform === "win32" ? ".exe" : ""
  const path = join(folder, "node_modules", ...packageName.split("/"), ...program) + suffix
  if (!existsSync(path)) install(folder, `${packageName}@${line}`)
  return existsSync(path) ? path : null
}
