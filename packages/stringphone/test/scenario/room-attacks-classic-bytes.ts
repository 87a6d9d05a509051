// Attacks that the bytes of classic rooms allow, whatever their clients do.
import { exchangePublicKey, randomBytes } from "../../src/crypto/index.js"
import {
  encodePacket,
  fragment,
  openRoomMessage,
  packetSigner,
  sealRoomMessageKey,
  verifyPacket,
} from "../../src/room/classic/index.js"
import type { ServerLine } from "../../src/transport/memory-text.js"
import {
  type Attack,
  isOfKind,
  packetOf,
  refusal,
  result,
  splitPacket,
  withKnownKeys,
} from "./room-attack.js"
import { identityOf, type Person, Stage } from "./room-classic-people.js"

/** A netsplit lets two people start a room on one channel. */
export const twoCaptainsAtOnce: Attack = async () => {
  const stage = new Stage()
  const all = ["alice", "dave", "bob", "carol"]
  const alice = await stage.enter("alice", all)
  const dave = await stage.enter("dave", all)
  const bob = await stage.enter("bob", all)
  const carol = await stage.enter("carol", all)
  stage.server.split(["alice", "bob"], ["dave", "carol"])
  await stage.settle()
  await alice.room.start()
  await dave.room.start()
  await stage.join(bob)
  await stage.join(carol)
  stage.server.heal()
  await stage.settle()
  await stage.clock.advance(3_600_000)
  await bob.room.say("does anybody hear me?")
  await carol.room.say("me too?")
  await stage.settle()
  const captains = [alice, dave].filter(({ phase }) => phase === "captain").length
  const apart = !bob.texts.length && !carol.texts.length
  const isSaid = alice.notices.includes("other-captain") && bob.notices.includes("other-captain")
  return result(apart && captains === 2 && "keeps two rooms on one channel for good", {
    captains,
    heardByBob: bob.texts,
    heardByCarol: carol.texts,
    isSaid,
  })
}

/** The captain's connection ends. */
export const roomDiesWithItsCaptain: Attack = async () => {
  const stage = new Stage()
  const { bob, carol } = await stage.threeInARoom()
  stage.server.disconnect("alice")
  await stage.clock.advance(3_600_000)
  const refusals = await Promise.all([bob, carol].map((person) => refusal(person)))
  const phases = [bob.phase, carol.phase]
  const isOver = refusals.every((code) => code === "captain-gone")
  return result(isOver && "ends the room by ending one connection", { phases, refusals })
}

/** The captain lets Eve in where nobody else sees it. */
export const captainAloneKnowsWhoIsIn: Attack = async () => {
  const stage = new Stage()
  const { alice, bob } = await stage.threeInARoom()
  stage.server.setFilter((line, receiver) => line.from !== "eve" || receiver === "alice")
  const eve = await stage.enter("eve", ["alice", "bob"])
  await alice.room.trustKey("eve", eve.identity.publicKey)
  await stage.join(eve)
  await bob.room.say("for us three alone")
  await stage.settle()
  const known = [...bob.room.status.heard, ...(bob.room.status.members ?? [])]
  const isSeen = known.some(({ channelName }) => channelName === "eve")
  const reads = eve.texts
  return result(reads.length === 1 && !isSeen && "has a silent reader let in", { reads, isSeen })
}

/** The captain gives Bob and Carol different keys, in one packet with one number. */
export const captainSplitsTheRoom: Attack = async () => {
  const stage = new Stage()
  const { bob, carol } = await stage.threeInARoom()
  const { toBob, toCarol, line } = splitPacket(stage)
  stage.server.inject({ from: "alice", to: null, text: line })
  await stage.settle()
  const counters = [bob.room.status.keyCounter, carol.room.status.keyCounter]
  const phases = [bob.phase, carol.phase]
  await bob.room.say("I trust you all")
  await stage.settle()
  const packet = packetOf(stage.server.lines.at(-1)!)
  const captainReads = packet.kind === "room-message" && openRoomMessage(packet, toBob) !== null
  const carolCould = packet.kind === "room-message" && openRoomMessage(packet, toCarol) !== null
  const evidence = { counters, phases, captainReads, carolCould, carolSaw: carol.texts }
  const isSplit = captainReads && carol.texts.length === 0 && counters[0] === counters[1]
  return result(isSplit && "reads both halves of a room that can not hear each other", evidence)
}

/** After such a split, nothing that either half sees differs from a whole room. */
export const noRoomConsistency: Attack = async () => {
  const stage = new Stage()
  const { bob, carol } = await stage.threeInARoom()
  const before = bob.notices.length
  stage.server.inject({ from: "alice", to: null, text: splitPacket(stage).line })
  await stage.settle()
  const view = ({ room }: Person) => {
    const { phase, captain, keyCounter, names } = room.status
    return JSON.stringify([phase, captain?.name, keyCounter, names])
  }
  const notices = bob.notices.slice(before)
  const looksWhole = view(bob) === view(carol)
  return result(looksWhole && "leaves members nothing to compare", { notices, looksWhole })
}

/** The server shows one member less than the others. */
export const noTranscriptConsistency: Attack = async () => {
  const stage = new Stage()
  const { alice, bob, carol } = await stage.threeInARoom()
  let said = 0
  stage.server.setFilter((_, receiver) => receiver !== "carol" || ++said !== 2)
  const before = carol.notices.length
  for (const text of ["let us go", "not tonight", "agreed?"]) await alice.room.say(text)
  await bob.room.say("agreed")
  await stage.settle()
  const evidence = { bob: bob.texts, carol: carol.texts, noticed: carol.notices.slice(before) }
  const isHidden = carol.texts.length === 3 && carol.notices.length === before
  return result(isHidden && "takes a sentence out of one member's conversation", evidence)
}

