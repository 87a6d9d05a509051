import { cp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeEach, describe, expect, it } from "vitest"
import { concat, hex } from "../../src/bytes/index.js"
import { openFileEnvelopeStore } from "../../src/store/envelopes/file.js"
import type { EnvelopeStore, StoredEnvelope } from "../../src/store/envelopes/port.js"
import { bytesOf, idOf, sample, samples, stamp } from "../contract/envelope-store-samples.js"
import { contents, mode, newFolder } from "./folder.js"

let top: string
let folder: string
beforeEach(async () => {
  top = await newFolder()
  folder = join(top, "envelopes")
})

const open = (place = folder) => openFileEnvelopeStore({ folder: place })
const logs = async (place = folder) =>
  (await readdir(place)).filter((name) => name.endsWith(".log")).sort()
const all = (store: EnvelopeStore) => store.since(0, 10_000)

describe("file envelope store: its folder", { timeout: 60_000 }, () => {
  it("is private, and has a log for each day", async () => {
    const store = await open()
    await store.add([sample(1, { day: 100 }), sample(2, { day: 101 })])
    expect(await contents(folder)).toEqual([
      expect.stringMatching(/^100-1-[0-9a-f]{8}\.log$/),
      expect.stringMatching(/^101-1-[0-9a-f]{8}\.log$/),
      "envelopes.json",
      "owner.json",
      "owner.json.lock",
      "owner.json.lock/free",
    ])
    expect(await mode(folder)).toBe("700")
    for (const name of await logs()) expect(await mode(join(folder, name))).toBe("600")
    for (const name of ["envelopes.json", "owner.json"]) {
      expect(await mode(join(folder, name))).toBe("600")
    }
    await store.expire(101)
    await store.drop([idOf(2)])
    expect(await logs()).toEqual([])
    await store.close()
    expect(await contents(folder)).not.toContain("owner.json")
  })

  it("has records that this version can always read", async () => {
    const link = "ä"
    const envelope = { ...sample(1), day: 7, stampBits: 2, link, bytes: bytesOf(3, 3) }
    const first = await open()
    await first.close()
    // mark, CRC, kind, length of the link, number, ID, stamp, bits, size, CRC of the bytes, link, bytes
    const added = `01020304000000000102000000000005${hex(envelope.id)}0000000000000000000200000003`
    const record = Buffer.from(`${added}00000000c3a4${hex(envelope.bytes)}`, "hex")
    await writeFile(join(folder, "7-1-01020304.log"), sealed(record, 3))
    const store = await open()
    expect(await all(store)).toEqual([{ ...envelope, number: 5 }])
    await store.close()
  })

  it("says so when it was written by a newer version, or is damaged", async () => {
    await (await open()).close()
    const head = join(folder, "envelopes.json")
    for (const [text, code] of [
      ['{"format":"stringphone-envelopes","version":2}', "store-newer"],
      ['{"format":"stringphone-envelopes","version":1}', "store-corrupt"],
      ['{"format":"other","version":1,"lastNumber":1}', "store-corrupt"],
      ['{"format":"stringphone-env', "store-corrupt"],
      ["null", "store-corrupt"],
    ] as const) {
      await writeFile(head, text)
      const refused = {
        name: "ChannelError",
        code,
        message: expect.stringContaining(head) as string,
      }
      await expect(open()).rejects.toMatchObject(refused)
      expect(await readFile(head, "utf8")).toBe(text)
    }
    await rm(head)
    await (await open()).close()
  })

  it("is shrunk when most of a day was dropped", async () => {
    let store = await open()
    await store.add(samples(300, { bytes: bytesOf(1, 1024) }))
    await store.add([sample(0, { stamp: stamp("good"), stampBits: 9 })])
    const kept = [0, 299]
    const dropped = Array.from({ length: 298 }, (_, i) => idOf(i + 1))
    const before = await store.get(kept.map(idOf))
    const [old] = await logs()
    const oldBytes = await readFile(join(folder, old!))
    for (const id of dropped) await store.drop([id])
    expect(await store.get(kept.map(idOf))).toEqual(before)
    const [name] = await logs()
    expect(name).toMatch(/^20000-[2-9]\d*-/)
    expect((await readFile(join(folder, name!))).length).toBeLessThan(80_000)
    await store.add([sample(300)])
    await store.close()

    // As after a crash before the old one was removed, and in the middle of the next time.
    await writeFile(join(folder, old!), oldBytes)
    await writeFile(join(folder, `20000-99-00000000.log.new`), oldBytes)
    store = await open()
    expect(await store.get(kept.map(idOf))).toEqual(before)
    expect((await all(store)).map(({ number }) => number)).toEqual([1, 300, 301])
    expect(await logs()).toEqual([name])
    expect(await contents(folder)).not.toContain("20000-99-00000000.log.new")
    await store.close()
  })
})

/** The record with its two checksums right. */
function sealed(record: Buffer, bodyLength: number): Buffer {
  const body = record.subarray(record.length - bodyLength)
  record.writeUInt32BE(crcOf(body), 62)
  record.writeUInt32BE(crcOf(record.subarray(8, record.length - bodyLength)), 4)
  return record
}

