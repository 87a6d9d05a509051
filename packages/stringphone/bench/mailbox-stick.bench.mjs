// A stick: writing what a hub has beside `cp` of the same bytes, reading it, and finding that nothing is
// missing. Both end with fsync; what the disk does in the meantime slows both.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { open } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { cryptoEngine, hash, randomBytes } from "stringphone/crypto"
import { exportToStick, importFromStick } from "../dist/session/mailbox/stick.js"
import { NodeStickFolder } from "../dist/store/stick-folder/node.js"
import { median, report } from "./measure.mjs"

const isNative = cryptoEngine() === "native"
const rounds = isNative ? 7 : 3
const today = 20_000
const sets = [
  { name: "of 1 KiB", count: isNative ? 65_536 : 8_192, bytes: 1_024 },
  { name: "of 64 KiB", count: isNative ? 2_048 : 256, bytes: 65_536 },
]

const place = mkdtempSync(join(tmpdir(), "stringphone-stick-bench-"))
try {
  for (const set of sets) await measure(set)
} finally {
  rmSync(place, { recursive: true, force: true })
}

async function measure({ name, count, bytes }) {
  const envelopes = Array.from({ length: count }, (_, i) => envelopeOf(i, bytes))
  const store = storeOf(envelopes)
  const megabytes = (count * bytes) / 1e6
  const times = { export: [], cp: [], import: [], same: [] }
  let size = 0
  for (let round = -1; round < rounds; round++) {
    const [stick, copy] = [newFolder(), newFolder()]
    const folder = new NodeStickFolder(stick)
    const written = await timed(() => exportToStick({ folder, store, today, check }))
    const copied = await timed(() => copyAll(stick, copy))
    const same = await timed(() => exportToStick({ folder, store, today, check }))
    const read = await timed(() => readAll(folder))
    size = sizeOf(stick)
    if (round >= 0) {
      times.export.push(written)
      times.cp.push(copied)
      times.import.push(read)
      times.same.push(same)
    }
    rmSync(stick, { recursive: true })
    rmSync(copy, { recursive: true })
  }
  const ratio = median(times.cp.map((ms, i) => ms / times.export[i]))
  const speed = (samples) => (megabytes / median(samples)) * 1e3
  report({ name: `export ${name}`, value: speed(times.export), unit: "MB/s" })
  report({ name: `cp and fsync ${name}`, value: speed(times.cp), unit: "MB/s" })
  report({ name: `export : cp ${name}`, value: ratio, unit: "ratio" })
  report({ name: `import ${name}`, value: speed(times.import), unit: "MB/s" })
  report({ name: `export of nothing new, ${count} ${name}`, value: median(times.same), unit: "ms" })
  report({
    name: `on the stick, over envelopes ${name}`,
    value: size / (count * bytes),
    unit: "ratio",
  })
}

function envelopeOf(i, bytes) {
  const envelope = randomBytes(bytes)
  envelope[0] = 2
  const id = check(envelope).id
  return {
    id,
    day: today + 1,
    size: bytes,
    bytes: envelope,
    stamp: new Uint8Array(8),
    number: i + 1,
  }
}

/** All expire on one day, and the ID is the hash that a hub makes. */
function check(envelope) {
  return { id: hash(envelope), day: today + 1 }
}

/** Sorted, as stores give them. */
function storeOf(unsorted) {
  const envelopes = unsorted.sort((a, b) => Buffer.compare(a.id, b.id))
  const byId = new Map(envelopes.map((envelope) => [keyOf(envelope.id), envelope]))
  return {
    index: async () => envelopes,
    get: async (ids) => ids.map((id) => byId.get(keyOf(id)) ?? null),
  }
}

function keyOf(id) {
  return Buffer.from(id).toString("latin1")
}

async function readAll(folder) {
  const result = await importFromStick({
    folder,
    today,
    check,
    has: async (ids) => ids.map(() => false),
    accept: async (parcels) => parcels.map(() => "new"),
  })
  if (result.damaged > 0) throw new Error("What was written can not be read.")
}

async function copyAll(from, to) {
  execFileSync("cp", [...readdirSync(from).map((name) => join(from, name)), to])
  for (const name of [...readdirSync(to), "."]) {
    const handle = await open(join(to, name), "r")
    await handle.sync()
    await handle.close()
  }
}

function newFolder() {
  return mkdtempSync(join(place, "folder-"))
}

function sizeOf(folder) {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

/** @returns milliseconds */
async function timed(run) {
  const start = process.hrtime.bigint()
  await run()
  return Number(process.hrtime.bigint() - start) / 1e6
}
