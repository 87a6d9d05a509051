import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { beforeEach, describe, expect, it } from "vitest"
import { fromUtf8, utf8 } from "../../src/bytes/index.js"
import type { Store } from "../../src/store/index.js"
import { findSqlite } from "../../src/store/sqlite-engine.js"
import { isSqliteBusy } from "../../src/store/sqlite-failure.js"
import { openSqliteStore } from "../../src/store/sqlite.js"
import { type Incrementer, assertBuilt, startIncrementer } from "./children.js"
import { mode, newFolder } from "./folder.js"

const openSqlite = findSqlite()

describe.skipIf(openSqlite === null)("SQLite store", { timeout: 120_000 }, () => {
  let top: string
  let path: string
  beforeEach(async () => {
    top = await newFolder()
    path = join(top, "deep", "er", "store.sqlite")
  })

  const open = (lockTimeoutMs?: number) =>
    openSqliteStore(lockTimeoutMs === undefined ? { path } : { path, lockTimeoutMs })
  const put = (store: Store, key: string, value: Uint8Array = utf8(key)) =>
    store.commit({ writes: [{ key, value }] })
  const number = async (store: Store, key: string) => {
    const entry = await store.get(key)
    return entry === null ? 0 : Number(fromUtf8(entry.value))
  }

  /** What another program does to the database. */
  const change = (sql: string) => {
    const database = openSqlite!(path)
    try {
      database.exec(sql)
    } finally {
      database.close()
    }
  }

  it("is private", async () => {
    const store = await open()
    await put(store, "a")
    expect(await mode(join(top, "deep"))).toBe("700")
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(await mode(file)).toBe("600")
    await store.close()
    await chmod(path, 0o644)
    await (await open()).close()
    expect(await mode(path)).toBe("600")
  })

  it("follows a link", async () => {
    const store = await open()
    await put(store, "a")
    const link = join(top, "link")
    await symlink(path, link)
    const other = await openSqliteStore({ path: link })
    expect((await other.get("a"))?.value).toEqual(utf8("a"))
    await other.close()
    await store.close()
  })

  it("is made by one of many that come at once", async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => open()))
    await Promise.all(stores.map((store, i) => put(store, `key ${i}`)))
    for (const store of stores) expect(await store.list("key ")).toHaveLength(8)
    for (const store of stores) await store.close()
  })

  it("finds a key among many", async () => {
    const store = await open()
    const keys = Array.from({ length: 5_000 }, (_, i) => `session/${i}`)
    expect(await store.commit({ writes: keys.map((key) => ({ key, value: utf8(key) })) })).toBe(
      true,
    )
    expect((await store.get("session/4321"))?.value).toEqual(utf8("session/4321"))
    expect((await store.list("session/43")).map(({ key }) => key)).toEqual(
      keys.filter((key) => key.startsWith("session/43")).sort(),
    )
    await store.close()
  })

  it("waits for another process, and says when that took too long", async () => {
    const store = await open(200)
    const patient = await open()
    const other = openSqlite!(path)
    other.exec("BEGIN IMMEDIATE")
    const waiting = put(patient, "later")
    const locked = { name: "ChannelError", code: "store-locked" }
    const all = [put(store, "a"), put(store, "b"), put(store, "c")]
    for (const { status, ...rest } of await Promise.allSettled(all)) {
      expect({ status, ...rest }).toMatchObject({ status: "rejected", reason: locked })
    }
    // Readers do not wait for writers.
    expect(await store.list("")).toEqual([])
    other.exec("ROLLBACK")
    other.close()
    expect(await waiting).toBe(true)
    expect(await put(store, "a")).toBe(true)
    expect((await store.list("")).map(({ key }) => key)).toEqual(["a", "later"])
    await store.close()
    await patient.close()
  })

  // Whoever closes a file loses all locks on it. Without its lock a database may be cleared up by others.
  it.skipIf(!existsSync("/proc/locks"))("keeps its lock when it is opened again", async () => {
    const lockCount = async () => {
      const { ino } = await stat(path)
      const locks = await readFile("/proc/locks", "utf8")
      return locks.split("\n").filter((line) => line.includes(`:${ino} `)).length
    }
    const store = await open()
    expect(await lockCount()).toBe(1)
    const other = await open()
    expect(await lockCount()).toBe(1)
    await other.close()
    expect(await lockCount()).toBe(1)
    await store.close()
    expect(await lockCount()).toBe(0)
  })

  it("refuses what is not ours, or newer, and leaves it alone", async () => {
    await (await open()).close()
    change("PRAGMA user_version = 2")
    await expectRefused("store-newer")
    change("PRAGMA user_version = 1; PRAGMA application_id = 7")
    await expectRefused("store-corrupt")
    await writeFile(path, "Not a database, but longer than the header of one. ".repeat(9))
    await expectRefused("store-corrupt")
    await rm(path)
    change("CREATE TABLE theirs (paper TEXT)")
    await expectRefused("store-corrupt")
    await rm(path)
    await mkdir(path)
    await expect(open()).rejects.toMatchObject({ name: "ChannelError", code: "store-failed" })
  })

  it("tells of a key or a value that is none of ours", async () => {
    const store = await open()
    const corrupt = { name: "ChannelError", code: "store-corrupt" }
    await put(store, "a")
    change("UPDATE entries SET value = 'text'")
    await expect(store.get("a")).rejects.toMatchObject(corrupt)
    change("UPDATE entries SET value = x'00', key = x'ff'")
    await expect(store.list("")).rejects.toMatchObject(corrupt)
    await store.close()
  })

  it("keeps what fits when the disk is full", async (context) => {
    const disk = join(top, "disk")
    await mkdir(disk)
    try {
      const options = ["-t", "tmpfs", "-o", "size=1536k", "tmpfs", disk]
      execFileSync("mount", options, { stdio: "pipe" })
    } catch (error) {
      const reason = `The full disk needs permission to mount a tmpfs (root): ${String(error)}`
      console.warn(reason)
      context.skip(reason)
    }
    try {
      path = join(disk, "store.sqlite")
      let store = await open()
      await put(store, "before")
      const full = { name: "ChannelError", code: "store-full" }
      const large = put(store, "large", new Uint8Array(4 << 20))
      const together = await Promise.allSettled([put(store, "small"), large, put(store, "other")])
      expect(together).toMatchObject([
        { status: "fulfilled", value: true },
        { status: "rejected", reason: full },
        { status: "fulfilled", value: true },
      ])
      await store.close()
      store = await open()
      expect((await store.list("")).map(({ key }) => key)).toEqual(["before", "other", "small"])
      await store.close()
    } finally {
      execFileSync("umount", ["-l", disk])
    }
  })

  describe("used by several processes", () => {
    const own = (child: Incrementer) => `process ${child.pid}`
    const start = (count?: number) =>
      startIncrementer(top, { kind: "sqlite", path, ...(count === undefined ? {} : { count }) })

    it("loses none of 10 times 50 increments", async () => {
      assertBuilt()
      const children = await Promise.all(Array.from({ length: 10 }, () => start(50)))
      expect(await Promise.all(children.map((child) => child.ended))).toEqual(Array(10).fill(0))
      const store = await open()
      expect(await number(store, "n")).toBe(500)
      for (const child of children) expect(await number(store, own(child))).toBe(50)
      await store.close()
    })

    it("loses nothing that was acknowledged when one is killed in its commit", async () => {
      assertBuilt()
      const store = await open()
      let total = 0
      for (let round = 0; round < 10; round++) {
        const child = await start()
        await child.started
        for (let isInCommit = false; !isInCommit;) {
          child.kill("SIGSTOP")
          // The signal takes effect a moment later.
          await sleep(2)
          isInCommit = isLocked()
          if (!isInCommit) child.kill("SIGCONT")
          await sleep(Math.random() * 3)
        }
        child.kill("SIGKILL")
        await child.ended
        const stored = await number(store, own(child))
        // It may have been killed between the commit and the acknowledgement.
        expect(stored - child.acknowledged()).toBeOneOf([0, 1])
        total += stored
        expect(await number(store, "n")).toBe(total)
        expect(await put(store, "ours", Uint8Array.of(round))).toBe(true)
      }
      await store.close()
      const database = openSqlite!(path)
      const integrity = database.prepare("PRAGMA integrity_check").all()
      expect(integrity).toMatchObject([{ integrity_check: "ok" }])
      database.close()
    })
  })

  /** Is somebody in the middle of a commit? */
  function isLocked(): boolean {
    try {
      change("BEGIN IMMEDIATE; ROLLBACK")
      return false
    } catch (error) {
      if (isSqliteBusy(error)) return true
      throw error
    }
  }

  async function expectRefused(code: string): Promise<void> {
    const before = await readFile(path)
    const message = expect.stringContaining(path) as string
    await expect(open()).rejects.toMatchObject({ name: "ChannelError", code, message })
    expect((await readFile(path)).equals(before)).toBe(true)
  }
})
