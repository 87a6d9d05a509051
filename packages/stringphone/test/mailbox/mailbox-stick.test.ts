import { describe, expect, test } from "vitest"
import { hex, sameBytes } from "../../src/bytes/index.js"
import { MemoryStickFolder } from "./mailbox-stick-folder.js"
import { check, envelopeOf, envelopesOf, Hub, idsOf, readBy, today } from "./mailbox-stick-scene.js"

const nothingFound = { found: 0, new: 0, known: 0, expired: 0, refused: 0, damaged: 0 }

describe("A stick", () => {
  test("carries envelopes of all sizes, with their stamps, to any number of hubs", async () => {
    const sizes = [1, 4, 16, 64, 256, 1_024].map((kib) => envelopeOf(today + 3, kib * 1_024))
    const sent = [...sizes, ...envelopesOf(50)]
    const stick = new MemoryStickFolder()
    const exported = await new Hub(sent).exportTo(stick)
    expect(exported).toMatchObject({ written: 56, known: 0, left: 0, isSafeToUnplug: true })
    expect([...stick.files.values()].reduce((sum, { length }) => sum + length, 0)).toBe(
      exported.bytes + 54,
    )
    for (const _ of ["first", "second"]) {
      const { hub, result } = await readBy(stick)
      expect(result).toMatchObject({ ...nothingFound, found: 56, new: 56, unfinished: 0 })
      for (const { id, bytes, stamp, day } of sent) {
        const found = hub.envelopes.get(hex(id))!
        expect(found).toMatchObject({ stamp, day })
        expect(sameBytes(found.bytes, bytes)).toBe(true)
      }
    }
  })

  test("gets only what is missing", async () => {
    const stick = new MemoryStickFolder()
    const ann = new Hub(envelopesOf(30))
    await ann.exportTo(stick)
    const before = stick.files.size
    expect(await ann.exportTo(stick)).toMatchObject({ written: 0, bytes: 0, known: 30 })
    expect(stick.files.size).toBe(before)
    ann.put(envelopeOf())
    expect(await ann.exportTo(stick)).toMatchObject({ written: 1, known: 30 })
    const bob = new Hub(envelopesOf(5))
    await bob.importFrom(stick)
    expect(await bob.exportTo(stick)).toMatchObject({ written: 5, known: 31 })
    expect(await ann.importFrom(stick)).toMatchObject({ found: 36, new: 5, known: 31 })
    expect(ann.ids).toEqual(bob.ids)
  })

  test("is compared by its lists: bodies are read only where they are wanted", async () => {
    const stick = new MemoryStickFolder()
    const ann = new Hub(envelopesOf(40, today + 5, 16_384))
    await ann.exportTo(stick)
    const bytes = [...stick.files.values()].reduce((sum, { length }) => sum + length, 0)
    stick.bytesRead = 0
    await ann.importFrom(stick)
    expect(stick.bytesRead).toBeLessThan(bytes / 100)
    stick.bytesRead = 0
    await ann.exportTo(stick)
    // One envelope is looked at: lists are not believed blindly.
    expect(stick.bytesRead).toBeLessThan(bytes / 10)
  })

  test("tells how far it is", async () => {
    const stick = new MemoryStickFolder()
    const seen: number[] = []
    await new Hub(envelopesOf(40, today + 5, 65_536)).exportTo(stick, {
      onProgress: ({ step, doneBytes, totalBytes }) => {
        if (step === "writing") seen.push(doneBytes / totalBytes)
      },
    })
    expect(seen.length).toBeGreaterThan(3)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen[0]).toBe(0)
    expect(seen.at(-1)).toBe(1)
    const read: number[] = []
    await new Hub().importFrom(stick, {
      onProgress: ({ doneBytes, totalBytes }) => read.push(doneBytes / totalBytes),
    })
    expect(read.at(-1)).toBe(1)
  })

  test("forgets what has expired, and removes files with nothing else on them", async () => {
    const stick = new MemoryStickFolder()
    const ann = new Hub([...envelopesOf(3, today + 1), ...envelopesOf(2, today - 1)])
    expect(await ann.exportTo(stick)).toMatchObject({ written: 3 })
    // At the end of the day, not before.
    expect((await readBy(stick, { today: today + 1 })).result).toMatchObject({ new: 3, expired: 0 })
    expect((await readBy(stick, { today: today + 2 })).result).toMatchObject({ new: 0, expired: 3 })
    const later = await ann.exportTo(stick, { today: today + 2 })
    expect(later).toMatchObject({ written: 0, known: 0, removed: 1 })
    expect([...stick.files.keys()].map((name) => name.replace(/.*\./, ""))).toEqual(["key"])
  })

  test("keeps a file as long as one envelope on it lives", async () => {
    const stick = new MemoryStickFolder()
    await new Hub([...envelopesOf(3, today + 1), envelopeOf(today + 9)]).exportTo(stick)
    expect(await new Hub().exportTo(stick, { today: today + 9 })).toMatchObject({ removed: 0 })
    const { result } = await readBy(stick, { today: today + 9 })
    expect(result).toMatchObject({ found: 4, new: 1, expired: 3 })
  })

  test("keeps to its limit; what lives longest goes first", async () => {
    const stick = new MemoryStickFolder()
    const short = envelopesOf(40, today + 1)
    const long = envelopesOf(40, today + 30)
    const maxBytes = 54 + 32 + 3 * 16_384 + 3_000
    const ann = new Hub([...short, ...long])
    const { written, left } = await ann.exportTo(stick, { maxBytes })
    expect(written + left).toBe(80)
    expect(written).toBeGreaterThan(40)
    const bytes = [...stick.files.values()].reduce((sum, { length }) => sum + length, 0)
    expect(bytes).toBeLessThanOrEqual(maxBytes)
    const { ids } = await readBy(stick)
    expect(ids).toEqual(expect.arrayContaining(idsOf(long)))
    expect(await ann.exportTo(stick, { maxBytes })).toMatchObject({ written: 0, left })
  })

  test("begins a new segment by days, where there is much", async () => {
    const stick = new MemoryStickFolder()
    const sent = [
      ...envelopesOf(9, today + 3, 1_048_576),
      ...envelopesOf(3, today + 2, 1_048_576),
      ...envelopesOf(3, today + 1, 1_048_576),
    ]
    const ann = new Hub(sent)
    expect(await ann.exportTo(stick)).toMatchObject({ written: 15, left: 0 })
    const segments = [...stick.files.keys()].filter((name) => name.endsWith(".mail"))
    expect(segments.length).toBe(2)
    expect((await readBy(stick)).ids).toEqual(idsOf(sent))
    expect(await ann.exportTo(stick, { today: today + 3 })).toMatchObject({ removed: 1, known: 9 })
  })

  test("stops when it is told to, at a place from where it goes on", async () => {
    const stick = new MemoryStickFolder()
    const sent = envelopesOf(40, today + 4, 262_144)
    const ann = new Hub(sent)
    const abort = new AbortController()
    const stopped = await ann.exportTo(stick, {
      signal: abort.signal,
      onProgress: ({ doneBytes }) => doneBytes > 2_000_000 && abort.abort(),
    })
    expect(stopped).toMatchObject({ isStopped: true, isSafeToUnplug: true })
    expect(stopped.written).toBeGreaterThan(0)
    expect(stopped.left).toBe(40 - stopped.written)
    expect((await readBy(stick)).result).toMatchObject({ new: stopped.written, unfinished: 0 })
    expect(await ann.exportTo(stick)).toMatchObject({ written: stopped.left, isStopped: false })

    const already = AbortSignal.abort()
    expect(await ann.exportTo(stick, { signal: already })).toMatchObject({ written: 0, left: 40 })
    const { result } = await readBy(stick, { signal: already })
    expect(result).toMatchObject({ found: 0, isStopped: true })
  })

  test("hands over what was refused as that", async () => {
    const stick = new MemoryStickFolder()
    await new Hub(envelopesOf(4)).exportTo(stick)
    const { result } = await readBy(stick, { accept: async (all) => all.map(() => "refused") })
    expect(result).toMatchObject({ found: 4, new: 0, refused: 4 })
  })

  test("leaves out what its store has dropped in the meantime", async () => {
    const stick = new MemoryStickFolder()
    const ann = new Hub(envelopesOf(4))
    const { store } = ann
    const result = await ann.exportTo(stick, {
      store: {
        ...store,
        get: async (ids) => (await store.get(ids)).map((one, i) => (i ? one : null)),
      },
    })
    expect(result).toMatchObject({ written: 3 })
    expect((await readBy(stick)).result).toMatchObject({ new: 3, damaged: 0 })
  })

  test("leaves an empty folder empty when there is nothing to write", async () => {
    const stick = new MemoryStickFolder()
    expect(await new Hub().exportTo(stick)).toMatchObject({ written: 0, isSafeToUnplug: true })
    expect(stick.files.size).toBe(0)
    expect((await readBy(stick)).result).toMatchObject(nothingFound)
  })

  test("is made durable in this order: segment, list, folder", async () => {
    const stick = new MemoryStickFolder()
    const ann = new Hub(envelopesOf(1))
    await ann.exportTo(stick)
    stick.log.length = 0
    ann.put(envelopeOf())
    await ann.exportTo(stick)
    const seen = stick.log.map((operation) =>
      "name" in operation
        ? `${operation.kind} ${operation.name?.replace(/.*\./, "") ?? "folder"}`
        : operation.kind,
    )
    const file = (kind: string) => [`create ${kind}`, `append ${kind}`, `sync ${kind}`]
    expect(seen).toEqual([...file("mail"), ...file("part"), "rename", "sync folder"])
  })

  test("is not called safe where the platform can not promise it", async () => {
    const stick = new MemoryStickFolder()
    stick.sync = async () => false
    expect(await new Hub(envelopesOf(1)).exportTo(stick)).toMatchObject({ isSafeToUnplug: false })
  })

  test("takes no limit that is none", async () => {
    const stick = new MemoryStickFolder()
    await expect(new Hub().exportTo(stick, { maxBytes: NaN })).rejects.toMatchObject({
      code: "bad-limit",
    })
  })
})

