// What a room of our own costs: on the channel beside Flute's key transport, and in time beside bare
// ts-mls with the same provider, which does the same to the same group and adds nothing to it.
import { cryptoEngine, randomBytes } from "stringphone/crypto"
import { decodeRoomPacket, Effects } from "stringphone/room"
import * as classic from "stringphone/room/classic"
import * as mls from "../dist/room/mls/group.js"
import { report } from "./measure.mjs"
import * as bare from "./room-bare.mjs"
import { Growth } from "./room-growth.mjs"
import { linesOf } from "./room-lines.mjs"
import { bytesOfEach, compareAll } from "./room-measure.mjs"
import { packetOf, sceneOf } from "./room-scene.mjs"

const isNative = cryptoEngine() === "native"
// On the channel the sizes are the same with each engine, and the portable one grows slowly.
const sizes = isNative ? [2, 10, 50, 100, 200] : [2, 10, 50]
const timedSizes = [10, 50, 200]
const rounds = isNative ? 61 : 11
const messagesAtOnce = isNative ? 64 : 16
const text = "x".repeat(64)
const textBytes = new TextEncoder().encode(text)
const eight = new Uint8Array(8)
/** Our own layer costs at most so much more than bare ts-mls. */
const mostOver = 0.15

const growth = new Growth()
await growth.found()
for (const size of sizes) {
  const scene = await sceneOf(growth, size)
  await joins(scene)
  await removals(scene)
  await messages(scene)
  await flute(size)
  if (timedSizes.includes(size)) await speed(scene)
}

async function joins({ join, size, before }) {
  const name = `join of ${size}`
  bytes(name, join)
  await lines(name, join)
  report({ name: `${name}, grant`, value: packetOf(join, "g").bytes.length, unit: "bytes" })
  const both = before.entry.length + before.order.length
  report({ name: `${name}, entry and order`, value: both, unit: "bytes" })
  const info = await mls.groupInfo(before.members[0].group)
  const value = info.length + before.entryMessage.length
  report({ name: `${name}, bare ts-mls`, value, unit: "bytes" })
}

/** Where the leaf of who is removed is, decides how much must be encrypted anew. */
async function removals(scene) {
  const { members, size } = scene
  const others = Array.from({ length: size - 1 }, (_, i) => i + 1)
  const few = others.filter((leaf) => leaf % Math.ceil(size / 25) === 0)
  const removed = []
  for (const leaf of few) {
    const sends = await removalBy(await again(scene, members[0]), leaf, scene.time)
    removed.push({ leaf, sends, length: sends[0].bytes.length })
  }
  removed.sort((a, b) => a.length - b.length)
  const { leaf, length, sends } = removed[removed.length >> 1]
  const name = `removal of ${size}`
  const goal = size === 200 ? { atMost: 1600 } : {}
  report({ name: `${name}, median`, value: length, unit: "bytes", ...goal })
  report({ name: `${name}, largest`, value: removed.at(-1).length, unit: "bytes", ...goal })
  bytes(`${name}, with branch proof`, sends)
  await lines(`${name}, with branch proof`, sends)
  const { message } = await bare.remove(members[0].state, leaf)
  report({ name: `${name}, bare ts-mls`, value: message.length, unit: "bytes" })
}

/** A text that follows another one. */
async function messages(scene) {
  const { members, size, time } = scene
  const { room } = await again(scene, members[1])
  await room.say(text, time, new Effects())
  const out = new Effects()
  await room.say(text, time, out)
  const value = out.sends[0].bytes.length - textBytes.length
  report({ name: `message of ${size}, over its text`, value, unit: "bytes", atMost: 180 })
  await lines(`message of ${size}, text of 64 B`, out.sends)
  const { message } = await bare.seal(members[1].state, textBytes)
  const bareValue = message.length - textBytes.length
  report({ name: `message of ${size}, bare ts-mls`, value: bareValue, unit: "bytes" })
}

/** The original's rooms with as many people: all but the captain have a cell. */
async function flute(size) {
  const signer = classic.packetSigner(randomBytes(32))
  const people = Array.from({ length: size - 1 }, () => {
    const secretKey = randomBytes(32)
    return { secretKey, join: classic.signRoomJoin(signer, secretKey) }
  })
  const transportTo = (participants) =>
    classic.sealRoomMessageKey(
      signer,
      {
        roomMessageKey: randomBytes(32),
        transportPrivateKey: randomBytes(32),
        counter: 1,
        participantKeys: participants.map(({ join }) => join.participantKey),
      },
      randomBytes,
    )
  const all = transportTo(people)
  const without = people.length > 1 ? [transportTo(people.slice(1))] : []
  const message = classic.sealRoomMessage(signer, textBytes, randomBytes(32), randomBytes)
  fluteSizes(`join of ${size}`, [people[0].join, all])
  if (without.length > 0) fluteSizes(`removal of ${size}`, without)
  fluteSizes(`message of ${size}, text of 64 B`, [message])
  if (!timedSizes.includes(size)) return
  const middle = people[people.length >> 1].secretKey
  const [made, opened] = await compareAll(
    [
      { run: async () => transportTo(people) },
      { run: async () => classic.openRoomMessageKey(all, middle) },
    ],
    { rounds },
  )
  milliseconds(`removal of ${size}, made by Flute`, made)
  milliseconds(`removal of ${size}, opened by Flute`, opened)
}

