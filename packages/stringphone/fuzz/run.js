// Mutates the corpora for a while: node fuzz/run.js [seconds] [seed] [target]. Needs a build (tsc -b).
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { classicDecodeTarget } from "./classic-decode.js"
import { loginCallsModules, loginCallsTarget } from "./login-calls.js"
import { loginClassicTarget } from "./login-classic.js"
import { loginModules, loginTarget } from "./login.js"
import { mailboxClassicTarget } from "./mailbox-classic.js"
import { mailboxModules, mailboxTarget } from "./mailbox.js"
import { roomClassicTarget } from "./room-classic.js"
import { roomDecodeTarget, roomModules } from "./room-decode.js"
import { topicDecodeTarget } from "./topic-decode.js"

const dist = new URL("../dist/", import.meta.url)
if (!existsSync(new URL("topic/index.js", dist))) {
  console.error("Nothing is built yet. Run `npx tsc -b packages/stringphone` first.")
  process.exit(1)
}
const built = (path) => import(new URL(path, dist).href)
const json = (path) => JSON.parse(readFileSync(join(import.meta.dirname, path), "utf8"))

const login = Object.assign({}, ...(await Promise.all(loginModules.map(built))))
await login.opaqueReady()

/** By name: what checks one input, and the type bytes that are worth trying. */
const targets = {
  "classic-decode": {
    types: "sir",
    run: classicDecodeTarget(await built("topic/classic/index.js")),
  },
  "topic-decode": {
    types: "MTBCFKQX1s",
    run: topicDecodeTarget(
      {
        ...(await built("topic/index.js")),
        ...(await built("identity/index.js")),
        ...(await built("bytes/index.js")),
      },
      json("topic-receivers.json"),
    ),
  },
  "login-calls": {
    types: "\x05\x06\x07\x08\x0e\x10\x11\x00\x01",
    run: loginCallsTarget(
      Object.assign({}, ...(await Promise.all(loginCallsModules.map(built)))),
      json("corpus/login-calls.json"),
    ),
  },
  "login-classic": {
    types: "&=%+0af",
    run: loginClassicTarget(await built("login/classic/index.js"), await built("bytes/index.js")),
  },
  login: {
    types: "\x01\x02\x03\x04\x20\x21\x22\x23",
    run: loginTarget(login, json("corpus/login.json")),
  },
  "mailbox-classic": {
    types: "\x01\x02",
    run: mailboxClassicTarget(
      await built("mailbox/classic/index.js"),
      await built("bytes/index.js"),
      json("mailbox-classic-seeds.json"),
      json("corpus/mailbox-classic.json"),
    ),
  },
  mailbox: {
    types: "\x01\x02\x03\x10\x11\x20",
    run: mailboxTarget(
      Object.assign({}, ...(await Promise.all(mailboxModules.map(built)))),
      json("corpus/mailbox.json"),
    ),
  },
  "room-classic": {
    types: "0123A/+=?!",
    run: roomClassicTarget(await built("room/classic/index.js"), await built("bytes/index.js")),
  },
  "room-decode": {
    types: "koragescmbv\x01\x02\x03\x04\x05\x06\x07",
    run: roomDecodeTarget(
      Object.assign(
        {},
        await built("bytes/index.js"),
        ...(await Promise.all(roomModules.map(built))),
      ),
      json("room-secrets.json"),
    ),
  },
}
const seconds = Number(process.argv[2] ?? 30)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32) >>> 0
const names = process.argv[4] ? [process.argv[4]] : Object.keys(targets)
let random = mulberry32(seed)
for (const name of names) fuzz(name, targets[name], seconds / names.length)

function fuzz(name, { run, types }, forSeconds) {
  const corpusFile = join("corpus", `${name}.json`)
  const corpus = Object.values(json(corpusFile)).map((hex) =>
    Uint8Array.from(Buffer.from(hex, "hex")),
  )
  console.log(`${name}: ${corpus.length} inputs, ${forSeconds} s, seed ${seed}`)
  random = mulberry32(seed)
  const end = performance.now() + forSeconds * 1000
  let runs = 0
  for (; performance.now() < end; runs++) {
    const input = runs < corpus.length ? corpus[runs] : mutate(pick(corpus), corpus, types)
    try {
      run(input)
    } catch (error) {
      console.error(error)
      console.error(`Run ${runs} with seed ${seed} broke the invariant. Add this to ${corpusFile}:`)
      console.error(Buffer.from(input).toString("hex"))
      process.exit(1)
    }
  }
  const again = `node fuzz/run.js ${forSeconds} ${seed} ${name}`
  console.log(`${runs} runs, the invariant holds; again with: ${again}`)
}

function below(limit) {
  return Math.floor(random() * limit)
}

function pick(list) {
  return list[below(list.length)]
}

function mutate(start, corpus, types) {
  const typeBytes = [...types].map((letter) => letter.charCodeAt(0))
  let bytes = Uint8Array.from(start)
  for (let changes = 1 + below(5); changes > 0; changes--) {
    const at = below(bytes.length + 1)
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    const kind = below(8)
    if (kind === 0 && after.length > 0) bytes[at] ^= 1 << below(8)
    if (kind === 1 && after.length > 0) bytes[at] = pick([0, 1, 0x7f, 0x80, 0xff, ...typeBytes])
    if (kind === 2) bytes = before.slice()
    if (kind === 3) bytes = Uint8Array.from([...before, below(256), ...after])
    if (kind === 4) bytes = Uint8Array.from([...before, ...after.subarray(1 + below(33))])
    if (kind === 5) bytes = Uint8Array.from([...before, ...pick(corpus).subarray(at)])
    if (kind === 6) bytes.fill(below(256), at, at + below(33))
    if (kind === 7 && bytes.length > 0) bytes[0] = pick(typeBytes)
  }
  return bytes
}

/** A small generator with a seed (Tommy Ettinger's mulberry32): runs must be repeatable. */
function mulberry32(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
