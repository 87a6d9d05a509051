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
  put: (endOthers?: boolean, keep?: string) => Promise<CallAnswer>
}

/** Logged in with the old password, and the record is ready. */
async function begin(device: Device, to: string, from = password): Promise<Change> {
  const change = new ClientRecord()
  const loggedIn = await device.logIn("alice", { register: change.request(to) }, from)
  const { recordTerms, response } = loggedIn
  const bytes = change.record(response!, to, "alice", recordTerms, { minimum: cheap })
  const record = base64url(bytes)
  return {
    put: (endOthers = false, keep) =>
      device.sealed(`PUT ${base}/password`, JSON.stringify({ record, endOthers, keep })),
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

  test("is taken by another server whose clock is behind, and by none after five minutes", async () => {
    const scene = await Scene.open({ lanes })
    await scene.device()
    let secret = password
    for (const [behindMs, error] of [
      [2_000, null],
      [300_000, null],
      [-300_000, null],
      [300_001, "denied"],
      [-300_001, "denied"],
    ] as const) {
      const device = new Device(scene, `behind ${behindMs}`)
      const change = await begin(device, `new ${behindMs}`, secret)
      scene.nowMs -= behindMs
      expect((await change.put()).error, String(behindMs)).toBe(error)
      scene.nowMs += behindMs
      if (error === null) secret = `new ${behindMs}`
    }
    expect(await right(scene, secret)).toEqual([secret])
  })

  test("ends all other sessions with the record, but the one that is to stay", async () => {
    const scene = await Scene.open({ lanes })
    const phone = await scene.device()
    const thief = await scene.device("alice", "thief")
    const bob = await scene.device("bob")
    for (const one of [phone, thief]) expect((await one.sealed("GET /x")).status).toBe(200)
    const passing = new Device(scene, "passing")
    const change = await begin(passing, "new one")
    const commits = scene.events.length
    expect((await change.put(true, phone.id)).status).toBe(204)
    expect(scene.events.slice(commits)).toEqual([
      { kind: "password-changed", login: "alice" },
      { kind: "revoked", login: "alice", session: null, device: null },
    ])
    expect((await thief.sealed("GET /x")).error).toBe("revoked")
    for (const one of [phone, passing, bob]) {
      expect((await one.sealed("GET /x")).status).toBe(200)
      expect(await one.refresh()).toEqual(["lamps", "admin"])
    }
  })

  test("keeps none that is another user's, has ended, or is none", async () => {
    const scene = await Scene.open({ lanes })
    const phone = await scene.device()
    const bob = await scene.device("bob")
    const ended = await scene.device("alice", "tablet")
    await scene.server.revoke(ended.id)
    let secret = password
    for (const [i, keep] of [bob.id, ended.id, "A".repeat(22)].entries()) {
      const passing = new Device(scene, `passing ${i}`)
      const change = await begin(passing, `new ${i}`, secret)
      secret = `new ${i}`
      expect((await change.put(true, keep)).status).toBe(204)
      expect((await scene.server.devices("alice")).map((one) => one.session)).toEqual([passing.id])
    }
    const change = await begin(new Device(scene, "last"), "last", secret)
    expect((await change.put(true, "nonsense")).error).toBe("malformed")
    expect((await bob.sealed("GET /x")).status).toBe(200)
    expect(await phone.openLane()).toBe("revoked")
    expect(await ended.openLane()).toBe("revoked")
    expect(await right(scene, secret)).toEqual([secret])
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
