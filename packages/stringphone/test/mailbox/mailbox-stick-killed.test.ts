import { describe, expect, test } from "vitest"
import { cryptoEngine } from "../../src/crypto/index.js"
import { everyMoment, Killed, MemoryStickFolder, type Operation } from "./mailbox-stick-folder.js"
import { envelopesOf, Hub, idsOf, readBy, today } from "./mailbox-stick-scene.js"

// Every single byte where it takes seconds, and every so many where it would take minutes.
const isNative = cryptoEngine() === "native"

describe("Killed at any byte", () => {
  test.each([
    { what: "the first export", old: 0, fresh: 3, stride: isNative ? 1 : 211 },
    { what: "a second export", old: 5, fresh: 40, stride: isNative ? 101 : 997 },
    {
      what: "an export to a sealed stick",
      old: 0,
      fresh: 1,
      stride: isNative ? 97 : 997,
      passphrase: "x",
    },
  ])("$what loses nothing, and the next one goes on", { timeout: 600_000 }, async (one) => {
    const { old, fresh, stride, passphrase } = one
    const sealing = passphrase === undefined ? {} : { passphrase }
    const olds = envelopesOf(old, today + 2)
    const ann = new Hub(olds)
    const stick = new MemoryStickFolder()
    await ann.exportTo(stick, sealing)
    const before = new Map(stick.files)
    stick.log.length = 0
    for (const envelope of envelopesOf(fresh)) ann.put(envelope)
    await ann.exportTo(stick, sealing)

    let moments = 0
    let resumed = 0
    for (const torn of everyMoment(before, stick.log, stride)) {
      moments++
      // Who comes before the repair finds what was whole, and harms nothing.
      const early = await readBy(torn, sealing)
      const { damaged, refused } = early.result
      expect({ damaged, refused }).toEqual({ damaged: 0, refused: 0 })
      expect(early.ids).toEqual(expect.arrayContaining(idsOf(olds)))
      if (early.ids.length > old) resumed++

      const repaired = await ann.exportTo(torn, sealing)
      expect(repaired).toMatchObject({ damaged: 0, known: early.ids.length, isSafeToUnplug: true })
      expect(repaired.written).toBe(old + fresh - early.ids.length)
      const late = await readBy(torn, sealing)
      expect(late.ids).toEqual(ann.ids)
      expect(late.result).toMatchObject({ damaged: 0, unfinished: 0 })
      expect([...torn.files.keys()].filter((name) => name.endsWith(".part"))).toEqual([])
      expect(await ann.exportTo(torn, sealing)).toMatchObject({ written: 0, bytes: 0 })
    }
    expect(moments).toBeGreaterThan(16_384 / stride)
    // What lies on whole chunks is not written again.
    expect(resumed).toBeGreaterThan(0)
  })

  test("at any call, also while repairing and removing", async () => {
    const envelopes = [...envelopesOf(20, today + 1), ...envelopesOf(20, today + 9)]
    const first = new MemoryStickFolder()
    await new Hub(envelopes.slice(0, 15)).exportTo(first)
    const [segment, bytes] = [...first.files].find(([name]) => name.endsWith(".mail"))!
    await new Hub(envelopes.slice(20)).exportTo(first)
    first.files.set(segment, bytes.subarray(0, -100))
    first.files.set(`${"0".repeat(32)}.part`, new Uint8Array(10))
    const later = today + 2
    let calls = 0
    for (; ; calls++) {
      const stick = new MemoryStickFolder(first.files)
      stick.lives = calls
      const ann = new Hub(envelopes)
      const end = await ann.exportTo(stick, { today: later }).catch((error: unknown) => error)
      stick.lives = Infinity
      const { ids } = await readBy(stick, { today: later })
      expect(ids).toEqual(idsOf(envelopes.slice(20)))
      await ann.exportTo(stick, { today: later })
      expect((await readBy(stick, { today: later })).result).toMatchObject({ new: 20, damaged: 0 })
      if (!(end instanceof Killed)) break
    }
    expect(calls).toBeGreaterThan(15)
  })

  test("with all lost that was not made durable yet", async () => {
    const ann = new Hub(envelopesOf(20))
    const stick = new MemoryStickFolder()
    await ann.exportTo(stick)
    const { log } = stick
    for (let count = 0; count <= log.length; count++) {
      const left = durableAfter(log.slice(0, count))
      if (count === log.length) expect(left.files).toEqual(stick.files)
      expect((await readBy(left)).result).toMatchObject({ damaged: 0, refused: 0 })
      await ann.exportTo(left)
      expect((await readBy(left)).result).toMatchObject({ new: 20, damaged: 0, unfinished: 0 })
    }
  })

  test("an import: what was handed over stays, the next one goes on", async () => {
    const stick = new MemoryStickFolder()
    const sent = envelopesOf(90, today + 2, 65_536)
    await new Hub(sent).exportTo(stick)
    let partly = 0
    for (let lives = 0; ; lives += isNative ? 1 : 6) {
      const torn = new MemoryStickFolder(stick.files)
      torn.lives = lives
      const bob = new Hub()
      const end = await bob.importFrom(torn).catch((error: unknown) => error)
      if (!(end instanceof Killed)) break
      if (bob.ids.length > 0) partly++
      expect(await bob.importFrom(stick)).toMatchObject({ found: 90, damaged: 0 })
      expect(bob.ids).toEqual(idsOf(sent))
    }
    expect(partly).toBeGreaterThan(0)
  })
})

