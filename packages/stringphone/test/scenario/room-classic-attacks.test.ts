// What classic rooms do not protect from, and what our classic closes with the same bytes.
// spec/room-classic.md §7
import { describe, expect, test } from "vitest"
import {
  captainAloneKnowsWhoIsIn,
  captainSplitsTheRoom,
  classicRoomAttacks,
  noRoomConsistency,
  removedMemberReadsOnWithTheServer,
  replayOfKeyTransport,
  replayOfRoomJoin,
  seventyTwoBytesAMember,
  twoCaptainsAtOnce,
} from "./room-attacks-classic.js"

/** Closed by what our client does with what it gets. */
const closed = ["replay of ROOM_MESSAGE", "hidden status", "a stranger is keyed at the next rekey"]
/** Closed in the original too, by a fresh participant key for each joining. */
const closedInTheOriginal = ["replay of KEY_TRANSPORT"]

const attacks = Object.entries(classicRoomAttacks)
const outcome = (isClosed: boolean) => (isClosed ? "fails" : "succeeds")

describe("on our classic", () => {
  test.each(
    attacks.map(([name, attack]) => [name, outcome(closed.includes(name)), attack] as const),
  )(
    "%s: %s",
    async (_, expected, attack) => {
      const { achieved } = await attack("ours")
      expect(outcome(achieved === null)).toBe(expected)
    },
    30_000,
  )
})

describe("on clients that do as the original does, where that makes a difference", () => {
  const different = attacks.filter(([, attack]) => attack.length > 0)
  test.each(
    different.map(
      ([name, attack]) => [name, outcome(closedInTheOriginal.includes(name)), attack] as const,
    ),
  )(
    "%s: %s",
    async (_, expected, attack) => {
      const { achieved } = await attack("original")
      expect(outcome(achieved === null)).toBe(expected)
    },
    30_000,
  )

  test("are five", () => {
    expect(different).toHaveLength(5)
  })
})

describe("how far they go", () => {
  test("a repeated ROOM_JOIN works only in another room of the captain", async () => {
    const { evidence } = await replayOfRoomJoin("ours")
    expect(evidence).toMatchObject({ sameRoom: false, nextRoom: true, roster: ["bob=mallory"] })
    expect((await replayOfRoomJoin("original")).evidence).toMatchObject({ sameRoom: true })
  })

  test("a repeated KEY_TRANSPORT brings no key back, and silences at most until the next", async () => {
    const { evidence } = await replayOfKeyTransport("ours")
    expect(evidence).toEqual({ wentBack: false, joinedAt: 1, silenced: true, recovered: true })
  })

  test("a second captain is at least said", async () => {
    expect((await twoCaptainsAtOnce("ours")).evidence).toMatchObject({ captains: 2, isSaid: true })
  })

  test("a split room shows the same number, captain and names on both sides", async () => {
    const { evidence } = await captainSplitsTheRoom("ours")
    expect(evidence).toMatchObject({
      counters: [50, 50],
      phases: ["member", "member"],
      captainReads: true,
      carolCould: false,
    })
    expect((await noRoomConsistency("ours")).evidence).toEqual({
      notices: ["rekeyed"],
      looksWhole: true,
    })
    expect((await captainAloneKnowsWhoIsIn("ours")).evidence).toMatchObject({ isSeen: false })
  })

  test("a removed member reads only what is said before the news arrives", async () => {
    const { evidence } = await removedMemberReadsOnWithTheServer("ours")
    expect(evidence).toEqual({ isRemoved: true, carol: ["now that she is out"] })
  })

  test("the cost of a key transport", async () => {
    const { evidence } = await seventyTwoBytesAMember("ours")
    expect(evidence["costs"]).toEqual([
      { members: 1, bytes: 204, lines: 1 },
      { members: 9, bytes: 780, lines: 3 },
      { members: 33, bytes: 2508, lines: 9 },
      { members: 34, bytes: 2580, lines: 10 },
      { members: 49, bytes: 3660, lines: 13 },
      { members: 99, bytes: 7260, lines: 26 },
      { members: 199, bytes: 14460, lines: 51 },
    ])
  }, 30_000)
})
