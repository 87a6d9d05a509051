// How often a password can be tried, and what an unknown login looks like: spec/login.md §9, §3.1.
import { describe, expect, test } from "vitest"

import { ClientLogin } from "../../src/login/index.js"
import { decodeChallenge } from "../../src/login/wire/challenge.js"
import { encodeFinish } from "../../src/login/wire/finish.js"
import { encodeStart } from "../../src/login/wire/start.js"
import { addressGroup } from "../../src/session/login/server-address.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { Store } from "../../src/store/index.js"
import {
  cheap,
  codeOf,
  Device,
  LoginError,
  password,
  realm,
  Scene,
} from "./session-server-scene.js"

const minuteMs = 60_000

/** What a wrong password at this login gets: 0, or how many seconds it has to wait. */
async function guess(device: Device, login = "alice"): Promise<number> {
  try {
    await device.logIn(login, {}, "a guess")
  } catch (error) {
    if (error instanceof LoginError && error.code === "slow-down") return error.seconds
    expect(error).toMatchObject({ code: "not-proven" })
    return 0
  }
  throw new Error("the guess was right")
}

async function guesses(device: Device, count: number, login = "alice"): Promise<number[]> {
  const waits: number[] = []
  for (let i = 0; i < count; i++) waits.push(await guess(device, login))
  return waits
}

describe("attempts", () => {
  test.each(["alice", "nobody"])("at %s are slowed down alike", async (login) => {
    const scene = await Scene.open()
    await scene.device()
    const stranger = new Device(scene, "stranger")
    expect(await guesses(stranger, 7, login)).toEqual([0, 0, 0, 0, 0, 2, 2])
    for (const wait of [2, 4, 8, 16, 32, 64, 128, 256]) {
      expect(await guess(stranger, login)).toBe(wait)
      scene.nowMs += wait * 1_000 - 1
      expect(await guess(stranger, login)).toBe(1)
      scene.nowMs += 1
      expect(await guess(stranger, login)).toBe(0)
    }
  })

  test("are about a hundred in a day", async () => {
    const scene = await Scene.open()
    const stranger = new Device(scene, "stranger")
    let count = 0
    for (const endMs = scene.nowMs + 86_400_000; scene.nowMs < endMs;) {
      const wait = await guess(stranger)
      if (wait === 0) count++
      else scene.nowMs += wait * 1_000
    }
    expect(count).toBeGreaterThan(90)
    expect(count).toBeLessThan(125)
  })

  test("are forgotten, one each 15 minutes", async () => {
    const scene = await Scene.open()
    const stranger = new Device(scene, "stranger")
    await guesses(stranger, 5)
    scene.nowMs += 2 * 15 * minuteMs
    expect(await guesses(stranger, 3)).toEqual([0, 0, 2])
    scene.nowMs += 24 * 60 * minuteMs
    expect(await guesses(stranger, 6)).toEqual([0, 0, 0, 0, 0, 2])
  })

  test("that were right are none", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    for (let i = 0; i < 10; i++) await device.logIn("alice")
    expect(await guesses(new Device(scene, "stranger"), 6)).toEqual([0, 0, 0, 0, 0, 2])
  })

  test("are counted by address, whatever the login", async () => {
    const scene = await Scene.open()
    const from = (address: string) => {
      const device = new Device(scene, address)
      device.info = { address }
      return device
    }
    for (let i = 0; i < 5; i++) {
      expect(await guess(from(`2001:db8:1:2::${i}`), `login-${i}`)).toBe(0)
    }
    expect(await guess(from("2001:db8:1:2:ffff::"), "another")).toBe(2)
    expect(await guess(from("2001:db8:1:3::"), "another")).toBe(0)
    expect(await guess(from("192.0.2.1"), "another")).toBe(0)
    expect(await guess(new Device(scene, "without"), "another")).toBe(0)
  })

  test("that come at once are counted each", async () => {
    const scene = await Scene.open()
    const devices = Array.from({ length: 20 }, (_, i) => new Device(scene, `stranger ${i}`))
    const waits = await Promise.all(devices.map((device) => guess(device)))
    expect(waits.filter((wait) => wait === 0)).toHaveLength(5)
  })

  test("do not need to be finished to be counted", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    for (let i = 0; i < 5; i++) {
      const client = new ClientLogin({ login: "alice", realm, minimumPrice: cheap })
      await device.post(client.start(password))
    }
    expect(await codeOf(() => device.logIn("alice"))).toBe("slow-down")
  })

  test("are counted also where two servers' clocks differ, or one is set back a little", async () => {
    for (const backMs of [1, 50, 60_000]) {
      const scene = await Scene.open()
      const stranger = new Device(scene, "stranger")
      let count = 0
      for (let i = 0; i < 200; i++) {
        if ((await guess(stranger)) === 0) count++
        scene.nowMs += i % 2 === 0 ? -backMs : backMs + 1
      }
      expect(count).toBeLessThan(9)
    }
  })

  test("at a date that was wrong make nobody wait for it", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    scene.nowMs += 365 * 86_400_000
    await guesses(new Device(scene, "stranger"), 6)
    scene.nowMs -= 365 * 86_400_000
    await device.logIn("alice")
  })
})

