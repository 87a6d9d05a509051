// Who takes the whole store reads no call of a generation that is over: spec/login.md §6.3.
import { describe, expect, test } from "vitest"
import { decodeJson, utf8 } from "../../src/bytes/index.js"
import { openBox } from "../../src/login/box.js"
import type { RetiredGeneration } from "../../src/login/index.js"
import { LaneKeys } from "../../src/login/lane-keys.js"
import { decodeSealedCall, sealedCallHead } from "../../src/login/wire/sealed-call.js"
import { retiredKey, retirement, valueOf } from "../../src/session/login/server-entries.js"
import { type Device, post, Scene } from "./session-server-scene.js"

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** A sealed call, as somebody heard it. */
interface Heard {
  readonly bytes: Uint8Array
  readonly session: Uint8Array
  readonly generation: number
}

async function call(device: Device): Promise<Heard> {
  const { bytes } = await device.seal("POST /secret", "what nobody else is to know")
  await device.post(bytes)
  return { bytes, session: device.session.session, generation: device.session.generation }
}

/** To the next generation, which the server sees in use. */
async function goOn(device: Device): Promise<Heard> {
  expect(await device.refresh()).toEqual(["lamps", "admin"])
  return call(device)
}

/** Anything in the store opens it: as the root of its generation, or as the call's own key. */
async function isReadable(scene: Scene, heard: Heard): Promise<boolean> {
  const { box, lane, number } = decodeSealedCall(heard.bytes)
  const head = sealedCallHead(lane, number)
  const seen = new Set<string>()
  for (const { value } of await scene.store.list("")) {
    for (const bytes of bytesIn(value)) {
      for (let at = 0; at + 32 <= bytes.length; at++) {
        const key = bytes.subarray(at, at + 32)
        const text = key.join()
        if (seen.has(text)) continue
        seen.add(text)
        const keys = new LaneKeys({ ...heard, root: key }, lane)
        if (keys.openRequest(number, head, box) ?? openBox(key, number, head, box)) return true
      }
    }
  }
  return false
}

function bytesIn(value: Uint8Array): readonly Uint8Array[] {
  const found: Uint8Array[] = [value]
  const look = (one: unknown): void => {
    if (one instanceof Uint8Array) found.push(one)
    else if (typeof one === "object" && one !== null) Object.values(one).forEach(look)
  }
  try {
    look(decodeJson(value))
  } catch {
    // Bytes alone.
  }
  return found
}

/** Something comes each hour, and each part is looked at once. */
async function live(scene: Scene, days: number, each = async (): Promise<unknown> => null) {
  const visit = async (): Promise<void> => {
    await post(scene.handle, utf8("something"))
    await scene.server.settled()
  }
  for (let hour = 0; hour < 24 * days; hour++) {
    scene.nowMs += hourMs
    await visit()
    if (hour % 24 === 0) await each()
  }
  for (let part = 0; part < 64; part++) {
    scene.nowMs += 60_000
    await visit()
  }
}

async function retired(scene: Scene): Promise<number> {
  return (await scene.store.list("login/retired/")).length
}

describe.each(["memory", "store"] as const)("with lanes in the %s", (lanes) => {
  test("no key in the store opens a call of an earlier generation", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const stolen = device.session
    const first = await call(device)
    expect(await isReadable(scene, first)).toBe(true)
    const second = await goOn(device)
    scene.nowMs += hourMs
    const third = await goOn(device)
    if (lanes === "memory") expect(await isReadable(scene, first)).toBe(false)
    await live(scene, 2)
    expect(await isReadable(scene, first)).toBe(false)
    expect(await isReadable(scene, second)).toBe(false)
    expect(await isReadable(scene, third)).toBe(true)
    expect(await retired(scene)).toBe(2)
    expect(await goOn(device)).toMatchObject({ generation: 4 })
    // What stays is enough to find out who has an old one.
    device.session = stolen
    expect(await device.openLane()).toBe("expired")
    expect(await device.refresh()).toBe("revoked")
    expect(scene.kinds()).toContain("reuse")
    expect(await retired(scene)).toBe(0)
  })

  test("what tells reuse from noise goes when the refresh time has passed", async () => {
    const scene = await Scene.open({ lanes, limits: { refreshSeconds: 10 * 86_400 } })
    const device = await scene.device()
    const stolen = device.session
    await live(scene, 30, () => goOn(device))
    const left = await retired(scene)
    expect(left).toBeGreaterThanOrEqual(8)
    expect(left).toBeLessThanOrEqual(13)
    const now = device.session
    device.session = stolen
    expect(await device.refresh()).toBe("denied")
    device.session = now
    expect(await goOn(device)).toMatchObject({ generation: 32 })
  })

  test.each([
    ["nobody refreshed it", (scene: Scene) => live(scene, 91)],
    ["it is revoked", (scene: Scene, device: Device) => scene.server.revoke(device.id)],
    ["all sessions of its user are", (scene: Scene) => scene.server.revokeAll("alice")],
    ["its user is removed", (scene: Scene) => scene.server.removeUser("alice")],
  ])("no key that opens a call stays when %s", async (_, end) => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    await live(scene, 2)
    const heard = [await goOn(device), await goOn(device), await goOn(device)]
    expect(await retired(scene)).toBe(2)
    await end(scene, device)
    scene.nowMs += dayMs / 2
    await live(scene, 1)
    expect(await retired(scene)).toBe(0)
    for (const one of heard) expect(await isReadable(scene, one)).toBe(false)
    expect(await device.openLane()).toBe("revoked")
  })
})

test("who refreshes again and again fills no store: 5,000 generations of a session are remembered", async () => {
  const scene = await Scene.open({ lanes: "memory" })
  const device = await scene.device()
  for (let i = 0; i < 3; i++) await goOn(device)
  const [entry] = await scene.store.list("login/retired/")
  const one = valueOf<RetiredGeneration>(entry!)
  const id = new Uint8Array(16).fill(7)
  const changes = (generation: number) =>
    retirement(id, { ...one, generation }).map((write) => [write.key, write.value !== null])
  expect(changes(5_000)).toEqual([[retiredKey(id, 5_000), true]])
  expect(changes(5_001)).toEqual([
    [retiredKey(id, 5_001), true],
    [retiredKey(id, 1), false],
  ])
})
