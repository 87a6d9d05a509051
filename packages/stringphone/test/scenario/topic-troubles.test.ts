// What a reviewer broke, each as somebody would have noticed it.
import { describe, expect, it } from "vitest"
import { ChannelError, hex, sameBytes } from "../../src/bytes/index.js"
import { StoredTopic, type TopicEvent } from "../../src/session/index.js"
import type { Store } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { newRekeyKey, type SavedTopic, Topic } from "../../src/topic/index.js"
import { decodeData } from "../../src/topic/wire/data.js"
import { decodeState, encodeState } from "../../src/topic/wire/state.js"
import {
  assemble,
  bareTopic,
  counted,
  device,
  heard,
  intercept,
  isRekey,
  isRemovalNotice,
  keyOf,
  letIn,
  newPlace,
  rekeysIn,
  savedIn,
  textsOf,
} from "./topic-device.js"
import { copyOf, Group } from "./topic-home.js"

const seconds = 1_000
const minutes = 60_000

/** Everyone of these says something, again and again. */
async function talk(
  group: Group,
  names: readonly string[],
  { times, everyMs }: { readonly times: number; readonly everyMs: number },
): Promise<void> {
  for (let i = 0; i < times; i++) {
    for (const name of names) await group.get(name).say(1)
    await group.clock.advance(everyMs)
  }
}

const gapsOf = (events: readonly TopicEvent[]): TopicEvent[] =>
  events.filter(({ kind }) => kind === "gap")

/** Whether each of these hears the others now. */
async function checkTalking(group: Group, names: readonly string[]): Promise<void> {
  const before = new Map(names.map((name) => [name, heard(group, name).length]))
  await talk(group, names, { times: 1, everyMs: 3 * seconds })
  for (const name of names) {
    const since = heard(group, name).slice(before.get(name))
    const speakers = new Set(since.map((text) => text?.split(":")[0]))
    const others = names.filter((other) => other !== name)
    expect([...speakers].sort(), `${name} hears the others`).toEqual(others.sort())
  }
}

describe("several programs on one device", () => {
  it("one that only sends, open across a new key and closed, disturbs nobody", async () => {
    const group = await assemble(new Group(1), ["phone", "lamp"])
    const phone = group.get("phone")
    const { identity, store } = phone
    const sendOnly = (name: string): ReturnType<typeof device> =>
      device(group, name, { identity, store, receive: "if-free" })
    const first = await sendOnly("script")
    expect(first.session.isReceiver).toBe(false)
    await first.session.send("phone:script 1")
    await phone.say(1)
    await phone.session.rotate()
    await group.clock.advance(2 * seconds)
    await first.session.close()
    await phone.say(1)
    const second = await sendOnly("script again")
    await second.session.send("phone:script 2")
    await phone.session.rotate()
    await group.clock.advance(2 * seconds)
    await second.session.send("phone:script 3")
    await phone.say(1)
    await second.session.close()
    await group.clock.advance(2 * seconds)
    // Nor is what it left behind in the way of the receiver, should that crash now.
    phone.crash()
    await group.start("phone")
    await group.clock.advance(2 * seconds)
    await phone.say(1)
    await group.clock.advance(2 * seconds)
    const texts = ["script 1", "0", "1", "script 2", "script 3", "2", "3"]
    expect(heard(group, "lamp").toSorted()).toEqual(texts.map((text) => `phone:${text}`).sort())
    expect(phone.events.map(({ kind }) => kind)).not.toContain("old-copy")
    await group.close()
  })
})

