import { randomBytes } from "node:crypto"
import { mkdir, readdir, rename, rm } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { setTimeout as sleep } from "node:timers/promises"
import { ChannelError } from "../bytes/index.js"
import { isSystemError } from "./file-failure.js"

/*
 * The lock of a store file is a directory beside it that always contains one directory, the baton:
 *
 *     contacts.json.lock/free                                 nobody holds the lock
 *     contacts.json.lock/held-<pid>-<random>-<host>           somebody does
 *     contacts.json.lock/held-<pid>-<random>-<host>/draft…    and writes the next file there
 *
 * Taking, releasing and overtaking are each one `rename` of the baton. Only one of many can succeed
 * in renaming a name that never comes back, so that two processes can not break the same lock.
 *
 * It is safe to overtake even a holder that still lives (stopped, swapped out, on another machine):
 * with the name of the baton, the path of the holder's draft has gone, so its late rename of the
 * draft onto the store file fails. A rename that already was under way in the kernel either comes
 * before `empty` below, hence before we read the store file, or no longer finds its draft.
 */

/** Proof of holding the lock, until somebody overtakes us. */
export interface Hold {
  /** Where to write a file before renaming it into place; fails with `ENOENT` once overtaken. */
  readonly draft: string
  /** Never fails: what can not be released will be overtaken. */
  release(): Promise<void>
}

const FREE = "free"
const HELD = /^held-(\d+)-[0-9a-f]+-(.*)$/
const HOST = hostname()
  .replaceAll(/[^\w.-]/g, "_")
  .slice(0, 100)

/** Milliseconds between two attempts to take the lock: a random part of this. */
const POLL_MS = 20

/**
 * Waits for the lock. Overtakes a dead holder at once, and one that lives but does not let go for a
 * third of `timeoutMs`.
 *
 * @throws {ChannelError} `store-locked` after `timeoutMs`, naming the holder.
 */
export async function acquireLock(lock: string, timeoutMs: number): Promise<Hold> {
  const unique = randomBytes(8).toString("hex")
  const mine = join(lock, `held-${process.pid}-${unique}-${HOST}`)
  const startMs = performance.now()
  let seenMs = startMs
  for (let seen = FREE, baton = FREE; ; baton = await findBaton(lock)) {
    const nowMs = performance.now()
    if (baton !== seen) {
      seen = baton
      seenMs = nowMs
    }
    const isIdle = baton === FREE || isDead(baton) || nowMs - seenMs > timeoutMs / 3
    if (isIdle && (await tryRename(join(lock, baton), mine))) break
    if (nowMs - startMs > timeoutMs) throw locked(lock, baton)
    await sleep(Math.random() * POLL_MS)
  }
  await empty(mine)
  return {
    draft: join(mine, `draft-${unique}`),
    async release() {
      await rename(mine, join(lock, FREE)).catch(() => {})
    },
  }
}

async function findBaton(lock: string): Promise<string> {
  try {
    const names = await readdir(lock)
    const baton = names.find((name) => name === FREE || HELD.test(name))
    if (baton !== undefined) return baton
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error
  }
  await createLock(lock)
  return FREE
}

/** Lock and baton appear together, and never twice: only an empty directory can be replaced. */
async function createLock(lock: string): Promise<void> {
  const fresh = `${lock}-${randomBytes(8).toString("hex")}`
  await mkdir(fresh, 0o700)
  try {
    await mkdir(join(fresh, FREE), 0o700)
    await rename(fresh, lock)
  } catch (error) {
    await rm(fresh, { recursive: true })
    // Somebody was faster. (Windows says EPERM.)
    if (!isSystemError(error, "ENOTEMPTY", "EEXIST", "EPERM")) throw error
  }
}

/** Removes the drafts of those whom we have overtaken. */
async function empty(directory: string): Promise<void> {
  try {
    const names = await readdir(directory)
    await Promise.all(names.map((name) => rm(join(directory, name), { force: true })))
  } catch (error) {
    // Overtaken ourselves, as writing the draft will show.
    if (!isSystemError(error, "ENOENT")) throw error
  }
}

/** @returns `false` when there was no `from`. */
async function tryRename(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false
    throw error
  }
}

/** Only of a process of this machine can we know it. A wrong "dead" does no harm, see above. */
function isDead(baton: string): boolean {
  const [, pid, host] = HELD.exec(baton) ?? []
  if (host !== HOST) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return isSystemError(error, "ESRCH")
  }
}

function locked(lock: string, baton: string): ChannelError {
  const [, pid, host] = HELD.exec(baton) ?? []
  const holder = pid === undefined ? "other processes" : `process ${pid} on "${host}"`
  return new ChannelError(
    "store-locked",
    `The store behind "${lock}" is in use by ${holder}. ` +
      "Try again; if that does not help, end what uses it.",
  )
}
