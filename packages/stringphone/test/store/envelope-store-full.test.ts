import { execFileSync } from "node:child_process"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type TestContext, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { openEnvelopeStore } from "../../src/store/envelopes/node.js"
import { openFileEnvelopeStore } from "../../src/store/envelopes/file.js"
import type { EnvelopeStore } from "../../src/store/envelopes/port.js"
import { findSqlite } from "../../src/store/sqlite-engine.js"
import { openSqliteEnvelopeStore } from "../../src/store/envelopes/sqlite.js"
import { bytesOf, idOf, sample, samples } from "../contract/envelope-store-samples.js"
import { assertEnvelopeStoresBuilt, startAdder } from "./envelope-store-children.js"
import { newFolder } from "./folder.js"

let top: string
beforeEach(async () => {
  top = await newFolder()
})
beforeAll(assertEnvelopeStoresBuilt)

const full = { name: "ChannelError", code: "store-full" }
const kibibyte = { bytes: bytesOf(1, 1024) }
const hasSqlite = findSqlite() !== null

const kinds = [
  { kind: "file", open: openFileEnvelopeStore, isThere: true },
  { kind: "sqlite", open: openSqliteEnvelopeStore, isThere: hasSqlite },
] as const

describe.each(kinds)("a full disk, $kind", { timeout: 60_000 }, ({ kind, open, isThere }) => {
  it.skipIf(!isThere)("adds nothing then, drops and expires, and goes on", async (context) => {
    await onSmallDisk(context, async (disk) => {
      const folder = join(disk, "envelopes")
      let store = await open({ folder })
      await store.add(samples(300, kibibyte))
      await store.add(samples(310, { ...kibibyte, day: 20_001 }).slice(300))
      const large = samples(3000, kibibyte).slice(1000)
      const together = await Promise.allSettled([store.add(large), store.add([sample(400)])])
      expect(together).toMatchObject([
        { status: "rejected", reason: full },
        { status: "fulfilled", value: [true] },
      ])
      expect(await store.usage()).toMatchObject({ count: 311, lastNumber: 311 })

      await expect(writeFile(join(disk, "filler"), new Uint8Array(4 << 20))).rejects.toThrow()
      await expect(store.add(large)).rejects.toMatchObject(full)
      expect(await store.has([idOf(0), idOf(1000)])).toEqual([true, false])
      expect(await store.drop(samples(10).map(({ id }) => id))).toBe(10)
      expect((await store.get([idOf(10)]))[0]?.bytes).toEqual(kibibyte.bytes)
      expect(await store.expire(20_001)).toBe(291)
      await rm(join(disk, "filler"))
      expect(await store.add(samples(20, kibibyte))).toEqual(Array(20).fill(true))
      const before = await store.since(0, 1000)
      expect(before).toHaveLength(30)
      await store.close()
      store = await open({ folder })
      expect(await store.since(0, 1000)).toEqual(before)
      await store.close()
    })
  })

  it.skipIf(!isThere)("keeps what was acknowledged when a file may not grow", async () => {
    const folder = join(top, "envelopes")
    const adder = await startAdder(top, { kind, folder, size: 1000, maxFileKib: 128 })
    await adder.ended
    expect(adder.lines).toEqual([
      "open",
      expect.stringMatching(/^ChannelError store-f\w+ .*envelopes/),
    ])
    expect(adder.acknowledged.length).toBeGreaterThan(10)
    const store = await open({ folder })
    expect((await store.usage()).count).toBeGreaterThanOrEqual(adder.acknowledged.length)
    await store.add([sample(1)])
    await store.close()
  })
})

describe("a full disk, file", { timeout: 60_000 }, () => {
  it("drops what it can not note down, and notes it down later", async (context) => {
    await onSmallDisk(context, async (disk) => {
      const folder = join(disk, "envelopes")
      let store = await openFileEnvelopeStore({ folder })
      await store.add(samples(100, kibibyte))
      await fill(store, disk)
      await rm(join(disk, "filler"))
      expect(await store.drop([idOf(50)])).toBe(1)
      await store.add([sample(1000)])
      await store.close()
      store = await openFileEnvelopeStore({ folder })
      expect(await store.has([idOf(49), idOf(50), idOf(1000)])).toEqual([true, false, true])
      await store.close()
    })
  })

  /** Until there is no byte left in the last block of the log; drops some envelopes then. */
  async function fill(store: EnvelopeStore, disk: string): Promise<void> {
    await expect(writeFile(join(disk, "filler"), new Uint8Array(4 << 20))).rejects.toThrow()
    for (const bytes of [1000, 100, 10, 0]) {
      for (let seed = 2000 + bytes; ; seed += 7) {
        const isAdded = await store
          .add([sample(seed, { bytes: bytesOf(1, bytes) })])
          .catch(() => null)
        if (isAdded === null) break
      }
    }
    expect(await store.drop(samples(40).map(({ id }) => id))).toBe(40)
    expect((await store.usage()).count).toBeGreaterThanOrEqual(60)
  }
})

describe("the envelope store of a folder", { timeout: 60_000 }, () => {
  it("stays with what it was begun with", async () => {
    const folder = join(top, "files")
    await (await openFileEnvelopeStore({ folder })).close()
    const store = await openEnvelopeStore(folder)
    await store.add([sample(1)])
    await store.close()
    const again = await openFileEnvelopeStore({ folder })
    expect(await again.has([idOf(1)])).toEqual([true])
    await again.close()
  })

  it.runIf(hasSqlite)("is SQLite where there is one, and not opened as another kind", async () => {
    const folder = join(top, "database")
    const store = await openEnvelopeStore(folder)
    await store.add([sample(1)])
    await store.close()
    const other = { name: "ChannelError", code: "store-failed" }
    await expect(openFileEnvelopeStore({ folder })).rejects.toMatchObject(other)
    const files = join(top, "files")
    await (await openFileEnvelopeStore({ folder: files })).close()
    await expect(openSqliteEnvelopeStore({ folder: files })).rejects.toMatchObject(other)
  })

  it.runIf(!hasSqlite)("says what is missing when it was begun with SQLite", async () => {
    const folder = join(top, "database")
    await mkdir(folder)
    await writeFile(join(folder, "envelopes.sqlite"), "SQLite format 3\0")
    const missing = { name: "ChannelError", code: "missing-peer" }
    await expect(openEnvelopeStore(folder)).rejects.toMatchObject(missing)
    const fresh = await openEnvelopeStore(join(top, "fresh"))
    await fresh.close()
    await (await openFileEnvelopeStore({ folder: join(top, "fresh") })).close()
  })
})

async function onSmallDisk(
  context: TestContext,
  use: (disk: string) => Promise<void>,
): Promise<void> {
  const disk = join(top, "disk")
  await mkdir(disk)
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1536k", "tmpfs", disk], { stdio: "pipe" })
  } catch (error) {
    const reason = `The full disk needs permission to mount a tmpfs (root): ${String(error)}`
    console.warn(reason)
    context.skip(reason)
  }
  try {
    await use(disk)
  } finally {
    execFileSync("umount", ["-l", disk])
  }
}
