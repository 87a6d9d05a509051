// The host's window, spec/topic.md §9.7, 9.8 and 9.11: who waits, who is refused, when it ends.
import { describe, expect, test } from "vitest"
import { utf8 } from "../../src/bytes/index.js"
import { closedHost, idleJoiner } from "../../src/topic/pairing/index.js"
import { compared, Host, Joiner, sessionOf } from "./pairing-devices.js"

const rekey = utf8("K, the rekey message")

function offerOf(name: string): Uint8Array {
  return new Joiner(name).open().takeOne()
}

describe("one at a time, the others in the order in which they came", () => {
  test("the second one's turn comes when the first one is paired", () => {
    const [first, second, host] = [new Joiner("First"), new Joiner("Second"), new Host().open()]
    compared(first, host)
    const offer = second.open().takeOne()
    expect(host.hear(offer).take()).toEqual([])
    expect(host.get("waiting").count).toBe(1)
    expect(
      host
        .hear(offer)
        .kinds()
        .filter((kind) => kind === "waiting").length,
    ).toBe(1)
    host.decide(true).hear(first.decide(true).takeOne())
    expect(host.kinds().slice(-3)).toEqual(["ready", "waiting", "send"])
    expect(host.get("waiting").count).toBe(0)
    host.hear(second.hear(host.takeOne()).takeOne())
    second.hear(host.takeOne())
    expect(host.get("compare").profile.name).toBe("Second")
    expect(second.get("compare").comparison).toEqual(host.get("compare").comparison)
    host.decide(true).hear(second.decide(true).takeOne())
    expect(host.get("ready").profile.name).toBe("Second")
  })

  test("eight wait; the ninth does not, and comes in when there is room", () => {
    const host = new Host().open()
    compared(new Joiner("First"), host)
    const offers = Array.from({ length: 9 }, (_, i) => offerOf(`Waiting ${i}`))
    for (const offer of offers) host.hear(offer)
    expect(host.kinds().slice(-2)).toEqual(["waiting", "crowded"])
    expect(host.get("waiting").count).toBe(8)
    host.take()
    const answer = host.decide(false).take()[1]!
    expect(sessionOf(answer)).toEqual(sessionOf(offers[0]!))
    host.hear(offers[8]!)
    expect(host.kinds().at(-1)).toBe("waiting")
    const { state } = host
    const queue = state.phase === "open" ? state.waiting.map(({ offer }) => offer.session) : []
    expect(queue).toEqual(offers.slice(1).map(sessionOf))
  })

  test("who is not heard any more loses its turn", () => {
    const host = new Host().open()
    compared(new Joiner("First"), host)
    const [gone, there] = [offerOf("Gone"), offerOf("There")]
    host.hear(gone).hear(there)
    host.nowMs = 9_000
    host.hear(there)
    host.nowMs = 12_000
    host.take()
    const answer = host.decide(false).take()[1]!
    expect(sessionOf(answer)).toEqual(sessionOf(there))
    expect(host.get("waiting").count).toBe(0)
    // Nor does it keep a place in the line.
    host.hear(gone)
    expect(host.get("waiting").count).toBe(1)
  })

  test("who does not answer a '2' within 10 s makes room, unseen by any person", () => {
    const host = new Host().open().hear(offerOf("Silent"))
    host.tick(8_000)
    const second = offerOf("Second")
    host.hear(second).take()
    host.tick(9_999)
    expect(host.take()).toEqual([])
    expect(sessionOf(host.tick(10_000).takeOne())).toEqual(sessionOf(second))
    expect(host.find("ended")).toBeUndefined()
  })

  test("as long as nobody waits, a slow joiner may take longer", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const answer = host.hear(joiner.open().takeOne()).takeOne()
    expect(host.tick(9_999).takeOne()).toEqual(answer)
    // Nobody may be there any more: the host waits in silence.
    expect(host.tick(12_000).tick(30_000).take()).toEqual([])
    expect(host.hear(joiner.tick(30_000).takeOne()).takeOne()).toEqual(answer)
    host.hear(joiner.hear(answer).takeOne())
    expect(host.find("compare")).toBeDefined()
  })

  test("a joiner can not cut its own 10 s short, to try comparisons that nobody sees", () => {
    const mallory = new Joiner("Mallory")
    const host = new Host().open().hear(mallory.open().takeOne())
    const reveal = mallory.hear(host.takeOne()).takeOne()
    mallory.run({ kind: "close" })
    host.hear(mallory.takeOne()).hear(mallory.open().takeOne())
    expect(() => host.hear(reveal.with(60, reveal[60]! ^ 1))).toThrow(/changed/)
    expect(host.currentPhase).toBe("offering")
    expect(host.take()).toEqual([])
    host.tick(9_999)
    expect(host.take().map(sessionOf)).toEqual([sessionOf(reveal)]) // The '2' again.
  })

  test("two '1' of one session: the first counts", () => {
    const host = new Host().open().hear(offerOf("First"))
    const offer = offerOf("Second")
    host.hear(offer)
    const before = host.state
    expect(host.hear(offer.with(30, offer[30]! ^ 1)).state).toBe(before)
  })
})

