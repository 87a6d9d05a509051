// spec/topic.md §9 over a channel that loses, repeats and reorders, and against anything at all.
import fc from "fast-check"
import { expect, test } from "vitest"
import { hex, PeerError, sameBytes, utf8 } from "../../src/bytes/index.js"
import { makePairingCode, maxFailures, maxWaiting } from "../../src/topic/pairing/index.js"
import { Host, identityOf, Joiner, seededRandom, sessionOf } from "../scenario/pairing-devices.js"

/** A message on its way. */
interface Flight {
  readonly to: "host" | "joiner"
  readonly bytes: Uint8Array
  readonly atMs: number
}

/** Numbers from 0 to below 1. */
function dice(seed: number): () => number {
  const random = seededRandom(`dice ${seed}`)
  return () => new DataView(random(4).buffer).getUint32(0) / 2 ** 32
}

/**
 * One pairing over a channel where a message is lost, or comes twice, and takes up to 1.5 s, so that
 * later ones overtake it. The persons decide some time after they see the comparison.
 */
function meet(seed: number, lossRate: number, code: boolean): { joiner: Joiner; host: Host } {
  const roll = dice(seed)
  const [joiner, host] = [new Joiner("Ada", `${seed}`), new Host("Bob", `${seed}`)]
  const { publicKey } = identityOf("Bob")
  const scanned = code ? makePairingCode("host", publicKey, "", seededRandom(`${seed}`)) : null
  joiner.open(scanned, 120_000)
  host.open(scanned, 120_000)
  const deciding = { joiner: 3_000 + 9_000 * roll(), host: 3_000 + 9_000 * roll() }
  let flights: Flight[] = []
  const rekey = utf8("K")

  function fly(to: Flight["to"], messages: readonly Uint8Array[], nowMs: number): void {
    for (const bytes of messages) {
      for (const copy of [1, roll() < 0.3 ? 1 : 0]) {
        if (copy === 0 || roll() < lossRate) continue
        flights.push({ to, bytes, atMs: nowMs + 20 + 1_500 * roll() })
      }
    }
  }

  for (let nowMs = 0; nowMs < 200_000; nowMs += 250) {
    joiner.tick(nowMs)
    host.tick(nowMs)
    const arrived = flights.filter(({ atMs }) => atMs <= nowMs)
    flights = flights.filter(({ atMs }) => atMs > nowMs)
    for (const { bytes, to } of arrived) {
      if (to === "host") host.hear(bytes)
      else if (bytes[0] === rekey[0]) joiner.run({ kind: "joined" })
      else joiner.hear(bytes)
    }
    const shown = [joiner.find("compare"), host.find("compare")].map((effect) => effect?.untilMs)
    const [joinerUntil = Infinity, hostUntil = Infinity] = shown
    if (nowMs > joinerUntil - 180_000 + deciding.joiner) joiner.decide(true)
    if (nowMs > hostUntil - 180_000 + deciding.host) host.decide(true)
    fly("host", joiner.take(), nowMs)
    fly("joiner", host.take(), nowMs)
    const ready = host.find("ready")
    const made = host.state.paired.some(({ rekey }) => rekey !== null)
    if (ready && !made && nowMs < 100_000) {
      host.run({ kind: "admitted", nowMs, session: ready.session, rekey })
      fly("joiner", [rekey], nowMs)
    }
  }
  return { joiner, host }
}

test(
  "over a lossy, repeating, reordering channel they pair, and show the same",
  { timeout: 120_000 },
  () => {
    let paired = 0
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.integer({ min: 0, max: 45 }),
        fc.boolean(),
        (seed, loss, code) => {
          const { host, joiner } = meet(seed, loss / 100, code)
          const shown = [joiner.find("compare"), host.find("compare")]
          if (code) expect(shown).toEqual([undefined, undefined])
          else expect(shown[0]?.comparison).toEqual(shown[1]?.comparison)
          const names = [...joiner.kinds(), ...host.kinds()]
          for (const kind of ["compare", "scanned", "ready"]) {
            expect(names.filter((name) => name === kind).length).toBeLessThanOrEqual(2)
          }
          expect(host.get("ready").profile.name).toBe("Ada")
          expect(joiner.get("ready").profile.name).toBe("Bob")
          expect(joiner.find("ended")).toBeUndefined()
          expect(joiner.state.phase).toBe("idle")
          paired++
        },
      ),
      { numRuns: 12 },
    )
    expect(paired).toBe(12)
  },
)

