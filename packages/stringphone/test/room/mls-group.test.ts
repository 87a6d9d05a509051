import { describe, expect, test, vi } from "vitest"
import { fromUtf8, PeerError, utf8 } from "../../src/bytes/index.js"
import {
  apply,
  commit,
  createGroup,
  decodeGroup,
  encodeGroup,
  exportSecret,
  forget,
  groupInfo,
  inspect,
  joinByExternalCommit,
  open,
  retainedEpochs,
  seal,
  type CommitFacts,
  type Group,
  type JoinFacts,
} from "../../src/room/mls/group.js"
import {
  accept,
  agree,
  environment,
  found,
  groupOf,
  joined,
  leaf,
  none,
  roomId,
} from "./mls-members.js"

type Three = [Group, Group, Group]
const three = async (): Promise<Three> => (await groupOf("alice", "bob", "carol")) as Three

describe("a group", () => {
  test("is founded alone, in epoch 0", async () => {
    const alice = await found()
    expect([alice.epoch, alice.ownIndex, alice.isRemoved]).toEqual([0, 0, false])
    expect(alice.roomId).toEqual(roomId)
    expect(fromUtf8(alice.settings)).toBe("settings")
    expect(alice.authenticator.length).toBe(32)
    expect(alice.leaves.map(({ credential }) => fromUtf8(credential))).toEqual(["alice"])
  })

  test("is joined by external commit; all agree", async () => {
    const members = await three()
    expect(agree(members)).toBe(true)
    expect(members.map(({ ownIndex }) => ownIndex)).toEqual([0, 1, 2])
    for (const member of members) {
      expect(member.epoch).toBe(2)
      expect(member.leaves).toEqual(members[0].leaves)
      expect(member.leaves.map(({ credential }) => fromUtf8(credential))).toEqual([
        "alice",
        "bob",
        "carol",
      ])
    }
  })

  test("exports secrets that all have alike, one for each purpose and epoch", async () => {
    const [alice, bob] = await three()
    const secret = (one: Group, label: string, context: string, length = 32) =>
      exportSecret(one, label, utf8(context), length)
    const of = await secret(alice, "a", "1")
    expect(await secret(bob, "a", "1")).toEqual(of)
    expect(await secret(bob, "b", "1")).not.toEqual(of)
    expect(await secret(bob, "a", "2")).not.toEqual(of)
    expect((await secret(bob, "a", "1", 99)).length).toBe(99)
    const next = await commit(alice, {}, none)
    expect(await secret(next.group, "a", "1")).not.toEqual(of)
  })
})

