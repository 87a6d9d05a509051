import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { beforeEach, describe, expect, it } from "vitest"
import { fromUtf8, utf8 } from "../../src/bytes/index.js"
import { acquireLock } from "../../src/store/file-lock.js"
import { replaceFile } from "../../src/store/file-write.js"
import { openFileStore } from "../../src/store/file.js"
import { deadPid } from "./children.js"
import { contents, newFolder } from "./folder.js"

let folder: string
let path: string
let lock: string
beforeEach(async () => {
  folder = await newFolder()
  path = join(folder, "store.json")
  lock = `${path}.lock`
})

const whole = (text: string) =>
  JSON.stringify({
    format: "stringphone-store",
    version: 1,
    counter: 1,
    entries: [["a", 1, Buffer.from(text).toString("base64")]],
  })

const host = hostname().replaceAll(/[^\w.-]/g, "_")

async function expectUsable(expected: string, lockTimeoutMs = 30_000): Promise<void> {
  const store = await openFileStore({ path, lockTimeoutMs })
  const entry = await store.get("a")
  expect(entry && fromUtf8(entry.value)).toBe(expected)
  const startMs = performance.now()
  expect(await store.commit({ writes: [{ key: "b", value: utf8("new") }] })).toBe(true)
  expect(performance.now() - startMs).toBeLessThan(2000)
  expect(await store.list("")).toHaveLength(2)
  expect(await contents(lock)).toEqual(["free"])
}

describe("the lock of a file store", () => {
  describe("recovers from a crash", () => {
    let baton: string
    beforeEach(async () => {
      await writeFile(path, whole("old"))
      baton = join(lock, `held-${await deadPid()}-0123456789abcdef-${host}`)
    })

    it("before the lock was in its place", async () => {
      await mkdir(`${lock}-0123456789abcdef/free`, { recursive: true })
      await expectUsable("old")
    })

    it("while it held the lock", async () => {
      await mkdir(baton, { recursive: true })
      await expectUsable("old")
    })

    it.each([0, 1, 50, Infinity])("with %d bytes of the new file written", async (length) => {
      await mkdir(baton, { recursive: true })
      await writeFile(join(baton, "draft-0123456789abcdef"), whole("new").slice(0, length))
      await expectUsable("old")
    })

    it("after the new file was in its place", async () => {
      await mkdir(baton, { recursive: true })
      await writeFile(join(baton, "draft-0123456789abcdef"), whole("new"))
      await rename(join(baton, "draft-0123456789abcdef"), path)
      await expectUsable("new")
    })

    it("of the file system, which lost the baton", async () => {
      await mkdir(lock)
      await expectUsable("old")
    })

    it("of another machine, after a while", async () => {
      await mkdir(join(lock, `held-${process.pid}-0123456789abcdef-elsewhere`), { recursive: true })
      await expectUsable("old", 300)
    })
  })

  it("lets one in at a time", async () => {
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const hold = await acquireLock(lock, 30_000)
        most = Math.max(most, ++inside)
        await sleep(1)
        inside--
        await hold.release()
      }),
    )
    expect(most).toBe(1)
  })

  it("is broken by only one of many", async () => {
    const pid = await deadPid()
    for (let round = 0; round < 20; round++) {
      await rm(lock, { recursive: true, force: true })
      await mkdir(join(lock, `held-${pid}-0123456789abcdef-${host}`), { recursive: true })
      let inside = 0
      const enter = async () => {
        const hold = await acquireLock(lock, 30_000)
        expect(++inside).toBe(1)
        await sleep(0)
        inside--
        await hold.release()
      }
      await Promise.all(Array.from({ length: 8 }, enter))
    }
  })

  it("tells who has it, after the timeout", async () => {
    // Holders that come and go too fast to be overtaken.
    let baton = join(lock, "free")
    await mkdir(baton, { recursive: true })
    const over = new AbortController()
    const others = (async () => {
      for (let i = 0; !over.signal.aborted; i++) {
        const next = join(lock, `held-4711-${i.toString(16)}-elsewhere`)
        await rename(baton, next)
        baton = next
        await sleep(5)
      }
    })()
    await expect(acquireLock(lock, 300)).rejects.toMatchObject({
      name: "ChannelError",
      code: "store-locked",
      message: expect.stringContaining('process 4711 on "elsewhere"') as string,
    })
    over.abort()
    await others
  })

  describe("overtaken by another", () => {
    it("does not let the late holder write, nor release", async () => {
      const late = await acquireLock(lock, 30_000)
      await writeFile(late.draft, whole("late, from before"))
      const next = await acquireLock(lock, 60)
      const before = await readdir(lock)

      await expect(rename(late.draft, path)).rejects.toMatchObject({ code: "ENOENT" })
      expect(await replaceFile(path, late.draft, utf8(whole("late, from after")))).toBe(false)
      await late.release()

      expect(await readdir(lock)).toEqual(before)
      expect(await replaceFile(path, next.draft, utf8(whole("next")))).toBe(true)
      await next.release()
      expect(await readFile(path, "utf8")).toBe(whole("next"))
      expect(await contents(folder)).toEqual([
        "store.json",
        "store.json.lock",
        "store.json.lock/free",
      ])
    })

    it("may lose its directory to a user who cleans up", async () => {
      const hold = await acquireLock(lock, 30_000)
      await writeFile(hold.draft, whole("late"))
      await rm(lock, { recursive: true })
      expect(await replaceFile(path, hold.draft, utf8(whole("late")))).toBe(false)
      await hold.release()
      await writeFile(path, whole("old"))
      await expectUsable("old")
    })
  })

  it("is not confused by other files in its directory", async () => {
    await writeFile(path, whole("old"))
    await mkdir(join(lock, "free"), { recursive: true })
    await writeFile(join(lock, ".DS_Store"), "")
    const store = await openFileStore({ path })
    expect(await store.commit({ writes: [{ key: "b", value: utf8("new") }] })).toBe(true)
    expect(await contents(lock)).toEqual([".DS_Store", "free"])
  })
})
