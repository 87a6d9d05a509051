// The public API as text, one report for each subpath, committed in packages/stringphone/api: a change
// of what users see shows up in review.
//   node scripts/api-report.mjs            fails when a report differs from what is built
//   node scripts/api-report.mjs --update   rewrites them
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { CompilerState, Extractor, ExtractorConfig } from "@microsoft/api-extractor"
import { libraryFolder, publicSubpaths } from "./library.mjs"

const apiFolder = join(libraryFolder, "api")

function reportName(subpath) {
  return `${subpath.replace(/^stringphone\/?/, "").replaceAll("/", "-") || "index"}.api.md`
}

function configFor({ subpath, dts }, folder) {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: libraryFolder,
      mainEntryPointFilePath: dts,
      newlineKind: "lf",
      apiReport: {
        enabled: true,
        reportFileName: reportName(subpath),
        reportFolder: folder,
        reportTempFolder: join(folder, "temp"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2022",
            lib: ["es2023", "dom", "dom.asynciterable"],
            module: "nodenext",
            moduleResolution: "nodenext",
            types: ["node"],
            strict: true,
            skipLibCheck: true,
          },
          include: [join(libraryFolder, "dist/**/*.d.ts")],
        },
      },
      messages: {
        compilerMessageReporting: { default: { logLevel: "none" } },
        // A type that users meet and cannot import is worth a line in the report.
        extractorMessageReporting: {
          default: { logLevel: "none" },
          "ae-forgotten-export": { logLevel: "none", addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(libraryFolder, "package.json"),
  })
}

/** @returns {Map<string, string>} file name → report */
function makeReports() {
  const folder = mkdtempSync(join(tmpdir(), "stringphone-api-"))
  try {
    const configs = publicSubpaths().map((entry) => configFor(entry, folder))
    // One compilation for all entries: the reports take seconds, not a minute.
    const compilerState = CompilerState.create(configs[0], {
      additionalEntryPoints: configs.slice(1).map((config) => config.mainEntryPointFilePath),
    })
    for (const config of configs) {
      Extractor.invoke(config, {
        compilerState,
        localBuild: true,
        messageCallback: (message) => (message.handled = true),
      })
    }
    return new Map(
      reportsIn(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function reportsIn(folder) {
  return readdirSync(folder).filter((name) => name.endsWith(".api.md"))
}

/** @returns {string[]} a sentence for each report that differs */
export function checkReports() {
  mkdirSync(apiFolder, { recursive: true })
  const made = makeReports()
  const committed = reportsIn(apiFolder)
  const problems = []
  for (const [name, report] of made) {
    if (!committed.includes(name)) problems.push(`api/${name} is missing`)
    else {
      const difference = firstDifference(readFileSync(join(apiFolder, name), "utf8"), report)
      if (difference !== null) problems.push(`api/${name} differs: ${difference}`)
    }
  }
  for (const name of committed) {
    if (!made.has(name)) problems.push(`api/${name} belongs to no subpath`)
  }
  if (problems.length > 0) {
    problems.push("If the API changed on purpose: npm run api:update, and commit the reports.")
  }
  return problems
}

/** Line endings are git's business. */
function firstDifference(committed, made) {
  const [before, after] = [committed, made].map((text) => text.split(/\r?\n/))
  const at = after.findIndex((line, i) => line !== before[i])
  if (at < 0 && before.length === after.length) return null
  const line = at < 0 ? after.length : at
  return `line ${line + 1} was "${(before[line] ?? "").trim()}", is "${(after[line] ?? "").trim()}"`
}

function updateReports() {
  rmSync(apiFolder, { recursive: true, force: true })
  mkdirSync(apiFolder, { recursive: true })
  for (const [name, report] of makeReports()) writeFileSync(join(apiFolder, name), report)
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === "--update") updateReports()
  else {
    const problems = checkReports()
    for (const problem of problems) console.error(problem)
    process.exitCode = problems.length > 0 ? 1 : 0
  }
}
