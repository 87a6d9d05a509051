// Two devices whose persons compare, spec/topic.md §9: the whole way, its order, its ends.
import { describe, expect, test } from "vitest"
import { u8, utf8 } from "../../src/bytes/index.js"
import {
  closedHost,
  hostWakesAtMs,
  idleJoiner,
  joinerWakesAtMs,
} from "../../src/topic/pairing/index.js"
import { compared, Host, identityOf, Joiner, sessionOf } from "./pairing-devices.js"

const rekey = utf8("K, the rekey message")

test("both see the same, both say so, and each knows whom it let in or joined", () => {
  const [joiner, host] = [new Joiner("Ada"), new Host("Bob").open()]
  compared(joiner, host)
  expect(host.get("compare").comparison).toEqual(joiner.get("compare").comparison)
  expect(host.get("compare").comparison.emoji.length).toBe(7)
  expect(host.get("compare").comparison.digits).toMatch(/^\d{4} \d{4} \d{4}$/)
  const ada = identityOf("Ada")
  const { rekeyKey, serial } = joiner.context
  expect(host.get("compare").profile).toEqual({
    publicKey: Uint8Array.from(ada.publicKey),
    exchangePublicKey: Uint8Array.from(ada.exchangePublicKey),
    card: ada.card(),
    name: "Ada",
    serial,
    rekeyKey,
  })
  const { epoch, topicId, topicName } = host.context
  const bob = { publicKey: identityOf("Bob").publicKey, name: "Bob", epoch, topicId, topicName }
  expect(joiner.get("compare").profile).toMatchObject(bob)

  host.decide(true)
  expect(host.find("ready")).toBeUndefined()
  host.hear(joiner.decide(true).takeOne())
  expect(joiner.get("ready")).toMatchObject({ profile: bob, serial, rekeyKey })
  expect(host.get("ready").profile).toEqual(host.get("compare").profile)

  const { session } = host.get("ready")
  host.run({ kind: "admitted", nowMs: 0, session, rekey })
  expect(joiner.run({ kind: "joined" })).toEqual([])
  expect(joiner.state).toEqual(idleJoiner)
  expect(host.currentPhase).toBeNull()
  // Three messages of the joiner, two of the host, and then the rekey message.
  expect(joiner.kinds().filter((kind) => kind === "send").length).toBe(3)
  expect(host.kinds().filter((kind) => kind === "send").length).toBe(2)
})

test("'ready' comes before the message that makes the host act: it is saved first", () => {
  const [joiner, host] = [new Joiner(), new Host().open()]
  compared(joiner, host)
  joiner.decide(true)
  expect(joiner.kinds().slice(-2)).toEqual(["ready", "send"])
})

describe("a host acts when its person confirmed and '5' came [TOPIC-9-8]", () => {
  function shown() {
    const [joiner, host] = [new Joiner(), new Host().open()]
    compared(joiner, host)
    return [joiner, host] as const
  }

  test("the person first", () => {
    const [joiner, host] = shown()
    host.decide(true)
    expect(host.currentPhase).toBe("confirmed-by-us")
    host.hear(joiner.decide(true).takeOne())
    expect(host.find("ready")).toBeDefined()
  })

  test("'5' first", () => {
    const [joiner, host] = shown()
    const confirmation = joiner.decide(true).takeOne()
    host.hear(confirmation).hear(confirmation)
    expect(host.currentPhase).toBe("confirmed-by-peer")
    expect(host.find("ready")).toBeUndefined()
    host.decide(true)
    expect(host.find("ready")).toBeDefined()
  })

  test("'5' first, and the person says different", () => {
    const [joiner, host] = shown()
    host.hear(joiner.decide(true).takeOne())
    joiner.hear(host.decide(false).takeOne())
    expect(host.find("ready")).toBeUndefined()
    expect(host.get("ended").because).toBe("different")
    // The joiner was ready for a rekey message, and is not any more.
    expect(joiner.get("ended")).toMatchObject({ because: "cancelled-by-peer", reason: "different" })
    expect(joiner.state).toEqual(idleJoiner)
  })

  test("a decision about another session, or the same one again, changes nothing", () => {
    const [joiner, host] = shown()
    host.decide(true, new Uint8Array(16))
    joiner.decide(true, new Uint8Array(16))
    expect([host.currentPhase, joiner.state.phase]).toEqual(["comparing", "comparing"])
    host.decide(true).decide(false, new Uint8Array(16))
    joiner.decide(true).decide(false, new Uint8Array(16))
    const [confirmed, waiting] = [host.state, joiner.state]
    host.decide(true)
    joiner.decide(true)
    expect([host.state, joiner.state]).toEqual([confirmed, waiting])
    expect([host.currentPhase, joiner.state.phase]).toEqual(["confirmed-by-us", "waiting"])
    expect(joiner.kinds().filter((kind) => kind === "ready").length).toBe(1)
  })
})

