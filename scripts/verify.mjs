// `npm run verify`: everything that can be checked, and then all tests.
//   npm run verify -- --without-tests   for CI, which has run them already
//   npm run verify -- sizes types       only these
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { prepareOrTell, root } from "./prepare.mjs"

const built = await prepareOrTell()

const inModules = (path) => join(root, "node_modules", path)
const tsc = [inModules("typescript/bin/tsc"), "--pretty", "false"]

/** The build has checked the sources; here come the projects that are checked and never emitted. */
const checkedProjects = [
  "packages/stringphone/test",
  "packages/cli/test",
  "packages/web/test",
].filter((folder) => existsSync(join(root, folder, "tsconfig.json")))

const steps = [
  { name: "lint", args: [inModules("eslint/bin/eslint.js"), "--max-warnings", "0", "."] },
  {
    name: "format",
    args: [inModules("prettier/bin/prettier.cjs"), "--check", "--log-level", "warn", "."],
  },
  ...checkedProjects.map((folder) => ({
    name: `types of ${folder}`,
    args: [...tsc, "-p", folder],
  })),
  existsSync(join(root, "packages/web/tsconfig.json")) && {
    name: "types of packages/web",
    args: [
      inModules("svelte-check/bin/svelte-check"),
      ...["--tsconfig", "tsconfig.json", "--fail-on-warnings", "--output", "human"],
    ],
    cwd: join(root, "packages", "web"),
  },
  { name: "types of the examples", args: ["scripts/snippet-types.mjs"] },
  { name: "api reports", args: ["scripts/api-report.mjs"] },
  {
    name: "package (publint)",
    args: [inModules("publint/src/cli.js"), "run", "packages/stringphone", "--strict"],
  },
  {
    name: "package types (attw)",
    args: [
      inModules("@arethetypeswrong/cli/dist/index.js"),
      ...["--pack", "packages/stringphone", "--profile", "esm-only", "--no-emoji"],
    ],
  },
  { name: "sizes", args: ["scripts/sizes.mjs"] },
].filter(Boolean)

const options = process.argv.slice(2)
const only = options.filter((option) => !option.startsWith("--"))
const chosen =
  only.length === 0 ? steps : steps.filter(({ name }) => only.some((part) => name.includes(part)))

console.log(`${built ? "✔" : "✘"} build`)
const totals = built ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
const waiting = [...chosen]
// Most steps are one thread each; two at a time suit the smallest machines this runs on.
await Promise.all([work(), work()])

async function work() {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const start = performance.now()
    const { code, output } = await run(step)
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${code === 0 ? "✔" : "✘"} ${step.name} (${seconds} s)`)
    if (code !== 0) console.log(output.trimEnd().replaceAll(/^/gm, "    "))
    totals[code === 0 ? "passed" : "failed"]++
  }
}

function run({ args, cwd = root }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, FORCE_COLOR: "0" },
    })
    let output = ""
    child.stdout.on("data", (data) => (output += data))
    child.stderr.on("data", (data) => (output += data))
    child.on("close", (code) => resolve({ code, output }))
  })
}

if (only.length === 0 && !options.includes("--without-tests")) {
  const { runVitest } = await import("./vitest.mjs")
  const tests = runVitest([])
  totals.passed += tests.passed
  totals.failed += tests.failed
}

if (chosen.length === 0) {
  console.log(`No such check. There are: ${steps.map(({ name }) => name).join(", ")}.`)
  totals.failed = 1
}
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exitCode = totals.failed > 0 ? 1 : 0
