// What the envelope stores of Node do in a second, with envelopes of 1 KiB, durable on the disk: taking
// them in, expiring a day of them, and opening a folder that is full of them.
import { randomBytes } from "node:crypto"
import { mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openFileEnvelopeStore } from "../dist/store/envelopes/file.js"
import { findSqlite } from "../dist/store/sqlite-engine.js"
import { openSqliteEnvelopeStore } from "../dist/store/envelopes/sqlite.js"
import { report } from "./measure.mjs"

const size = 1024
const many = 100_000
const day = 20_000
const stamp = new Uint8Array(8)

const kinds = { file: openFileEnvelopeStore }
// Without SQLite in this Node its lines are missing.
if (findSqlite() !== null) kinds.sqlite = openSqliteEnvelopeStore

await bareDisk()
for (const [kind, openStore] of Object.entries(kinds)) {
  await ingest(kind, openStore, { batch: 1, seconds: 3 })
  await ingest(kind, openStore, { batch: 1, atOnce: 100, seconds: 3 })
  await ingest(kind, openStore, { batch: 100, seconds: 3 })
  await ingest(kind, openStore, { batch: 1000, seconds: 5 })
  await fullFolder(kind, openStore)
}

/** The least that one durable write costs here. */
async function bareDisk() {
  await inFolder(async (folder) => {
    const file = await open(join(folder, "bare"), "w")
    const bytes = randomBytes(size)
    const rate = await perSecond(2, async () => {
      await file.write(bytes)
      await file.datasync()
      return 1
    })
    await file.close()
    report({ name: "bare file, writes of 1 KiB with fdatasync", value: rate, unit: "1/s" })
  })
}

async function ingest(kind, openStore, { batch, atOnce = 1, seconds }) {
  await inFolder(async (folder) => {
    const store = await openStore({ folder })
    const rate = await perSecond(seconds, async () => {
      const batches = Array.from({ length: atOnce }, () => envelopes(batch))
      await Promise.all(batches.map((one) => store.add(one)))
      return batch * atOnce
    })
    await store.close()
    const how = atOnce > 1 ? `batches of ${batch}, ${atOnce} at once` : `batches of ${batch}`
    report({ name: `${kind}, ingest in ${how}`, value: rate, unit: "envelopes/s" })
  })
}

async function fullFolder(kind, openStore) {
  await inFolder(async (folder) => {
    let store = await openStore({ folder })
    for (let i = 0; i < many; i += 1000) await store.add(envelopes(1000))
    await store.add(envelopes(1000, day + 1))
    await store.close()
    store = await timed(`${kind}, opening ${many}`, () => openStore({ folder }))
    const entries = await timed(`${kind}, index of ${many}`, () => store.index())
    const ids = entries.map(({ id }) => id)
    await timed(`${kind}, has of ${many}`, () => store.has(ids))
    const some = Array.from({ length: 1000 }, (_, i) => ids[(i * 7919) % many])
    await timed(`${kind}, get of 1000 of ${many}`, () => store.get(some))
    await timed(`${kind}, reading ${many} in order`, async () => {
      for (let number = 0, found; ; number = found.at(-1).number) {
        found = await store.since(number, 1000)
        if (found.length === 0) break
      }
    })
    await timed(`${kind}, expiring a day of ${many}`, () => store.expire(day + 1), 1000)
    const { count } = await store.usage()
    if (count !== 1000) throw new Error(`There are ${count} envelopes instead of 1000.`)
    await store.close()
  })
}

function envelopes(count, onDay = day) {
  const bytes = randomBytes(count * (size + 32))
  return Array.from({ length: count }, (_, i) => {
    const own = bytes.subarray(i * (size + 32), (i + 1) * (size + 32))
    const id = new Uint8Array(own.subarray(0, 32))
    return { id, day: onDay, stamp, stampBits: 0, link: "bench", bytes: own.subarray(32) }
  })
}

/** @param {() => Promise<number>} run tells how many it did */
async function perSecond(seconds, run) {
  await run()
  const startMs = performance.now()
  let done = 0
  while (performance.now() - startMs < seconds * 1000) done += await run()
  return (done * 1000) / (performance.now() - startMs)
}

async function timed(name, run, atMost = null) {
  const startMs = performance.now()
  const result = await run()
  report({ name, value: performance.now() - startMs, unit: "ms", atMost })
  return result
}

async function inFolder(use) {
  const folder = await mkdtemp(join(tmpdir(), "stringphone-bench-"))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
