import { afterEach, describe, expect, it, vi } from "vitest"
import { fromUtf8, utf8 } from "../../src/bytes/index.js"
import type { Store } from "../../src/store/index.js"
import { openIndexedDbStore } from "../../src/store/indexeddb.js"
import { storeContract } from "../contract/store-contract.js"

storeContract("indexeddb", (name) => openIndexedDbStore({ name }), { isShared: true })

describe("IndexedDB store", () => {
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })

  const hello = { writes: [{ key: "a", value: utf8("hello") }] }

  it("loses nothing of 4 workers at once", async () => {
    // Each has a thread and a connection of its own, like a tab.
    const workers = Array.from({ length: 4 }, startWorker)
    await Promise.all(workers.map((worker) => increment(worker, "workers", 25)))
    const store = await openIndexedDbStore({ name: "workers" })
    expect(await text(store)).toBe("100")
    await store.close()
    for (const worker of workers) worker.terminate()
  })

  it("lets go of a database that another tab deletes, and opens it anew", async () => {
    const store = await openIndexedDbStore({ name: "deleted" })
    await store.commit(hello)
    await finished(indexedDB.deleteDatabase("deleted"))
    expect(await store.get("a")).toBeNull()
    expect(await store.commit(hello)).toBe(true)
    await store.close()
  })

  it("lets go of a database that a newer page upgrades, and says store-newer", async () => {
    const store = await openIndexedDbStore({ name: "upgraded" })
    const newer = await finished(indexedDB.open("upgraded", 2))
    await expect(store.get("a")).rejects.toMatchObject({
      name: "ChannelError",
      code: "store-newer",
    })
    newer.close()
    await store.close()
  })

  it("says store-corrupt for a database of something else", async () => {
    const foreign = await finished(indexedDB.open("foreign", 1))
    foreign.close()
    await expect(openIndexedDbStore({ name: "foreign" })).rejects.toMatchObject({
      code: "store-corrupt",
    })
  })

  it("says store-locked while an older page keeps the database open, then works", async () => {
    // The oldest version there is is 1, so the newer page is simulated by an older database.
    const request = indexedDB.open("held", 1)
    const old = await finished(request)
    const open = indexedDB.open.bind(indexedDB)
    vi.spyOn(indexedDB, "open").mockImplementation((name) => open(name, 2))
    await expect(openIndexedDbStore({ name: "held" })).rejects.toMatchObject({
      code: "store-locked",
    })
    vi.restoreAllMocks()
    old.close()
    // Would wait for ever, had the late connection stayed open.
    await finished(indexedDB.deleteDatabase("held"))
  })

  it("says store-full when the quota is exhausted, and changes nothing", async () => {
    // A storage bucket is a place with a quota of its own, and a real one.
    const bucket = await (navigator as NavigatorWithBuckets).storageBuckets.open("small", {
      quota: 500_000,
    })
    vi.stubGlobal("indexedDB", bucket.indexedDB)
    const store = await openIndexedDbStore({ name: "full" })
    await store.commit({ writes: [{ key: "n", value: utf8("1") }] })
    const large = { key: "large", value: new Uint8Array(1_000_000) }
    const writes = [{ key: "n", value: utf8("2") }, large]
    await expect(store.commit({ writes })).rejects.toMatchObject({
      name: "ChannelError",
      code: "store-full",
    })
    expect(await text(store)).toBe("1")
    expect(await store.commit({ writes: writes.slice(0, 1) })).toBe(true)
    expect(await text(store)).toBe("2")
    await store.close()
  })

  it("keeps nothing of a commit that fails half-way", async () => {
    const store = await openIndexedDbStore({ name: "half-way" })
    const noKey = { key: undefined as unknown as string, value: utf8("x") }
    const writes = [{ key: "n", value: utf8("1") }, noKey]
    await expect(store.commit({ writes })).rejects.toMatchObject({ code: "store-failed" })
    expect(await store.list("")).toEqual([])
    await store.close()
  })

  it("says store-failed when the browser has no IndexedDB", async () => {
    vi.stubGlobal("indexedDB", undefined)
    await expect(openIndexedDbStore({ name: "none" })).rejects.toMatchObject({
      name: "ChannelError",
      code: "store-failed",
    })
  })

  it("says store-failed when the browser forbids it, and works when it is allowed", async () => {
    vi.spyOn(indexedDB, "open").mockImplementationOnce(() => {
      throw new DOMException("denied", "SecurityError")
    })
    await expect(openIndexedDbStore({ name: "allowed" })).rejects.toMatchObject({
      code: "store-failed",
      message: expect.stringContaining("denied") as string,
    })
    await (await openIndexedDbStore({ name: "allowed" })).close()
  })
})

/** https://wicg.github.io/storage-buckets/, which TypeScript does not know yet. */
type NavigatorWithBuckets = Navigator & {
  readonly storageBuckets: {
    open(name: string, options: { quota: number }): Promise<{ readonly indexedDB: IDBFactory }>
  }
}

function startWorker(): Worker {
  return new Worker(new URL("./indexeddb-worker.ts", import.meta.url), { type: "module" })
}

function increment(worker: Worker, name: string, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve()
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage({ name, count })
  })
}

async function text(store: Store): Promise<string | null> {
  const entry = await store.get("n")
  return entry && fromUtf8(entry.value)
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error())
  })
}
