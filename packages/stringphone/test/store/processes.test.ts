import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { beforeAll, beforeEach, describe, expect, it } from "vitest"
import { fromUtf8 } from "../../src/bytes/index.js"
import { openFileStore } from "../../src/store/file.js"
import type { Store } from "../../src/store/index.js"
import { type Incrementer, assertBuilt, startIncrementer } from "./children.js"
import { contents, newFolder } from "./folder.js"

beforeAll(assertBuilt)

describe("several processes on one file store", () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await newFolder()
    path = join(folder, "store.json")
  })

  const number = async (store: Store, key: string) => {
    const entry = await store.get(key)
    return entry === null ? 0 : Number(fromUtf8(entry.value))
  }
  const own = (child: Incrementer) => `process ${child.pid}`

  it("lose none of 6 times 100 increments", { timeout: 30_000 }, async () => {
    const children = await Promise.all(
      Array.from({ length: 6 }, () => startIncrementer(folder, { path, count: 100 })),
    )
    expect(await Promise.all(children.map((child) => child.ended))).toEqual(Array(6).fill(0))
    const store = await openFileStore({ path })
    expect(await number(store, "n")).toBe(600)
    for (const child of children) expect(await number(store, own(child))).toBe(100)
    expect(await contents(`${path}.lock`)).toEqual(["free"])
  })

  it("lose nothing that was acknowledged when they are killed", { timeout: 30_000 }, async () => {
    const store = await openFileStore({ path })
    let total = 0
    let inTheMiddle = 0
    for (let round = 0; round < 25; round++) {
      const starting = [0, 1].map(() => startIncrementer(folder, { path }))
      const children = await Promise.all(starting)
      await Promise.all(children.map((child) => child.started))
      for (const child of children) {
        await sleep(Math.random() * 10)
        child.kill("SIGKILL")
        await child.ended
        if (await isHeldBy(child)) inTheMiddle++
      }
      for (const child of children) {
        const stored = await number(store, own(child))
        // It may have been killed between the commit and the acknowledgement.
        expect(stored - child.acknowledged()).toBeOneOf([0, 1])
        total += stored
      }
      expect(await number(store, "n")).toBe(total)
    }
    // Otherwise this was no test of crashes.
    expect(inTheMiddle).toBeGreaterThan(5)
    expect(await store.commit({ writes: [{ key: "n", value: null }] })).toBe(true)
    expect(await contents(folder)).toEqual([
      "incrementing.mjs",
      "store.json",
      "store.json.lock",
      "store.json.lock/free",
    ])
  })

  it(
    "lose nothing when one stops in its commit and is overtaken",
    { timeout: 30_000 },
    async () => {
      const store = await openFileStore({ path })
      const starting = [0, 1, 2].map(() => startIncrementer(folder, { path, lockTimeoutMs: 600 }))
      const children = await Promise.all(starting)
      await Promise.all(children.map((child) => child.started))
      for (let overtaken = 0, turn = 0; overtaken < 12; turn++) {
        const child = children[turn % 3] as Incrementer
        await sleep(Math.random() * 10)
        child.kill("SIGSTOP")
        // The signal takes effect a moment later.
        await sleep(2)
        if (await isHeldBy(child)) {
          const before = await number(store, "n")
          await expect.poll(() => number(store, "n"), { timeout: 5000 }).toBeGreaterThan(before + 1)
          overtaken++
        }
        child.kill("SIGCONT")
      }
      for (const child of children) child.end()
      expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0])
      const done = children.map((child) => child.acknowledged())
      for (const [i, child] of children.entries()) {
        expect(await number(store, own(child))).toBe(done[i])
      }
      expect(await number(store, "n")).toBe(done.reduce((sum, each) => sum + each))
      expect(await contents(`${path}.lock`)).toEqual(["free"])
    },
  )

  async function isHeldBy(child: Incrementer): Promise<boolean> {
    const names = await readdir(`${path}.lock`)
    return names.some((name) => name.startsWith(`held-${child.pid}-`))
  }
})
