// `npm test`: all suites of all packages in one vitest run, or those that the arguments select.
//   npm test -- test/wire            files whose path contains it
//   npm test -- -t "forged"          tests whose name matches
//   npm test -- --project portable   one of native, portable, chromium, cli, web
import { findChromium } from "./chromium.mjs"
import { prepareOrTell } from "./prepare.mjs"
import { runVitest, totalsLine } from "./vitest.mjs"

const built = await prepareOrTell()

const args = process.argv.slice(2)
const totals = runVitest(args)
if (!built) totals.failed++

const needsChromium = args.length === 0
if (needsChromium && findChromium() === null) {
  const inCi = process.env.CI === "true"
  console.log(
    "Chromium was not found, so nothing was tested in a browser. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.",
  )
  if (inCi) totals.failed++
  else totals.skipped++
}

if (totals.passed === 0 && totals.failed === 0) {
  console.log("No test was run: nothing matches the arguments.")
  totals.failed = 1
}

console.log(totalsLine(totals))
process.exitCode = totals.failed > 0 ? 1 : 0
