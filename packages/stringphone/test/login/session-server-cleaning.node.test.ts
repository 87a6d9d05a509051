// What nobody asks about any more goes, and what a wrong date says does not: spec/login.md §6.6, §10.1.
import { describe, expect, test } from "vitest"
import { base64url, decodeJson, encodeJson, utf8 } from "../../src/bytes/index.js"
import { hash } from "../../src/crypto/index.js"
import { codeOf, Device, post, Scene, startMs } from "./session-server-scene.js"

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** A server that something comes to all the time. */
async function live(scene: Scene, days: number, stepMs: number): Promise<void> {
  for (const endMs = scene.nowMs + days * dayMs; scene.nowMs < endMs;) {
    scene.nowMs += stepMs
    await post(scene.handle, utf8("something"))
    await scene.server.settled()
  }
}

/** One look at each part. */
async function clean(scene: Scene): Promise<void> {
  await live(scene, 64 / 24 / 60, 60_000)
}

async function keysOf(scene: Scene, kind: string): Promise<number> {
  return (await scene.store.list(`login/${kind}/`)).length
}

describe.each(["memory", "store"] as const)("with lanes in the %s", (lanes) => {
  test("a session goes when its device can learn no more that it ended", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    await device.sealed("GET /x")
    await device.refresh()
    await device.sealed("GET /x")
    await device.refresh()
    await device.sealed("GET /x")
    expect(await keysOf(scene, "retired")).toBe(1)
    await live(scene, 91, hourMs)
    expect(await device.openLane()).toBe("revoked")
    expect(await keysOf(scene, "session")).toBe(1)
    await live(scene, 90, hourMs)
    await clean(scene)
    for (const kind of ["session", "retired", "seen", "device", "lane", "limit"]) {
      expect([kind, await keysOf(scene, kind)]).toEqual([kind, 0])
    }
    expect(await keysOf(scene, "user")).toBe(1)
    expect(await device.refresh()).toBe("revoked") // By the server key alone.
  })

  test("one that was revoked is remembered for its refresh time", async () => {
    const scene = await Scene.open({ lanes, limits: { refreshSeconds: 10 * 86_400 } })
    const device = await scene.device()
    await scene.server.revoke(device.id)
    await live(scene, 9, hourMs)
    expect(await keysOf(scene, "session")).toBe(1)
    await live(scene, 4, hourMs)
    await clean(scene)
    expect(await keysOf(scene, "session")).toBe(0)
  })

  test("a date that leapt takes nothing away for a day", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    await scene.invite("bob")
    await live(scene, 2, hourMs)
    scene.nowMs += 3_650 * dayMs
    await clean(scene)
    expect([await keysOf(scene, "session"), await keysOf(scene, "invitation")]).toEqual([1, 2])
    scene.nowMs = startMs + 3 * dayMs
    expect(await device.refresh()).toEqual(["lamps", "admin"])
    scene.nowMs += 3_650 * dayMs
    await live(scene, 2, 60_000)
    expect([await keysOf(scene, "session"), await keysOf(scene, "invitation")]).toEqual([0, 0])
  })
})

test("lanes in the store are spread, so that each look finds a part of them", async () => {
  const scene = await Scene.open({ lanes: "store" })
  const device = await scene.device()
  for (let i = 0; i < 12; i++) await device.openLane()
  const listed = await scene.store.list("login/lane/")
  const first = listed.map(({ key }) => key.charAt("login/lane/".length))
  expect(listed.length).toBeGreaterThan(8)
  expect(new Set(first).size).toBeGreaterThan(3)
})

test("where one part has very much in it, all of it goes within the hour nevertheless", async () => {
  const scene = await Scene.open({ lanes: "store" })
  const device = await scene.device()
  await device.openLane()
  const [living] = await scene.store.list("login/lane/")
  const old = encodeJson({ ...(decodeJson(living!.value) as object), openedMs: startMs - dayMs })
  const writes = Array.from({ length: 3_000 }, (_, i) => {
    const id = base64url(hash(utf8(String(i)))).slice(0, 22)
    return { key: `login/lane/${"Am_".charAt(i % 3)}${id}`, value: old }
  })
  await scene.store.commit({ writes })
  await live(scene, 64 / 24 / 60, 60_000)
  await scene.store.commit({ writes })
  // Four thousand small looks, one of them each 0.9 s.
  await live(scene, 1.1 / 24, 900)
  expect(await keysOf(scene, "lane")).toBe(0)
})

test("attempts at logins that nobody has leave nothing behind", async () => {
  const scene = await Scene.open({ lanes: "store" })
  for (let i = 0; i < 20; i++) {
    expect(await codeOf(() => new Device(scene, `x${i}`).logIn(`nobody-${i}`))).toBe("not-proven")
  }
  expect([await keysOf(scene, "limit"), await keysOf(scene, "attempt")]).toEqual([20, 20])
  scene.nowMs += hourMs
  await clean(scene)
  expect([await keysOf(scene, "limit"), await keysOf(scene, "attempt")]).toEqual([0, 0])
})

test("lanes in memory are so many, and the one unused for longest goes", async () => {
  const scene = await Scene.open({ limits: { lanes: 2 } })
  const devices = [await scene.device("a"), await scene.device("b"), await scene.device("c")]
  const [a, b, c] = devices as [Device, Device, Device]
  await a.sealed("GET /x")
  await b.sealed("GET /x")
  await a.sealed("GET /x")
  await c.sealed("GET /x")
  expect((await a.sealed("GET /x")).error).toBeNull()
  expect((await b.sealed("GET /x")).error).toBe("unknown-lane")
})
