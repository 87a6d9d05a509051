// The lint rule behind import-table.json: a layer of the library imports what the table allows, and
// an application imports the library's public subpaths only.
import { readFileSync } from "node:fs"
import { dirname, posix, relative, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..")
/**
 * @typedef {{
 *   library: Record<string, { pure?: boolean, layers: string[], packages: string[] }>
 *   files: Record<string, { packages?: string[], modules?: string[] }>
 *   applications: Record<string, string[]>
 * }} ImportTable
 */

/** @type {ImportTable} */
export const table = JSON.parse(readFileSync(resolve(root, "import-table.json"), "utf8"))
const librarySource = "packages/stringphone/src/"

/**
 * @param {string} filename absolute
 * @param {string} specifier
 * @returns {string | null} what is wrong with the import, or null
 */
export function problemOfImport(filename, specifier) {
  const file = relative(root, filename).split(sep).join("/")
  if (file.startsWith(librarySource)) {
    return problemInLibrary(file.slice(librarySource.length), specifier)
  }
  const application = Object.keys(table.applications).find((folder) =>
    file.startsWith(`${folder}/src/`),
  )
  return application === undefined ? null : problemInApplication(application, file, specifier)
}

function problemInLibrary(file, specifier) {
  const layer = file.split("/")[0]
  const rules = table.library[layer]
  if (rules === undefined) return `The folder ${layer} is not in import-table.json.`

  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(file), specifier)
    const [targetLayer] = target.split("/")
    if (targetLayer === "..") return `${specifier} is outside of the library's src.`
    if (targetLayer === layer) return null
    if (table.files[file]?.modules?.includes(target)) return null
    if (!rules.layers.includes(targetLayer)) {
      return `${layer} may import ${rules.layers.join(", ") || "nothing"}, but not ${targetLayer}.`
    }
    if (!/\/(index|port)\.js$/.test(target)) {
      return `Enter ${targetLayer} by its index.js; ${specifier} is its own business.`
    }
    return null
  }

  if (specifier === "#engine") {
    return layer === "crypto" ? null : "Only crypto knows the engine; import crypto/index.js."
  }
  const allowed = [...rules.packages, ...(table.files[file]?.packages ?? [])]
  return allowed.some((pattern) => matches(pattern, specifier))
    ? null
    : `${layer} may not import the package ${specifier}.`
}

function problemInApplication(application, file, specifier) {
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(file), specifier)
    if (target.startsWith(`${application}/`)) return null
    return `${specifier} leaves ${application}; use the public subpaths of stringphone.`
  }
  if (/^stringphone\/(src|dist)(\/|$)/.test(specifier)) {
    return `${specifier} is not public; use the subpaths in the library's package.json.`
  }
  if (!specifier.startsWith("@stringphone/")) return null
  return table.applications[application].includes(specifier)
    ? null
    : `${specifier} belongs to another application, and import-table.json does not share it.`
}

/** `@noble/*` and `node:*` are prefixes, any other name is a package with its subpaths. */
function matches(pattern, specifier) {
  if (pattern.endsWith("*")) return specifier.startsWith(pattern.slice(0, -1))
  return specifier === pattern || specifier.startsWith(`${pattern}/`)
}

/** @type {import("eslint").Rule.RuleModule} */
export const importTableRule = {
  meta: { type: "problem", schema: [], messages: { wrong: "{{problem}}" } },
  create(context) {
    function check(node, source) {
      if (source == null) return
      // import("…") takes any expression; what cannot be read cannot be checked.
      const specifier = source.type === "TSLiteralType" ? source.literal.value : source.value
      const problem =
        typeof specifier === "string"
          ? problemOfImport(context.filename, specifier)
          : "Write the imported name as a plain string."
      if (problem !== null) context.report({ node, messageId: "wrong", data: { problem } })
    }
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source ?? node.argument),
    }
  },
}
