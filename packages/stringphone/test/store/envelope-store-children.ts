import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const dist = new URL("../../dist/store/envelopes/", import.meta.url)

/** Real processes can not load TypeScript, so they use the build. */
export function assertEnvelopeStoresBuilt(): void {
  if (!existsSync(fileURLToPath(new URL("node.js", dist)))) {
    throw new Error("The library is not built; run: npx tsc -b packages/stringphone")
  }
}

/** Adds envelopes of the given size, some at once, and says which number is durable. */
const adding = `
import { openFileEnvelopeStore } from "${dist.href}file.js"
import { openSqliteEnvelopeStore } from "${dist.href}sqlite.js"

const [kind, folder, from, size] = process.argv.slice(2)
const open = kind === "file" ? openFileEnvelopeStore : openSqliteEnvelopeStore
let store
try {
  store = await open({ folder })
} catch (error) {
  console.log(error.name, error.code, error.message)
  process.exit()
}
console.log("open")
const envelope = (seed) => {
  const id = new Uint8Array(32)
  new DataView(id.buffer).setUint32(0, seed)
  const bytes = new Uint8Array(Number(size) + (seed % 50)).fill(seed)
  return { id, day: 100 + (seed % 3), stamp: new Uint8Array(8), stampBits: 0, link: "ann", bytes }
}
const add = async (first, count) => {
  const seeds = Array.from({ length: count }, (_, i) => first + i)
  try {
    await store.add(seeds.map(envelope))
    for (const seed of seeds) process.stdout.write(seed + "\\n")
  } catch (error) {
    console.log(error.name, error.code, error.message)
    process.exit()
  }
}
for (let next = Number(from); ; next += 12) {
  await Promise.all([add(next, 5), add(next + 5, 1), add(next + 6, 6)])
}
`

export interface AdderOptions {
  readonly kind: "file" | "sqlite"
  readonly folder: string
  readonly from?: number
  readonly size?: number
  /** Largest file that the process may write, in KiB. */
  readonly maxFileKib?: number
}

export interface Adder {
  /** Those that are durable, as it says. */
  readonly acknowledged: readonly number[]
  /** What it said besides. */
  readonly lines: readonly string[]
  kill(signal: NodeJS.Signals): void
  /** Resolves when so many are durable. */
  reached(count: number): Promise<void>
  readonly ended: Promise<unknown>
}

/** @param directory where to put the script. */
export async function startAdder(
  directory: string,
  { kind, folder, from = 0, size = 300, maxFileKib }: AdderOptions,
): Promise<Adder> {
  const script = join(directory, "adding.mjs")
  if (!existsSync(script)) await writeFile(script, adding)
  const limit = maxFileKib === undefined ? "" : `ulimit -f ${maxFileKib}; `
  const args = [process.execPath, script, kind, folder, String(from), String(size)]
  const child: ChildProcess = spawn("bash", ["-c", `${limit}exec "$0" "$@"`, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const acknowledged: number[] = []
  const lines: string[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  const ended = new Promise((resolve) => child.on("close", resolve))
  createInterface(child.stdout!).on("line", (line) => {
    if (/^\d+$/.test(line)) acknowledged.push(Number(line))
    else lines.push(line)
    for (const { count, resolve } of waiting) if (acknowledged.length >= count) resolve()
  })
  return {
    acknowledged,
    lines,
    ended,
    kill: (signal) => child.kill(signal),
    reached: (count) =>
      new Promise((resolve, reject) => {
        waiting.push({ count, resolve })
        void ended.then(() => reject(new Error(`It has ended: ${lines.join("; ")}`)))
      }),
  }
}