describe("a removal", () => {
  it("whose one message got lost: soon the others agree, and the thief reads no more", async () => {
    const group = new Group(2)
    let isLost = false
    intercept(group.network, (_, bytes) =>
      isLost && (isRekey(bytes) || isRemovalNotice(bytes)) ? "drop" : "pass",
    )
    await assemble(group, ["phone", "lamp", "thief"])
    const [phone, thief] = [group.get("phone"), group.get("thief")]
    isLost = true
    await phone.session.remove(keyOf(group, "thief"))
    await group.clock.advance(5 * seconds)
    isLost = false
    // The phone says nothing: it has to see by what the others say that they missed it.
    await talk(group, ["lamp", "thief"], { times: 12, everyMs: 10 * seconds })
    expect(group.get("lamp").view()).toBe(phone.view())
    const before = thief.received.length
    await talk(group, ["phone", "lamp"], { times: 3, everyMs: 5 * seconds })
    expect(thief.received).toHaveLength(before)
    await checkTalking(group, ["phone", "lamp"])
    await group.close()
  })

  it("of an admin shows one new key only, which it can not answer", async () => {
    const group = await assemble(new Group(3), ["phone", "tablet", "lamp"])
    const [phone, lamp] = [group.get("phone"), group.get("lamp")]
    await phone.session.setAdmin(keyOf(group, "tablet"), true)
    await group.converge(["phone", "tablet", "lamp"])
    const from = group.sent.length
    await phone.session.remove(keyOf(group, "tablet"))
    expect(group.sent.slice(from).filter(isRekey)).toHaveLength(1)
    await group.clock.advance(30 * seconds)
    expect(rekeysIn(group.sent.slice(from))).toHaveLength(1)
    expect(lamp.view()).toBe(phone.view())
    await group.close()
  })

  it("of oneself, as one of two admins, is no error", async () => {
    const names = ["phone", "tablet", "lamp"]
    const group = await assemble(new Group(4), names)
    const tablet = group.get("tablet")
    await group.get("phone").session.setAdmin(keyOf(group, "tablet"), true)
    await group.converge(names)
    await expect(tablet.session.remove(keyOf(group, "tablet"))).resolves.toBeUndefined()
    await group.clock.advance(30 * seconds)
    expect(tablet.session.standing).toBe("removed")
    expect(tablet.events.filter(({ kind }) => kind === "failed")).toEqual([])
    await group.converge(["phone", "lamp"])
    expect(group.get("lamp").session.participants()).toHaveLength(2)
    await checkTalking(group, ["phone", "lamp"])
    await group.close()
  })
})

