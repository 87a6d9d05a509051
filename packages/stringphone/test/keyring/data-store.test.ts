import { beforeEach, describe, expect, it } from "vitest"
import { fromUtf8, hex, utf8 } from "../../src/bytes/index.js"
import { type KeyRing, openKeyRing } from "../../src/keyring/index.js"
import { type Commit, type Store, update } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { storeContract } from "../contract/store-contract.js"

/** Weak on purpose: the tests are about what is sealed, not about how hard it is to guess. */
const cost = { passes: 1, memoryKib: 8 }
const passphrase = () => "tin can"
const changed = { name: "UsageError", code: "passphrase-changed" }
const corrupt = { name: "ChannelError", code: "keyring-corrupt" }

/** Opens the data of a ring of its own at each place; the same ring when a place comes again. */
function places(seal: string | null): (place: string) => Promise<Store> {
  const stores = new Map<string, Store>()
  return async (place) => {
    const known = stores.get(place)
    if (known) return (await openKeyRing({ store: known, passphrase })).store
    const store = createMemoryStore()
    stores.set(place, store)
    const ring = await openKeyRing({ store })
    await ring.setPassphrase(seal, cost)
    return ring.store
  }
}

storeContract("key ring, not sealed", places(null), { isShared: true })
storeContract("key ring, sealed", places("tin can"), { isShared: true })

function put(store: Store, key: string, text: string): Promise<boolean> {
  return store.commit({ writes: [{ key, value: utf8(text) }] })
}

async function texts(store: Store): Promise<Readonly<Record<string, string | null>>> {
  return Object.fromEntries(
    (await store.list("")).map(({ key, value }) => [key, fromUtf8(value)] as const),
  )
}

function increment(store: Store, key: string): Promise<Uint8Array> {
  return update(store, key, (now) => utf8(String(Number((now && fromUtf8(now)) ?? 0) + 1)))
}

/** Does something just before a commit of this store, once. */
function interrupted(store: Store, isIt: (commit: Commit) => boolean, what: () => unknown): Store {
  let done = false
  return {
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    close: () => store.close(),
    async commit(commit) {
      if (!done && isIt(commit)) {
        done = true
        await what()
      }
      return store.commit(commit)
    },
  }
}

const writesHeader = ({ writes }: Commit) => writes.some(({ key }) => key === "key-ring")

