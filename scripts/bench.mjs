// `npm run bench`: each area in a process of its own, for each engine that it is about.
//   npm run bench -- --only crypto   one area
//   npm run bench -- --json          { area, name, value, unit, goal, atMost, holds } a line
import { spawn } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { libraryFolder } from "./library.mjs"
import { prepareOrTell } from "./prepare.mjs"

await prepareOrTell()

const options = process.argv.slice(2)
const json = options.includes("--json")
const only = options.includes("--only") ? options[options.indexOf("--only") + 1] : null

const folder = join(libraryFolder, "bench")
const areas = readdirSync(folder)
  .filter((name) => name.endsWith(".bench.mjs"))
  .map((name) => name.replace(".bench.mjs", ""))
if (only !== null && !areas.includes(only)) {
  console.error(`There is no area ${only}. There are: ${areas.join(", ")}.`)
  process.exit(1)
}

/** Bytes on a wire, and a database, take as long whichever engine made them. */
const withoutCrypto = ["transport", "mailbox-store", "login-sessions"]

for (const area of only === null ? areas : [only]) {
  if (!json) console.log(`\n${area}`)
  if (withoutCrypto.includes(area)) {
    await runArea(area, [], "")
    continue
  }
  const native = await runArea(area, [], "native ")
  const portable = await runArea(area, ["--conditions=stringphone-portable"], "portable ")
  if (area !== "crypto") continue
  for (const [name, value] of native) {
    const ratio = Number((value / portable.get(name)).toPrecision(3))
    print({ area, name: `native : portable, ${name}`, value: ratio, unit: "ratio" })
  }
}

/** @returns {Promise<Map<string, number>>} the values by name */
async function runArea(area, conditions, prefix) {
  const file = join(folder, `${area}.bench.mjs`)
  const child = spawn(process.execPath, ["--expose-gc", ...conditions, file], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = new Promise((resolve) => child.on("close", resolve))
  const values = new Map()
  for await (const line of createInterface({ input: child.stdout })) {
    const result = JSON.parse(line)
    values.set(result.name, result.value)
    print({ area, ...result, name: prefix + result.name })
  }
  if ((await ended) !== 0) {
    console.error(`The benchmark ${area} failed.`)
    process.exitCode = 1
  }
  return values
}

/** `goal`: at least; `atMost`: a goal of which less is better. One of them, or none. */
function print({ area, name, value, unit, goal = null, atMost = null }) {
  const holds = goal !== null ? value >= goal : atMost !== null ? value <= atMost : null
  if (json) return console.log(JSON.stringify({ area, name, value, unit, goal, atMost, holds }))
  const number = value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 3 : 0 })
  const wanted = goal !== null ? `goal ${goal}` : `goal at most ${atMost}`
  const verdict = holds === null ? "" : `${holds ? "✔" : "✘"} ${wanted}`
  console.log(`  ${name.padEnd(44)} ${number.padStart(12)} ${unit.padEnd(6)} ${verdict}`.trimEnd())
}
