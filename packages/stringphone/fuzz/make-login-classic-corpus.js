// Writes the target's corpus anew from the test vectors, when the format changed: node fuzz/make-login-classic-corpus.js
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const here = import.meta.dirname
const vectors = join(here, "../test/vectors/login-classic.json")
const { requests } = JSON.parse(readFileSync(vectors, "utf8"))
const samples = requests.flatMap(({ name, ask }) => {
  const text = ask.do === "decode" ? ask.text : ask.do === "take" ? ask.call : null
  return text === null ? [] : [[name, Buffer.from(text).toString("hex")]]
})

const corpus = Object.fromEntries(samples)
writeFileSync(join(here, "corpus/login-classic.json"), `${JSON.stringify(corpus, null, 2)}\n`)