describe("the window ends [TOPIC-9-7]", () => {
  test("to the millisecond; nobody new is heard, who waits is dismissed", () => {
    const host = new Host().open()
    host.tick(59_999)
    expect(host.state.phase).toBe("open")
    host.hear(offerOf("Late")).take()
    host.hear(offerOf("Later"))
    host.tick(60_000)
    expect(host.state).toEqual(closedHost)
    expect(host.log.at(-1)).toEqual({ kind: "closed", because: "timed-out" })
    expect(host.hear(offerOf("Too late")).take()).toEqual([])
  })

  test("who is being compared has 180 s from when it was shown, also beyond the window", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    host.nowMs = joiner.nowMs = 50_000
    compared(joiner, host)
    expect(host.get("compare").untilMs).toBe(230_000)
    host.hear(offerOf("Waiting"))
    host.tick(60_000)
    expect(host.currentPhase).toBe("comparing")
    expect(host.log.at(-1)).toEqual({ kind: "waiting", count: 0 })
    expect(host.hear(offerOf("Late")).take()).toEqual([])
    host.nowMs = joiner.nowMs = 229_999
    host.decide(true).hear(joiner.decide(true).takeOne())
    expect(host.kinds().slice(-2)).toEqual(["ready", "closed"])
    expect(host.state.phase).toBe("closed")
  })

  test("and then it is over, on both sides", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    compared(joiner, host)
    host.tick(180_000)
    expect(host.log.slice(-3)).toMatchObject([
      { kind: "send" },
      { kind: "ended", because: "timed-out" },
      { kind: "closed", because: "timed-out" },
    ])
    joiner.tick(180_000)
    expect(joiner.get("ended").because).toBe("timed-out")
    expect(joiner.state).toEqual(idleJoiner)
    const late = new Joiner()
    compared(late, new Host().open())
    late.nowMs = 180_000
    late.decide(true)
    expect(late.find("ready")).toBeUndefined()
  })

  test("a joiner that nobody answers gives up", () => {
    const joiner = new Joiner().open(null, 30_000)
    joiner.tick(29_999).tick(30_000)
    expect(joiner.log.at(-1)).toMatchObject({ kind: "ended", because: "timed-out" })
  })

  test("a joiner that confirmed waits 30 s longer than the persons may compare", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    compared(joiner, host)
    joiner.decide(true)
    expect(joiner.get("ready").untilMs).toBe(210_000)
    joiner.tick(209_999)
    expect(joiner.state.phase).toBe("waiting")
    joiner.tick(210_000)
    expect(joiner.get("ended").because).toBe("timed-out")
  })

  test("after three that failed, whoever said so [TOPIC-9-7]", () => {
    const host = new Host().open()
    const joiners = ["One", "Two", "Three"].map((name) => new Joiner(name))
    compared(joiners[0]!, host)
    host.decide(false).take()
    compared(joiners[1]!, host)
    host.hear(joiners[1]!.decide(false).takeOne())
    expect(host.state.phase).toBe("open")
    compared(joiners[2]!, host)
    host.hear(offerOf("Four")).decide(false)
    expect(host.log.slice(-3)).toMatchObject([
      { kind: "send" },
      { kind: "ended", because: "different" },
      { kind: "closed", because: "too-many-attempts" },
    ])
    expect(host.state).toEqual(closedHost)
  })

  test("the next window counts anew", () => {
    const host = new Host()
    for (const name of ["One", "Two", "Three", "Four", "Five", "Six"]) {
      if (host.state.phase === "closed") host.open()
      compared(new Joiner(name), host)
      host.decide(false).take()
    }
    expect(host.kinds().filter((kind) => kind === "closed").length).toBe(2)
  })
})

