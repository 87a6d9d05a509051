// Type-checks every example of the documentation, also those that do not run, as a strict user would.
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { root } from "./prepare.mjs"
import { findSnippets } from "./snippets.mjs"

const folder = join(root, ".cache", "snippet-types")
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

/** @type {Map<string, string>} */
const names = new Map()
for (const { name, language, treatment, code } of findSnippets()) {
  if (language !== "ts" || treatment === "ignore") continue
  const file = join(folder, `${name.replaceAll(/[^a-z0-9]/gi, "-")}.ts`)
  writeFileSync(file, code)
  names.set(file, name)
}

const program = ts.createProgram([...names.keys()], {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.asynciterable.d.ts"],
  types: ["node"],
  typeRoots: [join(root, "node_modules", "@types")],
})
const problems = ts.getPreEmitDiagnostics(program)
for (const { file, start, messageText } of problems) {
  const place = file && names.get(file.fileName)
  const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
  const text = ts.flattenDiagnosticMessageText(messageText, "\n")
  console.error(place ? `${place} (its line ${line}): ${text}` : text)
}
process.exitCode = problems.length > 0 ? 1 : 0
