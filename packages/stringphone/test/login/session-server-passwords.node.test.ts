// Records that are replaced, by the owner and by others at once: spec/login.md §8.3.
import { describe, expect, test } from "vitest"
import { base64url } from "../../src/bytes/index.js"
import { ClientRecord } from "../../src/login/index.js"
import {
  base,
  type CallAnswer,
  cheap,
  codeOf,
  Device,
  password,
  Scene,
} from "./session-server-scene.js"

interface Change {
  put: (endOthers?: boolean) => Promise<CallAnswer>
}

/** Logged in with the old password, and the record is ready. */
async function begin(device: Device, to: string, from = password): Promise<Change> {
  const change = new ClientRecord()
  const loggedIn = await device.logIn("alice", { register: change.request(to) }, from)
  const { recordTerms, response } = loggedIn
  const bytes = change.record(response!, to, "alice", recordTerms, { minimum: cheap })
  const record = base64url(bytes)
  return {
    put: (endOthers = false) =>
      device.sealed(`PUT ${base}/password`, JSON.stringify({ record, endOthers })),
  }
}

/** Which of these passwords logs in. */
async function right(scene: Scene, ...passwords: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const one of passwords) {
    scene.nowMs += 3_600_000
    const code = await codeOf(() => new Device(scene, `tries ${one}`).logIn("alice", {}, one))
    if (code === "none") found.push(one)
  }
  return found
}

function changes(scene: Scene): number {
  return scene.kinds().filter((kind) => kind === "password-changed").length
}

describe.each(["memory", "store"] as const)("with lanes in the %s", (lanes) => {
  test("who logged in with the old password can not undo its change", async () => {
    const scene = await Scene.open({ lanes })
    const owner = await scene.device()
    const theft = await begin(new Device(scene, "thief"), "the thief's")
    expect((await owner.changePassword("alice", "new one")).status).toBe(204)
    scene.nowMs += 60_000
    expect((await theft.put()).error).toBe("denied")
    expect((await theft.put(true)).error).toBe("denied")
    expect((await owner.sealed("GET /x")).status).toBe(200)
    expect(changes(scene)).toBe(1)
    expect(await right(scene, password, "the thief's", "new one")).toEqual(["new one"])
  })

  test("a device that renews an outdated record does not bring the old password back", async () => {
    const scene = await Scene.open({ lanes })
    const owner = await scene.device()
    const tablet = new Device(scene, "tablet")
    await scene.restart({ price: { ...cheap, passes: 2 } })
    const renewal = await begin(tablet, password)
    expect(tablet.loggedIn.isOutdated).toBe(true)
    expect((await owner.changePassword("alice", "new one")).status).toBe(204)
    expect((await renewal.put()).error).toBe("denied")
    expect(await right(scene, password, "new one")).toEqual(["new one"])
  })

  test("of two changes at once one is done, and it is the one that was told so", async () => {
    const scene = await Scene.open({ lanes })
    await scene.device()
    const one = await begin(new Device(scene, "phone"), "one")
    const other = await begin(new Device(scene, "tablet"), "other")
    const answers = await Promise.all([one.put(), other.put()])
    const done = ["one", "other"].filter((_, i) => answers[i]?.status === 204)
    expect(answers.map(({ error }) => error).sort()).toEqual(["denied", null])
    expect(await right(scene, password, "one", "other")).toEqual(done)
  })

  test("a change that comes again is answered again, and does nothing", async () => {
    const scene = await Scene.open({ lanes })
    await scene.device()
    const phone = new Device(scene, "phone")
    const change = await begin(phone, "new one")
    expect((await change.put(true)).status).toBe(204)
    const tablet = new Device(scene, "tablet")
    await tablet.logIn("alice", {}, "new one")
    await scene.restart()
    phone.leaveLane()
    scene.nowMs += 600_000
    expect((await change.put(true)).status).toBe(204)
    expect((await tablet.sealed("GET /x")).status).toBe(200)
    expect(changes(scene)).toBe(1)
    const next = await begin(new Device(scene, "tablet"), "newest", "new one")
    expect((await next.put()).status).toBe(204)
    expect((await change.put()).error).toBe("denied")
    expect(await right(scene, "new one", "newest")).toEqual(["newest"])
  })
})
