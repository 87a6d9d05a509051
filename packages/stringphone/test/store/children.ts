import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, writeFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const dist = new URL("../../dist/", import.meta.url)

/** Real processes can not load TypeScript, so they use the build. */
export function assertBuilt(): void {
  if (!existsSync(fileURLToPath(new URL("store/file.js", dist)))) {
    throw new Error("The library is not built; run: npx tsc -b packages/stringphone")
  }
}

/** Increments "n" and a counter of its own until told to end, and acknowledges each on a line. */
const incrementing = `
import { fromUtf8, utf8 } from "${dist.href}bytes/index.js"
import { openFileStore } from "${dist.href}store/file.js"
import { openPostgresStore } from "${dist.href}store/postgres.js"
import { openSqliteStore } from "${dist.href}store/sqlite.js"

const [kind, options, count] = process.argv.slice(2)
const own = "process " + process.pid
let isEnding = false
process.stdin.on("end", () => (isEnding = true)).resume()
const open = { file: openFileStore, sqlite: openSqliteStore, postgres: openPostgresStore }[kind]
const store = await open(JSON.parse(options))
const number = (entry) => (entry === null ? 0 : Number(fromUtf8(entry.value)))

for (let done = 0; done < Number(count) && !isEnding; ) {
  try {
    const [n, mine] = await Promise.all([store.get("n"), store.get(own)])
    const next = utf8(String(number(n) + 1))
    const isWritten = await store.commit({
      checks: [{ key: "n", version: n?.version ?? null }],
      writes: [{ key: "n", value: next }, { key: own, value: utf8(String(number(mine) + 1)) }],
    })
    if (!isWritten) continue
  } catch (error) {
    if (error.code === "store-locked") continue
    if (error.code === "store-failed") process.exit(3)
    throw error
  }
  done++
  process.stdout.write(done + "\\n")
}
await store.close()
process.exit()
`

/** Tries to write "large" with so many bytes, and prints the code and message of the error. */
const writing = `
import { openFileStore } from "${dist.href}store/file.js"

const [path, bytes] = process.argv.slice(2)
try {
  const store = await openFileStore({ path })
  await store.commit({ writes: [{ key: "large", value: new Uint8Array(Number(bytes)) }] })
  console.log("written")
} catch (error) {
  console.log(error.name, error.code, error.message)
}
`

export interface Incrementer {
  readonly pid: number
  /** How many increments it has told us were done. */
  acknowledged(): number
  kill(signal: NodeJS.Signals): void
  /** Asks it to end after the increment that it is in. */
  end(): void
  /** Resolves with the first acknowledgement. */
  readonly started: Promise<void>
  /** Resolves with the exit code, `null` when it was killed. */
  readonly ended: Promise<number | null>
}

/** Which store, and what to open it with. */
export type StoreChoice =
  | { readonly kind?: "file" | "sqlite"; readonly path: string; readonly lockTimeoutMs?: number }
  | { readonly kind: "postgres"; readonly url: string; readonly schema: string }

export type IncrementerOptions = StoreChoice & { readonly count?: number }

/** @param directory where to put the script. */
export async function startIncrementer(
  directory: string,
  { kind = "file", count = Infinity, ...options }: IncrementerOptions,
): Promise<Incrementer> {
  const script = join(directory, "incrementing.mjs")
  // At once: a child that was started beside this one must not read half of it.
  if (!existsSync(script)) writeFileSync(script, incrementing)
  const args = [script, kind, JSON.stringify(options), String(count)]
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })
  let acknowledged = 0
  const started = new Promise<void>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      acknowledged = Number(line)
      resolve()
    })
  })
  return {
    pid: child.pid as number,
    acknowledged: () => acknowledged,
    kill: (signal) => child.kill(signal),
    end: () => child.stdin.end(),
    started,
    ended: exit(child),
  }
}

export interface WriterOptions {
  readonly path: string
  readonly bytes: number
  /** Largest file that the process may write, in KiB. */
  readonly maxFileKib?: number
  readonly uid?: number
}

/** @returns what went wrong: "name code message". */
export async function runWriter(
  directory: string,
  { path, bytes, maxFileKib, uid }: WriterOptions,
): Promise<string> {
  const script = join(directory, "writing.mjs")
  if (!existsSync(script)) await writeFile(script, writing)
  const limit = maxFileKib === undefined ? "" : `ulimit -f ${maxFileKib}; `
  const command = `${limit}exec "$0" "$@"`
  const args = ["-c", command, process.execPath, script, path, String(bytes)]
  const child = spawn("bash", args, {
    stdio: ["ignore", "pipe", "inherit"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  let output = ""
  child.stdout.on("data", (chunk) => (output += String(chunk)))
  await exit(child)
  return output.trim()
}

/** The id of a process that has just ended. */
export async function deadPid(): Promise<number> {
  const child = spawn("true", { stdio: "ignore" })
  await exit(child)
  return child.pid as number
}

function exit(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on("close", resolve))
}