/** Names survive, and of each file what was in it when it was last synced. */
function durableAfter(log: readonly Operation[]): MemoryStickFolder {
  const now = new MemoryStickFolder()
  const durable = new MemoryStickFolder()
  for (const operation of log) {
    now.apply(operation)
    if (operation.kind === "sync" && operation.name !== null) {
      durable.files.set(operation.name, now.files.get(operation.name)!)
    } else if (operation.kind !== "append") durable.apply(operation)
  }
  return durable
}

describe("A file that lost its end", () => {
  test("at any length, harms nothing but itself", { timeout: 600_000 }, async () => {
    const whole = new MemoryStickFolder()
    const ann = new Hub(envelopesOf(3))
    await ann.exportTo(whole)
    const other = envelopesOf(2)
    await new Hub(other).exportTo(whole)
    for (const [name, bytes] of whole.files) {
      // Within a chunk one length is like another.
      const stride = name.endsWith(".mail") ? (isNative ? 61 : 997) : isNative ? 1 : 7
      for (let length = 0; length < bytes.length; length += stride) {
        const stick = new MemoryStickFolder(whole.files)
        stick.files.set(name, bytes.subarray(0, length))
        const before = await readBy(stick)
        if (name.endsWith(".list")) expect(before.ids.length).toBe(5)
        if (name.endsWith(".mail")) expect(before.ids.length).toBeLessThan(5)
        if (name.endsWith(".key")) expect(before.ids).toEqual([])
        const { damaged, unfinished } = before.result
        expect(damaged + unfinished).toBeGreaterThan(0)

        await ann.exportTo(stick)
        await new Hub(other).exportTo(stick)
        expect((await readBy(stick)).ids.length).toBe(5)
      }
    }
  })

  test("an empty segment is removed on another day, not while its writer may be at it", async () => {
    const stick = new MemoryStickFolder()
    const ann = new Hub(envelopesOf(1, today + 9))
    await ann.exportTo(stick)
    const name = `${"a".repeat(32)}.mail`
    stick.files.set(name, new Uint8Array())
    expect((await readBy(stick)).result).toMatchObject({ unfinished: 1, damaged: 0 })
    await ann.exportTo(stick)
    expect(stick.files.has(name)).toBe(true)
    expect((await readBy(stick)).result).toMatchObject({ unfinished: 0 })
    expect(await ann.exportTo(stick, { today: today + 1 })).toMatchObject({ removed: 1 })
    expect(stick.files.has(name)).toBe(false)
  })
})
