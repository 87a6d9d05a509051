// `npm run test:node-lines`: the library's suites on the other lines of Node that we promise. Their
// programs come from the npm packages `node-<platform>-<arch>`, which are what the package `node`
// installs; asking for them directly needs no install script.
//   npm run test:node-lines -- 24   only this line
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { install } from "./install.mjs"
import { prepareOrTell, root } from "./prepare.mjs"
import { runVitest, totalsLine } from "./vitest.mjs"

const built = await prepareOrTell()

const chosen = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument))
const lines = chosen.length > 0 ? chosen : ["24", "26"]
const totals = { passed: 0, failed: built ? 0 : 1, skipped: 0 }

for (const line of lines) {
  const node = installNode(line)
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
function installNode(line) {
  const platform = process.platform === "win32" ? "win" : process.platform
  const name = `node-${platform}-${process.arch}`
  const folder = join(root, ".cache", `node-${line}`)
  const program = process.platform === "win32" ? "node.exe" : "node"
  const node = join(folder, "node_modules", name, "bin", program)
  if (!existsSync(node)) install(folder, `${name}@${line}`)
  return existsSync(node) ? node : null
}
