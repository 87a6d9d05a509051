import { describe, expect, it } from "vitest"
import { ChannelError, fromUtf8, hex } from "../../src/bytes/index.js"
import { cryptoEngine } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { openTopic, type ReceivedMessage, type TopicSession } from "../../src/session/index.js"
import { decodeJournalEntry } from "../../src/session/journal.js"
import type { Commit, Store } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { createMemoryNetwork, SimulatedClock } from "../../src/transport/memory.js"
import { checkNonces } from "./topic-home.js"

/** A store of a program that dies at its n-th step: nothing of it is done, or all, and then nothing. */
class MortalStore implements Store {
  steps = 0
  readonly #inner: Store
  readonly #diesAt: number
  readonly #afterwards: boolean

  constructor(inner: Store, diesAt: number, afterwards: boolean) {
    this.#inner = inner
    this.#diesAt = diesAt
    this.#afterwards = afterwards
  }

  get isDead(): boolean {
    return this.steps >= this.#diesAt
  }

  get(key: string): ReturnType<Store["get"]> {
    return this.#step(() => this.#inner.get(key))
  }

  list(prefix: string): ReturnType<Store["list"]> {
    return this.#step(() => this.#inner.list(prefix))
  }

  commit(commit: Commit): Promise<boolean> {
    return this.#step(() => this.#inner.commit(commit))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async #step<T>(run: () => Promise<T>): Promise<T> {
    this.steps += 1
    const isLast = this.steps === this.#diesAt
    if (this.steps > this.#diesAt || (isLast && !this.#afterwards)) return never()
    const result = await run()
    return isLast ? never() : result
  }
}

/** What a dead program gets from its disk. */
function never<T>(): Promise<T> {
  return new Promise<T>(() => {})
}

const wholeLife = 60
const runs = cryptoEngine() === "native" ? 1 : 4

describe("a program that dies at any step", () => {
  it("loses nothing that it accepted and uses no key twice", { timeout: 180_000 }, async () => {
    let completed = 0
    for (let diesAt = 1; diesAt <= wholeLife; diesAt += runs) {
      for (const afterwards of [false, true]) {
        const { isComplete } = await live(diesAt, afterwards)
        if (isComplete) completed += 1
      }
    }
    // The last lives are long enough for the whole story.
    expect(completed).toBeGreaterThan(0)
  })

  it("goes on when the disk is full for a while", async () => {
    const clock = new SimulatedClock()
    const { heard, lamp, phone } = await pair(clock)
    lamp.isFull = true
    await phone.send("while full")
    await clock.advance(5_000)
    expect(heard).toEqual([])
    lamp.isFull = false
    await clock.advance(5_000)
    expect(heard).toEqual(["while full"])
    await phone.close()
    await lamp.session.close()
  })
})

/** A lamp is let in, told things, answers, gets a new key; and dies; and another lamp goes on. */
async function live(diesAt: number, afterwards: boolean): Promise<{ isComplete: boolean }> {
  const clock = new SimulatedClock()
  const wallClock = (): number => 1_800_000_000_000 + clock.now()
  const network = createMemoryNetwork({ clock, seed: diesAt })
  const sent: Uint8Array[] = []
  const wire = network.connect("wire")
  void (async () => {
    for await (const { bytes } of wire.messages) sent.push(bytes)
  })()
  const phone = await openTopic({
    store: createMemoryStore(),
    identity: Identity.generate(),
    transport: network.connect("phone"),
    found: {},
    clock,
    wallClock,
  })
  const fromLamp: string[] = []
  void (async () => {
    for await (const { text } of phone.messages) fromLamp.push(text ?? "")
  })()

  const disk = createMemoryStore()
  const identity = Identity.generate()
  const shown: ReceivedMessage[] = []
  const start = async (store: Store, place: string): Promise<TopicSession> => {
    const session = await openTopic({
      store,
      identity,
      transport: network.connect(place),
      clock,
      wallClock,
    })
    void (async () => {
      for await (const message of session.messages) shown.push(message)
    })()
    return session
  }
  const mortal = new MortalStore(disk, diesAt, afterwards)
  const story = async (lamp: TopicSession): Promise<void> => {
    if (lamp.standing === "outside") {
      await lamp.acceptInvitation(phone.invitation())
      await phone.acceptJoinRequest(await lamp.joinRequest())
      await clock.advance(1_000)
    }
    for (let i = 0; i < 3; i++) {
      await phone.send(`order ${i}`)
      await clock.advance(100)
      await Promise.race([lamp.send(`done ${i}`), clock.advance(100)])
    }
    await phone.rotate()
    await clock.advance(2_000)
    await phone.send("after")
    await clock.advance(1_000)
  }
  const first = start(mortal, "lamp")
  await Promise.race([
    first.then(story),
    (async () => {
      while (!mortal.isDead && clock.now() < 30_000) await clock.advance(50)
      await clock.advance(200)
    })(),
  ])
  network.disconnect("lamp")
  const acceptedBefore = (await disk.list("topic/topic/inbox/")).map(({ value }) =>
    decodeJournalEntry(0, value).payloads.map(fromUtf8).join(),
  )
  const shownBefore = shown.length

  // Another process, the same disk, in the same minute.
  const second = await start(disk, "lamp again")
  await clock.advance(3_000)
  const repeated = shown.slice(shownBefore).filter(({ isRepeated }) => isRepeated)
  expect(repeated.map(({ text }) => text)).toEqual(acceptedBefore)
  await story(second)
  expect(second.standing).toBe("member")
  expect(shown.at(-1)?.text).toBe("after")
  // What is shown twice says so, and has the same name.
  const fresh = shown.filter(({ isRepeated }) => !isRepeated).map(({ id }) => id)
  expect(new Set(fresh).size).toBe(fresh.length)
  const onTheWire = new Set(sent.map(hex))
  for (const { encoded, isRepeated } of shown) {
    expect(encoded === null).toBe(isRepeated)
    if (encoded) expect(onTheWire).toContain(hex(encoded))
  }
  expect(new Set(fromLamp.slice(-3))).toEqual(new Set(["done 0", "done 1", "done 2"]))
  checkNonces(sent)
  checkCounters(sent)
  await phone.close()
  await second.close()
  return { isComplete: !mortal.isDead }
}

/** No counter is used for two messages at all: the guard is for old copies, not for crashes. */
function checkCounters(sent: readonly Uint8Array[]): void {
  const byCounter = new Map<string, string>()
  for (const bytes of sent) {
    if (!["M", "T", "B", "C"].includes(String.fromCharCode(bytes[0] ?? 0))) continue
    const key = hex(bytes.subarray(1, 11))
    const whole = hex(bytes)
    expect(byCounter.get(key) ?? whole).toBe(whole)
    byCounter.set(key, whole)
  }
}

/** A phone and a lamp whose disk can be full. */
async function pair(clock: SimulatedClock): Promise<{
  phone: TopicSession
  lamp: { session: TopicSession; isFull: boolean }
  heard: string[]
}> {
  const network = createMemoryNetwork({ clock })
  const wallClock = (): number => 1_800_000_000_000 + clock.now()
  const options = { clock, wallClock }
  const phone = await openTopic({
    ...options,
    store: createMemoryStore(),
    identity: Identity.generate(),
    transport: network.connect("phone"),
    found: {},
  })
  const disk = createMemoryStore()
  const lamp = { isFull: false } as { session: TopicSession; isFull: boolean }
  const store: Store = {
    get: (key) => disk.get(key),
    list: (prefix) => disk.list(prefix),
    close: () => disk.close(),
    commit(commit) {
      if (lamp.isFull) return Promise.reject(new ChannelError("store-full", "No space is left."))
      return disk.commit(commit)
    },
  }
  lamp.session = await openTopic({
    ...options,
    store,
    identity: Identity.generate(),
    transport: network.connect("lamp"),
  })
  await lamp.session.acceptInvitation(phone.invitation())
  await phone.acceptJoinRequest(await lamp.session.joinRequest())
  await clock.advance(5_000)
  const heard: string[] = []
  void (async () => {
    for await (const { text } of lamp.session.messages) heard.push(text ?? "")
  })()
  return { phone, lamp, heard }
}
