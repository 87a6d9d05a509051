// Refreshes over a network that loses, repeats and reorders: an honest client is never revoked and always comes to a
// generation in common with its server; a stolen state ends in revocation once both have refreshed. spec/login.md §6.3
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { decodeJson, encodeJson, hex, PeerError, sameBytes } from "../../src/bytes/index.js"
import { cryptoEngine } from "../../src/crypto/index.js"
import { completeRefresh } from "../../src/login/client-refresh.js"
import { requestLane } from "../../src/login/client-lane.js"
import type { PendingRefresh } from "../../src/login/client-refresh.js"
import { SceneClient, SceneServer } from "./lane-scene.js"

const numRuns = cryptoEngine() === "native" ? 300 : 20
const programs = 3

interface Sent {
  readonly kind: "refresh" | "lane"
  readonly program: number
  readonly request: Uint8Array
  /** Of a refresh: what its program had when it sent it. */
  readonly pending: PendingRefresh | null
}
interface Came extends Sent {
  readonly answer: Uint8Array
}

type Step =
  | { readonly do: "refresh" | "lane" | "reload"; readonly program: number }
  /** A request reaches the server; it may stay on the way, to reach it again. */
  | { readonly do: "deliver" | "copy"; readonly which: number }
  /** An answer reaches its program. */
  | { readonly do: "answer" | "answer again"; readonly which: number }
  | { readonly do: "lose"; readonly which: number }
  | { readonly do: "restart" | "clean" }
  | { readonly do: "wait"; readonly ms: number }

/** One device with several programs, which share what its store has. */
class Network {
  readonly server = new SceneServer()
  /** What the store has. */
  readonly device: SceneClient
  readonly onTheWay: Sent[] = []
  readonly answers: Came[] = []
  /** Everything that ever was on the way: for those who listen. */
  readonly heard: Sent[] = []

  constructor(device = (server: SceneServer) => new SceneClient(server)) {
    this.device = device(this.server)
  }

  run(step: Step): void {
    switch (step.do) {
      case "refresh":
        return this.#send("refresh", step.program, this.device.begin())
      case "lane": {
        const { random, session } = this.device
        return this.#send("lane", step.program, requestLane(session, random.take(16)))
      }
      case "reload":
        this.device.session = decodeJson(encodeJson(this.device.session)) as never
        this.server.record = decodeJson(encodeJson(this.server.record)) as never
        return
      case "deliver":
      case "copy": {
        const all = step.do === "copy" ? this.heard : this.onTheWay
        const [at, sent] = pick(all, step.which)
        if (!sent) return
        if (step.do === "deliver") this.onTheWay.splice(at, 1)
        this.#reachServer(sent)
        return
      }
      case "answer":
      case "answer again": {
        const [at, came] = pick(this.answers, step.which)
        if (!came) return
        if (step.do === "answer") this.answers.splice(at, 1)
        this.#reachProgram(came)
        return
      }
      case "lose": {
        const all = step.which % 2 === 0 ? this.onTheWay : this.answers
        const [at, lost] = pick(all, step.which >> 1)
        if (lost) all.splice(at, 1)
        return
      }
      case "restart":
        this.server.restart()
        return
      case "clean":
        this.server.clean()
        return
      case "wait":
        this.server.nowMs += step.ms
        return
    }
  }

  /** Everything arrives from now on: both must come together. */
  settle(): void {
    this.onTheWay.length = 0
    this.answers.length = 0
    for (let i = 0; i < 2; i++) {
      this.run({ do: "refresh", program: 0 })
      this.run({ do: "deliver", which: 0 })
      this.run({ do: "answer", which: 0 })
      expect(this.device.session.pending).toBeNull()
    }
    const lane = this.device.openLane()
    expect(typeof lane).not.toBe("string")
    const { generation, root } = this.server.living
    expect([generation, hex(root)]).toEqual([
      this.device.session.generation,
      hex(this.device.session.root),
    ])
  }