describe("a participant that means harm", () => {
  it(
    "200,000 empty payloads stop nobody, and the device opens again",
    { timeout: 60_000 },
    async () => {
      const group = await assemble(new Group(5), ["phone", "flooder"])
      const lamp = await device(group, "lamp")
      await letIn(group.get("phone").session, lamp.session)
      await group.clock.advance(3 * seconds)
      // It asks for one and is busy with it for ever: so all that comes after it is kept.
      void lamp.session.messages[Symbol.asyncIterator]().next()
      const flooder = group.get("flooder")
      flooder.crash()
      const { identity: signer, store } = flooder
      const stored = await StoredTopic.open({ store, signer, wallClock: group.now })
      const attacker = group.network.connect("attacker")
      group.network.partition(["lamp", "attacker"])
      const payloads = Array.from({ length: 1_024 }, () => "")
      for (let i = 0; i < 200; i++) {
        await attacker.send(await stored.encode((topic) => topic.encodeBundle(payloads)))
      }
      await group.clock.advance(240 * seconds)
      group.network.heal()
      await group.get("phone").session.rotate()
      await group.clock.advance(5 * seconds)
      expect(lamp.session.epoch).toBe(group.get("phone").session.epoch)
      await lamp.session.send("lamp:alive")
      await group.clock.advance(1 * seconds)
      expect(heard(group, "phone")).toContain("lamp:alive")
      group.network.disconnect("lamp")
      const { identity, store: disk } = lamp
      const beganMs = performance.now()
      const again = await device(group, "lamp again", { identity, store: disk })
      await group.clock.advance(3 * seconds)
      await group.get("phone").say(1)
      await again.session.send("lamp:again")
      await group.clock.advance(1 * seconds)
      // Of real time: it is not busy with the old for long.
      expect(performance.now() - beganMs).toBeLessThan(8_000)
      expect(heard(group, "phone")).toContain("lamp:again")
      await again.session.close()
      await group.close()
    },
  )

  it("can not use up another's messages by false reports about it", async () => {
    const group = await assemble(new Group(6), ["phone", "victim", "liar"])
    const [victim, liar] = [group.get("victim"), group.get("liar")]
    liar.crash()
    const attacker = group.network.connect("attacker")
    const spy = await bareTopic(liar)
    let { sending } = await savedIn(liar.store)
    let read = group.sent.length
    let challenge = new Uint8Array(16)
    for (let i = 1; i <= 50; i++) {
      const report = lie(spy, i * (2 ** 20 - 300), challenge)
      sending = report.sending
      await attacker.send(report.encoded)
      await group.clock.advance(2 * seconds)
      // Who asks gets its false answer: the victim believes nothing else after an alarm.
      for (const bytes of group.sent.slice(read)) challenge = syncIn(spy, bytes) ?? challenge
      read = group.sent.length
    }
    expect(highestCounter()).toBeLessThan(2 ** 21)
    await checkTalking(group, ["phone", "victim"])
    await group.close()

    /** A report by the liar that tells of so many counters of the victim. */
    function lie(topic: Topic, counters: number, challenge: Uint8Array) {
      const state = decodeState(topic.snapshot(true).state)
      for (const sender of state.membership.current.senders.values()) {
        if (!sameBytes(sender.publicKey, victim.identity.publicKey)) continue
        sender.chain = { ...sender.chain, counters }
        sender.guard = new Uint8Array(8).fill(7)
      }
      const saved: SavedTopic = { state: encodeState(state), sending }
      const liarsTopic = Topic.restore({ signer: liar.identity }, saved)
      const snapshot = liarsTopic.snapshot()
      snapshot.stored()
      const encoded = liarsTopic.report(victim.identity.publicKey, challenge) as Uint8Array
      return { encoded, sending: snapshot.sending }
    }

    function syncIn(topic: Topic, bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
      try {
        const decoded = topic.decode(bytes, { nowMs: group.now() })
        if (decoded.kind !== "control" || decoded.control.kind !== "sync") return null
        if (!sameBytes(decoded.from, victim.identity.publicKey)) return null
        return Uint8Array.from(decoded.control.challenge)
      } catch {
        return null
      }
    }

    /** Of all that was sent; the victim's are the highest by far, if any are. */
    function highestCounter(): number {
      const data = group.sent.filter((bytes) => [0x4d, 0x54, 0x42, 0x43].includes(bytes[0] ?? 0))
      return Math.max(...data.map((bytes) => decodeData(bytes).header.counter))
    }
  })

  it("an admin that lost its power can not overturn that with a key of the same number", async () => {
    const names = ["phone", "tablet", "lamp", "lock"]
    const group = await assemble(new Group(7), names)
    const [phone, tablet] = [group.get("phone"), group.get("tablet")]
    await phone.session.setAdmin(keyOf(group, "tablet"), true)
    await group.converge(names)
    group.network.partition(["phone 1", "lamp 1", "lock 1"], ["tablet 1"])
    await phone.session.setAdmin(keyOf(group, "tablet"), false)
    const from = group.sent.length
    // Of two siblings the one that removes somebody would win.
    await tablet.session.remove(keyOf(group, "lock"))
    const [answer] = rekeysIn(group.sent.slice(from)) as [Uint8Array]
    await group.clock.advance(500)
    const attacker = group.network.connect("attacker")
    group.network.heal()
    await attacker.send(answer)
    await talk(group, names, { times: 6, everyMs: 10 * seconds })
    await group.converge(["phone", "lamp", "lock"])
    expect(phone.session.participants()).toHaveLength(4)
    for (const name of names) {
      const admins = group
        .get(name)
        .session.participants()
        .filter(({ isAdmin }) => isAdmin)
      expect(admins.map(({ publicKey }) => hex(publicKey))).toEqual([hex(keyOf(group, "phone"))])
    }
    expect(tablet.session.isAdmin).toBe(false)
    await checkTalking(group, ["phone", "lamp", "lock"])
    await group.close()
  })
})

