// A reporter for scripts: writes how many tests passed, failed and were skipped, and which failed and
// why, as JSON, to the file that STRINGPHONE_TOTALS names.
import { writeFileSync } from "node:fs"

export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const failures = unhandledErrors.map((error) => describe("outside of all tests", [error]))
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0, failures }
    for (const module of modules) {
      // A file that does not load, or a hook that throws, has no test that could fail.
      const groups = [module, ...module.children.allSuites()]
      for (const group of groups.filter((one) => one.errors().length > 0)) {
        totals.failed++
        failures.push(describe(nameOf(module, group), group.errors()))
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result()
        if (state === "failed") failures.push(describe(nameOf(module, test), errors))
        if (state === "passed" || state === "failed") totals[state]++
        else totals.skipped++
      }
    }
    writeFileSync(process.env.STRINGPHONE_TOTALS, JSON.stringify(totals))
  }
}

function nameOf(module, part) {
  const name = [module.project.name, module.relativeModuleId]
  return [...name, ...(part.fullName ? [part.fullName] : [])].join(" > ")
}

/** One line: the details are where it failed. */
function describe(name, errors) {
  const [why = ""] = (errors?.[0]?.message ?? "").split("\n")
  return `${name}: ${why}`
}
