// A store that was put back to what it was: spec/login.md §5.4.
import { expect, test } from "vitest"
import type { Store } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { messageOf, Scene } from "./session-server-scene.js"

async function backupOf(store: Store): Promise<Store> {
  const copy = createMemoryStore()
  await copy.commit({
    writes: (await store.list("")).map(({ key, value }) => ({ key, value })),
  })
  return copy
}

test("calls that came since a backup are not taken again from it, once lanes are forgotten", async () => {
  const scene = await Scene.open({ lanes: "store" })
  const device = await scene.device()
  const other = await scene.device("bob")
  for (let i = 0; i < 3; i++) await device.sealed(`POST /before?${i}`)
  await other.sealed("GET /x")
  const backup = await backupOf(scene.store)
  const since = [await device.seal("POST /pay?1"), await device.seal("POST /pay?2")]
  for (const { bytes } of since) await device.post(bytes)
  const { request: signed } = await device.sign("POST /pay?3")
  const copy = signed.clone()
  await scene.handle(signed)

  // What a backup alone takes: this is what forgetting is for.
  const careless = await scene.another({ store: await backupOf(backup) })
  const before = scene.acted.length
  await device.post(since[0]!.bytes, careless.handle)
  expect(scene.acted.slice(before).map(({ call }) => call)).toEqual(["POST /pay?1"])

  const acted = scene.acted.length
  const careful = await scene.another({ store: backup })
  await careful.server.forgetLanes()
  expect(await backup.list("login/lane/")).toEqual([])
  for (const sent of since) {
    const answer = await device.post(sent.bytes, careful.handle)
    expect(device.openSealed(sent, answer).error).toBe("unknown-lane")
  }
  const answer = await careful.handle(copy)
  expect(answer.headers.get("stringphone-error")).toBe("unknown-lane")
  // Also on a lane that is opened by what he heard.
  for (const bytes of [...device.sent, ...device.sent]) {
    await careful.handle(messageOf(bytes))
  }
  expect(scene.acted).toHaveLength(acted)
  // The devices go on by themselves.
  scene.handle = careful.handle
  for (const one of [device, other]) {
    one.leaveLane()
    expect((await one.sealed("POST /after")).status).toBe(200)
  }
  expect(scene.acted).toHaveLength(acted + 2)
})

test.each(["memory", "store"] as const)(
  "the request for a lane that was forgotten makes another, in the %s",
  async (lanes) => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const random = new Uint8Array(16).fill(1)
    const before = await device.openLane(random)
    await scene.server.forgetLanes()
    const after = [await device.openLane(random), await device.openLane(random)]
    if (typeof before === "string") throw new Error(before)
    expect(after[0]).toMatchObject({ generation: 1 })
    expect(after[0]).not.toMatchObject({ id: before.id })
    expect(after[1]).toMatchObject({ id: (after[0] as typeof before).id })
    const found = await scene.store.list("login/lane/")
    expect(found).toHaveLength(lanes === "store" ? 1 : 0)
  },
)

test("lanes in memory can be forgotten, too", async () => {
  const scene = await Scene.open()
  const device = await scene.device()
  expect((await device.sealed("GET /x")).status).toBe(200)
  await scene.server.forgetLanes()
  expect((await device.sealed("GET /x")).error).toBe("unknown-lane")
  device.leaveLane()
  expect((await device.sealed("GET /x")).status).toBe(200)
})