async function speed(scene) {
  const { before, members, names, size, time } = scene
  const [captain, alice, bob] = members
  const leaf = size - 1

  // After its commit a captain says a pulse; the others say something as well.
  const made = await compareAll(
    [
      { prepare: () => again(scene, captain), run: (one) => removalBy(one, leaf, time) },
      {
        run: async () => {
          const { group } = await mls.commit(captain.group, { remove: [leaf] }, eight)
          return mls.seal(group, textBytes, eight)
        },
      },
      { run: async () => bare.seal((await bare.remove(captain.state, leaf)).state, textBytes) },
    ],
    { rounds },
  )
  layers(`removal of ${size}, made`, made)

  const [{ bytes: removal }] = await removalBy(await again(scene, captain), leaf, time)
  const { mls: commit } = decodeRoomPacket(removal)
  // All of them anew each time: what was verified or derived once is remembered.
  const freshBob = () => again(scene, bob)
  const applied = await compareAll(
    [
      { prepare: freshBob, run: (one) => receive(one, [removal], time) },
      { prepare: freshBob, run: (one) => mls.apply(groupOf(one), commit, () => {}) },
      { prepare: freshBob, run: (one) => bare.apply(bare.stateOf(groupOf(one)), commit) },
    ],
    { rounds },
  )
  layers(`removal of ${size}, applied`, applied)

  const { entry, order, entryMessage } = before
  const reader = before.members[2]
  const freshReader = () => reader.person.again(reader.saved, before.time, names)
  const entered = await compareAll(
    [
      { prepare: freshReader, run: (one) => receive(one, [entry, order], before.time) },
      { prepare: freshReader, run: (one) => mls.apply(groupOf(one), entryMessage, () => {}) },
      { prepare: freshReader, run: (one) => bare.apply(bare.stateOf(groupOf(one)), entryMessage) },
    ],
    { rounds },
  )
  layers(`entry into ${size}, applied`, entered)

  const sealed = await compareAll(
    [
      {
        prepare: () => again(scene, alice),
        run: ({ room }) => room.say(text, time, new Effects()),
      },
      {
        prepare: () => ({ group: alice.group }),
        run: async (one) => (one.group = (await mls.seal(one.group, textBytes, eight)).group),
      },
      {
        prepare: () => ({ state: alice.state }),
        run: async (one) => (one.state = (await bare.seal(one.state, textBytes)).state),
      },
    ],
    { rounds, times: messagesAtOnce },
  )
  layers(`message of ${size}, sealed`, sealed)
  report({ name: `messages of ${size}, sealed`, value: 1e9 / sealed[0].ns, unit: "1/s" })

  const said = new Effects()
  const speaker = await again(scene, alice)
  for (let i = 0; i < messagesAtOnce; i++) await speaker.room.say(text, time, said)
  const wires = said.sends.map((one) => one.bytes)
  const plain = wires.map((wire) => decodeRoomPacket(wire).mls)
  const opened = await compareAll(
    [
      {
        prepare: async () => ({ one: await again(scene, bob), at: 0 }),
        run: (state) => receive(state.one, [wires[state.at++]], time),
      },
      {
        prepare: () => ({ group: bob.group, at: 0 }),
        run: async (one) => (one.group = (await mls.open(one.group, plain[one.at++])).group),
      },
      {
        prepare: () => ({ state: bob.state, at: 0 }),
        run: async (one) => (one.state = (await bare.open(one.state, plain[one.at++])).state),
      },
    ],
    { rounds, times: messagesAtOnce },
  )
  layers(`message of ${size}, opened`, opened)
  report({ name: `messages of ${size}, opened`, value: 1e9 / opened[0].ns, unit: "1/s" })

  const memory = await bytesOfEach(5, () => again(scene, bob))
  report({ name: `memory of a member of ${size}`, value: memory / 1e6, unit: "MB" })
  report({ name: `saved state of ${size}`, value: bob.saved.length / 1e3, unit: "kB" })
  const whole = await again(scene, bob)
  const [saving] = await compareAll([{ run: async () => whole.room.save() }], { rounds })
  milliseconds(`saved state of ${size}, written`, saving)
}

/** The same member anew, with everybody on the channel. */
function again({ names, time }, { person, saved }) {
  return person.again(saved, time, names)
}

function groupOf({ room }) {
  return room.requireMember().group
}

/** @returns what the captain sends */
async function removalBy({ room }, leaf, time) {
  const out = new Effects()
  const { captaincy, seats } = room.requireMember()
  const { identityKey } = seats.find((seat) => seat.leaf === leaf)
  await captaincy.remove(identityKey, time, out)
  return out.sends
}

async function receive({ room }, packets, time) {
  for (const packet of packets) {
    const out = new Effects()
    await room.receive(packet, "alice", time, out)
    for (const event of out.events) if (event.kind === "rejected") throw event.error
  }
}

function layers(name, [room, wrapper, alone]) {
  milliseconds(name, room)
  milliseconds(`${name}, bare ts-mls`, alone)
  report({ name: `${name}, room over bare`, value: room.over, unit: "ratio", atMost: mostOver })
  report({ name: `${name}, MLS layer over bare`, value: wrapper.over, unit: "ratio" })
}

function milliseconds(name, { ns }) {
  report({ name, value: ns / 1e6, unit: "ms" })
}

function bytes(name, packets) {
  const value = packets.reduce((sum, packet) => sum + packet.bytes.length, 0)
  report({ name, value, unit: "bytes" })
}

async function lines(name, packets) {
  report({ name: `${name}, on IRC`, value: await linesOf(packets), unit: "lines" })
}

function fluteSizes(name, packets) {
  const texts = packets.map(classic.encodePacket)
  const characters = texts.reduce((sum, packet) => sum + packet.length, 0)
  const count = texts.reduce((sum, packet) => sum + classic.fragment(packet).length, 0)
  report({ name: `${name}, Flute`, value: characters, unit: "bytes" })
  report({ name: `${name}, Flute, on IRC`, value: count, unit: "lines" })
}
