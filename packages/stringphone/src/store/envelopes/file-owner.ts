import { randomBytes } from "node:crypto"
import { readFile, readlink, rm, stat, utimes } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { setTimeout as sleep } from "node:timers/promises"
import { ChannelError } from "../../bytes/index.js"
import { isSystemError } from "../file-failure.js"
import { acquireLock } from "../file-lock.js"
import { replaceFile } from "../file-write.js"

/*
 * Who has the folder open is in its file `owner.json`, which is only changed under the lock
 * `owner.json.lock`. An owner of the same machine is there as long as its process; of any other (a
 * container, a machine before it was restarted, one that shares the disk) we can only see that it
 * touches the file again and again.
 */

interface OwnerNote {
  readonly nonce: string
  readonly pid: number
  /** When the process started, as the system tells it; "" where it does not. */
  readonly start: string
  /** Where its number means something. */
  readonly machine: string
  readonly host: string
}

const LOCK_TIMEOUT_MS = 30_000
const TOUCH_MS = 3000

export class FolderOwner {
  readonly #path: string
  readonly #note: OwnerNote
  readonly #timer: NodeJS.Timeout

  private constructor(path: string, note: OwnerNote) {
    this.#path = path
    this.#note = note
    this.#timer = setInterval(() => void this.#touch(), TOUCH_MS)
    this.#timer.unref()
  }

  /**
   * @param silenceMs how long an owner of another machine must not have been heard of
   * @throws {ChannelError} `store-locked`
   */
  static async own(folder: string, silenceMs: number): Promise<FolderOwner> {
    const path = join(folder, "owner.json")
    const note = await ownNote()
    for (;;) {
      const seen = await readNote(path)
      if (seen !== null && (await isThere(path, seen, silenceMs))) throw locked(folder, seen)
      const hold = await acquireLock(`${path}.lock`, LOCK_TIMEOUT_MS)
      try {
        if ((await readNote(path))?.nonce !== seen?.nonce) continue
        const bytes = Buffer.from(JSON.stringify(note))
        if (await replaceFile(path, hold.draft, bytes)) return new FolderOwner(path, note)
      } finally {
        await hold.release()
      }
    }
  }

  /** @throws {ChannelError} `store-locked` when another has taken us for dead */
  async assertOwned(): Promise<void> {
    const found = await readNote(this.#path)
    if (found?.nonce !== this.#note.nonce) throw locked(this.#path, found ?? this.#note)
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    const found = await readNote(this.#path)
    if (found?.nonce === this.#note.nonce) await rm(this.#path, { force: true })
  }

  async #touch(): Promise<void> {
    try {
      // Who has lost the folder must not make another look alive.
      await this.assertOwned()
      await utimes(this.#path, new Date(), new Date())
    } catch {
      // The next change will tell.
    }
  }
}

async function isThere(path: string, note: OwnerNote, silenceMs: number): Promise<boolean> {
  if (note.machine === (await machine())) {
    const start = await startOf(note.pid)
    return start !== null && start === note.start
  }
  const startMs = performance.now()
  const before = await touchedAt(path)
  while (performance.now() - startMs < silenceMs) {
    await sleep(Math.min(200, silenceMs))
    if ((await touchedAt(path)) !== before) return (await readNote(path)) !== null
  }
  return false
}

async function touchedAt(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return null
    throw error
  }
}

/** @returns `null`: there is none, or none that can be read */
async function readNote(path: string): Promise<OwnerNote | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as OwnerNote | null
  } catch (error) {
    if (isSystemError(error, "ENOENT") || error instanceof SyntaxError) return null
    throw error
  }
}

async function ownNote(): Promise<OwnerNote> {
  return {
    nonce: randomBytes(16).toString("hex"),
    pid: process.pid,
    start: (await startOf(process.pid)) ?? "",
    machine: await machine(),
    host: hostname(),
  }
}

/** This run of this machine or container, as far as the system tells. */
async function machine(): Promise<string> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")
  const space = await readlink("/proc/self/ns/pid").catch(() => "")
  return boot === "" ? hostname() : `${boot.trim()} ${space}`
}

/** @returns `null`: there is no such process */
async function startOf(pid: number): Promise<string | null> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (isSystemError(error, "ESRCH")) return null
  }
  const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")
  // The name, in brackets, may contain anything.
  return state.slice(state.lastIndexOf(")") + 2).split(" ")[19] ?? ""
}

function locked(folder: string, { pid, host }: OwnerNote): ChannelError {
  return new ChannelError(
    "store-locked",
    `The envelopes in "${folder}" are in use by process ${pid} on "${host}". ` +
      "End that program, or give this one another folder.",
  )
}
