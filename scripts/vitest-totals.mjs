// A reporter for scripts: writes how many tests passed, failed and were skipped, and which failed and
// why, as JSON, to the file that STRINGPHONE_TOTALS names.
import { writeFileSync } from "node:fs"

export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const outside = unhandledErrors.map((error) => describe("outside of all tests", [error]))
    const totals = { passed: 0, failed: outside.length, skipped: 0, failures: outside, files: [] }
    for (const module of modules) {
      const file = countsOf(module)
      for (const state of ["passed", "failed", "skipped"]) totals[state] += file[state]
      totals.failures.push(...file.failures)
      if (file.failed > 0) totals.files.push(file)
    }
    writeFileSync(process.env.STRINGPHONE_TOTALS, JSON.stringify(totals))
  }
}

/** What a file contributed. */
function countsOf(module) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] }
  // A file that does not load, or a hook that throws, has no test that could fail.
  const groups = [module, ...module.children.allSuites()]
  for (const group of groups.filter((one) => one.errors().length > 0)) {
    counts.failed++
    counts.failures.push(describe(nameOf(module, group), group.errors()))
  }
  for (const test of module.children.allTests()) {
    const { state, errors } = test.result()
    if (state === "failed") counts.failures.push(describe(nameOf(module, test), errors))
    if (state === "passed" || state === "failed") counts[state]++
    else counts.skipped++
  }
  return { project: module.project.name, path: module.moduleId, ...counts }
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
