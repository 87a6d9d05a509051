import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { openFileEnvelopeStore } from "../../src/store/envelopes/file.js"
import type { EnvelopeStore } from "../../src/store/envelopes/port.js"
import { findSqlite } from "../../src/store/sqlite-engine.js"
import { openSqliteEnvelopeStore } from "../../src/store/envelopes/sqlite.js"
import { sample } from "../contract/envelope-store-samples.js"
import { assertEnvelopeStoresBuilt, startAdder } from "./envelope-store-children.js"
import { newFolder } from "./folder.js"

beforeAll(assertEnvelopeStoresBuilt)

const kinds = [
  { kind: "file", open: openFileEnvelopeStore, isThere: true },
  { kind: "sqlite", open: openSqliteEnvelopeStore, isThere: findSqlite() !== null },
] as const

describe.each(kinds)("processes, $kind", { timeout: 120_000 }, ({ kind, open, isThere }) => {
  it.skipIf(!isThere)("killed at any time, what was acknowledged is there", async () => {
    const top = await newFolder()
    const folder = join(top, "envelopes")
    const expected = new Set<number>()
    for (let round = 0; round < 6; round++) {
      const adder = await startAdder(top, { kind, folder, from: round * 100_000 })
      await adder.reached(30 + round * 37)
      adder.kill("SIGKILL")
      await adder.ended
      for (const seed of adder.acknowledged) expected.add(seed)
      const store = await open({ folder })
      const found = await seedsOf(store)
      for (const seed of expected) expect(found).toContain(seed)
      expect(await store.add([sample(1, { day: 50 })])).toEqual([true])
      await store.expire(51)
      await store.close()
    }
    expect(expected.size).toBeGreaterThan(6 * 30)
  })

  it.skipIf(!isThere)("only one has the folder", async () => {
    const top = await newFolder()
    const folder = join(top, "envelopes")
    const adder = await startAdder(top, { kind, folder })
    await adder.reached(10)
    const locked = { name: "ChannelError", code: "store-locked" }
    await expect(open({ folder })).rejects.toMatchObject(locked)
    const second = await startAdder(top, { kind, folder })
    await second.ended
    expect(second.lines).toEqual([expect.stringMatching(/^ChannelError store-locked .*envelopes/)])
    const { length } = adder.acknowledged
    await adder.reached(length + 10)
    adder.kill("SIGKILL")
    await adder.ended
    const store = await open({ folder })
    expect(await seedsOf(store)).toEqual(expect.arrayContaining([...adder.acknowledged]))
    await store.close()
  })
})

/** Those of the envelopes that are whole; the others fail the test. */
async function seedsOf(store: EnvelopeStore): Promise<readonly number[]> {
  const envelopes = await store.since(0, 1_000_000)
  const numbers = envelopes.map(({ number }) => number)
  expect(new Set(numbers).size).toBe(numbers.length)
  return envelopes.map(({ id, bytes, day }) => {
    const seed = new DataView(id.buffer).getUint32(0)
    const isWhole =
      bytes.length === 300 + (seed % 50) && bytes.every((byte) => byte === (seed & 0xff))
    expect({ seed, isWhole, day }).toEqual({ seed, isWhole: true, day: 100 + (seed % 3) })
    return seed
  })
}
