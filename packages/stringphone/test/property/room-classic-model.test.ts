// A captain and three others do what people may do, on a channel that delivers late but in order. A
// model that knows no cryptography foretells who may read what.
import fc from "fast-check"
import { expect, test } from "vitest"
import { sameBytes, UsageError } from "../../src/bytes/index.js"
import { addContact, type ContactBook } from "../../src/identity/index.js"
import {
  type ClassicRoomEffect,
  type ClassicRoomEvent,
  type ClassicRoomState,
  decodePacket,
  outsideClassicRoom,
  packetSigner,
  stepClassicRoom,
} from "../../src/room/classic/index.js"
import { countingRandom } from "../wire/room-classic-fixtures.js"
import { secret } from "../wire/fixtures.js"

const people = [0, 1, 2, 3].map((i) => packetSigner(secret(i + 1)))
const everyone = people.reduce<ContactBook>(
  (book, { publicKey }, i) =>
    addContact(book, { petname: `person ${i}`, publicKey }, { state: "trusted", atMs: 0 }),
  [],
)

interface Client {
  nick: string
  state: ClassicRoomState
  isPresent: boolean
  /** What the server has still to give them. */
  readonly queue: ClassicRoomEvent[]
  /** They have had every key after the one of this number. */
  since: number
  readonly read: Map<string, number>
  readonly random: (length: number) => Uint8Array
}

interface Said {
  readonly text: string
  readonly by: number
  /** Number of the key that it was encrypted with. */
  readonly key: number
}

/** Random bytes differ between clients. */
function randomOf(i: number): (length: number) => Uint8Array {
  let next = 0
  return (length) => {
    const bytes = new Uint8Array(length).fill(i + 1)
    new DataView(bytes.buffer).setUint32(0, ++next)
    return bytes
  }
}

class World {
  readonly clients: Client[] = people.map((_, i) => ({
    nick: `nick${i}`,
    state: outsideClassicRoom,
    isPresent: true,
    queue: [],
    since: i === 0 ? 0 : Infinity,
    read: new Map<string, number>(),
    random: randomOf(i),
  }))
  readonly said: Said[] = []
  /** By number of the key transport: whom the captain meant it for. */
  readonly readers: ReadonlySet<number>[] = []
  trusted: ContactBook = everyone
  nowMs = 0
  renames = 0

  step(i: number, event: ClassicRoomEvent): void {
    const client = this.clients[i]!
    const before = client.state
    try {
      const [state, effects] = stepClassicRoom(client.state, event, {
        signer: people[i]!,
        contacts: i === 0 ? this.trusted : everyone,
        random: client.random,
        nowMs: this.nowMs,
      })
      client.state = state
      // Who joins has the keys from the first one that opens; a captain who is alone drops all.
      if (before.phase === "joining" && state.phase === "member") client.since = state.counter - 1
      if (state.phase === "captain" && state.keys.length === 0) client.since = this.readers.length
      for (const effect of effects) this.perform(i, effect)
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError)
      expect(client.state).toBe(before)
    }
    this.check(i)
  }

  perform(i: number, effect: ClassicRoomEffect): void {
    const { nick, state, read } = this.clients[i]!
    if (effect.kind === "send") {
      const packet = decodePacket(effect.text)
      if (packet.kind === "key-transport") {
        expect(i).toBe(0)
        expect(packet.counter).toBe(this.readers.length + 1)
        const members = "members" in state ? state.members : []
        expect(packet.cells).toHaveLength(members.length)
        const ids = members.map(({ identityKey }) =>
          people.findIndex(({ publicKey }) => sameBytes(publicKey, identityKey)),
        )
        this.readers.push(new Set([0, ...ids]))
      }
      const heard = { kind: "packet", from: nick, isPrivate: false, text: effect.text } as const
      this.broadcast(i, heard)
    }
    if (effect.kind === "deliver") {
      const { text, identityKey } = effect.message
      const said = this.said.find((each) => each.text === text)!
      expect(this.readers[said.key - 1]!.has(i), `${i} reads what was said to others`).toBe(true)
      // Whoever joined anew may have no key of the speaker's yet; nobody else's ever fits.
      if (identityKey) expect(identityKey).toEqual(people[said.by]!.publicKey)
      read.set(text, (read.get(text) ?? 0) + 1)
    }
  }

  broadcast(from: number, event: ClassicRoomEvent): void {
    this.clients.forEach((client, i) => {
      if (i !== from && client.isPresent && this.clients[from]!.isPresent) client.queue.push(event)
    })
  }

  say(i: number): void {
    const { state } = this.clients[i]!
    const text = `message ${this.said.length}`
    const isKeyed = "keys" in state && state.keys.length > 0
    const maySay = (state.phase === "member" || state.phase === "captain") && isKeyed
    if (maySay) this.said.push({ text, by: i, key: state.counter })
    const before = this.clients.map(({ queue }) => queue.length)
    this.step(i, { kind: "say", text })
    if (!maySay) expect(this.clients.map(({ queue }) => queue.length)).toEqual(before)
  }

  join(i: number): void {
    const client = this.clients[i]!
    if (!client.isPresent) return
    client.since = Infinity
    this.step(i, { kind: "join", others: ["somebody"] })
  }

  go(i: number, reason: string): void {
    const client = this.clients[i]!
    if (!client.isPresent) return
    this.broadcast(i, { kind: "left", who: client.nick, reason })
    client.isPresent = false
    client.queue.length = 0
    client.since = Infinity
    this.step(i, { kind: "gone" })
  }

  rename(i: number): void {
    const client = this.clients[i]!
    if (!client.isPresent) return
    const to = `renamed${this.renames++}`
    this.broadcast(i, { kind: "renamed", who: client.nick, to })
    client.nick = to
  }

  deliver(i: number, count: number): void {
    const { queue } = this.clients[i]!
    for (const event of queue.splice(0, count)) this.step(i, event)
  }

  check(i: number): void {
    const { state } = this.clients[i]!
    if (!("keys" in state)) return
    expect(state.keys.length).toBeLessThanOrEqual(10)
    expect(new Set(state.keys.map(({ key }) => String(key))).size).toBe(state.keys.length)
    expect(state.counter).toBeLessThanOrEqual(this.readers.length)
  }

  /** Whoever was in without a break, and has the key still, reads each message once. */
  checkAllRead(): void {
    for (const client of this.clients) {
      for (const times of client.read.values()) expect(times).toBe(1)
    }
    for (const { text, by, key } of this.said) {
      for (const i of this.readers[key - 1]!) {
        const { since, isPresent, read } = this.clients[i]!
        if (i === by || !isPresent || since >= key || this.readers.length - key >= 10) continue
        expect(read.get(text), `${i} reads ${text}`).toBe(1)
      }
    }
  }
}

