import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concat, fromHex, hex, utf8 } from "../../src/bytes/index.js"
import { derive, hash, labelled, open, stretch } from "../../src/crypto/index.js"
import {
  chunkBytes,
  chunkDataBytes,
  decodeKeyFile,
  Difference,
  encodeKeyFile,
  isListOf,
  keyFileBytes,
  type ListEntry,
  listFileBytes,
  maxParcelBytes,
  maxParcels,
  newStickKey,
  openChunk,
  openList,
  openStickKey,
  planStick,
  sealList,
  segmentKey,
  SegmentScanner,
  SegmentWriter,
  sortedEntries,
  stickFileName,
  stickFileOf,
} from "../../src/mailbox/stick/index.js"

const salt = new Uint8Array(16).fill(7)
const segmentSalt = new Uint8Array(32).fill(8)
const cost = { passes: 1, memoryKib: 8 }
const nothing = new Uint8Array()
/** Bytes that look random and are the same in each run. */
const noise = (length: number, seed = 0) =>
  derive(Uint8Array.of(seed), nothing, nothing, Math.min(length, 8_160))

function written(key: Uint8Array, parcels: readonly Uint8Array[]) {
  const chunks: Uint8Array[] = []
  const writer = new SegmentWriter(key)
  const places = parcels.map((parcel) =>
    writer.add([parcel], (chunk) => chunks.push(chunk.slice())),
  )
  writer.end((chunk) => chunks.push(chunk.slice()))
  return { chunks, places }
}

function scanned(key: Uint8Array, chunks: readonly (Uint8Array | null)[]) {
  const scanner = new SegmentScanner()
  const found = chunks.flatMap((sealed, number) =>
    scanner.next(sealed === null ? null : openChunk(key, number, sealed)),
  )
  return { found, isEnded: scanner.isEnded }
}

describe("A key file", () => {
  test("is what the specification says", () => {
    const { key, file } = newStickKey(salt, { passphrase: "Brücke", cost })
    const secret = stretch(utf8("Brücke"), salt, cost, 32)
    const both = derive(secret, salt, labelled("stick keys", fromHex("0100000008")), 64)
    expect(key).toEqual(both.subarray(0, 32))
    const bytes = encodeKeyFile(file)
    expect(bytes.length).toBe(keyFileBytes)
    expect(hex(bytes)).toBe(`010100000008${hex(salt)}${hex(both.subarray(32))}`)
    expect(decodeKeyFile(bytes)).toEqual(file)
    expect(openStickKey(file, "Brücke")).toEqual(key)
    expect(openStickKey(file, "Brucke")).toBeNull()
  })

  test("of an open stick holds its secret", () => {
    const { key, file } = newStickKey(salt, null)
    expect(file.cost).toBeNull()
    const both = derive(salt, salt, labelled("stick keys", new Uint8Array(5)), 64)
    expect(key).toEqual(both.subarray(0, 32))
    expect(openStickKey(decodeKeyFile(encodeKeyFile(file)), "whatever")).toEqual(key)
  })

  test("that was altered anywhere does not open", () => {
    const bytes = encodeKeyFile(newStickKey(salt, null).file)
    for (let at = 0; at < bytes.length; at++) {
      const altered = bytes.slice()
      altered[at] = altered[at]! ^ 1
      let key: Uint8Array | null = null
      try {
        key = openStickKey(decodeKeyFile(altered), "")
      } catch (error) {
        expect(["malformed", "stick-newer"]).toContain((error as { code: string }).code)
      }
      expect(key).toBeNull()
    }
  })
})

