// One user fills no store, and drives nobody's lanes out of memory: spec/login.md §9.4.
import { describe, expect, test } from "vitest"
import { codeOf, Device, Scene, yearMs } from "./session-server-scene.js"

const minuteMs = 60_000

async function entries(scene: Scene, prefix: string): Promise<number> {
  return (await scene.store.list(prefix)).length
}

describe.each(["memory", "store"] as const)("with lanes in the %s", (lanes) => {
  test("a user's next session ends the one that was used least recently, and it learns that", async () => {
    const scene = await Scene.open({ lanes, limits: { sessions: 3 } })
    const names = ["phone", "tablet", "clock"]
    const devices: Device[] = []
    for (const name of names) {
      devices.push(await scene.device("alice", name))
      scene.nowMs += minuteMs
    }
    const [phone, tablet, clock] = devices as [Device, Device, Device]
    expect((await phone.sealed("GET /x")).status).toBe(200)
    scene.nowMs += minuteMs
    const other = await scene.device("bob")
    const newest = await scene.device("alice", "laptop")
    expect(scene.events.filter(({ kind }) => kind === "revoked")).toEqual([
      {
        kind: "revoked",
        login: "alice",
        session: tablet.id,
        device: "tablet",
        isDisplaced: true,
      },
    ])
    expect(await tablet.openLane()).toBe("revoked")
    for (const one of [phone, clock, other, newest]) {
      expect((await one.sealed("GET /x")).status).toBe(200)
    }
    expect(await scene.server.devices("alice")).toHaveLength(3)
  })

  test("the one that logs in is never the one that ends, whatever the date", async () => {
    const scene = await Scene.open({ lanes, limits: { sessions: 1 } })
    const first = await scene.device("alice", "phone")
    expect((await first.sealed("GET /x")).status).toBe(200)
    scene.nowMs -= 3_600_000
    const second = await scene.device("alice", "tablet")
    expect((await second.sealed("GET /x")).status).toBe(200)
    expect(await codeOf(() => first.sealed("GET /x"))).toBe("none")
    expect((await first.sealed("GET /x")).error).toBe("revoked")
  })

  test("who logs in again and again leaves no more than twice as many behind", async () => {
    const scene = await Scene.open({ lanes, limits: { sessions: 4 } })
    const other = await scene.device("bob")
    const device = await scene.device("alice")
    for (let i = 0; i < 30; i++) {
      scene.nowMs += minuteMs
      await device.logIn("alice")
      for (let generation = 1; generation < 4; generation++) {
        await device.refresh()
        await device.sealed("GET /x")
      }
    }
    const kept = 2 * 4 + 1
    expect(await scene.server.devices("alice")).toHaveLength(4)
    expect(await entries(scene, "login/session/")).toBeLessThanOrEqual(kept + 1)
    expect(await entries(scene, "login/device/")).toBe(await entries(scene, "login/session/"))
    expect(await entries(scene, "login/seen/")).toBeLessThanOrEqual(kept)
    expect(await entries(scene, "login/lane/")).toBeLessThanOrEqual(kept * 4)
    expect(await entries(scene, "login/retired/")).toBeLessThanOrEqual(4 * 2)
    expect((await device.sealed("GET /x")).status).toBe(200)
    expect((await other.sealed("GET /x")).status).toBe(200)
  })

  test.each([1, 2, 3])(
    "of logins at once, with %d at most, none ends the one that ends it",
    async (sessions) => {
      const scene = await Scene.open({ lanes, limits: { sessions } })
      await scene.device()
      for (let round = 0; round < 8; round++) {
        scene.nowMs += minuteMs
        const all = [0, 1, 2, 3].map((i) => new Device(scene, `phone ${round} ${i}`))
        await Promise.all(all.map((one) => one.logIn("alice")))
        const living = (await scene.server.devices("alice")).length
        expect(living).toBeGreaterThanOrEqual(Math.max(1, sessions - 1))
        expect(living).toBeLessThanOrEqual(4)
        const refused = (await Promise.all(all.map((one) => one.openLane()))).filter(
          (one) => one === "revoked",
        )
        expect(refused.length).toBeLessThan(4)
      }
    },
  )

  test("a device that logs in once more, as for another password, stays", async () => {
    const scene = await Scene.open({ lanes, limits: { sessions: 1 } })
    const phone = await scene.device()
    expect((await phone.sealed("GET /x")).status).toBe(200)
    scene.nowMs += minuteMs
    const passing = new Device(scene, "passing")
    await passing.logIn("alice", {}, undefined, { knownSession: phone.known })
    expect((await phone.sealed("GET /x")).status).toBe(200)
    const wrong = { ...phone.known, key: new Uint8Array(32) }
    await new Device(scene, "thief").logIn("alice", {}, undefined, { knownSession: wrong })
    expect((await phone.sealed("GET /x")).error).toBe("revoked")
    expect(await scene.server.devices("alice")).toHaveLength(1)
  })

  test("while the date is a year ahead, no session is forgotten for good", async () => {
    const scene = await Scene.open({ lanes, limits: { sessions: 1 } })
    const phone = await scene.device()
    scene.nowMs += yearMs
    for (let i = 0; i < 3; i++) {
      scene.nowMs += minuteMs
      await new Device(scene, `tablet ${i}`).logIn("alice")
    }
    expect(await phone.openLane()).toBe("revoked")
    scene.nowMs -= yearMs
    expect((await phone.sealed("GET /x")).status).toBe(200)
  })

  test("a session that ends for another while it refreshes learns it, and brings nothing back", async () => {
    const scene = await Scene.open({ lanes, limits: { sessions: 1 } })
    for (let round = 0; round < 5; round++) {
      const phone = await scene.device()
      expect((await phone.sealed("GET /x")).status).toBe(200)
      scene.nowMs += minuteMs
      const newer = new Device(scene, `tablet ${round}`)
      await Promise.all([phone.refresh(), newer.logIn("alice")])
      expect(await phone.openLane()).toBe("revoked")
      expect(await phone.refresh()).toBe("revoked")
      expect((await newer.sealed("GET /x")).status).toBe(200)
      expect(await scene.server.devices("alice")).toHaveLength(1)
    }
  })

  test("logins at once leave no more than that after the next one", async () => {
    const scene = await Scene.open({ lanes, limits: { sessions: 3 } })
    await scene.device()
    const all = Array.from({ length: 4 }, (_, i) => new Device(scene, `phone ${i}`))
    await Promise.all(all.map((one) => one.logIn("alice")))
    scene.nowMs += minuteMs
    await new Device(scene, "last").logIn("alice")
    expect(await scene.server.devices("alice")).toHaveLength(3)
  })
})

test("100 sessions, unless it is set", async () => {
  const scene = await Scene.open()
  const device = await scene.device()
  for (let i = 0; i < 105; i++) {
    scene.nowMs += 1_000
    await device.logIn("alice")
  }
  expect(await scene.server.devices("alice")).toHaveLength(100)
  expect(scene.kinds().filter((kind) => kind === "revoked")).toHaveLength(6)
}, 120_000)

test("one user has a quarter of the lanes in memory, and drives out none of another's", async () => {
  const scene = await Scene.open({ limits: { lanes: 12 } })
  const other = await scene.device("bob")
  const lane = await other.lane()
  const devices: Device[] = []
  for (let i = 0; i < 20; i++) {
    const device = await scene.device("alice", `phone ${i}`)
    await device.sealed("GET /x")
    devices.push(device)
  }
  expect((await other.sealed("GET /x")).status).toBe(200)
  expect(await other.lane()).toBe(lane)
  const living = await Promise.all(devices.map(async (one) => (await one.sealed("GET /x")).error))
  expect(living).toEqual([...Array<string>(17).fill("unknown-lane"), null, null, null])
})