describe("messages", () => {
  test("open for everybody else, with sender, key and associated data", async () => {
    const [alice, bob, carol] = await three()
    const { message } = await seal(bob, utf8("hello"), utf8("open"))
    for (const member of [alice, carol]) {
      const { group, ...opened } = await open(member, message)
      expect(opened).toEqual({
        sender: 1,
        signatureKey: bob.leaves[1]?.signatureKey,
        payload: utf8("hello"),
        associatedData: utf8("open"),
        epoch: 2,
      })
      await expect(open(group, message)).rejects.toMatchObject({ code: "replayed" })
    }
    await expect(open(bob, message)).rejects.toMatchObject({ code: "own-message" })
    expect(inspect(message)).toEqual({
      roomId,
      epoch: 2,
      kind: "application",
      associatedData: utf8("open"),
    })
  })

  test("out of order, within bounds", async () => {
    const [alice, bob] = await three()
    const sent: Uint8Array[] = []
    let sender = bob
    for (let i = 0; i < 45; i++) {
      const sealed = await seal(sender, Uint8Array.of(i), none)
      sender = sealed.group
      sent.push(sealed.message)
    }
    let receiver = (await open(alice, sent[40] as Uint8Array)).group
    for (const i of [39, 20, 9, 41]) {
      const { group, payload } = await open(receiver, sent[i] as Uint8Array)
      expect(payload).toEqual(Uint8Array.of(i))
      receiver = group
      await expect(open(receiver, sent[i] as Uint8Array)).rejects.toMatchObject({
        code: "replayed",
      })
    }
    await expect(open(receiver, sent[0] as Uint8Array)).rejects.toMatchObject({ code: "replayed" })
  })

  test("not more than 1,000 of a sender may be missing", { timeout: 60_000 }, async () => {
    const [alice, bob] = await three()
    let sender = bob
    let message: Uint8Array = none
    for (let i = 0; i <= 1001; i++) ({ group: sender, message } = await seal(sender, none, none))
    await expect(open(alice, message)).rejects.toMatchObject({ code: "too-far-ahead" })
  })

  test("of former epochs, until they are forgotten", async () => {
    let [alice, bob, carol] = await three()
    const sent: Uint8Array[] = []
    for (let i = 0; i <= retainedEpochs; i++) {
      sent.push((await seal(bob, Uint8Array.of(i), none)).message)
      const change = await commit(alice, {}, none)
      alice = change.group
      bob = await apply(bob, change.message, accept)
      carol = await apply(carol, change.message, accept)
    }
    await expect(open(carol, sent[0] as Uint8Array)).rejects.toMatchObject({
      code: "wrong-epoch",
      epoch: 2,
    })
    for (let i = 1; i <= retainedEpochs; i++) {
      const { epoch, group, payload } = await open(carol, sent[i] as Uint8Array)
      expect([epoch, payload]).toEqual([2 + i, Uint8Array.of(i)])
      await expect(open(group, sent[i] as Uint8Array)).rejects.toMatchObject({ code: "replayed" })
    }
    carol = forget(carol, 5)
    await expect(open(carol, sent[2] as Uint8Array)).rejects.toMatchObject({ code: "wrong-epoch" })
    expect((await open(carol, sent[3] as Uint8Array)).epoch).toBe(5)
  })

  test("of an epoch that we have not reached say so", async () => {
    const [alice, bob] = await three()
    const change = await commit(alice, {}, none)
    const { message } = await seal(change.group, utf8("soon"), none)
    await expect(open(bob, message)).rejects.toMatchObject({ code: "wrong-epoch", epoch: 3 })
    const caughtUp = await apply(bob, change.message, accept)
    expect((await open(caughtUp, message)).payload).toEqual(utf8("soon"))
  })

  test("of another room are refused", async () => {
    const [alice] = await three()
    const other = await groupOf("x", "y", "z")
    const { message } = await seal(other[1] as Group, utf8("hello"), none)
    await expect(open(alice, message)).rejects.toMatchObject({ code: "not-authentic" })
  })
})

describe("commits", () => {
  test("remove several members and change settings at once", async () => {
    const members = await groupOf("alice", "bob", "carol", "dave", "erin")
    const change = await commit(
      members[1] as Group,
      { remove: [0, 3], settings: utf8("new") },
      utf8("why"),
    )
    const seen: CommitFacts[] = []
    const after: Group[] = [change.group]
    for (const i of [2, 4]) {
      after.push(await apply(members[i] as Group, change.message, (facts) => seen.push(facts)))
    }
    expect(agree(after)).toBe(true)
    expect(after.map((one) => fromUtf8(one.settings))).toEqual(["new", "new", "new"])
    expect(after[1]?.leaves.map(({ index }) => index)).toEqual([1, 2, 4])
    expect(seen[0]).toEqual({
      committer: 1,
      joiner: null,
      removed: [0, 3],
      settings: utf8("new"),
      associatedData: utf8("why"),
    })
    const gone = await apply(members[3] as Group, change.message, accept)
    expect([gone.isRemoved, gone.epoch]).toEqual([true, 4])
    // What was under way when they were removed still opens; what follows does not.
    const { message } = await seal(members[4] as Group, utf8("before"), none)
    expect((await open(gone, message)).payload).toEqual(utf8("before"))
    const later = await seal(change.group, utf8("after"), none)
    await expect(open(gone, later.message)).rejects.toMatchObject({ code: "wrong-epoch" })
    for (const work of [seal(gone, none, none), commit(gone, {}, none), groupInfo(gone)]) {
      await expect(work).rejects.toMatchObject({ code: "removed" })
    }
    const saved = decodeGroup(encodeGroup(gone), environment)
    expect(saved.isRemoved).toBe(true)
    expect((await open(saved, message)).payload).toEqual(utf8("before"))
  })

  test("bring new keys also when only settings change", async () => {
    const [alice, bob, carol] = await three()
    const change = await commit(alice, { settings: utf8("new") }, none)
    const empty = await commit(alice, {}, none)
    expect(change.message.length).toBeGreaterThan(empty.message.length)
    const after = [change.group, await apply(bob, change.message, accept)]
    after.push(await apply(carol, change.message, accept))
    expect(agree(after)).toBe(true)
  })

  test("free leaves are taken again", async () => {
    const members = await groupOf("alice", "bob", "carol", "dave")
    const change = await commit(members[0] as Group, { remove: [1] }, none)
    const rest = [change.group]
    for (const i of [2, 3]) rest.push(await apply(members[i] as Group, change.message, accept))
    const after = await joined(rest, "erin")
    expect(after.at(-1)?.ownIndex).toBe(1)
    expect(agree(after)).toBe(true)
  })

  test("refused by the check change nothing", async () => {
    const [alice, bob] = await three()
    const change = await commit(alice, { remove: [2] }, none)
    for (const no of [new PeerError("no", "No."), new TypeError("a mistake")]) {
      const check = (): never => {
        throw no
      }
      await expect(apply(bob, change.message, check)).rejects.toBe(no)
      const joining = joinByExternalCommit(
        await groupInfo(bob),
        leaf("x"),
        none,
        { check },
        environment,
      )
      await expect(joining).rejects.toBe(no)
    }
    expect(bob.epoch).toBe(2)
    expect((await apply(bob, change.message, accept)).epoch).toBe(3)
  })

  test("of our own, twice, of a former epoch, of ourselves", async () => {
    const [alice, bob] = await three()
    const change = await commit(alice, {}, none)
    await expect(apply(alice, change.message, accept)).rejects.toMatchObject({
      code: "own-message",
    })
    const after = await apply(bob, change.message, accept)
    await expect(apply(after, change.message, accept)).rejects.toMatchObject({
      code: "wrong-epoch",
      epoch: 2,
    })
    await expect(open(bob, change.message)).rejects.toMatchObject({ code: "refused" })
    const said = await seal(alice, none, none)
    await expect(apply(bob, said.message, accept)).rejects.toMatchObject({ code: "refused" })
    for (const remove of [[0], [1, 1], [3], [-1], [0.5]]) {
      await expect(commit(alice, { remove }, none)).rejects.toMatchObject({ code: "bad-member" })
    }
  })
})