describe("repeated messages [TOPIC-9-11]", () => {
  test("who waits repeats its last message every 2 s, the same bytes", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const offer = joiner.open().takeOne()
    expect(joiner.tick(1_999).take()).toEqual([])
    expect(joiner.tick(2_000).takeOne()).toEqual(offer)
    expect(joiner.tick(2_001).take()).toEqual([])
    expect(joiner.tick(4_000).takeOne()).toEqual(offer)
    const answer = host.hear(offer).takeOne()
    expect(host.tick(2_000).takeOne()).toEqual(answer)
    const reveal = joiner.hear(answer).takeOne()
    expect(joiner.tick(6_000).takeOne()).toEqual(reveal)
    const hostReveal = host.hear(reveal).takeOne()
    joiner.hear(hostReveal)
    // Persons are waited for in silence.
    expect([...joiner.tick(30_000).take(), ...host.tick(30_000).take()]).toEqual([])
    expect(host.decide(true).tick(32_000).takeOne()).toEqual(hostReveal)
    const confirmation = joiner.decide(true).takeOne()
    expect(joiner.tick(32_000).takeOne()).toEqual(confirmation)
  })

  test("a repeated message is answered with the same bytes", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const offer = joiner.open().takeOne()
    const answer = host.hear(offer).takeOne()
    expect(host.hear(offer).takeOne()).toEqual(answer)
    const reveal = joiner.hear(answer).takeOne()
    expect(joiner.hear(answer).takeOne()).toEqual(reveal)
    const hostReveal = host.hear(reveal).takeOne()
    expect(host.hear(reveal).takeOne()).toEqual(hostReveal)
    joiner.hear(hostReveal).hear(hostReveal).hear(answer)
    expect(joiner.take()).toEqual([])
    const confirmation = joiner.decide(true).takeOne()
    expect(joiner.hear(hostReveal).takeOne()).toEqual(confirmation)
    expect(joiner.kinds().filter((kind) => kind === "compare").length).toBe(1)
    expect(host.hear(reveal).takeOne()).toEqual(hostReveal)
    expect(host.kinds().filter((kind) => kind === "compare").length).toBe(1)
  })

  test("a repeated '5' gets the rekey message again, but not more often than every 2 s", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    compared(joiner, host)
    const confirmation = joiner.decide(true).takeOne()
    host.decide(true).hear(confirmation)
    const { session } = host.get("ready")
    expect(host.hear(confirmation).take()).toEqual([]) // Not made yet.
    host.run({ kind: "admitted", nowMs: 1_000, session: new Uint8Array(16), rekey })
    host.run({ kind: "admitted", nowMs: 1_000, session, rekey })
    host.nowMs = 2_999
    expect(host.hear(confirmation).take()).toEqual([])
    host.nowMs = 3_000
    expect(host.hear(confirmation).hear(confirmation).takeOne()).toEqual(rekey)
    host.run({ kind: "close" })
    host.nowMs = 10_000
    expect(host.hear(confirmation).takeOne()).toEqual(rekey)
    expect(host.hear(confirmation.with(20, confirmation[20]! ^ 1)).take()).toEqual([])
    host.nowMs = 210_000
    expect(host.hear(confirmation).take()).toEqual([])
    expect(host.state).toEqual(closedHost)
    expect(host.kinds().filter((kind) => kind === "ready").length).toBe(1)
  })
})
