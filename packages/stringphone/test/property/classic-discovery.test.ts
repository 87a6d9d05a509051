// The pairing window's pure steps, spec/topic-classic.md §5.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  closedDiscovery,
  type DiscoveryEffect,
  type DiscoveryEvent,
  type DiscoveryState,
  maxOffers,
  maxRequests,
  stepDiscovery,
} from "../../src/topic/classic/index.js"

const bytes = (byte: number) => new Uint8Array(32).fill(byte)

function heard(
  who: number,
  encryptionKey = who,
  kind: "introduction" | "reply" = "introduction",
  nowMs = 10,
): DiscoveryEvent {
  const message = Uint8Array.of(who, encryptionKey)
  const parts = { kind, publicKey: bytes(who), encryptionKey: bytes(encryptionKey), message }
  return { kind: "heard", nowMs, heard: parts }
}

const open: DiscoveryEvent = { kind: "open", nowMs: 0, forMs: 1000 }

/** All effects, and the state at the end. */
function after(...events: DiscoveryEvent[]): [DiscoveryState, DiscoveryEffect[]] {
  let state = closedDiscovery
  const effects: DiscoveryEffect[] = []
  for (const event of events) {
    const [next, more] = stepDiscovery(state, event)
    state = next
    effects.push(...more)
  }
  return [state, effects]
}

function requests(state: DiscoveryState): string[] {
  if (state.phase === "closed") return []
  return state.requests.map(
    ({ kind, publicKey, offers }) => `${kind} of ${String(publicKey[0])}, ${offers.length}`,
  )
}

describe("the pairing window", () => {
  test("[CLASSIC-5-1] closed, nothing is listed", () => {
    const events = [heard(1), { kind: "tick", nowMs: 1 }, { kind: "close" }] as const
    expect(after(...events)).toEqual([closedDiscovery, []])
    const decide = { kind: "decide", publicKey: bytes(1) } as DiscoveryEvent
    expect(after(decide)).toEqual([closedDiscovery, []])
  })

  test("open, each sender is a request once", () => {
    const [state, effects] = after(open, heard(1), heard(2), heard(1))
    expect(requests(state)).toEqual(["introduction of 1, 1", "introduction of 2, 1"])
    expect(effects.map(({ kind }) => kind)).toEqual(["request", "request"])
  })

  test("[CLASSIC-5-2] it closes when its time is over, to the millisecond, or by hand", () => {
    const [early] = after(open, heard(1), { kind: "tick", nowMs: 999 })
    expect(early.phase).toBe("open")
    const byTime = [closedDiscovery, [{ kind: "closed", because: "time" }]]
    expect(after(open, { kind: "tick", nowMs: 1000 })).toEqual(byTime)
    expect(after(open, heard(1, 1, "reply", 1000))).toEqual(byTime)
    const byHand = [closedDiscovery, [{ kind: "closed", because: "person" }]]
    expect(after(open, { kind: "close" })).toEqual(byHand)
  })

  test("opened again, it forgets what was listed and decided", () => {
    const decide = { kind: "decide", publicKey: bytes(1) } as DiscoveryEvent
    const [state] = after(open, heard(1), decide, heard(2), open, heard(1))
    expect(requests(state)).toEqual(["introduction of 1, 1"])
  })

  test("[CLASSIC-5-3] further ones than the limit are not listed, and it says so", () => {
    const many = Array.from({ length: maxRequests + 1 }, (_, i) => heard(i))
    const [state, effects] = after(open, ...many)
    expect(requests(state).length).toBe(maxRequests)
    expect(effects.at(-1)).toEqual({ kind: "crowded" })
    // Those who are listed already still may offer more.
    expect(requests(after(open, ...many, heard(0, 99))[0])).toContain("introduction of 0, 2")
  })

  test("[CLASSIC-5-4] whoever was decided on is not listed again", () => {
    const decide = { kind: "decide", publicKey: bytes(1) } as DiscoveryEvent
    const [state] = after(open, heard(1), heard(2), decide, heard(1), heard(1, 7, "reply"))
    expect(requests(state)).toEqual(["introduction of 2, 1"])
  })

  test("[CLASSIC-5-5] other encryption keys are other offers, up to the limit", () => {
    const events = Array.from({ length: maxOffers + 2 }, (_, i) => heard(1, i, "reply"))
    const [state, effects] = after(open, ...events, ...events, heard(1))
    expect(requests(state)).toEqual([`reply of 1, ${maxOffers}`, "introduction of 1, 1"])
    expect(effects.length).toBe(maxOffers + 1)
  })
})

test("whatever happens: limits hold, nobody is listed twice, states are not changed in place", () => {
  const small = fc.nat(20)
  const event: fc.Arbitrary<DiscoveryEvent> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(small, small, fc.constantFrom("introduction", "reply"), fc.nat(1100))
        .map(([who, key, kind, nowMs]) => heard(who, key, kind, nowMs)),
    },
    fc.constant(open),
    small.map((who): DiscoveryEvent => ({ kind: "decide", publicKey: bytes(who) })),
    fc.nat(1100).map((nowMs) => ({ kind: "tick", nowMs }) as const),
    fc.constant({ kind: "close" } as const),
  )
  fc.assert(
    fc.property(fc.array(event, { size: "large", maxLength: 120 }), (events) => {
      let state = closedDiscovery
      for (const event of events) {
        const before = structuredClone(state)
        const [next] = stepDiscovery(state, event)
        expect(state).toEqual(before)
        state = next
        if (state.phase === "closed") continue
        expect(state.requests.length).toBeLessThanOrEqual(maxRequests)
        const names = state.requests.map(({ kind, publicKey }) => `${kind} ${String(publicKey)}`)
        expect(new Set(names).size).toBe(names.length)
        for (const { offers } of state.requests) {
          expect(offers.length).toBeLessThanOrEqual(maxOffers)
          const keys = new Set(offers.map(({ encryptionKey }) => String(encryptionKey)))
          expect(keys.size).toBe(offers.length)
        }
      }
    }),
    { numRuns: 60 },
  )
})
