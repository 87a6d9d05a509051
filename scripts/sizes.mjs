// What each subpath of the library adds to a web page: bundled for browsers (and so with the portable
// engine), minified, gzip -9; packages that the user brings (peers) do not count.
//   node scripts/sizes.mjs            compares with packages/stringphone/size-budgets.json
//   node scripts/sizes.mjs --what stringphone/topic/classic   which files the bytes come from
import { readFileSync, realpathSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { libraryFolder, publicSubpaths } from "./library.mjs"
import { root } from "./prepare.mjs"

const { peerDependencies } = JSON.parse(readFileSync(join(libraryFolder, "package.json"), "utf8"))

async function bundle(js) {
  const result = await build({
    entryPoints: [js],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2023",
    platform: "browser",
    logLevel: "silent",
    absWorkingDir: root,
    external: ["node:*", ...Object.keys(peerDependencies)],
  })
  return { code: result.outputFiles[0].contents, metafile: result.metafile }
}

/** @returns {Promise<string[]>} a sentence for each broken budget */
export async function checkSizes(print) {
  const budgets = JSON.parse(readFileSync(join(libraryFolder, "size-budgets.json"), "utf8"))
  const problems = []
  for (const { subpath, js } of publicSubpaths()) {
    const { code, metafile } = await bundle(js)
    const size = gzipSync(code, { level: 9 }).length
    const budget = budgets[subpath]
    print(`${String(size).padStart(7)} of ${String(budget ?? "?").padStart(7)}  ${subpath}`)
    if (budget === undefined) {
      const proposal = Math.ceil((size * 1.1) / 100) * 100
      problems.push(
        `${subpath} has no budget in size-budgets.json; today's ${size} + 10 % is ${proposal}`,
      )
    } else if (size > budget) {
      problems.push(`${subpath} is ${size} bytes, its budget is ${budget}`)
    }
    const files = Object.keys(Object.values(metafile.outputs)[0].inputs)
    if (subpath.startsWith("stringphone/topic/") && files.some((file) => /argon2/.test(file))) {
      problems.push(`${subpath} contains Argon2, which it does not use`)
    }
  }
  for (const subpath of Object.keys(budgets)) {
    if (!publicSubpaths().some((offered) => offered.subpath === subpath)) {
      problems.push(`size-budgets.json has ${subpath}, which package.json does not offer`)
    }
  }
  return problems
}

async function explain(subpath) {
  const { js } = publicSubpaths().find((offered) => offered.subpath === subpath)
  const { code, metafile } = await bundle(js)
  const inputs = Object.entries(Object.values(metafile.outputs)[0].inputs)
  for (const [file, { bytesInOutput }] of inputs.sort(
    ([, a], [, b]) => b.bytesInOutput - a.bytesInOutput,
  )) {
    console.log(`${String(bytesInOutput).padStart(7)}  ${relative(".", file)}`)
  }
  console.log(`${code.length} bytes minified, ${gzipSync(code, { level: 9 }).length} gzip`)
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === "--what") {
    await explain(process.argv[3])
  } else {
    const problems = await checkSizes(console.log)
    for (const problem of problems) console.error(problem)
    process.exitCode = problems.length > 0 ? 1 : 0
  }
}
