// Recognising one's own mail among a million envelopes with a thousand contacts: tags that are known
// beforehand, beside a trial of each contact's key as in the classic protocol, and beside a key
// agreement for each contact. Trials take too long to run them all: they are measured and counted up.
import { authenticate, exchange, exchangePublicKey, hash, randomBytes } from "stringphone/crypto"
import { Identity } from "stringphone/identity"
import { dummyEnvelope, Mailbox } from "stringphone/mailbox"
import { moveOn, newPair, wantedPeriods } from "../dist/mailbox/pair.js"
import { encodeSaved } from "../dist/mailbox/saved.js"
import { report } from "./measure.mjs"

const contacts = 1_000
const envelopes = 1_000_000
const distinct = 4_000
const today = 20_000
const period = Math.floor(today / 7)
const identity = Identity.generate()

const pairs = Array.from({ length: contacts }, () => {
  const facts = { hasSecret: false, first: null, lastMailDay: today }
  const pair = newPair(randomBytes(32), identity.publicKey, randomBytes(32), period - 4, facts)
  // Answered: of strangers who were not, only the last are kept.
  return { ...moveOn(pair, wantedPeriods(period, period)), hasWritten: true }
})
const saved = encodeSaved({
  version: 1,
  knownPeriod: period,
  pairs,
  prekeys: [],
  invitations: [],
  seen: [],
  gone: [],
})

const before = memory()
const openedAt = performance.now()
const mailbox = Mailbox.restore(saved, identity, randomBytes)
report({ name: "tags known", value: mailbox.tagCount, unit: "tags" })
report({ name: "opening, all tags computed", value: performance.now() - openedAt, unit: "ms" })
report({ name: "memory of the tags", value: (memory() - before) / 1e6, unit: "MB" })
report({ name: "state at rest", value: saved.length / 1e3, unit: "kB" })

for (const [slotCount, size] of [
  [1, 1024],
  [16, 4096],
]) {
  const shape = { slotCount, size }
  const pool = Array.from({ length: distinct }, () => dummyEnvelope(shape, today + 7, randomBytes))
  const found = seconds(envelopes, (i) => mailbox.isOurs(pool[i % distinct]))
  const name = `a million envelopes of ${slotCount} ${slotCount === 1 ? "slot" : "slots"}`
  report({ name: `${name}, known tags`, value: found, unit: "s" })

  const keys = pairs.map(({ peerKey }) => peerKey)
  const hmacs = 20_000
  const byHmac = seconds(hmacs, (i) =>
    authenticate(pool[i % distinct].subarray(36, 68), keys[i % contacts]),
  )
  const classicTrial = (byHmac / hmacs) * contacts * slotCount * envelopes
  report({ name: `${name}, HMAC for each key`, value: classicTrial, unit: "s" })
  report({ name: `${name}, times as fast as by HMAC`, value: classicTrial / found, unit: "×" })

  const exchanges = 2_000
  const secret = randomBytes(32)
  const publicKeys = Array.from({ length: 50 }, () => exchangePublicKey(randomBytes(32)))
  const byExchange = seconds(exchanges, (i) => hash(exchange(secret, publicKeys[i % 50])))
  const agreed = (byExchange / exchanges) * contacts * envelopes
  report({ name: `${name}, X25519 for each key`, value: agreed, unit: "s" })
  report({ name: `${name}, times as fast as by X25519`, value: agreed / found, unit: "×" })
}

// First contact by a public address: one key agreement for each prekey, whatever the contacts.
mailbox.publicAddress(today)
const pool = Array.from({ length: distinct }, () =>
  dummyEnvelope({ slotCount: 1, size: 1024 }, today + 7, randomBytes),
)
const tried = seconds(distinct, (i) => mailbox.open(pool[i], today))
report({ name: "with a public address, one envelope", value: (tried / distinct) * 1e6, unit: "µs" })

function seconds(times, run) {
  for (let i = 0; i < Math.min(times, 1_000); i++) run(i)
  const at = performance.now()
  for (let i = 0; i < times; i++) run(i)
  return (performance.now() - at) / 1000
}

function memory() {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