describe("a device that was away", () => {
  it.each(["with the key of then", "with no key that anybody knows"])(
    "from a backup of two new keys ago comes back within minutes, %s",
    async (kind) => {
      const group = await assemble(new Group(8), ["phone", "lamp"])
      const lamp = group.get("lamp")
      const backup = await copyOf(lamp.store)
      for (let i = 0; i < 2; i++) {
        await group.get("phone").session.rotate()
        await group.clock.advance(400 * seconds)
      }
      lamp.crash()
      if (kind === "with no key that anybody knows") {
        const state = decodeState((await savedIn(backup)).state)
        const serial = state.rekeyKeys.at(-1)?.serial ?? 0
        const value = encodeState({ ...state, rekeyKeys: [newRekeyKey(serial)] })
        await backup.commit({ writes: [{ key: "topic/topic/state", value }] })
      }
      await group.start("lamp", { store: backup })
      await talk(group, ["phone", "lamp"], { times: 9, everyMs: 20 * seconds })
      expect(lamp.view()).toBe(group.get("phone").view())
      await checkTalking(group, ["phone", "lamp"])
      await group.close()
    },
  )

  it("over three keys, and then hears the loser of two siblings first, follows the winner", async () => {
    const names = ["phone", "tablet", "sleeper"]
    const group = await assemble(new Group(9), names)
    const [phone, tablet] = [group.get("phone"), group.get("tablet")]
    await phone.session.setAdmin(keyOf(group, "tablet"), true)
    await group.converge(names)
    group.network.partition(["phone 1", "tablet 1"], ["sleeper 1"])
    for (let i = 0; i < 3; i++) {
      await phone.session.rotate()
      await group.clock.advance(5 * seconds)
    }
    // Two children of one epoch; nobody but their makers has heard of either.
    group.network.partition(["phone 1"], ["tablet 1"], ["sleeper 1"])
    const from = group.sent.length
    await Promise.all([phone.session.rotate(), tablet.session.rotate()])
    await group.clock.advance(500)
    const siblings = rekeysIn(group.sent.slice(from))
    expect(siblings.length).toBeGreaterThanOrEqual(2)
    group.network.heal()
    const attacker = group.network.connect("attacker")
    for (const sibling of [...siblings, ...siblings.toReversed()]) await attacker.send(sibling)
    await talk(group, names, { times: 6, everyMs: 10 * seconds })
    await group.converge(names)
    await checkTalking(group, names)
    await group.close()
  })

  it("hears all in order after a restart: nothing is missing, nothing is late", async () => {
    const group = await assemble(new Group(10), ["phone", "lock", "lamp"])
    const lamp = group.get("lamp")
    await talk(group, ["phone", "lock"], { times: 3, everyMs: 500 })
    lamp.crash()
    await group.start("lamp")
    lamp.received.length = 0
    lamp.events.length = 0
    await talk(group, ["phone", "lock"], { times: 40, everyMs: 50 })
    await group.clock.advance(5 * seconds)
    const fresh = lamp.received.filter(({ isRepeated }) => !isRepeated)
    for (const name of ["phone", "lock"]) {
      const texts = fresh.map(({ text }) => text ?? "").filter((text) => text.startsWith(name))
      expect(texts).toEqual(Array.from({ length: 40 }, (_, i) => `${name}:${i + 3}`))
    }
    expect(fresh.filter(({ isLate }) => isLate)).toEqual([])
    expect(gapsOf(lamp.events)).toEqual([])
    await group.close()
  })

  it("gets a key that it missed within half a minute, whatever else talks on the channel", async () => {
    const names = ["phone", "lamp"]
    const group = await assemble(new Group(11), names)
    const neighbour = await group.start("neighbour", { found: true })
    for (let i = 0; i < 4; i++) await neighbour.session.rotate()
    await talk(group, ["neighbour"], { times: 120, everyMs: 5 * seconds })
    group.network.partition(["lamp 1"])
    await group.get("phone").session.rotate()
    await group.clock.advance(8 * seconds)
    group.network.heal()
    expect(group.get("lamp").view()).not.toBe(group.get("phone").view())
    await talk(group, ["neighbour", "phone"], { times: 6, everyMs: 5 * seconds })
    expect(group.get("lamp").view()).toBe(group.get("phone").view())
    await checkTalking(group, names)
    await group.close()
  })
})

