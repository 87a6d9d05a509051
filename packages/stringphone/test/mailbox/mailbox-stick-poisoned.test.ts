import { describe, expect, test } from "vitest"
import { ChannelError, concat, hex } from "../../src/bytes/index.js"
import { randomBytes } from "../../src/crypto/index.js"
import {
  decodeKeyFile,
  encodeKeyFile,
  type ListEntry,
  maxListFileBytes,
  maxParcelBytes,
  maxSegmentBytes,
  maxStickFiles,
  openStickKey,
  sealList,
  segmentKey,
  type SegmentList,
  SegmentWriter,
  stickFileName,
} from "../../src/mailbox/stick/index.js"
import { chunkBytes, chunkDataBytes, sealChunk } from "../../src/mailbox/stick/chunk.js"
import { SeededRandom } from "../../src/transport/random.js"
import { MemoryStickFolder } from "./mailbox-stick-folder.js"
import { envelopeOf, envelopesOf, Hub, idsOf, readBy, today } from "./mailbox-stick-scene.js"

const sent = envelopesOf(30, today + 8)

async function goodStick(): Promise<MemoryStickFolder> {
  const stick = new MemoryStickFolder()
  await new Hub(sent).exportTo(stick)
  return stick
}

function nameOf(stick: MemoryStickFolder, kind: string): string {
  return [...stick.files.keys()].find((name) => name.endsWith(kind))!
}

/** An attacker who has held an open stick knows its key. */
function keyOf(stick: MemoryStickFolder): Uint8Array {
  return openStickKey(decodeKeyFile(stick.files.get(nameOf(stick, ".key"))!), "")!
}

function anyName(kind: "key" | "mail" | "list" | "part"): string {
  return stickFileName(randomBytes(16), kind)
}

function segmentOf(key: Uint8Array, parcels: readonly Uint8Array[]) {
  const salt = randomBytes(32)
  const chunks: Uint8Array[] = [salt]
  const writer = new SegmentWriter(segmentKey(key, salt))
  const places = parcels.map((parcel) =>
    writer.add([parcel], (chunk) => chunks.push(chunk.slice())),
  )
  writer.end((chunk) => chunks.push(chunk.slice()))
  return { salt, bytes: concat(...chunks), places }
}

/** Puts a list in the place of the one of the good segment. */
function relist(stick: MemoryStickFolder, change: Partial<SegmentList>): void {
  const segment = stick.files.get(nameOf(stick, ".mail"))!
  const list: SegmentList = {
    salt: segment.subarray(0, 32),
    segmentBytes: segment.length,
    lastDay: today + 30,
    entries: [],
    ...change,
  }
  stick.files.set(nameOf(stick, ".list"), sealList(keyOf(stick), randomBytes(24), list))
}