describe("Who finds a stick", () => {
  const sent = envelopesOf(60)

  test.each([undefined, "horse battery"])("sees no ID and no envelope (%s)", async (passphrase) => {
    const stick = new MemoryStickFolder()
    await new Hub(sent).exportTo(stick, { passphrase })
    for (const [name, bytes] of stick.files) {
      const text = hex(bytes)
      for (const { id, bytes: envelope } of sent) {
        expect(name).not.toContain(hex(id.subarray(0, 4)))
        expect(text.includes(hex(id.subarray(0, 8)))).toBe(false)
        for (const at of [0, 4, 500, 1_008]) {
          expect(text.includes(hex(envelope.subarray(at, at + 16)))).toBe(false)
        }
      }
      expect(text.includes(hex(new TextEncoder().encode("pen pal")))).toBe(false)
    }
  })

  test("sees lengths in steps, and names that say nothing", async () => {
    const [few, more] = [new MemoryStickFolder(), new MemoryStickFolder()]
    await new Hub(sent.slice(0, 2)).exportTo(few)
    await new Hub(sent.slice(0, 12)).exportTo(more)
    const lengthOf = (stick: MemoryStickFolder) =>
      [...stick.files].find(([name]) => name.endsWith(".mail"))?.[1].length
    expect(lengthOf(few)).toBe(lengthOf(more))
    for (const name of more.files.keys()) expect(name).toMatch(/^[0-9a-f]{32}\.(key|mail|list)$/)
  })

  test("can not open a sealed one without its passphrase", async () => {
    const stick = new MemoryStickFolder()
    await new Hub(sent).exportTo(stick, { passphrase: "horse battery" })
    const before = [...stick.files.keys()]
    const wrong = { passphrase: "horse batterie" }
    await expect(readBy(stick, wrong)).rejects.toMatchObject({
      name: "UsageError",
      code: "wrong-passphrase",
    })
    await expect(new Hub(sent).exportTo(stick, wrong)).rejects.toMatchObject({
      code: "wrong-passphrase",
    })
    await expect(readBy(stick)).rejects.toMatchObject({ code: "passphrase-needed" })
    await expect(new Hub(sent).exportTo(stick)).rejects.toMatchObject({ code: "passphrase-needed" })
    await expect(readBy(stick, { passphrase: "" })).rejects.toMatchObject({
      code: "bad-passphrase",
    })
    expect([...stick.files.keys()]).toEqual(before)
    expect((await readBy(stick, { passphrase: "horse battery" })).ids).toEqual(idsOf(sent))
  })

  test("the same passphrase typed elsewhere opens it", async () => {
    const stick = new MemoryStickFolder()
    await new Hub(sent).exportTo(stick, { passphrase: "Brücke" })
    const { result } = await readBy(stick, { passphrase: "Bru\u0308cke" })
    expect(result).toMatchObject({ new: 60 })
  })

  test("who has a passphrase writes nothing under an open key", async () => {
    const stick = new MemoryStickFolder()
    await new Hub(sent.slice(0, 1)).exportTo(stick)
    const ann = new Hub(sent.slice(0, 2))
    expect(await ann.exportTo(stick, { passphrase: "horse" })).toMatchObject({
      written: 1,
      known: 1,
    })
    expect((await readBy(stick)).result).toMatchObject({ new: 1, damaged: 1 })
    expect((await readBy(stick, { passphrase: "horse" })).result).toMatchObject({ new: 2 })
  })

  test("deleting the key file erases it", async () => {
    const stick = new MemoryStickFolder()
    await new Hub(sent).exportTo(stick)
    for (const name of stick.files.keys()) if (name.endsWith(".key")) stick.files.delete(name)
    const { result } = await readBy(stick)
    expect(result).toMatchObject({ found: 0 })
    expect(result.damaged).toBeGreaterThan(0)
  })
})

test("the check of this scene knows its envelopes", () => {
  const { id, day, bytes } = envelopeOf()
  expect(check(bytes)).toEqual({ id, day })
})
