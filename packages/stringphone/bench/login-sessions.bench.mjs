// Protected calls over a real PostgreSQL with very many sessions, beside the same with a thousand, in turns within one
// run: opening a lane, the first call on it, and later ones, of sessions from all over the table; with lanes in memory
// and in the store; a list of devices; and what cleaning takes, of which each pass looks at a 64th. There is no network but
// that to the database, whose disk nobody waits for. LOGIN_BENCH_SESSIONS=1000000 says how many.
import { opaqueReady } from "stringphone/login"
import { median, report } from "./measure.mjs"
import { Place } from "./login-place.mjs"
import { startPostgres } from "./login-postgres.mjs"
import { clearProgress, progress, progressLine } from "./login-progress.mjs"

const many = Number(process.env.LOGIN_BENCH_SESSIONS ?? 100_000)
const few = 1_000
if (!(many > few)) throw new Error("LOGIN_BENCH_SESSIONS is a number above 1000.")
const perTurn = 45
const warmUp = 100
const turns = 20
const crowdedTurns = 5
const callsPerLane = 4
const atOnce = 32

await opaqueReady()
const server = await startPostgres()
try {
  if (server) await run(server.url)
} finally {
  server?.stop()
}

async function run(url) {
  const nowMs = Date.now()
  const places = []
  for (const count of [few, many]) {
    const begun = Date.now()
    const onProgress = (done) => progress(`filling with sessions: ${done} of ${count}`)
    const place = await Place.open({ count, nowMs, onProgress, url })
    const { bytes, entries } = place.filled
    const seconds = ((Date.now() - begun) / 1_000).toFixed(0)
    const mib = (bytes / 2 ** 20).toFixed(0)
    progressLine(`${count} sessions: ${entries} entries, ${mib} MiB, filled in ${seconds} s`)
    places.push(place)
  }
  for (const lanes of ["memory", "store"]) await calls(places, lanes)
  await devices(places)
  await cleaning(places)
  for (const place of places) await place.close()
  // The server's own ANALYZE counts, too; what is asked in calls would be here thousands of times.
  const scans = await places[1].scans()
  report({ name: `scans of the table of ${many} sessions`, value: scans, unit: "", atMost: 3 })
}

async function calls(places, lanes) {
  const all = places.map((place) => ({
    place,
    numbers: place.some(perTurn * turns + warmUp),
    open: [],
    samples: { "opening a lane": [], "first call": [], call: [] },
  }))
  // Until everything is compiled and connected.
  for (const { numbers, place } of all) {
    for (const number of numbers.slice(-warmUp)) {
      await place.call(lanes, (await place.openLane(lanes, number)).lane)
    }
  }
  await inTurns(all, async ({ numbers, open, place, samples }, turn) => {
    for (const number of numbers.slice(turn * perTurn, (turn + 1) * perTurn)) {
      const { lane, ms } = await place.openLane(lanes, number)
      samples["opening a lane"].push(ms)
      samples["first call"].push(await place.call(lanes, lane))
      open.push(lane)
    }
  })
  for (let again = 0; again < callsPerLane; again++) {
    await inTurns(all, async ({ open, place, samples }, turn) => {
      for (const lane of open.slice(turn * perTurn, (turn + 1) * perTurn)) {
        samples.call.push(await place.call(lanes, lane))
      }
    })
  }
  const where = lanes === "memory" ? "lanes in memory" : "lanes in the store"
  for (const what of ["opening a lane", "first call", "call"]) {
    tell(`${what}, ${where}`, all, ({ samples }) => samples[what])
  }
  const crowded = all.map(({ open, place }) => ({ open, place, samples: [], rates: [] }))
  const crowd = async ({ open, place, rates, samples }) => {
    const begun = Date.now()
    samples.push(...(await atTheSameTime(open, (lane) => place.call(lanes, lane))))
    rates.push((open.length / (Date.now() - begun)) * 1_000)
  }
  await inTurns(crowded, crowd, crowdedTurns)
  tell(`call, ${where}, ${atOnce} at once`, crowded, ({ samples }) => samples)
  for (const { place, rates } of crowded) {
    const name = `calls, ${where}, ${atOnce} at once, ${place.count} sessions`
    report({ name, value: median(rates), unit: "1/s" })
  }
}

async function devices(places) {
  const all = places.map((place) => ({ place, numbers: place.some(300), samples: [] }))
  await inTurns(all, async ({ numbers, place, samples }, turn) => {
    for (const number of numbers.slice(turn * 15, (turn + 1) * 15)) {
      samples.push(await place.devices(number))
    }
  })
  tell("list of a user's devices", all, ({ samples }) => samples)
}

/** By itself, and with one who calls meanwhile. */
async function cleaning(places) {
  for (const place of places) {
    progress(`cleaning up among ${place.count} sessions`)
    const name = `pass of cleaning, ${place.count} sessions`
    const value = await place.cleaningPass()
    clearProgress()
    report({ name, value, unit: "ms" })
    // Too short to call in.
    if (place.count === few) continue
    const { lane } = await place.openLane("memory", 0)
    const samples = []
    const pass = { isOver: false, calls: Promise.resolve() }
    await place.cleaningPass(() => {
      pass.calls = (async () => {
        do samples.push(await place.call("memory", lane))
        while (!pass.isOver)
      })()
    })
    pass.isOver = true
    await pass.calls
    tellOne(`call during a pass, ${place.count} sessions`, samples)
  }
}

/** One after another, and each of them first in every second turn. */
async function inTurns(all, run, count = turns) {
  for (let turn = 0; turn < count; turn++) {
    for (const one of turn % 2 === 0 ? all : [...all].reverse()) await run(one, turn)
    progress(`turn ${turn + 1} of ${count}`)
  }
  clearProgress()
}

async function atTheSameTime(items, run) {
  const results = []
  let next = 0
  const work = async () => {
    while (next < items.length) results.push(await run(items[next++]))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}

function tell(name, all, samplesOf) {
  const halves = all.map((one) => {
    const samples = samplesOf(one)
    tellOne(`${name}, ${one.place.count} sessions`, samples)
    return median(samples)
  })
  report({ name: `${name}, many against few`, value: halves[1] / halves[0], unit: "×" })
}

function tellOne(name, samples) {
  const sorted = [...samples].sort((a, b) => a - b)
  report({ name: `${name}, p50`, value: sorted[sorted.length >> 1], unit: "ms" })
  report({ name: `${name}, p99`, value: sorted[Math.floor(sorted.length * 0.99)], unit: "ms" })
}