describe("joining", () => {
  test("shows the newcomer the room, and the room the newcomer", async () => {
    const [alice, bob, carol] = await three()
    const own = leaf("dave")
    const rooms: JoinFacts[] = []
    const check = (room: JoinFacts): void => void rooms.push(room)
    const info = await groupInfo(bob)
    const entry = await joinByExternalCommit(info, own, utf8("grant"), { check }, environment)
    expect(rooms).toEqual([
      { leaves: bob.leaves, roomId, epoch: 2, settings: utf8("settings"), signer: 1 },
    ])
    expect(inspect(entry.message)).toEqual({
      roomId,
      epoch: 2,
      kind: "external-commit",
      associatedData: utf8("grant"),
    })
    const seen: CommitFacts[] = []
    const after = [entry.group]
    for (const one of [alice, bob, carol]) {
      after.push(await apply(one, entry.message, (facts) => seen.push(facts)))
    }
    expect(agree(after)).toBe(true)
    expect(seen[0]).toEqual({
      committer: null,
      joiner: {
        signatureKey: entry.group.leaves[3]?.signatureKey,
        credential: utf8("dave"),
      },
      removed: [],
      settings: null,
      associatedData: utf8("grant"),
    })
  })

  test("again, in place of the former self", async () => {
    const [alice, bob, carol] = await three()
    const info = await groupInfo(alice)
    const options = { check: accept, replaces: 1 }
    const entry = await joinByExternalCommit(info, leaf("bob again"), none, options, environment)
    const removed: (readonly number[])[] = []
    const after = [entry.group]
    for (const one of [alice, carol]) {
      after.push(await apply(one, entry.message, (facts) => removed.push(facts.removed)))
    }
    expect(removed).toEqual([[1], [1]])
    expect(agree(after)).toBe(true)
    expect(entry.group.leaves.map(({ credential }) => fromUtf8(credential))).toEqual([
      "alice",
      "bob again",
      "carol",
    ])
    expect((await apply(bob, entry.message, accept)).isRemoved).toBe(true)
    await expect(
      joinByExternalCommit(info, leaf("x"), none, { check: accept, replaces: 7 }, environment),
    ).rejects.toMatchObject({ code: "refused" })
    const alone = await groupInfo(await found())
    await expect(
      joinByExternalCommit(alone, leaf("x"), none, { check: accept, replaces: 0 }, environment),
    ).rejects.toMatchObject({ code: "refused" })
  })

  test("a room with a credential that is not bound to its key is refused", async () => {
    const [alice] = await three()
    const info = await groupInfo(alice)
    const bobs = alice.leaves[1]?.signatureKey
    const picky = {
      ...environment,
      isCredentialValid: (_: Uint8Array, key: Uint8Array) => key.join() !== bobs?.join(),
    }
    await expect(
      joinByExternalCommit(info, leaf("x"), none, { check: accept }, picky),
    ).rejects.toMatchObject({ code: "refused" })
    const entry = await joinByExternalCommit(info, leaf("x"), none, { check: accept }, environment)
    const nobody = { ...environment, isCredentialValid: () => false }
    const closed = decodeGroup(encodeGroup(alice), nobody)
    await expect(apply(closed, entry.message, accept)).rejects.toMatchObject({ code: "refused" })
  })
})

