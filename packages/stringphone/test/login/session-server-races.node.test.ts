// Several servers on one store, whose answers come in any order.
import { describe, expect, test } from "vitest"
import { beginRefresh } from "../../src/login/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { Store } from "../../src/store/index.js"
import { Random } from "./lane-scene.js"
import { base, Device, post, Scene } from "./session-server-scene.js"

/** Each step takes some turns before and after it, other ones in each seed. */
class SlowStore implements Store {
  readonly #inner = createMemoryStore()
  readonly #random: Random

  constructor(seed: string) {
    this.#random = new Random(seed)
  }

  get(...args: Parameters<Store["get"]>): ReturnType<Store["get"]> {
    return this.#slowly(() => this.#inner.get(...args))
  }

  list(...args: Parameters<Store["list"]>): ReturnType<Store["list"]> {
    return this.#slowly(() => this.#inner.list(...args))
  }

  commit(...args: Parameters<Store["commit"]>): ReturnType<Store["commit"]> {
    return this.#slowly(() => this.#inner.commit(...args))
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async #slowly<T>(run: () => Promise<T>): Promise<T> {
    await this.#wait()
    const result = await run()
    await this.#wait()
    return result
  }

  async #wait(): Promise<void> {
    for (let turns = (this.#random.take(1)[0] ?? 0) % 8; turns > 0; turns--) await Promise.resolve()
  }
}

const seeds = Array.from({ length: 12 }, (_, i) => `seed ${i}`)

/** Three servers, and what comes goes to one of them by chance. */
async function threeServers(seed: string, sessions = 100): Promise<Scene> {
  const limits = { sessions }
  const scene = await Scene.open({ store: new SlowStore(seed), lanes: "store", limits })
  const others = [await scene.another(), await scene.another()]
  const handles = [scene.handle, ...others.map(({ handle }) => handle)]
  const random = new Random(`${seed} servers`)
  scene.handle = (request, info) =>
    (handles[(random.take(1)[0] ?? 0) % 3] ?? scene.handle)(request, info)
  return scene
}

describe.each(seeds)("%s", (seed) => {
  test("each call is acted on once, however often it comes", async () => {
    const scene = await threeServers(seed)
    const device = await scene.device()
    const calls = await Promise.all(
      Array.from({ length: 10 }, (_, i) => device.seal("POST /pay", String(i))),
    )
    const signed = await device.sign("POST /pay", "signed")
    await Promise.all([
      ...[...calls, ...calls, ...calls].map(({ bytes }) => device.post(bytes)),
      ...[1, 2, 3].map(() => scene.handle(signed.request.clone())),
    ])
    expect(scene.acted.map(({ body }) => body).sort()).toEqual([
      ...calls.map((_, i) => String(i)),
      "signed",
    ])
  })

  test("who ends all others is never told that it ended", async () => {
    const scene = await threeServers(seed)
    const [phone, tablet] = [await scene.device(), await scene.device("alice", "tablet")]
    await Promise.all([phone.lane(), tablet.lane()])
    const answers = await Promise.all([
      phone.sealed("GET /1"),
      phone.sealed(`DELETE ${base}/devices`),
      phone.sealed("GET /2"),
      phone.signed("GET /3"),
      phone.sealed(`DELETE ${base}/devices`),
      tablet.sealed("GET /tablet"),
      phone.signed("GET /4"),
    ])
    expect(answers.map(({ error }) => error).filter((error) => error !== null)).toEqual(
      answers[5].error === null ? [] : ["revoked"],
    )
    expect((await tablet.sealed("GET /after")).error).toBe("revoked")
    expect((await phone.sealed("GET /after")).error).toBeNull()
    expect(scene.acted.filter(({ call }) => call === "GET /after")).toHaveLength(1)
  })

  test("one refresh that comes often has one answer, and ends nothing", async () => {
    const scene = await threeServers(seed)
    const device = await scene.device()
    const begun = beginRefresh(device.session, device.random.take(32))
    device.session = begun
    const { request } = begun.pending
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => post(scene.handle, request)))
    expect(new Set(answers.map(String)).size).toBe(1)
    expect(await device.refresh()).toEqual(["lamps", "admin"])
    const lanes = await Promise.all([device.openLane(), device.openLane(), device.openLane()])
    expect(lanes.map((lane) => typeof lane)).toEqual(["object", "object", "object"])
    expect((await device.sealed("GET /x")).error).toBeNull()
    expect(scene.kinds()).not.toContain("reuse")
  })