  #send(kind: Sent["kind"], program: number, request: Uint8Array): void {
    const pending = kind === "refresh" ? this.device.session.pending : null
    const sent = { kind, program, request, pending }
    this.onTheWay.push(sent)
    this.heard.push(sent)
  }

  #reachServer(sent: Sent): void {
    const { kind, request } = sent
    const answer = kind === "refresh" ? this.server.refresh(request) : this.server.openLane(request)
    this.answers.push({ ...sent, answer })
  }

  #reachProgram({ answer, kind, pending }: Came): void {
    const { session } = this.device
    try {
      // Compare and set: who is late finds that another program was faster, and leaves it at that.
      const isOwn =
        pending && session.pending && sameBytes(pending.request, session.pending.request)
      if (isOwn) {
        this.device.complete(answer)
      } else if (kind === "refresh" && session.pending) {
        completeRefresh({ ...session, pending: session.pending }, answer, this.server)
        throw new Error("an answer to another request was taken")
      }
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      expect(error.code).toBe("unauthenticated-answer")
    }
  }
}

function pick<T>(all: readonly T[], which: number): readonly [number, T | undefined] {
  const at = all.length === 0 ? 0 : which % all.length
  return [at, all[at]]
}

const program = fc.nat(programs - 1)
const which = fc.nat(1_000)
/** Minutes, mostly; all together less than the refresh time. */
const ms = fc.oneof(fc.nat(120_000), fc.nat(900_000), fc.nat(4_000_000))
const act = fc.record({ do: fc.constantFrom("refresh" as const, "lane" as const), program })
const travel = fc.record({
  do: fc.constantFrom(
    ...(["deliver", "deliver", "answer", "answer", "copy", "answer again", "lose"] as const),
  ),
  which,
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: act },
  { weight: 12, arbitrary: travel },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reload" as const), program }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("restart" as const, "clean" as const) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms }) },
)
const steps = fc.array(step, { minLength: 5, maxLength: 120, size: "max" })

describe("over a network that does what it wants", () => {
  test("an honest device is never revoked, and comes to a generation in common", () => {
    const seen = new Set<string>()
    let highest = 0
    fc.assert(
      fc.property(steps, (all) => {
        const network = new Network()
        for (const one of all) network.run(one)
        expect(network.server.events).not.toContain("reuse")
        expect(network.device.told).not.toContain("revoked")
        network.settle()
        expect(network.server.events).not.toContain("reuse")
        for (const event of network.server.events) seen.add(event)
        highest = Math.max(highest, network.device.session.generation)
      }),
      { numRuns, seed: 1 },
    )
    // The stories are about something.
    expect(seen).toEqual(new Set(["offered", "repeated", "opened", "refused"]))
    expect(highest).toBeGreaterThan(5)
  }, 300_000)

  test("a clock that leaps by years revokes nobody either", () => {
    const leap = fc.constantFrom(-365, 365, -1, 1, -40, 40).map((days) => days * 86_400_000)
    const leaping = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: step },
        { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: leap }) },
      ),
      { minLength: 5, maxLength: 100, size: "max" },
    )
    fc.assert(
      fc.property(leaping, (all) => {
        const network = new Network()
        for (const one of all) network.run(one)
        expect(network.server.events).not.toContain("reuse")
        expect(network.server.living.state).toBe("living")
        // Somebody sets it right.
        network.server.nowMs = network.server.living.refreshedMs
        network.settle()
      }),
      { numRuns, seed: 2 },
    )
  }, 300_000)

  test("a stolen state ends in revocation once both have refreshed, and both learn it", () => {
    fc.assert(
      fc.property(steps, steps, fc.boolean(), (before, after, isThiefFirst) => {
        const network = new Network()
        for (const one of before) network.run(one)
        const { device, server } = network
        const hadPending = device.session.pending !== null
        const thief = device.stolenBy("thief")
        const goOn = (one: SceneClient): void => {
          // A pending refresh was stolen with the rest: the first one is the same for both.
          if (hadPending) one.refresh()
          if (server.record?.state === "living") one.refresh()
        }
        for (const one of isThiefFirst ? [thief, device] : [device, thief]) goOn(one)
        for (const one of after) if (one.do === "wait") network.run(one)
        expect(server.record).toMatchObject({ state: "ended", reason: "reuse" })
        for (const one of [thief, device]) {
          expect(one.openLane()).toBe("revoked")
          expect(one.told).toContain("revoked")
        }
      }),
      { numRuns: numRuns / 2, seed: 3 },
    )
  }, 300_000)
})
