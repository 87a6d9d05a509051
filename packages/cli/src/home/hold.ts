import { readFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { fromUtf8, utf8 } from "stringphone/bytes"
import type { Store } from "stringphone/store"
import { openFileStore } from "stringphone/store/file"

/** The process that runs a home. */
export interface Holder {
  readonly pid: number
  /** When that process started, as the system counts it: process numbers are used again. */
  readonly started: string | null
  readonly host: string
  /** Where its page is, once it is ready. */
  readonly url: string | null
}

export interface Hold {
  /** Tells others where the home is. */
  tell(url: string): Promise<void>
  release(): Promise<void>
}

const entry = "holder"

/**
 * Takes a home directory for this process.
 * @returns the hold, or who has it
 * @throws {ChannelError} those of the store
 */
export async function takeHome(directory: string): Promise<Hold | Holder> {
  const store = await openFileStore({ path: join(directory, "running.json") })
  const mine: Holder = {
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
    url: null,
  }
  for (;;) {
    const found = await store.get(entry)
    const holder = found && readHolder(found.value)
    if (holder && isAlive(holder)) {
      await store.close()
      return holder
    }
    const checks = [{ key: entry, version: found?.version ?? null }]
    if (await store.commit({ checks, writes: [{ key: entry, value: encode(mine) }] })) {
      return holdOf(store, mine)
    }
  }
}

function holdOf(store: Store, mine: Holder): Hold {
  return {
    async tell(url) {
      await store.commit({ writes: [{ key: entry, value: encode({ ...mine, url }) }] })
    },
    async release() {
      await store.commit({ writes: [{ key: entry, value: null }] })
      await store.close()
    },
  }
}

function encode(holder: Holder): Uint8Array {
  return utf8(JSON.stringify(holder))
}

function readHolder(bytes: Uint8Array): Holder | null {
  try {
    const holder = JSON.parse(fromUtf8(bytes) ?? "") as Partial<Holder>
    const { pid, started = null, host, url = null } = holder
    return Number.isSafeInteger(pid) && pid && host ? { pid, started, host, url } : null
  } catch {
    return null
  }
}

/** Of another machine's processes nothing can be known: theirs are taken for ended. */
function isAlive({ pid, started, host }: Holder): boolean {
  if (host !== hostname()) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false
  }
  return startOf(pid) === started
}

/** The boot and the tick at which a process started, where the system tells (Linux). */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The second field, the name, may hold anything; behind its bracket are fields 3 and on.
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3]
    return ticks === undefined ? null : `${boot}/${ticks}`
  } catch {
    return null
  }
}