describe("a reader", () => {
  it("that stops, or is busy for ever, does not keep its device from new keys", async () => {
    const place = newPlace(12)
    const phone = await device(place, "phone", { found: {} })
    const [lamp, lock] = [await device(place, "lamp"), await device(place, "lock")]
    for (const { session } of [lamp, lock]) {
      await letIn(phone.session, session)
      await place.clock.advance(3 * seconds)
    }
    const firstOfLamp = (async () => {
      for await (const { text } of lamp.session.messages) return text
      return null
    })()
    const busy = lock.session.messages[Symbol.asyncIterator]()
    const firstOfLock = busy.next()
    for (let i = 0; i < 50; i++) {
      await Promise.all(Array.from({ length: 64 }, (_, k) => phone.session.send(`${64 * i + k}`)))
    }
    await place.clock.advance(1 * seconds)
    expect(await firstOfLamp).toBe("0")
    expect(await firstOfLock).toMatchObject({ value: { text: "0" } })
    await phone.session.rotate()
    await place.clock.advance(2 * minutes)
    expect([lamp.session.epoch, lock.session.epoch]).toEqual([
      phone.session.epoch,
      phone.session.epoch,
    ])
    // One at a time; and who comes after who stopped goes on.
    const another = lock.session.messages[Symbol.asyncIterator]().next()
    await expect(another).rejects.toMatchObject({ name: "UsageError", code: "already-read" })
    const next = await lamp.session.messages[Symbol.asyncIterator]().next()
    expect(next.done).toBe(false)
    for (const { session } of [phone, lamp, lock]) await session.close()
  })
})

describe("a message", () => {
  it("is shown even when it comes the moment another one is done, and nothing follows", async () => {
    const place = newPlace(19)
    const phone = await device(place, "phone", { found: {} })
    const lamp = await device(place, "lamp")
    await letIn(phone.session, lamp.session)
    await place.clock.advance(5 * seconds)
    const bare = await bareTopic(phone)
    bare.snapshot().stored()
    const texts = textsOf(lamp.session)
    const wire = place.network.connect("wire")
    for (let turns = 0; turns < 50; turns++) {
      await wire.send(bare.encode(`${turns} a`))
      for (let i = 0; i < turns; i++) await Promise.resolve()
      await wire.send(bare.encode(`${turns} b`))
      await place.clock.advance(100)
      expect(texts.splice(0)).toEqual([`${turns} a`, `${turns} b`])
    }
    await phone.session.close()
    await lamp.session.close()
  })
})

describe("a disk that fails for long", () => {
  it("makes the device stop listening, and nothing is lost when it works again", async () => {
    const place = newPlace(13)
    const phone = await device(place, "phone", { found: {} })
    const disk = createMemoryStore()
    let isBroken = false
    const store: Store = {
      get: (key) => disk.get(key),
      list: (prefix) => disk.list(prefix),
      close: () => disk.close(),
      commit: (commit) =>
        isBroken
          ? Promise.reject(new ChannelError("store-full", "No space is left."))
          : disk.commit(commit),
    }
    const { taken, transport } = counted(place.network.connect("lamp"))
    const lamp = await device(place, "lamp", { store, transport })
    await letIn(phone.session, lamp.session)
    await place.clock.advance(5 * seconds)
    const texts = textsOf(lamp.session)
    isBroken = true
    const before = taken()
    const sent = Array.from({ length: 1_200 }, (_, i) => `${i}`)
    for (const [i, text] of sent.entries()) {
      await phone.session.send(text)
      if (i % 20 === 0) await place.clock.advance(100)
    }
    await place.clock.advance(2 * minutes)
    expect(texts).toEqual([])
    expect(taken() - before).toBeLessThan(700)
    isBroken = false
    await place.clock.advance(30 * seconds)
    expect(texts).toEqual(sent)
    await phone.session.close()
    await lamp.session.close()
  })
})