/** A member shows others' messages to a judge. */
export const noDeniability: Attack = async () => {
  const stage = new Stage()
  const { carol, keys } = await withKnownKeys(stage)
  await carol.room.say("the king is a fool")
  await stage.settle()
  const packet = packetOf(stage.server.lines.at(-1)!)
  if (packet.kind !== "room-message") throw new Error("no message")
  // All that the judge needs: the packet, the room message key, and Carol's public key.
  const plaintext = openRoomMessage(packet, keys.at(-1)!)
  const isProven = verifyPacket(packet, carol.identity.publicKey)
  const evidence = { text: plaintext && new TextDecoder().decode(plaintext), isProven }
  return result(isProven && plaintext !== null && "proves to anybody who said what", evidence)
}

/** A thief gets one key of a recorded room. */
export const noPerMessageRatchet: Attack = async () => {
  const stage = new Stage()
  const { bob, carol, keys } = await withKnownKeys(stage)
  for (let i = 0; i < 20; i++) await [bob, carol][i % 2]!.room.say(`secret ${i}`)
  await stage.settle()
  const stolen = keys.at(-1)!
  await carol.room.say("after the theft")
  await stage.settle()
  const messages = stage.server.lines.filter(isOfKind("room-message")).map(packetOf)
  const opened = messages.filter((p) => p.kind === "room-message" && openRoomMessage(p, stolen))
  const evidence = { messages: messages.length, opened: opened.length }
  return result(opened.length === 21 && "reads all of ten minutes, before and after", evidence)
}

/** Somebody leaves a large room. */
export const seventyTwoBytesAMember: Attack = async () => {
  const signer = packetSigner(identityOf("alice").exportSeed())
  const cost = (members: number) => {
    const participantKeys = Array.from({ length: members }, () =>
      exchangePublicKey(randomBytes(32)),
    )
    const [roomMessageKey, transportPrivateKey] = [randomBytes(32), randomBytes(32)]
    const content = { roomMessageKey, transportPrivateKey, counter: 1, participantKeys }
    const text = encodePacket(sealRoomMessageKey(signer, content, randomBytes))
    return { members, bytes: ((text.length - 2) / 4) * 3, lines: fragment(text).length }
  }
  const costs = [1, 9, 33, 34, 49, 99, 199].map(cost)
  const last = costs.at(-1)!
  const achieved = "makes the captain send 14 kB, 51 lines, each time that one of 200 leaves"
  return result(last.bytes > 14_000 && last.lines === 51 && achieved, { costs })
}

/** A message overtakes the key that it was encrypted with. */
export const messagesLostInKeyRaces: Attack = async () => {
  const stage = new Stage()
  const { alice, bob, carol } = await stage.threeInARoom()
  const late: ServerLine[] = []
  stage.server.setFilter((line, receiver) => {
    const isLate = line.from === "alice" && receiver === "carol"
    if (isLate) late.push(line)
    return !isLate
  })
  await alice.room.rotate()
  await stage.settle()
  await bob.room.say("did you get this?")
  await stage.settle()
  for (const line of late) stage.server.inject(line, ["carol"])
  await stage.clock.advance(60_000)
  const isLost = carol.texts.length === 0 && carol.phase === "member"
  const evidence = { carol: carol.texts, noticed: carol.notices.includes("unreadable") }
  return result(isLost && "loses a message for good by a moment's delay", evidence)
}

/** The captain does not trust who asks. */
export const declinedJoinerIsNotTold: Attack = async () => {
  const seen = async (hasRoom: boolean) => {
    const stage = new Stage()
    const alice = await stage.enter("alice")
    if (hasRoom) await alice.room.start()
    const bob = await stage.enter("bob", ["alice"])
    const outcome = await stage.join(bob)
    return JSON.stringify([outcome, bob.notices, bob.room.status.phase])
  }
  const [declined, nobodyThere] = [await seen(true), await seen(false)]
  const isSame = declined === nobodyThere
  return result(isSame && "leaves a declined joiner waiting as for nobody", { declined })
}

/** The one server of the channel goes away. */
export const oneServerOnly: Attack = async () => {
  const stage = new Stage()
  const { alice, bob, carol } = await stage.threeInARoom()
  for (const name of ["alice", "bob", "carol"]) stage.server.disconnect(name)
  await stage.settle()
  const phases = [alice, bob, carol].map(({ phase }) => phase)
  const refusals = await Promise.all([alice, bob, carol].map((person) => refusal(person)))
  const isOver = phases.every((phase) => phase === "outside")
  return result(isOver && "ends every room by switching off one server", { phases, refusals })
}

/** Not on the list: the server keeps the news of a removal from one member. */
export const removedMemberReadsOnWithTheServer: Attack = async () => {
  const stage = new Stage()
  const { alice, bob, carol } = await stage.threeInARoom()
  stage.server.setFilter((line, receiver) => line.from !== "alice" || receiver !== "bob")
  const keys = stage.server.lines.filter(isOfKind("key-transport")).length
  alice.forget("carol")
  await alice.room.refresh()
  await stage.settle()
  const isRemoved = stage.server.lines.filter(isOfKind("key-transport")).length > keys
  await bob.room.say("now that she is out")
  await stage.settle()
  const evidence = { isRemoved, carol: carol.texts }
  return result(carol.texts.length === 1 && isRemoved && "reads on after being removed", evidence)
}
