import fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import { fromUtf8, utf8 } from "../../src/bytes/index.js"
import { type Entry, type Store, update } from "../../src/store/index.js"

export interface StoreContractOptions {
  /** Does `open` with the same place again give the same entries? */
  readonly isShared: boolean
}

/**
 * What every store keeps. Free of Node, so that browsers run it too.
 *
 * @param open opens the store at a place; a place that was never opened is empty.
 */
export function storeContract(
  name: string,
  open: (place: string) => Promise<Store>,
  { isShared }: StoreContractOptions,
): void {
  let places = 0
  const newPlace = () => `contract-${places++}`

  describe(`${name} keeps the store contract`, () => {
    let place: string
    let store: Store

    beforeEach(async () => {
      place = newPlace()
      store = await open(place)
      return () => store.close()
    })

    const put = (key: string, text: string) =>
      store.commit({ writes: [{ key, value: utf8(text) }] })
    const text = async (key: string) => textOf(await store.get(key))
    const version = async (key: string) => (await store.get(key))?.version ?? null

    describe("get and list", () => {
      it("has nothing at first", async () => {
        expect(await store.get("a")).toBeNull()
        expect(await store.list("")).toEqual([])
      })

      it("gives what was committed", async () => {
        expect(await put("a", "one")).toBe(true)
        const entry = await store.get("a")
        expect(entry?.key).toBe("a")
        expect(entry?.value).toEqual(utf8("one"))
        expect(entry?.version).toEqual(expect.any(String))
        expect(await store.list("")).toEqual([entry])
      })

      it("lists by prefix, sorted by code units", async () => {
        const keys = oddKeys.toReversed()
        await store.commit({ writes: keys.map((key) => ({ key, value: utf8(key) })) })
        for (const prefix of ["", ...oddKeys, "nothing like it"]) {
          const expected = keys.filter((key) => key.startsWith(prefix)).sort()
          const found = await store.list(prefix)
          expect(found.map((entry) => entry.key)).toEqual(expected)
        }
        for (const key of keys) expect((await store.get(key))?.value).toEqual(utf8(key))
      })

      it("keeps any bytes, from none to 1 MiB", async () => {
        const values = {
          none: new Uint8Array(0),
          zero: Uint8Array.of(0),
          all: Uint8Array.from({ length: 256 }, (_, i) => i),
          mebibyte: Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 0xff),
        }
        await store.commit({
          writes: Object.entries(values).map(([key, value]) => ({ key, value })),
        })
        for (const [key, value] of Object.entries(values)) {
          const found = (await store.get(key))?.value
          expect(found?.constructor).toBe(Uint8Array)
          expect(isSame(found, value)).toBe(true)
        }
      })

      it("copies values in and out", async () => {
        const large = Uint8Array.of(0, 1, 2, 3, 0)
        const value = large.subarray(1, 4)
        const write = { key: "a", value: value as Uint8Array | null }
        const committed = store.commit({ writes: [write] })
        value.fill(9)
        write.value = null
        await committed
        const got = (await store.get("a")) as Entry
        const [listed] = (await store.list("")) as [Entry]
        expect(got.value).toEqual(Uint8Array.of(1, 2, 3))
        expect(got.value.buffer.byteLength).toBe(3)
        got.value.fill(7)
        listed.value.fill(8)
        expect((await store.get("a"))?.value).toEqual(Uint8Array.of(1, 2, 3))
      })
    })

    describe("commit", () => {
      it("overwrites and deletes", async () => {
        await put("a", "one")
        await put("a", "two")
        expect(await text("a")).toBe("two")
        expect(await store.commit({ writes: [{ key: "a", value: null }] })).toBe(true)
        expect(await store.get("a")).toBeNull()
        expect(await store.commit({ writes: [{ key: "a", value: null }] })).toBe(true)
      })

      it("writes only over the version that was checked", async () => {
        const write = (checked: string | null, text: string) =>
          store.commit({
            checks: [{ key: "a", version: checked }],
            writes: [{ key: "a", value: utf8(text) }],
          })
        expect(await write("1", "too early")).toBe(false)
        expect(await write(null, "one")).toBe(true)
        expect(await write(null, "again")).toBe(false)
        const first = await version("a")
        expect(await write(first, "two")).toBe(true)
        expect(await write(first, "three")).toBe(false)
        expect(await text("a")).toBe("two")
      })

      it("checks keys that it does not write", async () => {
        await put("a", "one")
        const writes = [{ key: "b", value: utf8("b") }]
        const held = [{ key: "a", version: await version("a") }]
        const missing = [{ key: "c", version: null }]
        expect(await store.commit({ checks: [...held, ...missing], writes })).toBe(true)
        await put("c", "one")
        expect(await store.commit({ checks: [...held, ...missing], writes: [] })).toBe(false)
        expect(await store.commit({ checks: held, writes: [] })).toBe(true)
      })

      it("writes all or nothing", async () => {
        const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`)
        await store.commit({ writes: keys.map((key) => ({ key, value: utf8("old") })) })
        const before = await store.list("")
        const checks = before.map(({ key, version }) => ({ key, version }))
        checks[25] = { key: "key 25", version: "other" }
        const writes = keys.map((key, i) => ({ key, value: i % 2 === 0 ? utf8("new") : null }))
        expect(await store.commit({ checks, writes })).toBe(false)
        expect(await store.list("")).toEqual(before)
        expect(await store.commit({ checks: checks.slice(0, 25), writes })).toBe(true)
        expect((await store.list("")).map(textOf)).toEqual(Array(25).fill("new"))
      })

      it("refuses a key twice and what is not bytes, and writes nothing then", async () => {
        const twice = { key: "a", value: utf8("x") }
        await expect(store.commit({ writes: [twice, twice] })).rejects.toMatchObject({
          name: "UsageError",
          code: "duplicate-key",
        })
        const value = "text" as unknown as Uint8Array
        const writes = [twice, { key: "b", value }]
        await expect(store.commit({ writes })).rejects.toMatchObject({
          name: "UsageError",
          code: "not-bytes",
        })
        expect(await store.list("")).toEqual([])
      })

      it("changes the version of what it writes, and of nothing else", async () => {
        await put("a", "one")
        await put("b", "one")
        const [a, b] = [await version("a"), await version("b")]
        await put("a", "one")
        expect(await version("a")).not.toBe(a)
        expect(await version("b")).toBe(b)
      })

      it("never uses a version again, also not after delete and recreate", async () => {
        const seen = new Set<string | null>()
        for (let i = 0; i < 10; i++) {
          await put("a", "same")
          seen.add(await version("a"))
          await store.commit({ writes: [{ key: "a", value: null }] })
          if (isShared) await reopen()
        }
        expect(seen.size).toBe(10)
      })
    })

    describe("at the same time", () => {
      it("loses none of 100 parallel updates", async () => {
        await Promise.all(Array.from({ length: 100 }, () => increment(store, "n")))
        expect(await text("n")).toBe("100")
      })

      it("lets exactly one of 20 create a key", async () => {
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            store.commit({
              checks: [{ key: "a", version: null }],
              writes: [{ key: "a", value: Uint8Array.of(i) }],
            }),
          ),
        )
        const winners = results.flatMap((isWritten, i) => (isWritten ? [i] : []))
        expect(winners).toHaveLength(1)
        expect((await store.get("a"))?.value).toEqual(Uint8Array.from(winners))
      })

      it("never shows half a commit", async () => {
        const write = (text: string) =>
          store.commit({ writes: ["a", "b"].map((key) => ({ key, value: utf8(text) })) })
        await write("0")
        const writer = (async () => {
          for (let i = 1; i <= 30; i++) await write(String(i))
        })()
        for (let i = 0; i < 60; i++) {
          const [a, b] = await store.list("")
          expect(textOf(a)).toBe(textOf(b))
        }
        await writer
      })
    })

    describe("update", () => {
      it("creates, changes and deletes, and tells what it wrote", async () => {
        expect(await increment(store, "n")).toEqual(utf8("1"))
        expect(await increment(store, "n")).toEqual(utf8("2"))
        expect(await update(store, "n", () => null)).toBeNull()
        expect(await store.get("n")).toBeNull()
      })

      it("leaves the store alone when the computation throws", async () => {
        await put("a", "one")
        const failing = update(store, "a", () => {
          throw new Error("no idea")
        })
        await expect(failing).rejects.toThrow("no idea")
        expect(await text("a")).toBe("one")
      })
    })

    describe("close", () => {
      it("may be called twice", async () => {
        await store.close()
        await store.close()
      })

      it("finishes the commits that were begun", async () => {
        const commits = [put("a", "one"), put("b", "two")]
        await store.close()
        expect(await Promise.all(commits)).toEqual([true, true])
      })

      it("ends all use", async () => {
        await store.close()
        const closed = { name: "UsageError", code: "closed" }
        await expect(store.get("a")).rejects.toMatchObject(closed)
        await expect(store.list("")).rejects.toMatchObject(closed)
        await expect(put("a", "one")).rejects.toMatchObject(closed)
      })
    })

    it("behaves like a Map with versions", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const tested = await open(newPlace())
          const model = new Map<string, Uint8Array>()
          const versions = new Set<string>()
          for (const { checks, writes } of steps) {
            const isHeld = checks.every(
              ({ key, is }) => is === "current" || is === actual(model, key),
            )
            const actualVersions = await Promise.all(
              checks.map(async ({ key, is }) => {
                const current = (await tested.get(key))?.version ?? null
                return {
                  key,
                  version: is === "current" ? current : is === "absent" ? null : "stale",
                }
              }),
            )
            expect(await tested.commit({ checks: actualVersions, writes })).toBe(isHeld)
            if (!isHeld) continue
            for (const { key, value } of writes) {
              if (value === null) model.delete(key)
              else model.set(key, value)
            }
            const written = writes.flatMap(({ key, value }) => (value === null ? [] : [key]))
            const fresh = await Promise.all(
              written.map(async (key) => (await tested.get(key))?.version ?? "none"),
            )
            for (const one of fresh) expect(versions).not.toContain(one)
            for (const one of fresh) versions.add(one)
            const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
            const found = await tested.list("")
            expect(found.map(({ key, value }) => [key, value])).toEqual(sorted)
          }
          await tested.close()
        }),
        { numRuns: 40 },
      )
    })

    if (isShared) {
      describe("opened twice at one place", () => {
        it("shows each the writes of the other", async () => {
          const other = await open(place)
          await put("a", "one")
          expect(textOf(await other.get("a"))).toBe("one")
          await other.commit({ writes: [{ key: "a", value: utf8("two") }] })
          expect(await text("a")).toBe("two")
          await other.close()
          expect(await text("a")).toBe("two")
        })

        it("keeps what was committed when closed", async () => {
          await put("a", "one")
          const entry = await store.get("a")
          await reopen()
          expect(await store.get("a")).toEqual(entry)
        })

        it("loses none of 100 parallel updates of two", async () => {
          const other = await open(place)
          const each = Array.from({ length: 50 })
          await Promise.all(each.flatMap(() => [increment(store, "n"), increment(other, "n")]))
          expect(await text("n")).toBe("100")
          await other.close()
        })

        it("lets one win of two that each check what the other writes", async () => {
          const other = await open(place)
          const unless = (by: Store, checked: string, written: string) =>
            by.commit({
              checks: [{ key: checked, version: null }],
              writes: [{ key: written, value: utf8("x") }],
            })
          for (let round = 0; round < 20; round++) {
            const [a, b] = [`${round} a`, `${round} b`]
            const results = await Promise.all([unless(store, a, b), unless(other, b, a)])
            expect(results.filter(Boolean)).toHaveLength(1)
            expect(await store.list(`${round} `)).toHaveLength(1)
          }
          await other.close()
        })
      })
    }

    async function reopen(): Promise<void> {
      await store.close()
      store = await open(place)
    }
  })
}

/** Keys that sort, compare or escape differently in careless hands. */
const oddKeys: readonly string[] = [
  "",
  " ",
  "\0",
  '"\\\n',
  "A",
  "Z",
  "__proto__",
  "a",
  "a/1",
  "a/10",
  "a/2",
  "aa",
  "constructor",
  "e\u0301",
  "ä",
  "é",
  "\u{10000}",
  "\u{1f600}",
  "\ud83d",
  "\ude00",
  "\ufb01",
  "\uffff",
  "\uffffa",
  "\uffff\uffff",
  "a\uffff",
  "a\uffff\uffff",
]

const smallKey = fc.constantFrom("a", "b", "ab", "", "\ud800", "\uffff")
const step = fc.record({
  checks: fc.array(
    fc.record({ key: smallKey, is: fc.constantFrom("current", "absent", "stale") }),
    { maxLength: 2 },
  ),
  writes: fc.uniqueArray(
    fc.record({
      key: smallKey,
      value: fc.option(fc.uint8Array({ maxLength: 5 })),
    }),
    { selector: ({ key }) => key, maxLength: 4 },
  ),
})

function actual(model: ReadonlyMap<string, unknown>, key: string): "absent" | "present" {
  return model.has(key) ? "present" : "absent"
}

function increment(store: Store, key: string): Promise<Uint8Array> {
  return update(store, key, (current) => {
    const count = current === null ? 0 : Number(fromUtf8(current))
    return utf8(String(count + 1))
  })
}

function textOf(entry: Entry | null | undefined): string | null {
  return entry ? fromUtf8(entry.value) : null
}

// The matcher takes seconds for a mebibyte.
function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.length === b.length && b.every((byte, i) => byte === a[i])
}