describe("two admins", () => {
  it("one restarted before it united two branches: it does so after the restart", async () => {
    const names = ["phone", "tablet", "lamp", "thief"]
    const group = await assemble(new Group(14), names)
    const [phone, tablet] = [group.get("phone"), group.get("tablet")]
    await phone.session.setAdmin(keyOf(group, "tablet"), true)
    await group.converge(names)
    await group.start("guest")
    const from = group.sent.length
    group.network.partition(["phone 1", "lamp 1"], ["tablet 1", "guest 1", "thief 1"])
    await group.letIn("tablet", "guest")
    const [rekey] = rekeysIn(group.sent.slice(from)) as [Uint8Array]
    await phone.session.remove(keyOf(group, "thief"))
    await group.clock.advance(5 * seconds)
    // The tablet is gone for good; the phone hears of what it did, and restarts at once.
    tablet.crash()
    const attacker = group.network.connect("attacker")
    group.network.partition(["phone 1", "phone 3", "lamp 1", "attacker"])
    await attacker.send(rekey)
    await group.clock.advance(0)
    expect(phone.events.map(({ kind }) => kind)).toContain("branch")
    expect(phone.session.participants()).toHaveLength(3)
    phone.crash()
    await group.start("phone")
    await group.clock.advance(30 * seconds)
    const inside = phone.session.participants().map(({ publicKey }) => hex(publicKey))
    expect(inside.sort()).toEqual(
      ["phone", "tablet", "lamp", "guest"].map((name) => hex(keyOf(group, name))).sort(),
    )
    expect(group.get("lamp").view()).toBe(phone.view())
    await group.close()
  })

  it("on a very slow channel unite their branches without making keys for ever", async () => {
    const names = ["phone", "tablet", "lamp", "lock"]
    const group = await assemble(new Group(15), names)
    const [phone, tablet] = [group.get("phone"), group.get("tablet")]
    await phone.session.setAdmin(keyOf(group, "tablet"), true)
    await group.converge(names)
    group.network.setFaults({ delayMs: { min: 4_000, max: 4_000 } })
    group.network.partition(["phone 1", "lamp 1"], ["tablet 1", "lock 1"])
    for (let i = 0; i < 2; i++) {
      await Promise.all([phone.session.rotate(), tablet.session.rotate()])
      await group.clock.advance(10 * seconds)
    }
    group.network.heal()
    const from = group.sent.length
    await talk(group, names, { times: 30, everyMs: 20 * seconds })
    expect(rekeysIn(group.sent.slice(from)).length).toBeLessThan(20)
    await group.converge(names, 1)
    await group.close()
  })
})

describe("sending", () => {
  it("what is no payload is refused, and later payloads go", async () => {
    const group = await assemble(new Group(16), ["phone", "lamp"])
    const { session } = group.get("phone")
    const wrong = [undefined, null, 7, {}, [1]] as readonly unknown[]
    const answers = await Promise.allSettled([
      session.send("phone:before"),
      ...wrong.map((payload) => session.send(payload as never)),
      session.send("phone:after"),
    ])
    const refused = answers.slice(1, -1) as PromiseRejectedResult[]
    for (const { reason } of refused) expect(reason).toMatchObject({ name: "UsageError" })
    await group.clock.advance(1 * seconds)
    expect(heard(group, "lamp")).toEqual(["phone:before", "phone:after"])
    await group.close()
  })

  it("across new keys and restarts in order tells nobody of anything missing", async () => {
    const names = ["phone", "tablet", "lamp"]
    const group = await assemble(new Group(17), names)
    for (const name of names) group.get(name).events.length = 0
    for (let round = 0; round < 4; round++) {
      await talk(group, names, { times: 3, everyMs: 700 })
      await group.get("phone").session.rotate()
      await talk(group, names, { times: 3, everyMs: 700 })
      const name = round % 2 === 0 ? "tablet" : "phone"
      await group.get(name).session.close()
      await group.start(name)
      // It speaks at once, or waits until it knows what the others have.
      if (round > 1) await group.clock.advance(3 * seconds)
    }
    await talk(group, names, { times: 3, everyMs: 2 * seconds })
    for (const name of names) expect(gapsOf(group.get(name).events), name).toEqual([])
    await group.close()
  })
})