/** Messages of several true and false sessions, and bytes that are none. */
function pool(): readonly Uint8Array[] {
  const all: Uint8Array[] = [utf8("1"), utf8("3 too short"), utf8("M, no pairing message")]
  for (const name of [
    "Ada",
    "Eve",
    "Kim",
    "Lea",
    "Max",
    "Ola",
    "Pia",
    "Rut",
    "Sue",
    "Tom",
    "Uwe",
  ]) {
    const [joiner, host] = [new Joiner(name), new Host("Other", name).open()]
    all.push(joiner.open().takeOne())
    all.push(host.hear(all.at(-1)!).takeOne())
    all.push(joiner.hear(all.at(-1)!).takeOne())
    all.push(host.hear(all.at(-1)!).takeOne())
    all.push(joiner.hear(all.at(-1)!).decide(true).takeOne())
  }
  return all
}

type Move =
  | { readonly kind: "old"; readonly index: number }
  | { readonly kind: "talk"; readonly index: number }
  | { readonly kind: "decide"; readonly same: boolean }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "open" | "close" | "admitted" }

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(57).map((index) => ({ kind: "old", index }) as const) },
  { weight: 16, arbitrary: fc.nat(2).map((index) => ({ kind: "talk", index }) as const) },
  {
    weight: 3,
    arbitrary: fc
      .nat(5)
      .map((roll) => roll > 0)
      .map((same) => ({ kind: "decide", same }) as const),
  },
  { weight: 3, arbitrary: fc.nat(4_000).map((ms) => ({ kind: "wait", ms }) as const) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "open" } as const, { kind: "close" } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "admitted" } as const) },
)

test(
  "whatever happens to a host: its limits hold, and nobody is let in unconfirmed",
  { timeout: 120_000 },
  () => {
    const old = pool()
    let letIn = 0
    fc.assert(
      fc.property(fc.array(move, { size: "large", maxLength: 80 }), (moves) => {
        const host = new Host().open(null, 600_000)
        const joiners = [new Joiner("One"), new Joiner("Two"), new Joiner("Three")]
        const saidSame = new Set<string>()
        const confirmed = new Set<string>()
        /** Said before it was let in, also after "the same". */
        const saidDifferent = new Set<string>()
        for (const move of moves) play(move)
        const admitted = host.log.filter((effect) => effect.kind === "ready")
        letIn += admitted.length
        const sessions = admitted.map(({ session }) => hex(session))
        expect(new Set(sessions).size).toBe(sessions.length)
        for (const session of sessions) {
          expect(saidSame.has(session) && confirmed.has(session)).toBe(true)
          expect(saidDifferent.has(session)).toBe(false)
        }

        function play(move: Move): void {
          const { nowMs } = host
          try {
            if (move.kind === "old") host.hear(old[move.index]!)
            else if (move.kind === "talk") talk(joiners[move.index]!)
            else if (move.kind === "wait") host.tick(nowMs + move.ms)
            else if (move.kind === "open") host.open()
            else if (move.kind === "close") host.run({ kind: "close" })
            else if (move.kind === "decide") decide(move.same)
            else admit()
          } catch (error) {
            expect(error).toBeInstanceOf(PeerError)
          }
          if (host.state.phase === "closed") return
          expect(host.state.waiting.length).toBeLessThanOrEqual(maxWaiting)
          expect(host.state.failures).toBeLessThan(maxFailures)
        }

        /** The joiner says what comes next, and hears what the host says. */
        function talk(joiner: Joiner): void {
          joiner.nowMs = host.nowMs
          if (joiner.state.phase === "idle") joiner.open()
          else if (joiner.state.phase === "comparing") joiner.decide(true)
          else joiner.tick(host.nowMs)
          for (const message of joiner.take()) {
            if (message[0] === 0x35) confirmed.add(hex(sessionOf(message)))
            host.hear(message)
          }
          for (const message of host.take()) for (const other of joiners) other.hear(message)
        }

        function decide(same: boolean): void {
          const compare = host.find("compare")
          if (!compare) return
          const ready = host.log.filter((effect) => effect.kind === "ready")
          const isIn = ready.some(({ session }) => sameBytes(session, compare.session))
          if (same) saidSame.add(hex(compare.session))
          else if (!isIn) saidDifferent.add(hex(compare.session))
          host.decide(same)
        }

        function admit(): void {
          const ready = host.find("ready")
          if (!ready) return
          host.run({
            kind: "admitted",
            nowMs: host.nowMs,
            session: ready.session,
            rekey: utf8("K"),
          })
        }
      }),
      { numRuns: 60 },
    )
    expect(letIn).toBeGreaterThan(0)
  },
)