describe("data in a key ring", () => {
  let disk: Store
  let ring: KeyRing

  beforeEach(async () => {
    disk = createMemoryStore()
    ring = await openKeyRing({ store: disk })
  })

  it("is under data/ in the ring's store, plain when the ring is not sealed", async () => {
    await put(ring.store, "topic/1", "chain key")
    expect(fromUtf8((await disk.get("data/topic/1"))?.value as Uint8Array)).toBe("chain key")
    expect(await ring.store.get("../identity")).toBeNull()
    expect(await ring.topics()).toEqual([])
  })

  it("shows its keys but no value when the ring is sealed", async () => {
    await put(ring.store, "before", "chain key")
    await ring.setPassphrase("tin can", cost)
    await put(ring.store, "after", "chain key")
    const stored = (await disk.list("data")).map(({ key, value }) => [key, hex(value)])
    expect(stored.map(([key]) => key)).toEqual(["data", "data/after", "data/before"])
    expect(JSON.stringify(stored)).not.toContain(hex(utf8("chain")))
    const again = await openKeyRing({ store: disk, passphrase })
    expect(await texts(again.store)).toEqual({ before: "chain key", after: "chain key" })
  })

  it("is closed without the ring, and closed with it", async () => {
    const [one, other] = [ring.store, ring.store]
    await one.close()
    await expect(one.get("a")).rejects.toMatchObject({ code: "closed" })
    expect(await put(other, "a", "one")).toBe(true)
    expect(await ring.contacts()).toEqual([])
    await ring.close()
    await expect(other.get("a")).rejects.toMatchObject({ code: "closed" })
  })

  it("says where it is damaged, and is left as it is", async () => {
    await ring.setPassphrase("tin can", cost)
    await put(ring.store, "a", "one")
    const value = (await disk.get("data/a"))?.value as Uint8Array
    for (const damaged of [value.with(30, (value[30] as number) ^ 1), value.subarray(0, 30)]) {
      await disk.commit({ writes: [{ key: "data/a", value: damaged }] })
      await expect(ring.store.get("a")).rejects.toMatchObject(corrupt)
      await expect(ring.store.get("a")).rejects.toThrow("data/a")
      await expect(ring.store.list("")).rejects.toMatchObject(corrupt)
      await expect(ring.setPassphrase("string", cost)).rejects.toMatchObject(corrupt)
      expect((await disk.get("data/a"))?.value).toEqual(damaged)
    }
    expect(await put(ring.store, "b", "two")).toBe(true)
    expect(fromUtf8((await ring.store.get("b"))?.value as Uint8Array)).toBe("two")
  })

  it.each([
    ["data/a", "data/b"],
    ["data/a", "contacts"],
    ["data/contacts", "contacts"],
    ["data/\ud83d", "data/\ud83e"],
    ["data/\ud83d", "data/\ufffd"],
    ["data/\ud83d", "data/\\ud83d"],
  ])("does not open %j moved to %j", async (from, to) => {
    await ring.setPassphrase("tin can", cost)
    await put(ring.store, from.slice(5), "[]")
    const value = (await disk.get(from))?.value as Uint8Array
    await disk.commit({ writes: [{ key: to, value }] })
    const read = to === "contacts" ? ring.contacts() : ring.store.get(to.slice(5))
    await expect(read).rejects.toMatchObject(corrupt)
    expect((await ring.store.get(from.slice(5)))?.value).toEqual(utf8("[]"))
  })

  describe("while another process changes the passphrase", () => {
    it("is neither read nor written under the old ring key, and no update loops", async () => {
      const { store } = ring
      await put(store, "a", "one")
      const before = (await store.get("a"))?.version as string
      const other = await openKeyRing({ store: disk })
      await other.setPassphrase("tin can", cost)
      const checks = [{ key: "a", version: before }]
      for (const use of [
        () => store.get("a"),
        () => store.get("nothing"),
        () => store.list(""),
        () => put(store, "a", "two"),
        () => store.commit({ checks, writes: [] }),
        () => increment(store, "n"),
        () => ring.setPassphrase("mine", cost),
        () => ring.updateContacts((book) => book),
      ]) {
        await expect(use()).rejects.toMatchObject(changed)
      }
      expect(await texts(other.store)).toEqual({ a: "one" })
    })

    it("says so, too, when that happens just before a commit", async () => {
      const change = async () => (await openKeyRing({ store: disk })).setPassphrase("theirs", cost)
      const mine = await openKeyRing({ store: interrupted(disk, () => true, change) })
      await expect(increment(mine.store, "n")).rejects.toMatchObject(changed)
    })

    it.each([
      ["a new key", "new", (store: Store) => put(store, "new", "two")],
      ["another value", "a", (store: Store) => put(store, "a", "two")],
    ])("what it writes just then is rewritten: %s", async (_, key, write) => {
      for (const first of [true, false]) {
        const store = createMemoryStore()
        const writer = await openKeyRing({ store })
        if (!first) await put(writer.store, "a", "one")
        const watched = interrupted(store, writesHeader, () => write(writer.store))
        const changer = await openKeyRing({ store: watched })
        await changer.setPassphrase("tin can", cost)
        expect(await texts(changer.store)).toMatchObject({ [key]: "two" })
        await expect(writer.store.get(key)).rejects.toMatchObject(changed)
      }
    })

    it("what it deletes just then stays deleted", async () => {
      await put(ring.store, "a", "one")
      const remove = () => ring.store.commit({ writes: [{ key: "a", value: null }] })
      const changer = await openKeyRing({ store: interrupted(disk, writesHeader, remove) })
      await changer.setPassphrase("tin can", cost)
      expect(await texts(changer.store)).toEqual({})
    })

    it("loses nothing of what was written, also of many entries", async () => {
      const old = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`old ${i}`, `${i}`]))
      await ring.store.commit({
        writes: Object.entries(old).map(([key, text]) => ({ key, value: utf8(text) })),
      })
      const writer = await openKeyRing({ store: disk })
      const written: Record<string, string> = {}
      const writing = (async () => {
        for (let i = 0; ; i++) {
          const key = i % 2 ? `old ${i}` : `new ${i}`
          await put(writer.store, key, "new")
          written[key] = "new"
          if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve))
        }
      })()
      await Promise.all([
        expect(writing).rejects.toMatchObject(changed),
        new Promise((resolve) => setTimeout(resolve, 5)).then(() =>
          ring.setPassphrase("tin can", cost),
        ),
      ])
      expect(Object.keys(written).length).toBeGreaterThan(0)
      const again = await openKeyRing({ store: disk, passphrase })
      expect(await texts(again.store)).toEqual({ ...old, ...written })
    })
  })

  describe("while its own ring changes the passphrase", () => {
    it("goes on without an error, and loses nothing", async () => {
      const { store } = ring
      const changes = ["one", "two", null, "tin can"].map((text) => ring.setPassphrase(text, cost))
      const all = Array.from({ length: 60 }, (_, i) => [
        increment(store, "n"),
        put(store, `key ${i}`, "blind"),
        store.list("key"),
        ring.contacts(),
        ring.leaveOut(ring.identity.publicKey),
      ])
      await Promise.all([...changes, ...all.flat()])
      const again = await openKeyRing({ store: disk, passphrase })
      const found = await texts(again.store)
      expect(found["n"]).toBe("60")
      expect(Object.keys(found)).toHaveLength(61)
    })

    it("waits until the new ring key is known", async () => {
      await put(ring.store, "a", "one")
      const reads: Promise<unknown>[] = []
      const slow: Store = {
        ...interrupted(
          disk,
          () => false,
          () => {},
        ),
        async commit(commit) {
          const done = await disk.commit(commit)
          if (writesHeader(commit)) {
            const value = utf8("two")
            reads.push(mine.store.get("a"), mine.store.commit({ writes: [{ key: "b", value }] }))
            value.fill(0)
          }
          // The new header is there, and who wrote it has not read its version yet.
          for (const read of reads) await Promise.race([read, new Promise((go) => setTimeout(go))])
          return done
        },
      }
      const mine = await openKeyRing({ store: slow })
      await mine.setPassphrase("tin can", cost)
      const [a, b] = await Promise.all(reads)
      expect(a).toMatchObject({ value: utf8("one") })
      expect(b).toBe(true)
      expect(await texts(mine.store)).toEqual({ a: "one", b: "two" })
    })

    it("lets a commit fail that names a version from before", async () => {
      await put(ring.store, "a", "one")
      const checks = [{ key: "a", version: (await ring.store.get("a"))?.version as string }]
      await ring.setPassphrase("tin can", cost)
      const writes = [{ key: "a", value: utf8("two") }]
      expect(await ring.store.commit({ checks, writes })).toBe(false)
      expect(await texts(ring.store)).toEqual({ a: "one" })
    })
  })
})