describe("'different' after 'the same' counts, until both confirmed [TOPIC-9-8]", () => {
  function shown() {
    const [joiner, host] = [new Joiner(), new Host().open()]
    compared(joiner, host)
    return [joiner, host] as const
  }

  test("the host's person takes it back", () => {
    const [joiner, host] = shown()
    const cancellation = host.decide(true).decide(false).takeOne()
    expect(host.get("ended").because).toBe("different")
    expect(host.currentPhase).toBeNull()
    expect(host.state).toMatchObject({ failures: 1, paired: [] })
    host.hear(joiner.decide(true).takeOne()).decide(true)
    expect(host.find("ready")).toBeUndefined()
    joiner.hear(cancellation)
    expect(joiner.get("ended")).toMatchObject({ because: "cancelled-by-peer", reason: "different" })
    expect(joiner.state).toEqual(idleJoiner)
  })

  test("the joiner's person takes it back: its 'ready' is withdrawn", () => {
    const [joiner, host] = shown()
    host.decide(true)
    const confirmation = joiner.decide(true).takeOne()
    const cancellation = joiner.decide(false).takeOne()
    expect(joiner.kinds().slice(-4)).toEqual(["ready", "send", "send", "ended"])
    expect(joiner.get("ended")).toMatchObject({
      because: "different",
      session: joiner.get("ready").session,
    })
    expect(joiner.state).toEqual(idleJoiner)
    host.hear(cancellation).hear(confirmation)
    expect(host.get("ended")).toMatchObject({ because: "cancelled-by-peer", reason: "different" })
    expect(host.find("ready")).toBeUndefined()
  })

  test("three times, and the window closes", () => {
    const host = new Host().open()
    for (const name of ["One", "Two", "Three"]) {
      compared(new Joiner(name), host)
      host.decide(true).decide(false).take()
    }
    expect(host.log.at(-1)).toEqual({ kind: "closed", because: "too-many-attempts" })
  })

  test("the host's person, after both confirmed: nothing is taken back", () => {
    const [joiner, host] = shown()
    host.decide(true).hear(joiner.decide(true).takeOne())
    const { session } = host.get("ready")
    const before = host.state
    host.decide(false, session)
    expect(host.state).toEqual(before)
    expect([host.take(), host.find("ended")]).toEqual([[], undefined])
    expect(host.kinds().at(-1)).toBe("ready")
    host.run({ kind: "admitted", nowMs: 0, session, rekey })
    host.tick(2_000).decide(false, session).hear(joiner.tick(2_000).takeOne())
    expect(host.takeOne()).toEqual(rekey)
  })

  test("the joiner's person, after the host was ready: it applies nothing; the host goes on", () => {
    const [joiner, host] = shown()
    host.decide(true).hear(joiner.decide(true).takeOne())
    const before = host.state
    host.hear(joiner.decide(false).takeOne())
    expect(host.state).toEqual(before)
    expect(host.find("ended")).toBeUndefined()
    expect(joiner.get("ended").because).toBe("different")
    expect(joiner.state).toEqual(idleJoiner)
  })

  test("the joiner's person, after it joined: nothing", () => {
    const [joiner] = shown()
    joiner.decide(true).run({ kind: "joined" })
    joiner.take()
    expect(joiner.decide(false).take()).toEqual([])
    expect(joiner.find("ended")).toBeUndefined()
  })
})

describe("'different' ends it on both sides, and nothing is kept", () => {
  test("by the joiner's person", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    compared(joiner, host)
    const cancellation = joiner.decide(false).takeOne()
    expect(joiner.get("ended")).toMatchObject({ because: "different" })
    expect(joiner.state).toEqual(idleJoiner)
    host.hear(cancellation)
    expect(host.get("ended")).toMatchObject({ because: "cancelled-by-peer", reason: "different" })
    expect(host.take()).toEqual([])
    host.decide(true)
    expect(host.find("ready")).toBeUndefined()
  })

  test("by the host's", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    compared(joiner, host)
    const cancellation = host.decide(false).takeOne()
    joiner.hear(cancellation)
    expect(joiner.get("ended")).toMatchObject({ because: "cancelled-by-peer", reason: "different" })
    joiner.decide(true)
    expect(joiner.find("ready")).toBeUndefined()
    // Its repeated messages are not answered any more.
    expect(host.hear(cancellation).take()).toEqual([])
  })
})

test("a '6' sent back to who made it does not open: each side has a key of its own", () => {
  const [joiner, host] = [new Joiner(), new Host().open()]
  compared(joiner, host)
  const cancellation = joiner.decide(false).takeOne()
  const same = new Joiner() // From the same random bytes: the very session.
  compared(same, new Host().open())
  expect(() => same.hear(cancellation)).toThrow(/not by the device/)
  expect(same.state.phase).toBe("comparing")
})