  test("two refreshes of one generation end the session, whoever is first", async () => {
    const scene = await threeServers(seed)
    const device = await scene.device()
    const requests = [1, 2].map(
      () => beginRefresh(device.session, device.random.take(32)).pending.request,
    )
    const answers = await Promise.all(requests.map((request) => post(scene.handle, request)))
    expect(answers.map(([type]) => type).sort()).toEqual([0x0e, 0x08])
    expect(await device.openLane()).toBe("revoked")
    expect(scene.kinds().filter((kind) => kind === "reuse")).toHaveLength(1)
  })

  test("who was revoked is not acted for, whatever is under way", async () => {
    const scene = await threeServers(seed)
    const device = await scene.device()
    await device.lane()
    const calls = Array.from({ length: 5 }, (_, i) => device.sealed(`GET /during/${i}`))
    const refresh = beginRefresh(device.session, device.random.take(32)).pending.request
    await Promise.all([scene.server.revoke(device.id), post(scene.handle, refresh), ...calls])
    const { length } = scene.acted
    expect((await device.sealed("GET /after")).error).toBe("revoked")
    expect((await device.signed("GET /after")).error).toBe("revoked")
    expect(await device.openLane()).toBe("revoked")
    expect(scene.acted).toHaveLength(length)
  })

  test("logins at once where there is one place leave one, and no key of another", async () => {
    const scene = await threeServers(seed, 1)
    const before = await scene.device()
    scene.nowMs += 60_000
    const all = ["a", "b", "c", "d"].map((name) => new Device(scene, name))
    await Promise.all(all.map((one) => one.logIn("alice")))
    const living = (await scene.server.devices("alice")).map(({ session }) => session)
    expect(living.length).toBeGreaterThanOrEqual(1)
    for (const one of [before, ...all]) {
      const lane = await one.openLane()
      expect(typeof lane).toBe(living.includes(one.id) ? "object" : "string")
    }
    scene.nowMs += 60_000
    const last = new Device(scene, "last")
    await last.logIn("alice")
    const left = (await scene.server.devices("alice")).map(({ session }) => session)
    expect(left).toEqual([last.id])
  })

  test("who logs in with the old password while it is changed, and others end, does not stay", async () => {
    const scene = await threeServers(seed)
    const phone = await scene.device()
    const thief = new Device(scene, "thief")
    const [changed, loggedIn] = await Promise.allSettled([
      phone.changePassword("alice", "new one", true),
      thief.logIn("alice"),
    ])
    expect(changed).toMatchObject({ status: "fulfilled", value: { status: 204 } })
    expect((await phone.sealed("GET /x")).status).toBe(200)
    if (loggedIn.status === "fulfilled") expect(await thief.openLane()).toBe("revoked")
    else expect(loggedIn.reason).toMatchObject({ code: "denied" })
    expect(await scene.server.devices("alice")).toHaveLength(1)
  })

  test("an invitation makes one user, and a login one session", async () => {
    const scene = await threeServers(seed)
    const text = await scene.invite("alice")
    const results = await Promise.allSettled(
      ["a", "b", "c"].map((name) => new Device(scene, name).register(text, "alice", name)),
    )
    const winners = results.filter(({ status }) => status === "fulfilled")
    expect(winners).toHaveLength(1)
    expect(await scene.server.users()).toHaveLength(1)
    const secret = ["a", "b", "c"][results.findIndex(({ status }) => status === "fulfilled")]
    const device = new Device(scene, "logs in")
    await device.logIn("alice", {}, secret)
    const finish = device.sent.at(-1)!
    await Promise.all([1, 2, 3].map(() => post(scene.handle, finish)))
    expect(await scene.server.devices("alice")).toHaveLength(1)
  })
})