describe("A poisoned stick", () => {
  test("with names that are none of ours is not touched by them", async () => {
    const stick = await goodStick()
    const names = [
      "../../etc/passwd",
      "..\\evil.mail",
      `../${"a".repeat(32)}.mail`,
      `${"A".repeat(32)}.mail`,
      `${"a".repeat(32)}.mail\n`,
      `${"a".repeat(31)}.mail`,
      "__proto__",
      "",
    ]
    for (const name of names) stick.files.set(name, new Uint8Array(100))
    const opened: string[] = []
    const open = stick.open.bind(stick)
    stick.open = (name) => (opened.push(name), open(name))
    const hub = new Hub()
    expect(await hub.importFrom(stick)).toMatchObject({ new: 30, damaged: 0 })
    await hub.exportTo(stick)
    for (const name of opened) expect(name).toMatch(/^[0-9a-f]{32}\.(key|mail|list)$/)
    for (const name of names) expect(stick.files.get(name)).toEqual(new Uint8Array(100))
  })

  test("with files of any content is read as far as it goes, and told", async () => {
    const random = new SeededRandom(7)
    for (let round = 0; round < 60; round++) {
      const stick = await goodStick()
      const kinds = ["mail", "list"] as const
      for (let i = 0; i < 5; i++) {
        const kind = kinds[random.below(2)]!
        const length = [0, 1, 31, 53, 54, 85, 16_416, 40_000][random.below(8)]!
        stick.files.set(anyName(kind), randomBytes(length))
      }
      // A broken list beside the good segment, and beside a broken segment.
      if (random.chance(0.5))
        stick.files.set(nameOf(stick, ".list"), randomBytes(random.below(500)))
      const before = [...stick.files.keys()]
      expect((await readBy(stick)).ids).toEqual(idsOf(sent))
      const ann = new Hub(sent)
      expect(await ann.exportTo(stick)).toMatchObject({ known: 30, written: 0 })
      // What nobody can read may be another's, and stays.
      expect([...stick.files.keys()]).toEqual(expect.arrayContaining(before))
    }
  })

  test("with any bit flipped loses no more than what lay there", async () => {
    const random = new SeededRandom(8)
    for (let round = 0; round < 100; round++) {
      const stick = await goodStick()
      const name = [...stick.files.keys()].filter((one) => !one.endsWith(".key"))[random.below(2)]!
      const bytes = stick.files.get(name)!.slice()
      const at = random.below(bytes.length)
      bytes[at] = bytes[at]! ^ (1 << random.below(8))
      stick.files.set(name, bytes)
      const { ids, result } = await readBy(stick)
      expect(result.damaged).toBeGreaterThan(0)
      if (name.endsWith(".list")) expect(ids).toEqual(idsOf(sent))
      // Two chunks: a parcel lies on both.
      else if (at >= 32) expect(ids.length).toBeGreaterThan(10)
      await new Hub(sent).exportTo(stick)
      expect((await readBy(stick)).ids).toEqual(idsOf(sent))
    }
  })

  test("whose list gives other places is read without it", async () => {
    const stick = await goodStick()
    const { length } = sent[0]!.bytes
    const place = { offset: 3, length: 8 + length }
    const lies: ListEntry[] = [...sent, ...envelopesOf(5, today + 8)]
      .map(({ id, day }) => ({ id, day, ...place }))
      .sort((a, b) => (hex(a.id) < hex(b.id) ? -1 : 1))
    relist(stick, { entries: lies })
    const { ids, result } = await readBy(stick)
    expect(ids).toEqual(idsOf(sent))
    expect(result).toMatchObject({ found: 30, new: 30, known: 0, damaged: 1 })
    // The lie is gone.
    expect([...stick.files.keys()].filter((name) => name.endsWith(".list"))).toEqual([])
    await new Hub(sent).exportTo(stick)
    expect((await readBy(stick)).result).toMatchObject({ new: 30, damaged: 0 })
  })

  test("whose list claims what is not there does not keep it off the stick", async () => {
    const stick = await goodStick()
    const fresh = envelopesOf(20, today + 9)
    const entries = fresh
      .map(({ id, day }) => ({ id, day, offset: 3, length: 1_032 }))
      .sort((a, b) => (hex(a.id) < hex(b.id) ? -1 : 1))
    relist(stick, { entries })
    expect(await new Hub(fresh).exportTo(stick)).toMatchObject({ written: 20, damaged: 1 })
    expect((await readBy(stick)).ids).toEqual(idsOf([...sent, ...fresh]))
  })

  test("whose list is of another segment, or of another time, is read without it", async () => {
    for (const change of [{ salt: randomBytes(32) }, { segmentBytes: 16_416 }]) {
      const stick = await goodStick()
      relist(stick, change)
      expect((await readBy(stick)).ids).toEqual(idsOf(sent))
    }
  })

  test("whose list is badly made is read without it", async () => {
    const [a, b] = envelopesOf(2, today)
      .map(({ id, day }) => ({ id, day, offset: 3, length: 1_032 }))
      .sort((x, y) => (hex(x.id) < hex(y.id) ? -1 : 1)) as [ListEntry, ListEntry]
    const bad: Partial<SegmentList>[] = [
      { entries: [b, a] },
      { entries: [a, a] },
      { entries: [{ ...a, day: today + 31 }] },
      { entries: [{ ...a, length: 8 }] },
      { entries: [{ ...a, length: 0xffffff }] },
      { entries: [{ ...a, offset: 0xffffffff }] },
      { segmentBytes: 2 ** 47 },
    ]
    for (const change of bad) {
      const stick = await goodStick()
      relist(stick, change)
      const { ids, result } = await readBy(stick)
      expect(ids).toEqual(idsOf(sent))
      expect(result.damaged).toBe(1)
    }
  })

  test("with parcels that are no envelopes: they are refused and counted", async () => {
    const stick = await goodStick()
    const stamp = new Uint8Array(8)
    const alien = concat(stamp, Uint8Array.of(9), randomBytes(2_000))
    const good = envelopeOf()
    const { bytes } = segmentOf(keyOf(stick), [
      randomBytes(9),
      alien,
      concat(stamp, good.bytes),
      randomBytes(200),
    ])
    stick.files.set(anyName("mail"), bytes)
    const { ids, result } = await readBy(stick)
    expect(ids).toEqual(idsOf([...sent, good]))
    expect(result).toMatchObject({ found: 34, new: 31, refused: 3, damaged: 0 })
    // They may mean something to a later version, and stay.
    const ann = new Hub(sent)
    expect(await ann.exportTo(stick, { today: today + 11 })).toMatchObject({ removed: 1 })
    expect((await readBy(stick)).result).toMatchObject({ refused: 3 })
  })

  test("with more parcels in a segment than a writer makes costs no more memory", async () => {
    const stick = await goodStick()
    const tiny = Array.from({ length: 70_000 }, () => new Uint8Array(9))
    stick.files.set(anyName("mail"), segmentOf(keyOf(stick), tiny).bytes)
    const { ids, result } = await readBy(stick)
    expect(ids).toEqual(idsOf(sent))
    expect(result).toMatchObject({ new: 30, damaged: 1 })
    expect(result.refused).toBeLessThan(65_536 + 2_000)
  })

  test("with the same parcel many times takes it once", async () => {
    const stick = await goodStick()
    const same = concat(sent[0]!.stamp, sent[0]!.bytes)
    const { bytes } = segmentOf(
      keyOf(stick),
      Array.from({ length: 50 }, () => same),
    )
    stick.files.set(anyName("mail"), bytes)
    expect((await readBy(stick)).result).toMatchObject({ found: 31, new: 30, known: 1 })
  })

  test("with lengths that no parcel has: the next chunk begins anew", async () => {
    const stick = await goodStick()
    const key = keyOf(stick)
    const good = envelopeOf()
    for (const length of [1, 8, maxParcelBytes + 1, 0xffffff]) {
      const salt = randomBytes(32)
      const chunks = [new Uint8Array(chunkBytes), new Uint8Array(chunkBytes)] as const
      const plain = randomBytes(2 + chunkDataBytes)
      plain.set([length >>> 16, length >>> 8, length], 2)
      const sealed = segmentKey(key, salt)
      sealChunk(sealed, 0, { plain, firstAt: 0, isLast: false }, chunks[0])
      const next = new Uint8Array(2 + chunkDataBytes)
      const parcel = concat(good.stamp, good.bytes)
      next.set([0, parcel.length >>> 8, parcel.length], 2 + 100)
      next.set(parcel, 2 + 103)
      sealChunk(sealed, 1, { plain: next, firstAt: 100, isLast: true }, chunks[1])
      stick.files.set(`${"b".repeat(32)}.mail`, concat(salt, ...chunks))
      const { ids, result } = await readBy(stick)
      expect(ids).toEqual(idsOf([...sent, good]))
      expect(result).toMatchObject({ unfinished: 0, refused: 0 })
      expect(result.damaged).toBe(1)
    }
  })

  test("with giant files reads none of them as a whole", async () => {
    const stick = await goodStick()
    const giant = 2 ** 50
    const giants = new Map(
      (["mail", "list", "key"] as const).map((kind) => [anyName(kind), giant] as const),
    )
    const list = stick.list.bind(stick)
    stick.list = async (limit) => [
      ...(await list(limit)),
      ...[...giants].map(([name, bytes]) => ({ name, bytes })),
    ]
    const open = stick.open.bind(stick)
    let most = 0
    stick.open = async (name) => {
      const bytes = giants.get(name)
      if (bytes === undefined) return open(name)
      return {
        bytes,
        read: async (_offset: number, length: number) => {
          most = Math.max(most, length)
          return new Uint8Array(length)
        },
        close: async () => {},
      }
    }
    const { ids, result } = await readBy(stick)
    expect(ids).toEqual(idsOf(sent))
    expect(result.damaged).toBe(2)
    expect(most).toBeLessThan(300_000)
    expect(maxListFileBytes).toBeLessThan(3_000_000)
    expect(maxSegmentBytes).toBeLessThan(2 ** 27)
  })

  test("with more files than we look at is told of", async () => {
    const stick = await goodStick()
    for (let i = 0; i < maxStickFiles; i++) stick.files.set(`junk ${i}`, new Uint8Array())
    const { ids, result } = await readBy(stick)
    expect(ids).toEqual(idsOf(sent))
    expect(result.damaged).toBe(1)
  })

  test("with key files that ask for too much hangs nobody", async () => {
    const stick = await goodStick()
    const [salt, check] = [randomBytes(16), randomBytes(32)]
    for (const cost of [
      { passes: 255, memoryKib: 8 },
      { passes: 1, memoryKib: 0xffffffff },
      { passes: 0, memoryKib: 64 },
      { passes: 1, memoryKib: 7 },
    ]) {
      stick.files.set(`${"0".repeat(32)}.key`, encodeKeyFile({ cost, salt, check }))
      const { ids, result } = await readBy(stick, { passphrase: "x" })
      expect(ids).toEqual(idsOf(sent))
      expect(result.damaged).toBe(1)
    }
    // Fifty that are well made: only the first few are tried.
    for (let i = 0; i < 50; i++) {
      const cost = { passes: 1, memoryKib: 8 }
      stick.files.set(anyName("key"), encodeKeyFile({ cost, salt: randomBytes(16), check }))
    }
    await expect(readBy(stick, { passphrase: "x" })).rejects.toMatchObject({
      code: "wrong-passphrase",
    })
  })

  test("of a newer version is told, and a foreign key file beside ours is not in the way", async () => {
    const newer = concat(Uint8Array.of(2), randomBytes(53))
    const stick = new MemoryStickFolder([[`${"0".repeat(32)}.key`, newer]])
    await expect(readBy(stick)).rejects.toMatchObject({ code: "stick-newer" })
    await expect(new Hub(sent).exportTo(stick)).rejects.toMatchObject({ code: "stick-newer" })
    const both = await goodStick()
    both.files.set(`${"0".repeat(32)}.key`, newer)
    expect((await readBy(both)).ids).toEqual(idsOf(sent))
  })

  test("with bad places on the disk gives the rest, and gets what is missing again", async () => {
    const stick = await goodStick()
    const segment = nameOf(stick, ".mail")
    const open = stick.open.bind(stick)
    stick.open = async (name) => {
      const reader = await open(name)
      if (name !== segment) return reader
      return {
        ...reader,
        read: async (offset: number, length: number) => {
          const isBad = offset <= 20_000 && offset + length > 20_000
          if (isBad) throw new ChannelError("stick-failed", "Input/output error")
          return reader.read(offset, length)
        },
      }
    }
    const { ids, result } = await readBy(stick)
    expect(ids.length).toBeGreaterThan(10)
    expect(ids.length).toBeLessThan(30)
    expect(result.damaged).toBeGreaterThan(0)
    await new Hub(sent).exportTo(stick)
    expect((await readBy(stick)).ids).toEqual(idsOf(sent))
  })

  test("that is pulled out says so, and does not count as damaged", async () => {
    for (let lives = 0; lives < 6; lives++) {
      const stick = await goodStick()
      let calls = 0
      const gone = () => {
        if (calls++ >= lives) throw new ChannelError("stick-missing", "It is not there.")
      }
      const [list, open] = [stick.list.bind(stick), stick.open.bind(stick)]
      stick.list = async (limit) => (gone(), list(limit))
      stick.open = async (name) => (gone(), open(name))
      const result = await readBy(stick).catch((error: unknown) => error)
      if (calls > lives) expect(result).toMatchObject({ code: "stick-missing" })
      else expect(result).toMatchObject({ result: { new: 30 } })
    }
  })
})