describe("closing by hand", () => {
  test("tells the other one as soon as there is a key to tell it with", () => {
    const joiner = new Joiner().open()
    expect(joiner.take().length).toBe(1)
    joiner.run({ kind: "close" })
    expect(joiner.take()).toEqual([])
    expect(joiner.get("ended").because).toBe("closed")

    const [second, host] = [new Joiner(), new Host().open()]
    compared(second, host)
    second.run({ kind: "close" })
    host.hear(second.takeOne())
    expect(host.get("ended")).toMatchObject({ because: "cancelled-by-peer", reason: "stopped" })

    const third = new Joiner("Third")
    compared(third, host)
    host.run({ kind: "close" })
    third.hear(host.takeOne())
    expect(third.get("ended")).toMatchObject({ because: "cancelled-by-peer", reason: "stopped" })
    expect(host.kinds().slice(-2)).toEqual(["ended", "closed"])
    expect(host.state).toEqual(closedHost)
  })

  test("closed is closed: nothing is heard, nothing is decided", () => {
    const [joiner, host] = [new Joiner().open(), new Host()]
    const offer = joiner.takeOne()
    expect(host.hear(offer).decide(true, sessionOf(offer)).take()).toEqual([])
    host.run({ kind: "close" })
    expect(host.state).toBe(closedHost)
    const idle = new Joiner()
    expect(idle.hear(offer).decide(true, sessionOf(offer)).tick(9).state).toBe(idleJoiner)
    idle.run({ kind: "close" })
    idle.run({ kind: "joined" })
    expect(idle.log).toEqual([])
  })

  test("opened again, both begin anew and end what was going on", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    compared(joiner, host)
    joiner.open()
    expect(joiner.kinds().slice(-3)).toEqual(["send", "ended", "send"])
    host.open()
    expect(host.kinds().slice(-3)).toEqual(["send", "ended", "closed"])
    const [cancellation, offer] = joiner.take()
    expect(host.hear(cancellation!).log.at(-1)).toMatchObject({ kind: "closed" })
    expect(sessionOf(offer!)).not.toEqual(sessionOf(cancellation!))
    host.take()
    expect(host.hear(offer!).take().length).toBe(1)
  })
})

test("only what begins with '1' to '6' is looked at", () => {
  const [joiner, host] = [new Joiner().open(), new Host().open()]
  const [before, listening] = [joiner.state, host.state]
  for (const type of ["M", "K", "Q", "s", "i", "r", "0", "7"]) {
    joiner.hear(utf8(`${type} something`))
    host.hear(utf8(`${type} something`))
  }
  joiner.hear(new Uint8Array(0)).hear(u8(0x31)).hear(u8(0x33)).hear(u8(0x35))
  host.hear(new Uint8Array(0)).hear(u8(0x32)).hear(u8(0x34))
  expect(joiner.state).toBe(before)
  expect(host.state).toBe(listening)
})

describe("wrong calls", () => {
  test("windows of no time, or of more than ten minutes [TOPIC-9-7]", () => {
    for (const forMs of [0, -1, 600_001, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new Host().open(null, forMs)).toThrow(/at most 600 seconds/)
      expect(() => new Joiner().open(null, forMs)).toThrow(/at most 600 seconds/)
    }
    expect(new Host().open(null, 600_000).currentPhase).toBeNull()
  })

  test("names that are too long are found when opening", () => {
    expect(() => new Joiner("x".repeat(65)).open()).toThrow(/longer than 64 bytes/)
    expect(() => new Host("x".repeat(65)).open()).toThrow(/longer than 64 bytes/)
  })
})

test("the machines say when they want their next tick", () => {
  const [joiner, host] = [new Joiner(), new Host()]
  expect([joinerWakesAtMs(joiner.state), hostWakesAtMs(host.state)]).toEqual([null, null])
  const offer = joiner.open().takeOne()
  host.open()
  expect([joinerWakesAtMs(joiner.state), hostWakesAtMs(host.state)]).toEqual([2_000, 60_000])
  joiner.hear(host.hear(offer).takeOne())
  expect([joinerWakesAtMs(joiner.state), hostWakesAtMs(host.state)]).toEqual([2_000, 2_000])
  joiner.hear(host.hear(joiner.takeOne()).takeOne())
  expect([joinerWakesAtMs(joiner.state), hostWakesAtMs(host.state)]).toEqual([180_000, 180_000])
  host.decide(true)
  expect(hostWakesAtMs(host.state)).toBe(2_000)
  host.hear(joiner.decide(true).takeOne())
  expect([joinerWakesAtMs(joiner.state), hostWakesAtMs(host.state)]).toEqual([2_000, 60_000])
  host.run({ kind: "close" })
  expect(hostWakesAtMs(host.state)).toBe(210_000)
  expect(host.tick(210_000).state).toEqual(closedHost)
})
