// A store that fails in the middle: nothing is accepted twice, and no revocation is lost.
import { describe, expect, test } from "vitest"
import { ChannelError } from "../../src/bytes/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { Store } from "../../src/store/index.js"
import { codeOf, Device, messageOf, origin, Scene } from "./session-server-scene.js"

type Failure = "before" | "after"

/** Fails at one of its steps: before it, or after it was done. */
class FailingStore implements Store {
  readonly #inner = createMemoryStore()
  steps = 0
  failAt = Infinity
  failure: Failure = "before"

  get(...args: Parameters<Store["get"]>): ReturnType<Store["get"]> {
    return this.#step(() => this.#inner.get(...args))
  }

  list(...args: Parameters<Store["list"]>): ReturnType<Store["list"]> {
    return this.#step(() => this.#inner.list(...args))
  }

  commit(...args: Parameters<Store["commit"]>): ReturnType<Store["commit"]> {
    return this.#step(() => this.#inner.commit(...args))
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  /** The next so many steps go well, and one does not. */
  failAfter(steps: number, failure: Failure): void {
    this.failAt = this.steps + steps
    this.failure = failure
  }

  heal(): void {
    this.failAt = Infinity
  }

  async #step<T>(run: () => Promise<T>): Promise<T> {
    const isFailing = this.steps++ === this.failAt
    if (isFailing && this.failure === "before") throw failed()
    const result = await run()
    if (isFailing) throw failed()
    return result
  }
}

function failed(): ChannelError {
  return new ChannelError("store-failed", "The disk is gone. Try again.")
}

const cases = (["memory", "store"] as const).flatMap((lanes) =>
  (["before", "after"] as const).map((failure) => [lanes, failure] as const),
)

/** Runs it with a failure at each step, until there is none. @returns how many steps there are */
async function atEachStep(
  prepare: () => Promise<{ store: FailingStore; run: (hasFailed: () => boolean) => Promise<void> }>,
  failure: Failure,
): Promise<number> {
  for (let step = 0; step < 60; step++) {
    const { run, store } = await prepare()
    store.failAfter(step, failure)
    const { failAt } = store
    const outcome = { isFailed: false }
    await run(() => {
      outcome.isFailed = store.steps > failAt
      store.heal()
      return outcome.isFailed
    })
    if (!outcome.isFailed) return step
  }
  throw new Error("it has no end")
}

