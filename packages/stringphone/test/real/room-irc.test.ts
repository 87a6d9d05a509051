import { afterEach, describe, expect, it } from "vitest"
import { Identity } from "../../src/identity/index.js"
import {
  openRoom,
  type RoomEvent,
  type RoomMessage,
  type RoomSession,
  type RoomTiming,
} from "../../src/session/room/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { connectIrc, type IrcOptions, ircTransport } from "../../src/transport/irc/index.js"
import { ngircd, startLinkedNgircds, startNgircd } from "./ngircd.js"
import { type Meddler, startMeddler } from "./room-irc-meddler.js"

const stops: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

interface Person {
  readonly name: string
  readonly room: RoomSession
  readonly messages: RoomMessage[]
  readonly events: RoomEvent[]
}

/** `name` is what they call themselves in the room; on IRC they have a number. */
async function come(
  name: string,
  nick: string,
  irc: Partial<IrcOptions>,
  timing: Partial<RoomTiming>,
): Promise<Person> {
  const host = "127.0.0.1"
  const connection = await connectIrc({ host, tls: false, nick, ...irc })
  stops.push(() => connection.close())
  const person: { messages: RoomMessage[]; events: RoomEvent[] } = { messages: [], events: [] }
  const room = await openRoom({
    store: createMemoryStore(),
    identity: Identity.generate(),
    transport: ircTransport(await connection.join("#kitchen")),
    ownName: name,
    admit: "everyone",
    timing,
    onEvent(event) {
      person.events.push(event)
      if (event.kind === "message") person.messages.push(event.message)
    },
  })
  stops.push(() => room.close())
  return { name, room, ...person }
}

const texts = ({ messages }: Person): readonly string[] => messages.map(({ text }) => text)
const sorted = (all: readonly string[]): readonly string[] => [...all].sort()
const digits = (people: readonly Person[]): number =>
  new Set(people.map(({ room }) => room.status.digits)).size
const kindsOf = ({ events }: Person): readonly string[] => events.map(({ kind }) => kind)
const poll = <T>(look: () => T) => expect.poll(look, { timeout: 120_000, interval: 100 })

/** All texts, but one's own. */
const othersOf = (person: Person, said: ReadonlyMap<string, string>): readonly string[] =>
  sorted([...said].flatMap(([text, name]) => (name === person.name ? [] : [text])))

describe.skipIf(ngircd === null)("a room on two linked servers", { timeout: 240_000 }, () => {
  it("goes on through a netsplit, and is one room afterwards", async () => {
    const network = await startLinkedNgircds()
    stops.push(() => network.stop())
    const timing = { pulseMs: 3_000, silenceMs: 9_000 }
    const at = (port: number, name: string, nick: string): Promise<Person> =>
      come(name, nick, { port }, timing)
    const { one, two } = network
    const alice = await at(one.port, "Alice", "n1")
    const bob = await at(one.port, "Bob", "n2")
    const carol = await at(two.port, "Carol", "n3")
    const dave = await at(two.port, "Dave", "n4")
    const erin = await at(two.port, "Erin", "n5")
    const all = [alice, bob, carol, dave, erin]
    const said = new Map<string, string>()
    const say = async (person: Person, text: string): Promise<void> => {
      said.set(text, person.name)
      await person.room.say(text)
    }
    await alice.room.start({ title: "Tea party" })
    for (const { room } of all.slice(1)) expect(await room.join()).toEqual({ kind: "joined" })
    await poll(() => digits(all)).toBe(1)
    await Promise.all(all.map((each) => say(each, `before, from ${each.name}`)))
    for (const each of all) await poll(() => texts(each)).toHaveLength(4)

    network.split()
    await poll(() => alice.room.status.hasMajority).toBe(false)
    await say(alice, "where have they gone?")
    await poll(() => texts(bob)).toContain("where have they gone?")
    const bobsKey = bob.room.status.members.find(({ isSelf }) => isSelf)!.publicKey
    await expect(alice.room.remove(bobsKey)).rejects.toMatchObject({ code: "no-majority" })
    await expect(alice.room.rotate()).rejects.toMatchObject({ code: "no-majority" })
    await say(dave, "alice is silent")

    // Three of five choose another captain, who can change the room.
    await poll(() => carol.room.status.isCaptain).toBe(true)
    await poll(() => digits([carol, dave, erin])).toBe(1)
    expect(carol.events.filter(({ kind }) => kind === "captain").at(-1)).toMatchObject({
      how: "vote",
    })
    await carol.room.rotate()
    await say(erin, "with a new key")
    await poll(() => texts(carol)).toContain("with a new key")
    await say(bob, "still only the two of us")
    await poll(() => texts(alice)).toContain("still only the two of us")
    expect(alice.room.status).toMatchObject({ isCaptain: true, hasMajority: false })
    expect(alice.room.status.digits).not.toBe(carol.room.status.digits)

    network.heal()
    await poll(() => digits(all)).toBe(1)
    for (const each of all) {
      await poll(() => sorted(texts(each))).toEqual(othersOf(each, said))
      expect(each.room.status.captain?.name).toMatch(/^Carol~/)
      expect(each.room.status.members).toHaveLength(5)
    }
    await poll(() => alice.room.status.hasMajority).toBe(true)
    await Promise.all(all.map((each) => say(each, `after, from ${each.name}`)))
    for (const each of all) {
      await poll(() => sorted(texts(each))).toEqual(othersOf(each, said))
      expect(kindsOf(each)).not.toContain("gap")
      expect(kindsOf(each)).not.toContain("split")
      expect(kindsOf(each)).not.toContain("left")
    }
  })
})

