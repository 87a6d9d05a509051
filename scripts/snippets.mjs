// Finds the code in the documentation, and turns it into programs that can be checked and run.
// docs/testing.md says how to write it.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import ts from "typescript"
import { libraryFolder, publicSubpaths } from "./library.mjs"
import { root } from "./prepare.mjs"

/**
 * @typedef {object} Snippet
 * @property {string} name where it stands, as in `README.md:12`
 * @property {"ts" | "sh"} language
 * @property {"run" | "check" | "ignore"} treatment
 * @property {string} code
 */

/** @returns {Snippet[]} */
export function findSnippets() {
  const pages = [
    "README.md",
    ...markdownIn("docs"),
    ...markdownIn("spec"),
    ...["stringphone", "cli", "web"].map((name) => `packages/${name}/README.md`),
  ].filter((path) => existsSync(join(root, path)))
  return [
    ...pages.flatMap((path) => snippetsOfPage(path)),
    ...sourceFiles(join(libraryFolder, "src")).flatMap((path) => snippetsOfSource(path)),
  ]
}

function markdownIn(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name.split(sep).join("/")}`)
    .sort()
}

function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name))
    .sort()
}

const fence = /^( *)(`{3,})([^\n`]*)\n([\s\S]*?)^\1\2[ \t]*$/gm

function* fencesOf(text) {
  for (const { 1: indent, 3: info, 4: body, index } of text.matchAll(fence)) {
    const [language, ...words] = info.trim().split(/\s+/)
    const code = body.replaceAll(new RegExp(`^${indent}`, "gm"), "")
    yield { language, words, code, line: text.slice(0, index).split("\n").length + 1 }
  }
}

function snippetsOfPage(path) {
  const text = readFileSync(join(root, path), "utf8").replaceAll("\r\n", "\n")
  const snippets = []
  /** The blocks so far that a `ts continue` goes on from. */
  let story = ""
  for (const { language, words, code, line } of fencesOf(text)) {
    const name = `${path}:${line}`
    if (language === "ts") {
      const treatment = treatmentOf(words)
      const whole = words.includes("continue") ? `${story}\n${code}` : code
      if (treatment !== "ignore") story = whole
      snippets.push({ name, language, treatment, code: whole })
    } else if (language === "sh" && words.includes("test")) {
      snippets.push({ name, language, treatment: "run", code })
    }
  }
  return snippets
}

function treatmentOf(words) {
  if (words.includes("ignore")) return "ignore"
  return words.includes("no-run") ? "check" : "run"
}

/** The `@example` blocks of a source file. What its subpath exports need not be imported in them. */
function snippetsOfSource(file) {
  const text = readFileSync(file, "utf8").replaceAll("\r\n", "\n")
  const snippets = []
  for (const { 0: comment, index } of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const at = comment.indexOf("@example")
    if (at < 0) continue
    const plain = comment.slice(at).replaceAll(/^ *\* ?/gm, "")
    const firstLine = text.slice(0, index + at).split("\n").length
    for (const { language, words, code, line } of fencesOf(plain)) {
      if (language !== "ts") continue
      const name = `${relative(root, file).split(sep).join("/")}:${firstLine + line - 1}`
      const treatment = treatmentOf(words)
      snippets.push({ name, language, treatment, code: importsFor(file, code) + code })
    }
  }
  return snippets
}

/** One line, so that line numbers in errors stay near. */
function importsFor(file, code) {
  const entry = entryOf(file)
  if (entry === null) return ""
  const source = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true)
  const used = new Set()
  const declared = new Set()
  const visit = (node) => {
    if (ts.isIdentifier(node)) {
      const { parent } = node
      const isName = "name" in parent && parent.name === node
      if (isName && !ts.isPropertyAccessExpression(parent)) declared.add(node.text)
      else if (!(ts.isPropertyAccessExpression(parent) && parent.name === node)) used.add(node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  const names = [...used].filter((name) => !declared.has(name) && entry.names.includes(name))
  return names.length > 0 ? `import { ${names.join(", ")} } from "${entry.subpath}"; ` : ""
}

/** The subpath whose own file this is, otherwise the one of the nearest index above it. */
function entryOf(file) {
  const path = relative(join(libraryFolder, "src"), file).replace(/\.ts$/, ".js")
  const entries = publicSubpaths().map((entry) => ({
    ...entry,
    path: relative(join(libraryFolder, "dist"), entry.js),
  }))
  let found = entries.find((entry) => entry.path === path)
  for (let folder = dirname(path); !found && folder !== "."; folder = dirname(folder)) {
    found = entries.find((entry) => entry.path === join(folder, "index.js"))
  }
  return found ? { subpath: found.subpath, names: exportedNames(found.js) } : null
}

/** Both values and types, from what is built: types are in the declarations only. */
function exportedNames(js) {
  const source = readFileSync(js.replace(/\.js$/, ".d.ts"), "utf8")
  const file = ts.createSourceFile("entry.d.ts", source, ts.ScriptTarget.Latest)
  return file.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement) && statement.exportClause) {
      return statement.exportClause.elements.map((element) => element.name.text)
    }
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map((each) => each.name.text)
    }
    return statement.name ? [statement.name.text] : []
  })
}

/** The module that a snippet imports its checks from. */
export const checksModule = join(root, "scripts", "snippet-checks.mjs")

/**
 * @param {string} code
 * @returns {string}
 *
 * Makes `statement // → value` check the value: of the expression, of the variable that it declares,
 * or of what `console.log` was given. `// → throws NAME` expects an error of that name or code.
 */
export function withChecks(code) {
  const source = ts.createSourceFile("snippet.ts", code, ts.ScriptTarget.Latest, true)
  let result = code
  for (const statement of [...allStatements(source)].reverse()) {
    const comment = /^;?[ \t]*\/\/ → (.*)/.exec(code.slice(statement.getEnd()))
    if (comment === null) continue
    const expected = JSON.stringify(comment[1].trim())
    result =
      result.slice(0, statement.getStart()) +
      checked(statement, expected) +
      result.slice(statement.getEnd())
  }
  if (result === code) return code
  return `import * as $checks from ${JSON.stringify(checksModule)}; ${result}`
}

function* allStatements(node) {
  for (const child of node.getChildren()) {
    if (ts.isExpressionStatement(child) || ts.isVariableStatement(child)) yield child
    yield* allStatements(child)
  }
}

function checked(statement, expected) {
  const text = statement.getText()
  const throws = /^"throws /.test(expected)
  if (ts.isVariableStatement(statement)) {
    const { name } = statement.declarationList.declarations[0]
    return `${text}; $checks.value(${name.getText()}, ${expected})`
  }
  const { expression } = statement
  const source = expression.getText()
  if (throws) {
    const isAsync = ts.isAwaitExpression(expression)
    return isAsync
      ? `await $checks.rejects(async () => { ${source} }, ${expected})`
      : `$checks.throws(() => { ${source} }, ${expected})`
  }
  const isLog = ts.isCallExpression(expression) && expression.expression.getText() === "console.log"
  if (isLog) {
    return `$checks.printed([${expression.arguments.map((a) => a.getText()).join(", ")}], ${expected})`
  }
  return `$checks.value(${source}, ${expected})`
}
