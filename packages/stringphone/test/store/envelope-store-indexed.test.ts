import { describe, expect, it } from "vitest"
import { ChannelError } from "../../src/bytes/index.js"
import type { Changes, EnvelopeDisk } from "../../src/store/envelopes/disk.js"
import { EnvelopeIndex } from "../../src/store/envelopes/envelope-index.js"
import { IndexedEnvelopeStore } from "../../src/store/envelopes/indexed-store.js"
import { bytesOf, idOf, sample, samples } from "../contract/envelope-store-samples.js"

/** Remembers how much was written at once, and refuses more than it has room for. */
class CountingDisk implements EnvelopeDisk<Uint8Array> {
  readonly writes: number[] = []
  readonly roomFor: number

  constructor(roomFor = Infinity) {
    this.roomFor = roomFor
  }

  async write({ added }: Changes<Uint8Array>): Promise<readonly Uint8Array[]> {
    this.writes.push(added.length)
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (added.length > this.roomFor) throw new ChannelError("store-full", "Full.")
    return added.map(({ bytes }) => bytes)
  }

  async read(rows: readonly { readonly place: Uint8Array }[]): Promise<readonly Uint8Array[]> {
    return rows.map(({ place }) => place)
  }

  async drop(): Promise<void> {}
  async expire(): Promise<void> {}
  async close(): Promise<void> {}
}

const storeOn = (disk: CountingDisk) =>
  new IndexedEnvelopeStore(new EnvelopeIndex<Uint8Array>(), disk)

describe("what is added at once", () => {
  it("is written at once", async () => {
    const disk = new CountingDisk()
    const store = storeOn(disk)
    await Promise.all(samples(100).map((envelope) => store.add([envelope])))
    expect(disk.writes).toEqual([100])
  })

  it("waits together while the disk is busy", async () => {
    const disk = new CountingDisk()
    const store = storeOn(disk)
    const first = store.add([sample(100)])
    await Promise.resolve()
    await Promise.resolve()
    await Promise.all([first, ...samples(100).map((envelope) => store.add([envelope]))])
    expect(disk.writes).toEqual([1, 100])
    expect((await store.usage()).count).toBe(101)
  })

  it("is written in parts when it is much", async () => {
    const disk = new CountingDisk()
    const store = storeOn(disk)
    const bytes = bytesOf(1, 1 << 20)
    await Promise.all(samples(20, { bytes }).map((envelope) => store.add([envelope])))
    expect(disk.writes).toEqual([8, 8, 4])
  })

  it("is tried one by one when there is no room for all", async () => {
    const disk = new CountingDisk(2)
    const store = storeOn(disk)
    const [few, many, one] = [samples(2), samples(9).slice(2), [sample(9)]]
    const results = await Promise.allSettled([few, many, one].map((batch) => store.add(batch)))
    expect(results).toMatchObject([
      { status: "fulfilled", value: [true, true] },
      { status: "rejected", reason: { code: "store-full" } },
      { status: "fulfilled", value: [true] },
    ])
    expect(disk.writes).toEqual([10, 2, 7, 1])
    expect((await store.since(0, 9)).map(({ id }) => id)).toEqual([0, 1, 9].map(idOf))
    expect((await store.usage()).lastNumber).toBe(3)
  })
})
