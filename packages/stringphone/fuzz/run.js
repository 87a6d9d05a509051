// Mutates the corpus for a while: node fuzz/run.js [seconds] [seed]. Needs a build (tsc -b).
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { classicDecodeTarget } from "./classic-decode.js"

const built = new URL("../dist/topic/classic/index.js", import.meta.url)
if (!existsSync(built)) {
  console.error("Nothing is built yet. Run `npx tsc -b packages/stringphone` first.")
  process.exit(1)
}
const run = classicDecodeTarget(await import(built.href))
const seconds = Number(process.argv[2] ?? 30)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32) >>> 0
const corpusFile = join(import.meta.dirname, "corpus", "classic-decode.json")
const corpus = Object.values(JSON.parse(readFileSync(corpusFile, "utf8"))).map((hex) =>
  Uint8Array.from(Buffer.from(hex, "hex")),
)

console.log(`classic-decode: ${corpus.length} inputs, ${seconds} s, seed ${seed}`)
const random = mulberry32(seed)
const end = performance.now() + seconds * 1000
let runs = 0
for (; performance.now() < end; runs++) {
  const input = runs < corpus.length ? corpus[runs] : mutate(pick(corpus))
  try {
    run(input)
  } catch (error) {
    console.error(error)
    console.error(`Run ${runs} with seed ${seed} broke the invariant. Add this to ${corpusFile}:`)
    console.error(Buffer.from(input).toString("hex"))
    process.exit(1)
  }
}
console.log(`${runs} runs, the invariant holds; again with: node fuzz/run.js ${seconds} ${seed}`)

function below(limit) {
  return Math.floor(random() * limit)
}

function pick(list) {
  return list[below(list.length)]
}

function mutate(start) {
  let bytes = Uint8Array.from(start)
  for (let changes = 1 + below(5); changes > 0; changes--) {
    const at = below(bytes.length + 1)
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    const kind = below(8)
    if (kind === 0 && after.length > 0) bytes[at] ^= 1 << below(8)
    if (kind === 1 && after.length > 0) bytes[at] = pick([0, 1, 0x69, 0x72, 0x73, 0x7f, 0x80, 0xff])
    if (kind === 2) bytes = before.slice()
    if (kind === 3) bytes = Uint8Array.from([...before, below(256), ...after])
    if (kind === 4) bytes = Uint8Array.from([...before, ...after.subarray(1 + below(33))])
    if (kind === 5) bytes = Uint8Array.from([...before, ...pick(corpus).subarray(at)])
    if (kind === 6) bytes.fill(below(256), at, at + below(33))
    if (kind === 7 && bytes.length > 0) bytes[0] = pick([0x69, 0x72, 0x73])
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