const who = fc.integer({ min: 1, max: 3 })
const anyone = fc.integer({ min: 0, max: 3 })
type Action = (world: World) => void
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: who.map((i) => (world: World) => world.join(i)) },
  { weight: 9, arbitrary: anyone.map((i) => (world: World) => world.say(i)) },
  {
    weight: 12,
    arbitrary: fc.tuple(anyone, fc.integer({ min: 1, max: 8 })).map(
      ([i, count]) =>
        (world: World) =>
          world.deliver(i, count),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(who, fc.constantFrom("parted", "kicked", "quit", "netsplit")).map(
      ([i, reason]) =>
        (world: World) =>
          world.go(i, reason),
    ),
  },
  {
    weight: 2,
    arbitrary: who.map((i) => (world: World) => {
      world.clients[i]!.isPresent = true
    }),
  },
  { weight: 1, arbitrary: anyone.map((i) => (world: World) => world.rename(i)) },
  { weight: 1, arbitrary: fc.constant((world: World) => world.step(0, { kind: "rotate" })) },
  {
    weight: 1,
    arbitrary: fc.constant((world: World) => {
      world.nowMs += 600_000
      world.step(0, { kind: "tick" })
    }),
  },
)

test("nobody reads what was said to others; who is in reads everything once", () => {
  let reads = 0
  fc.assert(
    fc.property(fc.array(action, { minLength: 10, maxLength: 120, size: "max" }), (actions) => {
      const world = new World()
      world.step(0, { kind: "start", others: [] })
      for (const i of [1, 2, 3]) world.join(i)
      for (const i of [0, 1, 2, 3]) world.deliver(i, Infinity)
      for (const act of actions) act(world)
      for (let rest = 0; rest < 4; rest++) {
        world.clients.forEach((_, i) => world.deliver(i, Infinity))
      }
      world.checkAllRead()
      for (const { read } of world.clients) reads += read.size
    }),
    { numRuns: 40 },
  )
  expect(reads).toBeGreaterThan(100)
}, 120_000)

test("who is trusted no more is in no later key", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60, size: "max" }), who, (actions, removed) => {
      const world = new World()
      world.step(0, { kind: "start", others: [] })
      for (const act of actions) act(world)
      world.trusted = everyone.filter(
        ({ publicKey }) => !sameBytes(publicKey, people[removed]!.publicKey),
      )
      world.step(0, { kind: "contacts" })
      const from = world.readers.length - 1
      for (const act of actions) act(world)
      world.clients.forEach((_, i) => world.deliver(i, Infinity))
      for (const readers of world.readers.slice(from + 1)) expect(readers.has(removed)).toBe(false)
      const { state } = world.clients[0]!
      const roster = "members" in state ? state.members : []
      for (const { identityKey } of roster) {
        expect(identityKey).not.toEqual(people[removed]!.publicKey)
      }
    }),
    { numRuns: 20 },
  )
}, 120_000)

test("any packet texts, from anyone, in any state: notices and nothing thrown", () => {
  const world = new World()
  world.step(0, { kind: "start", others: [] })
  world.join(1)
  for (let round = 0; round < 3; round++)
    world.clients.forEach((_, i) => world.deliver(i, Infinity))
  const states = [outsideClassicRoom, ...world.clients.map(({ state }) => state)]
  fc.assert(
    fc.property(
      fc.constantFrom(...states),
      fc.string(),
      fc.oneof(
        fc.string(),
        fc
          .tuple(fc.constantFrom("00", "01", "02", "03"), fc.uint8Array({ maxLength: 400 }))
          .map(([opcode, bytes]) => opcode + btoa(String.fromCharCode(...bytes))),
      ),
      fc.boolean(),
      (state, from, text, isPrivate) => {
        const event = { kind: "packet", from, text, isPrivate } as const
        const [signer, random] = [people[2]!, countingRandom()]
        const context = { signer, random, contacts: everyone, nowMs: 0 }
        const [next, effects] = stepClassicRoom(state, event, context)
        expect(next).toBe(state)
        expect(effects.every(({ kind }) => kind === "notice")).toBe(true)
        expect(effects).toHaveLength(1)
      },
    ),
    { numRuns: 300 },
  )
}, 60_000)
