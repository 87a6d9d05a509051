// What a topic of our own costs above the primitives that it cannot do without: encode is sign and
// seal, decode is open and verify. What we add is the keys, the snapshots that take them, and copies.
import { randomBytes, signingKeyPair } from "stringphone/crypto"
import { Identity } from "stringphone/identity"
import { newRekeyKey, Topic } from "stringphone/topic"
import { bare } from "./bare.mjs"
import { compare, milliseconds, report } from "./measure.mjs"

const nowMs = 1_800_000_000_000
const bundleSize = 16
const payload = randomBytes(64)
const payloads = Array.from({ length: bundleSize }, () => payload)

sizes()
speed()
gap()
rekeys()
state()

function sizes() {
  const { alice } = topicOf(8)
  const single = sender(alice, () => alice.encode(payload))().length
  const bundle = sender(alice, () => alice.encodeBundle(payloads))().length
  const overEach = bundle / bundleSize - payload.length
  report({
    name: "over a payload of 64 B",
    value: single - payload.length,
    unit: "bytes",
    atMost: 99,
  })
  report({ name: `over each of ${bundleSize}`, value: overEach, unit: "bytes", atMost: 10 })
}

function speed() {
  const { alice, bob } = topicOf(8)
  const single = sender(alice, () => alice.encode(payload))
  const bundle = sender(alice, () => alice.encodeBundle(payloads))
  const bareOf = primitives()
  const ways = [
    ["encode", single, bundle, bareOf.encode],
    ["decode", receiver(bob, single), receiver(bob, bundle), bareOf.decode],
  ]
  for (const [name, ofOne, ofMany, ofBare] of ways) {
    const one = compare(ofOne, ofBare)
    report({ name: `${name} 64 B`, value: 1e9 / one.oursNs, unit: "1/s" })
    report({ name: `${name} 64 B, of bare`, value: one.ratio, unit: "ratio", goal: 0.85 })
    const many = compare(ofMany, ofOne)
    const perSecond = (bundleSize * 1e9) / many.oursNs
    const ratio = bundleSize * many.ratio
    report({ name: `${name} ${bundleSize} × 64 B, payloads`, value: perSecond, unit: "1/s" })
    report({
      name: `${name} ${bundleSize} × 64 B, of singles`,
      value: ratio,
      unit: "ratio",
      goal: 8,
    })
  }
}

/** A million messages were lost. */
function gap() {
  const { alice, bob } = topicOf(8)
  // What a snapshot takes and nobody says is stored is given up.
  for (let block = 0; block < 1e6 / 256; block++) alice.snapshot()
  const message = sender(alice, () => alice.encode(payload))()
  const value = milliseconds(bob, (receiving) => receiving.decode(message, { nowMs }))
  report({ name: "decode after a gap of 1,000,000", value, unit: "ms", atMost: 20 })
}

function rekeys() {
  for (const participants of [8, 100, 1000]) {
    const { alice, aliceAgain, bob } = topicOf(participants)
    const name = `rekey of ${participants}`
    // Restoring it is what makes it anew: rounds of it must not take minutes.
    const rounds = participants < 1000 ? 21 : 5
    const made = milliseconds(aliceAgain, (admin) => admin.change({}, nowMs), rounds)
    const message = alice.change({}, nowMs)
    const opened = milliseconds(bob, (member) => member.decode(message, { nowMs }), rounds)
    report({ name: `${name}, made`, value: made, unit: "ms" })
    report({ name: `${name}, opened`, value: opened, unit: "ms" })
    report({ name: `${name}, size`, value: message.length, unit: "bytes" })
  }
}

/** What is saved of each other participant. */
function state() {
  const [few, many] = [100, 1000]
  const bytesOf = (topic) => topic.snapshot().state.length
  const silent = (bytesOf(topicOf(many).bob()) - bytesOf(topicOf(few).bob())) / (many - few)
  const { alice, bob } = topicOf(few)
  const receiving = bob()
  const before = bytesOf(receiving)
  const next = sender(alice, () => alice.encode(payload))
  const deliver = (message) => receiving.decode(message, { nowMs })
  alice.snapshot().stored()
  deliver(alice.announcement())
  const inOrder = silent + bytesOf(receiving) - before
  // Every second message is late, for one block; the first of the next brings most keys ahead.
  for (let counter = 1; counter < 256; counter++) {
    const message = next()
    if (counter % 2 === 1) deliver(message)
  }
  deliver(next())
  const most = silent + bytesOf(receiving) - before
  report({ name: "state of a participant, silent", value: silent, unit: "bytes", atMost: 4096 })
  report({ name: "state of a participant, in order", value: inOrder, unit: "bytes", atMost: 4096 })
  report({ name: "state of a participant, most", value: most, unit: "bytes", atMost: 4096 })
}

/** A topic of so many. Alice is its admin; Bob and the others never sent anything. */
function topicOf(participants) {
  const [alicesIdentity, bobsIdentity] = [Identity.generate(), Identity.generate()]
  const rekeyKey = newRekeyKey(nowMs)
  const alice = Topic.create({ signer: alicesIdentity, nowMs })
  const bobs = { publicKey: bobsIdentity.publicKey, rekeyKey: rekeyKey.publicKey }
  // Any 32 bytes are a key here; making real ones would take long in the portable engine.
  const others = Array.from({ length: participants - 2 }, () => ({
    publicKey: randomBytes(32),
    rekeyKey: randomBytes(32),
  }))
  const admit = [bobs, ...others].map((keys) => ({ ...keys, serial: nowMs }))
  const rekey = alice.change({ admit }, nowMs)
  const joining = { signer: bobsIdentity, topicId: alice.id, host: alice.publicKey, rekeyKey }
  const alicesSaved = alice.snapshot()
  const bobsSaved = Topic.join(joining, rekey, nowMs).snapshot()
  return {
    alice,
    /** The same topic anew, each time. */
    aliceAgain: () => Topic.restore({ signer: alicesIdentity }, alicesSaved),
    bob: () => Topic.restore({ signer: bobsIdentity }, bobsSaved),
  }
}

/** Makes messages, and takes the counters of a block whenever there are none left. */
function sender(topic, encode) {
  return () => {
    if (topic.stored === 0) topic.snapshot().stored()
    return encode()
  }
}

/**
 * Decodes one message after the other. A receiver decodes each once, so that after the last one
 * another receiver takes over, whose state is that before the first.
 */
function receiver(restore, next) {
  const messages = Array.from({ length: 1024 }, next)
  let topic = restore()
  let at = 0
  return () => {
    if (at === messages.length) {
      topic = restore()
      at = 0
    }
    return topic.decode(messages[at++], { nowMs })
  }
}

/** The bare operations of one message, on as many bytes as it has them on. */
function primitives() {
  const seed = randomBytes(32)
  const { publicKey, secretKey } = signingKeyPair(seed)
  const [key, nonce] = [randomBytes(32), randomBytes(24)]
  // Header, commitment, context; the label is in front of what is signed.
  const associated = randomBytes(19 + 32 + 32)
  const signed = randomBytes("stringphone/2 topic message\0".length + associated.length + 64)
  const plaintext = randomBytes(64 + 64)
  const signature = bare.sign(signed, { seed, secretKey })
  const sealed = bare.aeadSeal(plaintext, nonce, key, associated)
  return {
    encode: () => [
      bare.sign(signed, { seed, secretKey }),
      bare.aeadSeal(plaintext, nonce, key, associated),
    ],
    decode: () => [
      bare.aeadOpen(sealed, nonce, key, associated),
      bare.verify(signature, signed, publicKey),
    ],
  }
}
