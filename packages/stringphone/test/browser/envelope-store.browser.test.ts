import { afterEach, describe, expect, it, vi } from "vitest"
import { openIndexedDbEnvelopeStore } from "../../src/store/envelopes/indexeddb.js"
import { createMemoryEnvelopeStore } from "../../src/store/envelopes/memory.js"
import { envelopeStoreContract } from "../contract/envelope-store-contract.js"
import { bytesOf, idOf, sample, samples } from "../contract/envelope-store-samples.js"

envelopeStoreContract("memory", async () => createMemoryEnvelopeStore(), { isDurable: false })
envelopeStoreContract(
  "indexeddb",
  (place) => openIndexedDbEnvelopeStore({ name: `envelopes ${place}` }),
  {
    isDurable: true,
  },
)

describe("IndexedDB envelope store", () => {
  afterEach(() => vi.unstubAllGlobals())

  it("is shared by several connections, which lose nothing", async () => {
    const name = "shared envelopes"
    const stores = await Promise.all([1, 2, 3].map(() => openIndexedDbEnvelopeStore({ name })))
    const batches = await Promise.all(
      stores.flatMap((store) => samples(30).map((envelope) => store.add([envelope]))),
    )
    expect(batches.flat().filter(Boolean)).toHaveLength(30)
    for (const store of stores) {
      expect((await store.since(0, 99)).map(({ number }) => number)).toEqual(
        Array.from({ length: 30 }, (_, i) => i + 1),
      )
      await store.close()
    }
  })

  it("says store-full when the quota is exhausted, and adds nothing", async () => {
    // A storage bucket is a place with a quota of its own, and a real one.
    const bucket = await (navigator as NavigatorWithBuckets).storageBuckets.open("mail", {
      quota: 500_000,
    })
    vi.stubGlobal("indexedDB", bucket.indexedDB)
    const store = await openIndexedDbEnvelopeStore({ name: "full" })
    await store.add([sample(1)])
    const large = sample(3, { bytes: bytesOf(3, 1_000_000) })
    await expect(store.add([sample(2), large])).rejects.toMatchObject({
      name: "ChannelError",
      code: "store-full",
    })
    expect(await store.has([1, 2, 3].map(idOf))).toEqual([true, false, false])
    expect((await store.usage()).lastNumber).toBe(1)
    await store.close()
  })

  it("says store-corrupt and store-newer for a database of something else", async () => {
    for (const [name, version, code] of [
      ["foreign mail", 1, "store-corrupt"],
      ["newer mail", 2, "store-newer"],
    ] as const) {
      const foreign = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name, version)
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error!)
      })
      foreign.close()
      await expect(openIndexedDbEnvelopeStore({ name })).rejects.toMatchObject({ code })
    }
  })
})

interface NavigatorWithBuckets extends Navigator {
  readonly storageBuckets: {
    open(name: string, options: { quota: number }): Promise<{ readonly indexedDB: IDBFactory }>
  }
}
