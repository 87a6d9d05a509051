// Two hubs with 100,000 envelopes, spread over 35 days, find what each lacks: bytes and round trips
// beside nostr-tools' negentropy and beside the list of all IDs, and the time of both.
import { nip77 } from "nostr-tools"
import { hash, randomBytes } from "stringphone/crypto"
import {
  deriveReconcileKey,
  ReconcileIndex,
  Reconciliation,
} from "../dist/mailbox/reconcile/index.js"
import { median, report } from "./measure.mjs"

const count = 100_000
const days = 35
const firstDay = 20_000

const all = Array.from({ length: count }, (_, i) => {
  const id = hash(Uint8Array.of(i >> 16, i >> 8, i))
  return { day: firstDay + (i % days), id, name: Buffer.from(id).toString("hex") }
})

for (const differences of [0, 100, 1_000, 10_000]) compareWith(differences)
oneSided()
speed()

function compareWith(differences) {
  const [a, b] = sets(differences)
  const name = `${differences.toLocaleString("en")} differences`
  const theirs = negentropy(a, b)
  const [ours, quick] = [{}, { turnBytes: Infinity }].map((options) => reconcile(a, b, options))
  for (const { found, isExact } of [ours, quick, theirs]) {
    if (found !== differences || !isExact) throw new Error(`${name}: found ${found}`)
  }
  report({ name: `${name}: ours`, value: ours.bytes, unit: "bytes" })
  report({ name: `${name}: ours, round trips`, value: ours.turns / 2, unit: "trips" })
  report({ name: `${name}: fewest trips`, value: quick.bytes, unit: "bytes" })
  report({ name: `${name}: fewest trips, round trips`, value: quick.turns / 2, unit: "trips" })
  report({ name: `${name}: negentropy`, value: theirs.bytes, unit: "bytes" })
  report({ name: `${name}: negentropy, round trips`, value: theirs.trips, unit: "trips" })
  const { trips } = negentropyOf(vectorOf(a), vectorOf(b), 60_000)
  report({ name: `${name}: negentropy in frames of 60,000`, value: trips, unit: "trips" })
  report({
    name: `${name}: ours : negentropy`,
    value: ours.bytes / theirs.bytes,
    unit: "ratio",
    ...(differences === 100 && { atMost: 0.5 }),
  })
  report({ name: `${name}: ours : full list`, value: ours.bytes / (a.length * 32), unit: "ratio" })
}

/** A hub that was away: what it lacks is on the last few days. */
function oneSided() {
  const recent = all.filter(({ day }) => day >= firstDay + days - 4)
  const missing = new Set(recent.filter(({ id }) => id[0] % 2 === 0).slice(0, 5_000))
  const away = all.filter((item) => !missing.has(item))
  const { bytes, found } = reconcile(all, away, {})
  if (found !== missing.size) throw new Error(`found ${found}`)
  report({ name: "5,000 differences on 4 days: ours", value: bytes, unit: "bytes" })
  report({
    name: "5,000 differences on 4 days: negentropy",
    value: negentropy(all, away).bytes,
    unit: "bytes",
  })
}

/** Both sides together, with the index there already: it is made once and serves all neighbours. */
function speed() {
  const [a, b] = sets(100)
  const [indexA, indexB] = [a, b].map((items) => ReconcileIndex.of(items))
  const [vectorA, vectorB] = [a, b].map(vectorOf)
  const samples = []
  for (let round = -2; round < 9; round++) {
    const oursMs = timed(() => reconcileIndexes(indexA, indexB, {}))
    const theirsMs = timed(() => negentropyOf(vectorA, vectorB))
    if (round >= 0) samples.push({ oursMs, ratio: theirsMs / oursMs })
  }
  report({
    name: "100 differences, both sides",
    value: median(samples.map(({ oursMs }) => oursMs)),
    unit: "ms",
  })
  report({
    name: "100 differences, time of negentropy : ours",
    value: median(samples.map(({ ratio }) => ratio)),
    unit: "ratio",
  })
  const equalMs = Array.from({ length: 9 }, () => timed(() => reconcileIndexes(indexA, indexA, {})))
  report({ name: "0 differences, both sides", value: median(equalMs), unit: "ms" })
  const indexMs = Array.from({ length: 9 }, () => timed(() => ReconcileIndex.of(a)))
  report({ name: "index of 100,000", value: median(indexMs), unit: "ms" })
}

function timed(run) {
  const start = process.hrtime.bigint()
  run()
  return Number(process.hrtime.bigint() - start) / 1e6
}

/** Half of the differences each way, as many on each day. */
function sets(differences) {
  return [0, 1].map((side) => all.filter((_, i) => i >= differences || i % 2 === side))
}

function reconcile(a, b, options) {
  return reconcileIndexes(ReconcileIndex.of(a), ReconcileIndex.of(b), options)
}

function reconcileIndexes(a, b, options) {
  const key = deriveReconcileKey(randomBytes(16), randomBytes(16))
  const sides = [
    new Reconciliation({ index: a, key, isInitiator: true, ...options }),
    new Reconciliation({ index: b, key, isInitiator: false, ...options }),
  ]
  let [bytes, turns, found, isExact] = [0, 0, 0, true]
  for (let under = sides[0].start(); under.length > 0; turns++) {
    const to = sides[(turns + 1) % 2]
    const next = []
    for (const message of under) {
      bytes += message.length
      const step = to.receive(message)
      found += step.missingThere.length
      isExact &&= step.isExact
      next.push(...step.send)
    }
    under = next
  }
  return { bytes, turns, found, isExact }
}

function vectorOf(items) {
  const vector = new nip77.NegentropyStorageVector()
  for (const { day, name } of items) vector.insert(day, name)
  vector.seal()
  return vector
}

function negentropy(a, b) {
  return negentropyOf(vectorOf(a), vectorOf(b))
}

/**
 * Its messages as bytes. This implementation does not list back, which saves it bytes: what the two
 * sides learn is together the difference, as with ours. With frames of no limit, its best case: within
 * its own 60,000 bytes, one under way at a time, it needs more round trips.
 */
function negentropyOf(a, b, frameBytes = 1e9) {
  const sides = [new nip77.Negentropy(a, frameBytes), new nip77.Negentropy(b, frameBytes)]
  const found = [new Set(), new Set()]
  let [bytes, turns] = [0, 0]
  for (let message = sides[0].initiate(); message !== null; turns++) {
    bytes += message.length / 2
    const to = (turns + 1) % 2
    message = sides[to].reconcile(
      message,
      (id) => found[to].add(id),
      (id) => found[1 - to].add(id),
    )
  }
  // The responder's last word is a message of the version alone.
  const trips = Math.ceil(turns / 2)
  return { bytes, trips, found: found[0].size + found[1].size, isExact: true }
}
