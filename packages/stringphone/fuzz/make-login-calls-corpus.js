// Writes the target's corpus anew, when the format changed: node fuzz/make-login-calls-corpus.js. Needs a build (tsc -b).
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { loginCallsModules, loginCallsScene } from "./login-calls.js"

const built = (path) => import(new URL(`../dist/${path}`, import.meta.url).href)
const login = Object.assign({}, ...(await Promise.all(loginCallsModules.map(built))))
const { samples } = loginCallsScene(login)
const corpus = Object.fromEntries(
  Object.entries(samples).map(([name, bytes]) => [name, login.hex(bytes)]),
)
const file = join(import.meta.dirname, "corpus", "login-calls.json")
writeFileSync(file, `${JSON.stringify(corpus, null, 2)}\n`)
