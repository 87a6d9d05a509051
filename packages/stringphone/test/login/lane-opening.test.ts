// Lanes are opened, repeated, driven out and refused: spec/login.md §5.
import { beforeEach, describe, expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { type ClientLane, requestLane } from "../../src/login/client-lane.js"
import { type LaneTable, mostLanes, takeLane, useLane } from "../../src/login/lane-table.js"
import { usualLifetimes } from "../../src/login/session-record.js"
import { encodeLane } from "../../src/login/wire/lane.js"
import { laneOpeningKey } from "../../src/login/generation-keys.js"
import { codeOf, SceneClient, SceneServer } from "./lane-scene.js"

let server: SceneServer
let client: SceneClient

beforeEach(() => {
  server = new SceneServer()
  client = new SceneClient(server)
})

describe("opening", () => {
  test("gives both sides the same keys, other ones in each lane and generation", () => {
    const lanes = [client.lane(), client.lane()]
    client.refresh()
    lanes.push(client.lane())
    const keys = lanes.flatMap((lane) => {
      const { keys } = server.lanes.get(hex(lane.id))!
      const own = [lane.keys.requestSigningKey(), lane.keys.answerSigningKey()].map(hex)
      expect([keys.requestSigningKey(), keys.answerSigningKey()].map(hex)).toEqual(own)
      return own
    })
    expect(new Set(keys).size).toBe(6)
  })

  test("a replayed request makes no new lane", () => {
    const request = requestLane(client.session, client.random.take(16))
    const first = server.openLane(request)
    for (let i = 0; i < 40; i++) expect(server.openLane(request)).toEqual(first)
    expect(server.table).toHaveLength(1)
    expect(server.lanes.size).toBe(1)
  })

  test("a replayed request does not make its window new", () => {
    const request = requestLane(client.session, client.random.take(16))
    server.openLane(request)
    const [lane] = server.lanes.values()
    lane!.window.use(1)
    server.openLane(request)
    expect([...server.lanes.values()][0]!.window.stateOf(1)).toBe("used")
  })

  test("after a restart a replayed request makes another lane, with other keys", () => {
    const request = requestLane(client.session, client.random.take(16))
    const before = client.completeLane(request, server.openLane(request)) as ClientLane
    server.restart()
    const after = client.completeLane(request, server.openLane(request)) as ClientLane
    expect(hex(after.id)).not.toBe(hex(before.id))
    expect(after.keys.requestSigningKey()).not.toEqual(before.keys.requestSigningKey())
  })

  test("the answer belongs to one request, and comes from the server alone", () => {
    const [one, other] = [1, 2].map((byte) =>
      requestLane(client.session, new Uint8Array(16).fill(byte)),
    ) as [Uint8Array, Uint8Array]
    const answer = server.openLane(one)
    expect(codeOf(() => client.completeLane(other, answer))).toBe("unauthenticated-answer")
    const strangers = encodeLane(new Uint8Array(16), one, new Uint8Array(32))
    expect(codeOf(() => client.completeLane(one, strangers))).toBe("unauthenticated-answer")
    const reflected = encodeLane(
      new Uint8Array(16),
      other,
      laneOpeningKey({ ...client.session, generation: 2 }),
    )
    expect(codeOf(() => client.completeLane(one, reflected))).toBe("unauthenticated-answer")
  })

  test("a request with a wrong mac is denied, and the session stays as it is", () => {
    const request = requestLane(client.session, client.random.take(16))
    const before = server.record
    for (let at = 17; at < request.length; at++) {
      const forged = Uint8Array.from(request)
      forged[at]! ^= 2
      const answer = server.openLane(forged)
      expect([at, answer[0], answer[1]]).toEqual([at, 0x0e, 1])
    }
    expect(server.record).toBe(before)
    expect(server.table).toEqual([])
  })

  test("under the offered generation takes the offer, once", () => {
    client.refresh()
    expect(server.living.generation).toBe(1)
    client.lane()
    const { living } = server
    expect([living.generation, living.offered, living.former?.generation]).toEqual([2, null, 1])
    client.lane()
    expect(server.record).toBe(living)
  })

  test("under a generation of long ago is expired, and says so with a proof", () => {
    const old = client.stolenBy("a program that slept")
    client.refresh()
    client.lane()
    expect(typeof old.openLane()).not.toBe("string")
    server.nowMs += 60_001
    expect(old.openLane()).toBe("expired")
    client.refresh()
    client.lane()
    client.refresh()
    client.lane()
    expect(old.openLane()).toBe("expired")
    server.nowMs += usualLifetimes.accessSeconds * 1_000 + 1
    expect(client.openLane()).toBe("expired")
  })
})

describe("the table of lanes", () => {
  const always = (_: number): boolean => true
  const named = (byte: number): Uint8Array => new Uint8Array(16).fill(byte)
  const take = (table: LaneTable, byte: number, isLiving = always, generation = 1) =>
    takeLane(table, { generation, clientRandom: named(byte) }, named(100 + byte), isLiving)
  const full = (): LaneTable =>
    Array.from({ length: mostLanes }, (_, i) => i).reduce<LaneTable>(
      (table, byte) => useLane(take(table, byte).table, named(100 + byte)),
      [],
    )
  const ids = (table: LaneTable): readonly number[] => table.map(({ id }) => id[0]!)

  test("has 16; the one unused for longest goes", () => {
    const table = useLane(full(), named(100))
    const { closed, table: next } = take(table, 50)
    expect(ids(closed)).toEqual([101])
    expect(next).toHaveLength(mostLanes)
    expect(ids(next).slice(-2)).toEqual([100, 150])
  })

  test("strangers who repeat old requests drive out four lanes at most: then unused ones go first", () => {
    let table = full()
    const gone: number[] = []
    for (let byte = 50; byte < 90; byte++) {
      const taken = take(table, byte)
      gone.push(...ids(taken.closed))
      table = taken.table
    }
    expect(gone.filter((id) => id < 150)).toEqual([100, 101, 102, 103])
    expect(gone.slice(4, 7)).toEqual([150, 151, 152])
    expect(table.filter(({ isUsed }) => isUsed)).toHaveLength(mostLanes - 4)
  })

  test("four programs that begin together do not drive out each other, whoever calls first", () => {
    let table = full()
    for (let round = 0; round < 6; round++) {
      const begun = [0, 1, 2, 3].map((i) => 50 + 4 * round + i)
      for (const byte of begun) table = take(table, byte).table
      for (const byte of round % 2 ? begun : begun.reverse()) {
        expect(ids(table)).toContain(100 + byte)
        table = useLane(table, named(100 + byte))
      }
    }
    expect(table).toHaveLength(mostLanes)
  })

  test("of lanes on which no call ever came the oldest goes, also where there are no others", () => {
    let table: LaneTable = []
    for (let byte = 0; byte < mostLanes; byte++) table = take(table, byte).table
    expect(ids(take(table, 50).closed)).toEqual([100])
    const used = useLane(table, named(100))
    expect(ids(take(used, 50).closed)).toEqual([101])
  })

  test("lanes whose generation has ended go before all", () => {
    const table = useLane(take(full().slice(1), 40, always, 2).table, named(140))
    const isLiving = (generation: number): boolean => generation === 2
    expect(ids(take(table, 50, isLiving, 2).closed)).toEqual([101])
    const turned = useLane(table, named(101))
    expect(ids(take(turned, 50, isLiving, 2).closed)).toEqual([102])
  })

  test("the same client random of another generation is another lane", () => {
    const one = take([], 1)
    expect(take(one.table, 1).isRepeated).toBe(true)
    const other = takeLane(one.table, { generation: 2, clientRandom: named(1) }, named(9), always)
    expect([other.isRepeated, other.table.length]).toEqual([false, 2])
  })

  test("stays the same object where nothing changes", () => {
    const table = full()
    expect(useLane(table, named(99))).toBe(table)
    expect(useLane(table, table.at(-1)!.id)).toBe(table)
    expect(take(table, 3).table).toBe(table)
  })
})