describe("A segment", () => {
  const key = segmentKey(salt, segmentSalt)

  test("is what the specification says", () => {
    const parcel = concat(noise(8), noise(1_024, 1))
    const { chunks, places } = written(key, [parcel])
    expect(places).toEqual([{ offset: 3, length: 1_032 }])
    expect(key).toEqual(derive(salt, segmentSalt, labelled("stick segment"), 32))
    const nonce = new Uint8Array(24)
    nonce[23] = 1
    const plain = open(chunks[0]!, nonce, key, nothing)!
    const zeros = new Uint8Array(chunkDataBytes - 3 - parcel.length)
    expect(hex(plain)).toBe(hex(concat(fromHex("0000000408"), parcel, zeros)))
    expect(chunks.map(({ length }) => length)).toEqual([chunkBytes])
    // The same bytes with every engine.
    expect(hex(hash(chunks[0]!))).toBe(
      "ffb892be0272fb1d90794effc105f8f18d476d37a5f5e82966d27ad72f525e0c",
    )
  })

  test("gives back what was put in, at the places that it says", () => {
    const lengths = fc.array(
      fc.oneof(
        fc.integer({ min: 9, max: 40_000 }),
        fc.constantFrom(9, chunkDataBytes - 3, chunkDataBytes),
      ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(lengths, (all) => {
        const parcels = all.map((length, i) => new Uint8Array(length).fill(i + 1))
        const { chunks, places } = written(key, parcels)
        const { found, isEnded } = scanned(key, chunks)
        expect(isEnded).toBe(true)
        expect(found.map(({ place }) => place)).toEqual(places)
        for (const [i, { parcel }] of found.entries())
          expect(hex(hash(parcel))).toBe(hex(hash(parcels[i]!)))
      }),
      { numRuns: 40 },
    )
  })

  test("that lacks chunks gives all that does not lie on them", () => {
    const parcels = Array.from({ length: 60 }, (_, i) => new Uint8Array(3_000).fill(i + 1))
    const { chunks, places } = written(key, parcels)
    for (let gone = 0; gone < chunks.length; gone++) {
      const from = gone * chunkDataBytes
      const expected = places.filter(
        ({ offset, length }) => offset - 3 >= from + chunkDataBytes || offset + length <= from,
      )
      const { found } = scanned(
        key,
        chunks.map((chunk, i) => (i === gone ? null : chunk)),
      )
      expect(found.map(({ place }) => place)).toEqual(expected)
    }
  })

  test("tells one that was cut off from one that ended", () => {
    const { chunks } = written(
      key,
      Array.from({ length: 30 }, () => new Uint8Array(3_000).fill(1)),
    )
    expect(chunks.length).toBeGreaterThan(3)
    for (let count = 0; count < chunks.length; count++) {
      expect(scanned(key, chunks.slice(0, count)).isEnded).toBe(false)
    }
    expect(scanned(key, chunks).isEnded).toBe(true)
  })

  test("knows chunks of another place, another segment and another stick", () => {
    const { chunks } = written(key, [new Uint8Array(40_000)])
    expect(openChunk(key, 0, chunks[0]!)).not.toBeNull()
    expect(openChunk(key, 1, chunks[0]!)).toBeNull()
    expect(openChunk(segmentKey(salt, salt), 0, chunks[0]!)).toBeNull()
    expect(openChunk(segmentKey(segmentSalt, segmentSalt), 0, chunks[0]!)).toBeNull()
    expect(openChunk(key, 0, chunks[0]!.subarray(1))).toBeNull()
  })

  test("takes no parcel that is too short or too long, and not more than it holds", () => {
    const writer = new SegmentWriter(key)
    const give = () => {}
    for (const length of [0, 8, maxParcelBytes + 1]) {
      expect(() => writer.add([new Uint8Array(length)], give)).toThrow(/parcel/)
    }
    expect(writer.length).toBe(0)
  })
})

describe("A list", () => {
  const entry = (day: number, seed: number): ListEntry => ({
    day,
    id: noise(32, seed),
    offset: 3,
    length: 1_032,
  })
  const nonce = noise(24, 3)
  const entries = sortedEntries([entry(9, 1), entry(8, 2), entry(8, 3), entry(8, 3)])
  const list = { salt: segmentSalt, segmentBytes: 16_416, lastDay: 9, entries }

  test("is sorted, and opens as it was", () => {
    expect(entries.map(({ day }) => day)).toEqual([8, 8, 9])
    expect(hex(entries[0]!.id) < hex(entries[1]!.id)).toBe(true)
    const file = sealList(salt, nonce, list)
    expect(file.length).toBe(listFileBytes(3))
    expect(openList(salt, file)).toEqual(list)
    expect(hex(hash(file))).toBe("f90dd170c3a60d1f8304c377a6151dc7dfcd72f78120ca07c951041bec661f3a")
    expect(isListOf(list, segmentSalt, 16_416)).toBe(true)
    expect(isListOf(list, segmentSalt, 16_417)).toBe(false)
    expect(isListOf(list, noise(32), 16_416)).toBe(false)
  })

  test("does not open when altered, shortened or under another key", () => {
    const file = sealList(salt, nonce, list)
    expect(openList(segmentSalt, file)).toBeNull()
    for (let at = 0; at < file.length; at++) {
      const altered = file.slice()
      altered[at] = altered[at]! ^ 0x80
      expect(openList(salt, altered)).toBeNull()
      expect(openList(salt, file.subarray(0, at))).toBeNull()
    }
  })
})

describe("The plan", () => {
  const candidate = (i: number, day: number, size = 1_024) => ({
    id: hash(utf8(`${i}`)),
    day,
    size,
  })

  test("finds what is missing, whatever the order", () => {
    const all = Array.from({ length: 200 }, (_, i) => candidate(i, 100 + (i % 7)))
    const difference = new Difference(all)
    for (const [i, one] of all.entries()) if (i % 3 === 0) difference.mark(one)
    difference.mark(all[0]!)
    // The same ID on another day is another envelope.
    difference.mark({ ...all[1]!, day: 99 })
    difference.mark(candidate(1_000, 100))
    expect(difference.known).toBe(67)
    const missing = difference.missing()
    expect(missing.length).toBe(133)
    expect(new Set(missing)).toEqual(new Set(all.filter((_, i) => i % 3 !== 0)))
    expect(difference.has(all[1]!)).toBe(true)
    expect(difference.has(candidate(1_000, 100))).toBe(false)
  })

  test("fills segments up to what they hold, and no further", () => {
    const many = Array.from({ length: 70_000 }, (_, i) => ({ id: salt, day: 1, size: 9, i }))
    expect(planStick(many, Infinity).segments.map(({ length }) => length)).toEqual([
      maxParcels,
      4_465,
    ])
    const large = Array.from({ length: 70 }, (_, i) => candidate(i, 1, 1_048_576))
    const { segments, left } = planStick(large, Infinity)
    expect(segments.map(({ length }) => length)).toEqual([63, 7])
    expect(left).toBe(0)
  })

  test("counts just what will be written, and stays within its room", () => {
    const all = Array.from({ length: 100 }, (_, i) => candidate(i, 1 + Math.floor(i / 10), 4_096))
    const whole = planStick(all, Infinity)
    expect(whole.bytes).toBe(32 + 26 * chunkBytes + listFileBytes(100))
    for (const room of [0, 16_000, 17_000, 100_000, whole.bytes - 1, whole.bytes]) {
      const { bytes, left, segments } = planStick(all, room)
      expect(bytes).toBeLessThanOrEqual(room)
      expect(segments.flat().length + left).toBe(100)
      expect(left === 0).toBe(room >= whole.bytes)
      const days = segments.flat().map(({ day }) => day)
      expect(days).toEqual([...days].sort((a, b) => b - a))
    }
  })
})

test("names are ours, or none", () => {
  expect(stickFileName(salt, "mail")).toBe(`${"07".repeat(16)}.mail`)
  expect(stickFileOf(`${"07".repeat(16)}.list`)).toEqual({ stem: salt, kind: "list" })
  for (const name of ["07.mail", `${"07".repeat(16)}.exe`, `x${"07".repeat(16)}.mail`, ""]) {
    expect(stickFileOf(name)).toBeNull()
  }
})
