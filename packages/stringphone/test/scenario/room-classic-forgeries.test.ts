// What came in the name of somebody whose signature it does not bear, of somebody revoked, of ourselves.
import { expect, test } from "vitest"
import { decideTrust } from "../../src/identity/index.js"
import { decodePacket, encodePacket, fragment, type Packet } from "../../src/room/classic/index.js"
import type { ServerLine } from "../../src/transport/memory-text.js"
import { flipped } from "../wire/fixtures.js"
import { bookOf, identityOf, type Person, Stage } from "./room-classic-people.js"

const revoked = (name: string, ...others: string[]) =>
  decideTrust(bookOf([name, ...others]), identityOf(name).publicKey, { state: "revoked", atMs: 1 })

function packetsOf(stage: Stage, kind: string): readonly Packet[] {
  return stage.server.lines
    .map(({ text }: ServerLine) => decodePacket(text.slice(text.indexOf("!") + 1)))
    .filter((packet) => packet.kind === kind)
}

function forge(stage: Stage, from: string, packet: Packet): void {
  const signature = flipped(packet.signature, 100)
  for (const text of fragment(encodePacket({ ...packet, signature }))) {
    stage.server.inject({ from, to: null, text })
  }
}

const codes = ({ events }: Person) =>
  events.flatMap((event) =>
    event.kind === "notice" && event.notice.kind === "rejected" ? [event.notice.code] : [],
  )

test("a ROOM_JOIN, KEY_TRANSPORT or INTRODUCTION with a wrong signature changes nothing", async () => {
  const stage = new Stage()
  const alice = await stage.enter("alice", ["bob", "carol"])
  const bob = await stage.enter("bob", ["alice", "carol"])
  // Nobody answers yet: Bob's question is all that the server has.
  await stage.join(bob)
  const [join] = packetsOf(stage, "room-join")
  await alice.room.start()
  forge(stage, "bob", join!)
  await stage.settle()
  expect(alice.room.status.members).toEqual([])
  expect(codes(alice)).toEqual(["bad-signature"])

  // Alice's answer is altered on its way, so Bob still has no key.
  stage.server.setFilter(({ from }) => from !== "alice")
  await stage.join(bob)
  forge(stage, "alice", packetsOf(stage, "key-transport")[0]!)
  await stage.settle()
  expect(bob.phase).toBe("joining")
  expect(codes(bob)).toEqual(["bad-signature"])

  await bob.room.introduce("alice")
  forge(stage, "bob", packetsOf(stage, "introduction")[0]!)
  await stage.settle()
  expect(alice.room.status.introduced).toHaveLength(1)
  expect(codes(alice)).toEqual(["bad-signature", "bad-signature"])
})

test("a message with a wrong signature is shown as nobody's", async () => {
  const stage = new Stage()
  const { bob, carol } = await stage.threeInARoom()
  stage.server.setFilter(({ from }) => from !== "carol")
  await carol.room.say("signed by nobody")
  forge(stage, "carol", packetsOf(stage, "room-message")[0]!)
  await stage.settle()
  expect(bob.shown).toEqual(["carol (unknown key): signed by nobody (unverified)"])
})

test("a revoked captain's keys are not taken, even if named; a revoked speaker is not shown", async () => {
  const stage = new Stage()
  const alice = await stage.enter("alice", ["bob", "carol"])
  await alice.room.start()
  const bob = await stage.enter("bob", [], { book: revoked("alice") })
  const { publicKey } = alice.identity
  for (const options of [{}, { captain: publicKey }, { acceptUnverified: true }]) {
    expect(await stage.join(bob, options)).toEqual({ kind: "no-answer" })
  }
  expect(codes(bob)).toEqual(["revoked", "revoked", "revoked"])
  const carol = await stage.enter("carol", [], { book: revoked("bob", "alice") })
  await stage.join(carol)
  const again = await stage.enter("bob", ["alice"], { nick: "bobby" })
  await stage.join(again)
  await again.room.say("hello Carol")
  await stage.settle()
  expect(alice.texts).toEqual(["hello Carol"])
  expect(carol.texts).toEqual([])
  expect(codes(carol)).toEqual(["revoked"])
})

test("our own packets, given back to us under another nick, do nothing", async () => {
  const stage = new Stage()
  const { alice, bob } = await stage.threeInARoom()
  await bob.room.say("said once")
  await bob.room.introduce("alice")
  await stage.settle()
  const [before, statuses] = [alice.notices.length + bob.notices.length, [alice, bob].map(statusOf)]
  for (const { from, text } of [...stage.server.lines]) {
    const only = [alice, bob].filter(({ name }) => name === from).map(({ name }) => name)
    stage.server.inject({ from: "mallory", to: null, text }, only)
  }
  await stage.settle()
  expect([alice, bob].map(statusOf)).toEqual(statuses)
  expect(bob.texts).toEqual([])
  expect(alice.texts).toEqual(["said once"])
  // Only the message was opened, to find out that it is a repetition.
  expect(alice.notices.length + bob.notices.length).toBe(before + 1)
  expect(bob.notices.at(-1)).toBe("replayed")
})

function statusOf({ room }: Person): string {
  return JSON.stringify(room.status)
}
