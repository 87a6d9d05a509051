// What can not be read is said to be so, with the reason; all else is read.
import { beforeEach, describe, expect, test } from "vitest"
import { ChannelError } from "../../src/bytes/index.js"
import { watchStick } from "../../src/session/mailbox/stick.js"
import { SimulatedClock } from "../../src/transport/clock.js"
import { MemoryStickFolder } from "./mailbox-stick-folder.js"
import { check, envelopesOf, Hub, idsOf, readBy, today } from "./mailbox-stick-scene.js"

const sent = envelopesOf(5)
let stick: MemoryStickFolder

beforeEach(async () => {
  stick = new MemoryStickFolder()
  await new Hub(sent).exportTo(stick)
})

function namesOf(kind: string): string[] {
  return [...stick.files.keys()].filter((name) => name.endsWith(kind))
}

/** @returns what was in them */
function remove(kind: string): readonly (readonly [string, Uint8Array])[] {
  return namesOf(kind).map((name) => {
    const bytes = stick.files.get(name)!
    stick.files.delete(name)
    return [name, bytes] as const
  })
}

describe("Importing tells of", () => {
  test("nothing, when all is well", async () => {
    expect((await readBy(stick)).result).toMatchObject({ new: 5, unreadable: [] })
    expect((await readBy(new MemoryStickFolder())).result.unreadable).toEqual([])
  })

  test("segments without their key", async () => {
    const [name] = namesOf(".mail")
    remove(".key")
    const { result } = await readBy(stick)
    expect(result).toMatchObject({ found: 0, damaged: 1 })
    expect(result.unreadable).toMatchObject([{ name, reason: "no-key" }])
    expect(result.unreadable[0]?.explanation).toContain("Copy its .key file")
  })

  test("a key without its segments", async () => {
    const [key] = namesOf(".key")
    remove(".mail")
    remove(".list")
    const { result } = await readBy(stick)
    expect(result).toMatchObject({ found: 0, damaged: 0 })
    expect(result.unreadable).toMatchObject([{ name: key, reason: "no-mail" }])
  })

  test("lists without their segments, until these would have expired", async () => {
    const [list] = namesOf(".list")
    remove(".mail")
    const { result } = await readBy(stick)
    expect(result).toMatchObject({ found: 0, damaged: 0 })
    expect(result.unreadable).toMatchObject([{ name: list, reason: "no-mail" }])
    expect((await readBy(stick, { today: today + 11 })).result.unreadable).toEqual([])
  })

  test("a segment whose key is missing, beside others", async () => {
    const [foreign] = namesOf(".mail")
    remove(".key")
    const more = envelopesOf(3)
    await new Hub(more).exportTo(stick)
    const { ids, result } = await readBy(stick)
    expect(ids).toEqual(idsOf(more))
    expect(result.unreadable).toMatchObject([{ name: foreign, reason: "altered" }])
  })

  test("sealed mail on a stick that also has open mail", async () => {
    const before = namesOf(".mail")
    await new Hub(envelopesOf(3)).exportTo(stick, { passphrase: "horse" })
    const [sealed] = namesOf(".mail").filter((name) => !before.includes(name))
    const { ids, result } = await readBy(stick)
    expect(ids).toEqual(idsOf(sent))
    expect(result.unreadable).toMatchObject([{ name: sealed, reason: "sealed" }])
    expect((await readBy(stick, { passphrase: "horse" })).result.unreadable).toEqual([])
  })

  test("a segment that was altered from its beginning, once", async () => {
    const [name] = namesOf(".mail")
    stick.files.get(name!)![1_000]! ^= 1
    const { result } = await readBy(stick)
    expect(result.unreadable).toMatchObject([{ name, reason: "altered" }])
  })

  test("a file that the disk does not give", async () => {
    const [name] = namesOf(".mail")
    const open = stick.open.bind(stick)
    stick.open = async (wanted) => {
      if (wanted === name) throw new ChannelError("stick-failed", "Input/output error")
      return open(wanted)
    }
    const { result } = await readBy(stick)
    expect(result).toMatchObject({ damaged: 1, unreadable: [{ name, reason: "failed" }] })
  })
})

describe("A watched folder", () => {
  test("whose key comes after its mail is read when it has come", async () => {
    const keys = remove(".key")
    const bob = new Hub()
    const clock = new SimulatedClock()
    const rounds: string[] = []
    const watch = watchStick({
      ...{ folder: stick, clock, check, intervalMs: 1_000, today: () => today },
      ...{ store: bob.store, has: bob.has, accept: bob.accept },
      onRound: ({ imported }) =>
        rounds.push(imported?.unreadable.map(({ reason }) => reason).join() ?? "nothing"),
    })
    await clock.advance(3_500)
    expect(bob.ids).toEqual([])
    // Not again and again: another key has to come first.
    expect(rounds).toEqual(["no-key", "nothing", "nothing", "nothing"])
    for (const [name, bytes] of keys) stick.files.set(name, bytes)
    await clock.advance(2_000)
    expect(bob.ids).toEqual(idsOf(sent))
    await watch.close()
  })
})
