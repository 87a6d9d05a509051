// Writes the topic target's corpus anew, when a format changed: node fuzz/make-topic-corpus.js. Needs a build.
import { writeFileSync } from "node:fs"
import { join } from "node:path"

const dist = new URL("../dist/", import.meta.url)
const { Identity } = await import(new URL("identity/index.js", dist).href)
const { newRekeyKey, Topic } = await import(new URL("topic/index.js", dist).href)

const nowMs = 1_800_000_000_000
const seedOf = (number) => new Uint8Array(32).fill(number)
const people = [1, 2, 3, 4].map((number) => new Identity(seedOf(number)))
const hex = (bytes) => Buffer.from(bytes).toString("hex")

/** Two admins and two others, who can all send. */
function group(isPadded) {
  const founder = Topic.create({ signer: people[0], nowMs, name: "home", isPadded })
  const keys = people.slice(1).map(() => newRekeyKey(nowMs))
  const admit = people.slice(1).map(({ publicKey }, i) => {
    const { publicKey: rekeyKey, serial } = keys[i]
    return { publicKey, serial, rekeyKey, isAdmin: i === 0 }
  })
  const rekey = founder.change({ admit }, nowMs)
  const joined = people.slice(1).map((signer, i) => {
    const known = { topicId: founder.id, host: founder.publicKey, rekeyKey: keys[i] }
    return Topic.join({ signer, ...known }, rekey, nowMs)
  })
  const topics = [founder, ...joined]
  for (const topic of topics) topic.snapshot().stored()
  return topics
}

function save(topic, number) {
  const { sending, state } = topic.snapshot(true)
  return { seed: hex(seedOf(number)), state: hex(state), sending: hex(sending) }
}

const [alice, bob, carol, dave] = group(false)
const [paddedAlice, , paddedCarol] = group(true)
// Into one more epoch; what is sent in the one before is late.
const late = alice.encode("late, of the epoch before")
const next = alice.change({}, nowMs)
for (const topic of [bob, carol, dave]) topic.decode(next, { nowMs })
for (const topic of [alice, bob, carol, dave]) topic.snapshot().stored()
const skipped = [alice.encode("skipped"), alice.encode("also skipped")]
const first = alice.encode("first")
carol.decode(first, { nowMs })

const receivers = [save(carol, 3), save(alice, 1), save(paddedCarol, 3)]
const fragmented = alice.encode("a message that goes through a small channel in several pieces")
const pieces = alice.fragments(fragmented, 60)
const request = carol.keyRequest(nowMs)
const asked = alice.decode(request, { nowMs }).request
const samples = {
  nothing: new Uint8Array(0),
  "cut off": alice.encode("hello").subarray(0, 90),
  message: alice.encode("hello"),
  "empty message": alice.encode(""),
  timed: alice.encodeTimed("hello", { sentMs: nowMs, validForMs: 1000 }),
  "timed, stale": alice.encodeTimed("hello", { sentMs: nowMs - 60_000, validForMs: 1000 }),
  bundle: alice.encodeBundle(["one", "", "three"]),
  "of who is no admin": dave.encode("hello"),
  late: skipped[0],
  "late, of the epoch before": late,
  replayed: first,
  "rekey key": alice.announcement(),
  sync: alice.sync(),
  report: alice.report(carol.publicKey),
  closing: alice.closing(),
  "padded message": paddedAlice.encode("hello"),
  "padded control": paddedAlice.announcement(),
  "fragment 1": pieces[0],
  "fragment 2": pieces[1],
  "fragment 3": pieces[2],
  "fragment of one": Uint8Array.from([0x46, 1, 2, 3, 4, 0, 0, ...alice.encode("in one piece")]),
  "key request": request,
  "removal notice": alice.removalNotice(asked),
  "pairing offer": Uint8Array.from([0x31, ...new Uint8Array(56).fill(1)]),
  classic: Uint8Array.from([0x73, ...new Uint8Array(130).fill(1)]),
  "latest rekey": alice.latestRekey,
  "next rekey": bob.change({ name: "another name" }, nowMs),
  "next rekey, removes": alice.change({ remove: [dave.publicKey] }, nowMs),
}

const write = (path, value) =>
  writeFileSync(join(import.meta.dirname, path), `${JSON.stringify(value, null, 2)}\n`)
write("topic-receivers.json", receivers)
write(
  join("corpus", "topic-decode.json"),
  Object.fromEntries(Object.entries(samples).map(([name, bytes]) => [name, hex(bytes)])),
)