describe.each(cases)("lanes in the %s, failing %s a step", (lanes, failure) => {
  test("a call is acted on once at most, and its repetition never", async () => {
    const steps = await atEachStep(async () => {
      const store = new FailingStore()
      const scene = await Scene.open({ store, lanes })
      const device = await scene.device()
      const sealed = await device.seal("POST /pay", "1")
      const { request } = await device.sign("POST /pay", "2")
      return {
        store,
        run: async (hasFailed) => {
          await scene.handle(messageOf(sealed.bytes))
          await scene.handle(request.clone())
          const once = scene.acted.length
          const isFailed = hasFailed()
          expect(once).toBe(isFailed ? 1 : 2)
          for (let i = 0; i < 3; i++) {
            await scene.handle(messageOf(sealed.bytes))
            await scene.handle(request.clone())
          }
          const bodies = scene.acted.map(({ body }) => body)
          expect(new Set(bodies).size).toBe(bodies.length)
          if (isFailed) expect(scene.kinds()).toContain("trouble")
          expect((await device.sealed("GET /after")).status).toBe(200)
        },
      }
    }, failure)
    expect(steps).toBeGreaterThan(4)
  })

  test("who was told that a session ended is right", async () => {
    const steps = await atEachStep(async () => {
      const store = new FailingStore()
      const scene = await Scene.open({ store, lanes })
      const [one, two] = [await scene.device(), await scene.device("alice", "tablet")]
      await Promise.all([one.lane(), two.lane()])
      return {
        store,
        run: async (hasFailed) => {
          const ends = [
            () => scene.server.revoke(one.id),
            () => scene.server.revokeAll("alice"),
            () => scene.server.removeUser("alice"),
          ]
          const codes: string[] = []
          for (const end of ends) codes.push(await codeOf(end))
          hasFailed()
          if (codes[0] === "none") expect((await one.sealed("GET /x")).error).toBe("revoked")
          if (codes[1] === "none" || codes[2] === "none") {
            expect((await two.sealed("GET /x")).error).toBe("revoked")
            expect((await two.signed("GET /x")).error).toBe("revoked")
            expect(await two.refresh()).toBe("revoked")
          }
          expect(scene.acted).toEqual([])
        },
      }
    }, failure)
    expect(steps).toBeGreaterThan(4)
  })

  test("a refresh that failed is repeated, and nobody is logged out", async () => {
    const steps = await atEachStep(async () => {
      const store = new FailingStore()
      const scene = await Scene.open({ store, lanes })
      const device = await scene.device()
      await device.sealed("GET /before")
      return {
        store,
        run: async (hasFailed) => {
          const first = await codeOf(() => device.refresh())
          const second = first === "none" ? await codeOf(() => device.lane()) : "none"
          const isFailed = hasFailed()
          expect(isFailed).toBe(first !== "none" || second !== "none")
          if (first !== "none") expect(await device.refresh()).toEqual(["lamps", "admin"])
          expect((await device.sealed("GET /after")).status).toBe(200)
          expect(await device.refresh()).toEqual(["lamps", "admin"])
          expect((await device.sealed("GET /later")).status).toBe(200)
        },
      }
    }, failure)
    expect(steps).toBeGreaterThan(3)
  })

  test("a registration that failed is repeated, and is one user", async () => {
    const steps = await atEachStep(async () => {
      const store = new FailingStore()
      const scene = await Scene.open({ store, lanes })
      const text = await scene.invite("alice")
      const device = new Device(scene, "phone")
      device.scene.handle = repeating(scene.handle, store)
      return {
        store,
        run: async (hasFailed) => {
          await device.register(text)
          await device.logIn("alice").catch(() => device.logIn("alice"))
          hasFailed()
          expect(await scene.server.users()).toMatchObject([{ login: "alice" }])
          expect((await device.sealed("GET /x")).status).toBe(200)
        },
      }
    }, failure)
    expect(steps).toBeGreaterThan(6)
  })

  test("a login that failed is counted, or was not answered", async () => {
    const steps = await atEachStep(async () => {
      const store = new FailingStore()
      const scene = await Scene.open({ store, lanes })
      await scene.device()
      return {
        store,
        run: async (hasFailed) => {
          let answered = 0
          for (let i = 0; i < 5; i++) {
            const code = await codeOf(() => new Device(scene, `x${i}`).logIn("alice", {}, "guess"))
            if (code === "not-proven") answered++
          }
          hasFailed()
          const codes: string[] = []
          for (let i = 0; i < 2; i++) {
            codes.push(await codeOf(() => new Device(scene, `y${i}`).logIn("alice", {}, "guess")))
          }
          const allowed = codes.filter((code) => code === "not-proven").length
          expect(answered + allowed).toBeLessThanOrEqual(5)
          expect(codes.at(-1)).toBe("slow-down")
        },
      }
    }, failure)
    expect(steps).toBeGreaterThan(10)
  })
})

test("a store that fails gives an answer that proves nothing", async () => {
  const store = new FailingStore()
  const scene = await Scene.open({ store })
  const device = await scene.device()
  const { proof, request } = await device.sign("GET /x")
  store.failAfter(0, "before")
  const answer = await scene.handle(request)
  expect(answer.status).toBe(503)
  expect(await codeOf(() => device.verify(answer, proof))).toBe("unsigned")
  store.heal()
  expect((await scene.handle(new Request(`${origin}/open`))).status).toBe(200)
})

/** As a client does: what was not answered is sent again. */
function repeating(handle: Scene["handle"], store: FailingStore): Scene["handle"] {
  return async (request, info) => {
    const again = request.clone()
    const answer = await handle(request, info)
    if (answer.status === 200) return answer
    expect(store.steps).toBeGreaterThan(store.failAt)
    return handle(again, info)
  }
}