const names = ["Alice Liddell", "Bob the Cook", "Carol Singer"]
const texted = "tea and cake ".repeat(40)

/** Three in a room on a server that is not what it seems. */
interface Meddled {
  readonly people: readonly [Person, Person, Person]
  readonly meddlers: readonly [Meddler, Meddler, Meddler]
  /** Who said which text. */
  readonly said: ReadonlyMap<string, string>
  say(person: Person, text: string): Promise<void>
  /** How many texts somebody has not got, and of how many they were told. */
  lacking(person: Person): number
  gaps(person: Person): number
}

async function meetMeddled(): Promise<Meddled> {
  const server = await startNgircd({ isFast: true })
  stops.push(() => server.stop())
  const pace = { burst: 100_000, linesPerSecond: 100_000 }
  const meddlers: Meddler[] = []
  const people: Person[] = []
  for (const [i, name] of names.entries()) {
    const meddler = await startMeddler(server.port, 41 + i)
    stops.push(() => meddler.stop())
    meddlers.push(meddler)
    people.push(await come(name, `n${i}`, { port: meddler.port, pace }, { pulseMs: 2_000 }))
  }
  const [alice, ...others] = people as [Person, Person, Person]
  await alice.room.start({ title: "Tea party" })
  for (const { room } of others) expect(await room.join()).toEqual({ kind: "joined" })
  await poll(() => digits(people)).toBe(1)
  const said = new Map<string, string>()
  return {
    people: [alice, ...others],
    meddlers: meddlers as unknown as Meddled["meddlers"],
    said,
    async say(person, text) {
      said.set(text, person.name)
      await person.room.say(text)
    },
    lacking: (person) => othersOf(person, said).length - texts(person).length,
    gaps: ({ events }) =>
      events.reduce((sum, event) => sum + (event.kind === "gap" ? event.missing : 0), 0),
  }
}

/** Each text once, by who said it, and nothing else; and not a word of it for the server. */
function expectNothingFalse({ people, meddlers, said }: Meddled): void {
  for (const each of people) {
    expect(new Set(texts(each)).size).toBe(texts(each).length)
    for (const { from, text } of each.messages) {
      expect([text, from.name.replace(/~[0-9a-f]{6}$/, "")]).toEqual([text, said.get(text)])
    }
    for (const kind of ["split", "left", "cleartext"]) expect(kindsOf(each)).not.toContain(kind)
  }
  const captured = meddlers.flatMap(({ passed }) => passed).join("\n")
  expect(captured).toContain("PRIVMSG #kitchen :?SP2,")
  for (const secret of [...said.keys(), "tea and cake", "Tea party", ...names]) {
    expect(captured).not.toContain(secret)
  }
}

describe.skipIf(ngircd === null)("a server that meddles", { timeout: 240_000 }, () => {
  it("by dropping, delaying, doubling and repeating changes nothing", async () => {
    const meddled = await meetMeddled()
    const { gaps, lacking, meddlers, people, say } = meddled
    for (const meddler of meddlers) meddler.meddling = "everything"
    for (let round = 0; round < 12; round++) {
      for (const each of people) await say(each, `${each.name}, ${round}: ${texted}`)
      if (round % 4 === 3) await people[0].room.rotate()
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    // While it still meddles, all that was said comes to everybody in the end, or is told as missing.
    await poll(() => people.filter((each) => lacking(each) > gaps(each)).map(texts)).toEqual([])
    for (const { deeds } of meddlers) {
      for (const times of Object.values(deeds)) expect(times).toBeGreaterThan(5)
    }
    for (const meddler of meddlers) meddler.meddling = "nothing"
    await poll(() => digits(people)).toBe(1)
    for (const each of people) await say(each, `good night from ${each.name}`)
    for (const each of people) await poll(() => lacking(each) <= gaps(each)).toBe(true)
    expectNothingFalse(meddled)
  })

  it("by keeping a text from somebody is found out, and by repeating all is not noticed", async () => {
    const meddled = await meetMeddled()
    const { gaps, lacking, meddlers, people, say } = meddled
    const [alice, bob, carol] = people
    const carols = meddlers[2]
    carols.meddling = "silence"
    await say(alice, "for Bob only")
    await poll(() => texts(bob)).toContain("for Bob only")
    carols.meddling = "nothing"
    await say(bob, "did you read that?")
    await poll(() => texts(carol)).toEqual(["did you read that?"])
    // She asks for it, and nobody's answer reaches her.
    carols.meddling = "silence"
    await poll(() => gaps(carol)).toBe(1)
    expect(lacking(carol)).toBe(1)
    carols.meddling = "nothing"
    await say(alice, "good night")
    for (const each of [bob, carol]) await poll(() => texts(each)).toContain("good night")

    await alice.room.rotate()
    for (const meddler of meddlers) meddler.replay()
    await say(bob, "the end")
    for (const each of [alice, carol]) await poll(() => texts(each)).toContain("the end")
    expect(texts(alice)).toEqual(["did you read that?", "the end"])
    expect(texts(bob)).toEqual(["for Bob only", "good night"])
    expect(texts(carol)).toEqual(["did you read that?", "good night", "the end"])
    expect(people.map(gaps)).toEqual([0, 0, 1])
    expect(digits(people)).toBe(1)
    expectNothingFalse(meddled)
  })
})
