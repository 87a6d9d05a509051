// A reporter for scripts: writes how many tests passed, failed and were skipped, as JSON, to the
// file that STRINGPHONE_TOTALS names.
import { writeFileSync } from "node:fs"

export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      // A file that does not load, or a hook that throws, has no test that could fail.
      if (module.errors().length > 0) totals.failed++
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) totals.failed++
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === "passed" || state === "failed") totals[state]++
        else totals.skipped++
      }
    }
    writeFileSync(process.env.STRINGPHONE_TOTALS, JSON.stringify(totals))
  }
}