describe("saved state", () => {
  test("is the same again, and goes on", async () => {
    let members: Group[] = await three()
    const first = await seal(members[1] as Group, utf8("skipped"), none)
    const second = await seal(first.group, utf8("second"), none)
    members[0] = (await open(members[0] as Group, second.message)).group
    members[1] = second.group
    const change = await commit(members[2] as Group, {}, none)
    members = [
      await apply(members[0], change.message, accept),
      await apply(members[1], change.message, accept),
      change.group,
    ]
    const restored = members.map((one) => decodeGroup(encodeGroup(one), environment))
    expect(restored.map(encodeGroup)).toEqual(members.map(encodeGroup))
    expect((await open(restored[0] as Group, first.message)).payload).toEqual(utf8("skipped"))
    await expect(open(restored[0] as Group, second.message)).rejects.toMatchObject({
      code: "replayed",
    })
    expect(agree(await joined(restored, "dave"))).toBe(true)
  })

  test("cut anywhere or of another format is refused", async () => {
    const bytes = encodeGroup((await three())[0])
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => decodeGroup(bytes.subarray(0, length), environment)).toThrow(
        expect.objectContaining({ code: "bad-group" }),
      )
    }
    expect(() => decodeGroup(Uint8Array.of(2, ...bytes.subarray(1)), environment)).toThrow(
      expect.objectContaining({ code: "bad-group" }),
    )
  })

  test("shows no secrets by itself", async () => {
    const [alice] = await three()
    expect([JSON.stringify(alice), Object.keys(alice)]).toEqual(["{}", []])
  })
})

describe("a pure layer", () => {
  test("takes all of its randomness from outside", async () => {
    const story = async () => {
      let counter = 0
      const random = (length: number) => new Uint8Array(length).map(() => counter++ * 7919)
      const sure = { ...environment, randomBytes: random }
      const own = (i: number) => ({ signatureSeed: new Uint8Array(32).fill(i), credential: none })
      const alice = await createGroup({ roomId, own: own(1), settings: none }, sure)
      const info = await groupInfo(alice)
      const entry = await joinByExternalCommit(info, own(2), none, { check: accept }, sure)
      const after = await apply(alice, entry.message, accept)
      const change = await commit(after, { settings: utf8("new") }, none)
      const said = await seal(change.group, utf8("hello"), none)
      return [info, entry.message, change.message, said.message, encodeGroup(said.group)]
    }
    expect(await story()).toEqual(await story())
  })

  test("needs no clock, and of WebCrypto nothing that plain HTTP lacks", async () => {
    const getRandomValues = crypto.getRandomValues.bind(crypto)
    vi.stubGlobal("crypto", { getRandomValues })
    vi.spyOn(Date, "now").mockImplementation(() => {
      throw new Error("a clock")
    })
    try {
      const members = await three()
      const change = await commit(members[0], { remove: [1] }, none)
      const after = await apply(members[2], change.message, accept)
      const { message } = await seal(after, utf8("hello"), none)
      expect((await open(change.group, message)).payload).toEqual(utf8("hello"))
    } finally {
      vi.unstubAllGlobals()
      vi.restoreAllMocks()
    }
  })
})

test("bytes handed in are not kept", async () => {
  const [alice, bob] = await three()
  const info = await groupInfo(alice)
  const entry = await joinByExternalCommit(info, leaf("dave"), none, { check: accept }, environment)
  info.fill(0)
  const copy = Uint8Array.from(entry.message)
  const after = [entry.group, await apply(bob, copy, accept)]
  copy.fill(0)
  after.push(await apply(alice, entry.message, accept))
  expect(agree(after)).toBe(true)
  expect(agree(await joined(after, "erin"))).toBe(true)
})