/** CRC-32 as in Ethernet and zip, bit by bit. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return ~crc >>> 0
}

describe("file envelope store: damage", { timeout: 120_000 }, () => {
  interface State {
    readonly length: number
    readonly envelopes: readonly StoredEnvelope[]
  }

  /** A folder with one log, and what was there when it had which length. */
  async function history(): Promise<{ readonly states: readonly State[]; readonly name: string }> {
    const store = await open()
    const states: State[] = [{ length: 0, envelopes: [] }]
    const small = (seed: number) => sample(seed, { bytes: bytesOf(seed, 10 + seed * 7) })
    const steps = [
      () => store.add([small(1)]),
      () => store.add([small(2)]),
      () => store.add([sample(1, { stamp: stamp("good"), stampBits: 9 })]),
      () => store.drop([idOf(2)]),
      () => store.add([small(3)]),
      () => store.add([small(2)]),
    ]
    for (const step of steps) {
      await step()
      const { length } = await readFile(join(folder, (await logs())[0]!))
      states.push({ length, envelopes: await all(store) })
    }
    await store.close()
    return { states, name: (await logs())[0]! }
  }

  it("cut at every byte, it has all that was whole", async () => {
    const { states, name } = await history()
    const whole = await readFile(join(folder, name))
    for (let length = 0; length <= whole.length; length++) {
      const place = join(top, `cut at ${length}`)
      await cp(folder, place, { recursive: true })
      await writeFile(join(place, name), whole.subarray(0, length))
      const { envelopes } = states.findLast((state) => state.length <= length)!
      let store = await open(place)
      expect(await all(store)).toEqual(envelopes)
      expect(await store.add([sample(9)])).toEqual([true])
      const [added] = await store.get([idOf(9)])
      // Nor is the number given again of what was cut in two.
      const begun = states.find((state) => state.length >= length)!.envelopes.at(-1)
      expect(added!.number).toBeGreaterThan(begun?.number ?? 0)
      await store.close()
      store = await open(place)
      expect(await all(store)).toEqual([...envelopes, added])
      await store.close()
      await rm(place, { recursive: true })
    }
  })

  it("with any byte wrong, it gives no wrong bytes and loses one record at most", async () => {
    const { states, name } = await history()
    const whole = await readFile(join(folder, name))
    // What a lost record does: an envelope is missing, or has its old stamp, or was not dropped.
    const possible = new Set(states.flatMap(({ envelopes }) => envelopes.map(text)))
    const final = states.at(-1)!.envelopes.map(text)
    for (let at = 0; at < whole.length; at++) {
      const place = join(top, `wrong at ${at}`)
      await cp(folder, place, { recursive: true })
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 1 << (at % 8)
      await writeFile(join(place, name), bytes)
      const store = await open(place)
      const found = (await all(store)).map(text)
      for (const envelope of found) expect(possible).toContain(envelope)
      const lost = final.filter((envelope) => !found.includes(envelope))
      expect(lost.length).toBeLessThanOrEqual(1)
      await store.add([1, 2, 3].map((seed) => sample(seed)))
      expect(await store.has([1, 2, 3].map(idOf))).toEqual([true, true, true])
      await store.close()
      await rm(place, { recursive: true })
    }
  })

  it("notices bytes that go wrong while it is open, and takes the envelope anew", async () => {
    const store = await open()
    await store.add(samples(3))
    const path = join(folder, (await logs())[0]!)
    const bytes = await readFile(path)
    const at = bytes.indexOf(sample(1).bytes)
    bytes[at + 100]! ^= 4
    await writeFile(path, bytes)
    expect(await store.get([0, 1, 2].map(idOf))).toMatchObject([{ number: 1 }, null, { number: 3 }])
    expect(await store.has([idOf(1)])).toEqual([false])
    expect(await store.usage()).toMatchObject({ count: 2 })
    expect(await store.add([sample(1)])).toEqual([true])
    expect((await all(store)).map(({ number }) => number)).toEqual([1, 3, 4])
    await store.close()
    const again = await open()
    expect(await all(again)).toEqual([
      { ...sample(0), number: 1 },
      { ...sample(2), number: 3 },
      { ...sample(1), number: 4 },
    ])
    await again.close()
  })

  it("takes no envelope's bytes for records of its own", async () => {
    const other = await openFileEnvelopeStore({ folder: join(top, "other") })
    await other.add([sample(66, { day: 100 })])
    await other.close()
    const [name] = await logs(join(top, "other"))
    const forged = await readFile(join(top, "other", name!))
    let store = await open()
    await store.add([sample(1, { day: 100, bytes: concat(forged, forged) })])
    await store.add([sample(2, { day: 100 })])
    await store.close()
    const path = join(folder, (await logs())[0]!)
    const bytes = await readFile(path)
    bytes[20]! ^= 1
    await writeFile(path, bytes)
    store = await open()
    expect(await all(store)).toEqual([{ ...sample(2, { day: 100 }), number: 2 }])
    await store.close()
  })

  it("ignores what else is in the folder", async () => {
    await (await open()).close()
    const names = ["notes.txt", "1-1-xyz.log", "99999999-1-00000000.log"]
    for (const name of names) await writeFile(join(folder, name), "text")
    const store = await open()
    expect(await all(store)).toEqual([])
    await store.close()
    for (const name of names) expect(await readFile(join(folder, name), "utf8")).toBe("text")
  })
})

function text({ id, number, stampBits, bytes }: StoredEnvelope): string {
  return `${hex(id)} ${number} ${stampBits} ${hex(bytes)}`
}
