// Writes the target's corpus anew from the test vectors, when the format changed: node fuzz/make-mailbox-classic-corpus.js
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const here = import.meta.dirname
const vectors = join(here, "../test/vectors/mailbox-classic.json")
const { requests } = JSON.parse(readFileSync(vectors, "utf8"))
const seedOf = (name) => requests.find((one) => one.name === `keys: ${name}`).ask.seed
const samples = requests.flatMap(({ name, ask, answer }) => {
  if (ask.do === "create" && answer.ok) return [[name, answer.ok]]
  if (ask.do === "list") return [[name, answer.ok]]
  return name.startsWith("changed: ") ? [[name, ask.mail]] : []
})

const write = (path, value) =>
  writeFileSync(join(here, path), `${JSON.stringify(value, null, 2)}\n`)
write("mailbox-classic-seeds.json", { alice: seedOf("alice"), bob: seedOf("bob") })
write(join("corpus", "mailbox-classic.json"), Object.fromEntries(samples))
