import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Linter } from "eslint"
import { describe, expect, test } from "vitest"
import {
  importTableRule,
  problemOfImport,
  table,
} from "../../../../scripts/eslint/import-table.mjs"

const root = join(import.meta.dirname, "..", "..", "..", "..")
const source = join(root, "packages", "stringphone", "src")

function problem(file: string, specifier: string): string | null {
  return problemOfImport(join(root, file), specifier)
}

describe("the import table", () => {
  test("has every folder of src", () => {
    const folders = readdirSync(source, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
    expect(Object.keys(table.library)).toEqual(expect.arrayContaining(folders))
  })

  test("has no circle", () => {
    const above = (layer: string, path: readonly string[]): void => {
      expect(path).not.toContain(layer)
      for (const lower of table.library[layer]?.layers ?? []) above(lower, [...path, layer])
    }
    for (const layer of Object.keys(table.library)) above(layer, [])
  })
})

const library = "packages/stringphone/src"

test.each([
  [`${library}/topic/classic/topic.ts`, "../../crypto/index.js"],
  [`${library}/topic/classic/topic.ts`, "./wire/simple.js"],
  [`${library}/session/run.ts`, "../transport/port.js"],
  [`${library}/session/run.ts`, "../topic/classic/index.js"],
  [`${library}/transport/mqtt.ts`, "mqtt"],
  [`${library}/transport/tcp.ts`, "node:net"],
  [`${library}/crypto/portable.ts`, "@noble/hashes/sha2.js"],
  [`${library}/crypto/index.ts`, "#engine"],
  [`${library}/crypto/native.ts`, "node:module"],
  [`${library}/keyring/node.ts`, "../store/file.js"],
  ["packages/web/src/phone.ts", "@stringphone/cli/home-messages"],
  ["packages/cli/src/up/hub.ts", "stringphone/topic/classic"],
  ["packages/cli/src/up/hub.ts", "../main.js"],
  ["packages/cli/src/up/hub.ts", "aedes"],
])("%s may import %s", (file, specifier) => {
  expect(problem(file, specifier)).toBeNull()
})

test.each([
  ["upwards", `${library}/bytes/reader.ts`, "../crypto/index.js"],
  ["sideways", `${library}/topic/classic/topic.ts`, "../../room/index.js"],
  ["sideways", `${library}/transport/mqtt.ts`, "../store/index.js"],
  ["past the door", `${library}/session/run.ts`, "../transport/mqtt.js"],
  ["past the door", `${library}/topic/classic/topic.ts`, "../../crypto/portable.js"],
  ["the engine", `${library}/topic/classic/topic.ts`, "#engine"],
  ["a package", `${library}/topic/classic/topic.ts`, "@noble/hashes/sha2.js"],
  ["a package of a similar name", `${library}/transport/mqtt.ts`, "mqtt-packet"],
  ["Node in a pure layer", `${library}/crypto/portable.ts`, "node:crypto"],
  ["out of src", `${library}/bytes/reader.ts`, "../../test/hostile.js"],
  ["a folder that is not in the table", `${library}/helpers/index.ts`, "../bytes/index.js"],
  ["the source", "packages/cli/src/main.ts", "../../stringphone/src/bytes/index.js"],
  ["what is built", "packages/web/src/main.ts", "stringphone/dist/bytes/index.js"],
  ["an adapter", `${library}/keyring/records.ts`, "../store/file.js"],
  ["another application", "packages/web/src/main.ts", "@stringphone/cli/program"],
  ["another application's files", "packages/cli/src/main.ts", "../../web/src/main.js"],
])("forbids %s: %s importing %s", (_, file, specifier) => {
  expect(problem(file, specifier)).not.toBeNull()
})

test.each([
  'import "../room/index.js"',
  'import { x } from "../room/index.js"',
  'export { x } from "../room/index.js"',
  'export * from "../room/index.js"',
  'await import("../room/index.js")',
  "await import(somewhere)",
])("the rule sees %s", (code) => {
  const messages = new Linter().verify(
    code,
    [
      {
        files: ["**/*.ts"],
        plugins: { local: { rules: { "import-table": importTableRule } } },
        rules: { "local/import-table": "error" },
      },
    ],
    { filename: join(source, "topic", "x.ts") },
  )
  expect(messages.map(({ ruleId }) => ruleId)).toEqual(["local/import-table"])
})
