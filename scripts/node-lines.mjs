// `npm run test:node-lines`: the library's suites on the other lines of Node that we promise. Their
// programs come from the npm packages `node-<platform>-<arch>`, which are what the package `node`
// installs; asking for them directly needs no install script.
//   npm run test:node-lines -- 24   only this line
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { prepareOrTell, root } from "./prepare.mjs"
import { runVitest, totalsLine } from "./vitest.mjs"

const built = await prepareOrTell()

const chosen = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument))
const lines = chosen.length > 0 ? chosen : ["24", "26"]
const totals = { passed: 0, failed: built ? 0 : 1, skipped: 0 }

for (const line of lines) {
  const node = install(line)
  if (node === null) {
    console.log(`Node ${line} could not be installed, so nothing was tested on it.`)
    totals.failed++
    continue
  }
  console.log(`Node ${line}: ${spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim()}`)
  // The portable engine is JavaScript alone: `npm test` shows it on Node 20 and in Chromium.
  const run = runVitest(["--project=native"], {
    node,
    env: { STRINGPHONE_NODE_LINE: line },
  })
  for (const state of Object.keys(totals)) totals[state] += run[state]
}

console.log(totalsLine(totals))
process.exitCode = totals.failed > 0 ? 1 : 0

/** @returns {string | null} the path of the program */
function install(line) {
  const platform = process.platform === "win32" ? "win" : process.platform
  const name = `node-${platform}-${process.arch}`
  const folder = join(root, ".cache", `node-${line}`)
  const program = process.platform === "win32" ? "node.exe" : "node"
  const node = join(folder, "node_modules", name, "bin", program)
  if (existsSync(node)) return node
  mkdirSync(folder, { recursive: true })
  // A package of its own, or npm would take our workspaces for its own.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n')
  const args = ["install", "--no-save", "--no-package-lock", "--loglevel=error", `${name}@${line}`]
  const npm = process.env.npm_execpath
  const options = { cwd: folder, stdio: ["ignore", "ignore", "inherit"], env: withoutNpmConfig() }
  if (npm) spawnSync(process.execPath, [npm, ...args], options)
  else spawnSync("npm", args, { ...options, shell: process.platform === "win32" })
  return existsSync(node) ? node : null
}

/** Under `npm run` the environment says where the outer package is, and npm would believe it. */
function withoutNpmConfig() {
  const env = { ...process.env }
  for (const name of Object.keys(env)) {
    if (/^npm_(config_local_prefix|config_prefix|package_|lifecycle_)/.test(name)) delete env[name]
  }
  return env
}