describe("a known device", () => {
  test("does not wait for strangers", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const address = "192.0.2.1"
    device.info = { address }
    const stranger = new Device(scene, "stranger")
    stranger.info = { address }
    await guesses(stranger, 6)
    expect(await codeOf(() => new Device(scene, "new").logIn("alice"))).toBe("slow-down")
    await device.logIn("alice", {}, password, { knownSession: device.known })
    expect((await device.sealed("GET /x")).status).toBe(200)
  })

  test("is known after a refresh, and after its session ended by time", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    await device.refresh()
    await guesses(new Device(scene, "stranger"), 6)
    await device.logIn("alice", {}, password, { knownSession: device.known })
    scene.nowMs += 91 * 86_400_000
    await guesses(new Device(scene, "stranger 2"), 6)
    await device.logIn("alice", {}, password, { knownSession: device.known })
  })

  test("is none when it was revoked, or is another login's", async () => {
    const scene = await Scene.open()
    const [device, bob] = [await scene.device(), await scene.device("bob")]
    await guesses(new Device(scene, "stranger"), 6)
    const with_ = (knownSession: Device["known"]) => () =>
      new Device(scene, "x").logIn("alice", {}, password, { knownSession })
    expect(await codeOf(with_(bob.known))).toBe("slow-down")
    expect(await codeOf(with_({ ...device.known, key: new Uint8Array(32) }))).toBe("slow-down")
    await scene.server.revoke(device.id)
    expect(await codeOf(with_(device.known))).toBe("slow-down")
  })

  test("is counted for itself", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const knownSession = device.known
    const wrong = async () => codeOf(() => device.logIn("alice", {}, "wrong", { knownSession }))
    for (let i = 0; i < 5; i++) expect(await wrong()).toBe("not-proven")
    expect(await wrong()).toBe("slow-down")
    await new Device(scene, "another").logIn("alice")
  })

  test("is not made to wait by who repeats its starts", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const { known } = device
    const watched = device.sent.length
    await device.logIn("alice", {}, password, { knownSession: known })
    const start = device.sent[watched]!
    for (let i = 0; i < 30; i++) await new Device(scene, "listener").post(start)
    await device.logIn("alice", {}, password, { knownSession: known })
  })
})

describe("an unknown login", () => {
  test("has the same bytes and the same work in the store", async () => {
    const seen = await Promise.all(
      ["alice", "nobo1"].map(async (login) => {
        const store = new WatchedStore(createMemoryStore())
        const scene = await Scene.open({ store })
        await scene.device("alice")
        const device = new Device(scene, "stranger")
        store.seen.length = 0
        const client = new ClientLogin({ login, realm, minimumPrice: cheap })
        const challenge = decodeChallenge(await device.post(client.start("a guess")))
        const wrong = { ke3: new Uint8Array(64).fill(1), sealed: new Uint8Array(272) }
        const finish = encodeFinish({ attempt: challenge.attempt, ...wrong })
        const denied = await device.post(finish)
        const { attempt: _, ke2, ...shown } = challenge
        const keys = store.seen.map((one) => one.replace(login, "LOGIN"))
        return { shown, ke2: ke2.length, denied: denied.slice(0, 7), keys, type: denied.length }
      }),
    )
    expect(seen[0]).toEqual(seen[1])
    expect(seen[0]!.keys).not.toEqual([])
  })

  test("with lanes in the store, too", async () => {
    const seen = await Promise.all(
      ["alice", "nobo1"].map(async (login) => {
        const store = new WatchedStore(createMemoryStore())
        const scene = await Scene.open({ store, lanes: "store" })
        await scene.device("alice")
        store.seen.length = 0
        const client = new ClientLogin({ login, realm, minimumPrice: cheap })
        await new Device(scene, "stranger").post(client.start("a guess"))
        return store.seen.map((one) => one.replace(login, "LOGIN"))
      }),
    )
    expect(seen[0]).toEqual(seen[1])
    expect(seen[0]!.at(-1)).toMatch(/^commit/)
  })

  test("has another challenge each time, as a known one has", async () => {
    const scene = await Scene.open()
    await scene.device("alice")
    const ke1 = new ClientLogin({ login: "alice", minimumPrice: cheap })
      .start(password)
      .slice(2, 98)
    for (const login of ["alice", "nobo1"]) {
      const start = encodeStart({ ke1, login, known: null })
      const device = new Device(scene, login)
      const answers = [await device.post(start), await device.post(start)].map(decodeChallenge)
      expect(answers[0]!.ke2).not.toEqual(answers[1]!.ke2)
      // What the password is blinded to stays the same: an unknown login does, too.
      expect(answers[0]!.ke2.slice(0, 32)).toEqual(answers[1]!.ke2.slice(0, 32))
    }
  })
})

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["[2001:0DB8:0001:0002::1]", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  ["nonsense", "nonsense"],
])("the address %s counts as %s", (address, group) => {
  expect(addressGroup(address)).toBe(group)
})

/** Notes what is asked, with random parts left out. */
class WatchedStore implements Store {
  readonly seen: string[] = []
  readonly #inner: Store

  constructor(inner: Store) {
    this.#inner = inner
  }

  async get(...[key]: Parameters<Store["get"]>): ReturnType<Store["get"]> {
    this.seen.push(`get ${plain(key)}`)
    return this.#inner.get(key)
  }

  async list(...[prefix]: Parameters<Store["list"]>): ReturnType<Store["list"]> {
    this.seen.push(`list ${plain(prefix)}`)
    return this.#inner.list(prefix)
  }

  async commit(...[commit]: Parameters<Store["commit"]>): ReturnType<Store["commit"]> {
    const written = commit.writes.map(({ key, value }) => `${plain(key)} ${value?.length}`)
    const checked = commit.checks?.map(({ key }) => plain(key))
    // An attempt says whether there was a record: its size is the server's own business.
    const shown = written.map((one) => one.replace(/(login\/attempt.*) \d+/, "$1"))
    this.seen.push(`commit ${JSON.stringify({ checked, written: shown })}`)
    return this.#inner.commit(commit)
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }
}

function plain(key: string): string {
  return key.replace(/[A-Za-z0-9_-]{22}/g, "ID")
}