type Turn = "joiner says" | "host says" | "joiner same" | "host same" | "joiner no" | "host no"

const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Turn[]>("joiner says", "host says") },
  { weight: 2, arbitrary: fc.constantFrom<Turn[]>("joiner same", "host same") },
  { weight: 1, arbitrary: fc.constantFrom<Turn[]>("joiner no", "host no") },
)

test("whoever says no before both confirmed, in any order: nobody is let in [TOPIC-9-8]", () => {
  const seen = { letIn: 0, hostRegrets: 0, joinerRegrets: 0 }
  const { publicKey } = identityOf("Bob")
  const shownCode = makePairingCode("host", publicKey, "", seededRandom("no"))
  fc.assert(
    fc.property(fc.array(turn, { minLength: 4, maxLength: 12 }), fc.boolean(), (turns, coded) => {
      const code = coded ? shownCode : null
      const [joiner, host] = [new Joiner("Ada").open(code), new Host("Bob").open(code)]
      const talk = {
        "joiner says": () => joiner.take().forEach((bytes) => host.hear(bytes)),
        "host says": () => host.take().forEach((bytes) => joiner.hear(bytes)),
      }
      talk["joiner says"]()
      talk["host says"]()
      talk["joiner says"]()
      talk["host says"]()
      const { session } = host.get(coded ? "scanned" : "compare")
      for (const next of turns) {
        if (next === "joiner says" || next === "host says") talk[next]()
        else if (next === "joiner same") joiner.decide(true, session)
        else if (next === "host same") host.decide(true, session)
        else if (next === "host no") refuseAtHost()
        else refuseAtJoiner()
      }
      if (host.find("ready")) seen.letIn++

      function refuseAtHost(): void {
        const isIn = host.find("ready") !== undefined
        const wasConfirmed = host.currentPhase === "confirmed-by-us"
        const before = host.log.length
        host.decide(false, session)
        if (isIn) {
          expect(host.log.length).toBe(before)
          return
        }
        if (wasConfirmed) seen.hostRegrets++
        // It can not come back, whatever anybody says.
        expect(host.find("ended")).toBeDefined()
        host.decide(true, session)
        talk["joiner says"]()
        expect([host.currentPhase, host.find("ready")]).toEqual([null, undefined])
      }

      function refuseAtJoiner(): void {
        const { phase } = joiner.state
        joiner.decide(false, session)
        if (phase !== "comparing" && phase !== "waiting") return
        if (phase === "waiting") seen.joinerRegrets++
        expect(joiner.state.phase).toBe("idle")
        expect(joiner.kinds().slice(-2)).toEqual(["send", "ended"])
        expect(joiner.get("ended").because).toBe(coded ? "closed" : "different")
      }
    }),
    { numRuns: 200 },
  )
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0)
})
