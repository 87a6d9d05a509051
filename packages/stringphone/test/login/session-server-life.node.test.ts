// The life of a login with the server's session: spec/login.md §3 to §8.
import { describe, expect, test } from "vitest"
import { base64url } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { base, codeOf, Device, origin, Scene, serverIdentity } from "./session-server-scene.js"

describe.each(["memory", "store"] as const)("with lanes in the %s", (lanes) => {
  test("a device registers, logs in, calls, refreshes and is revoked", async () => {
    const scene = await Scene.open({ lanes })
    const device = new Device(scene, "phone")
    await device.register(await scene.invite())
    const { isOutdated, scopes } = await device.logIn("alice", { scopes: ["lamps", "other"] })
    expect([scopes, isOutdated]).toEqual([["lamps"], false])
    const sealed = await device.sealed("POST /lamps/1?x=1", "on", [["content-type", "text/plain"]])
    expect(sealed).toMatchObject({ status: 200, error: null })
    expect(JSON.parse(sealed.text)).toEqual({
      call: "POST /lamps/1?x=1",
      body: "on",
      fields: { "content-type": "text/plain" },
      caller: {
        login: "alice",
        session: device.id,
        device: "phone",
        scopes: ["lamps"],
        mode: "sealed",
      },
    })
    const signed = await device.signed("PUT /lamps/1?x=1", "off", [["content-type", "text/plain"]])
    expect(JSON.parse(signed.text)).toMatchObject({
      call: "PUT /lamps/1?x=1",
      body: "off",
      fields: { "content-type": "text/plain" },
      caller: { login: "alice", mode: "signed" },
    })
    expect(signed.fields).toContainEqual(["x-app", "lamp"])
    expect(await device.refresh()).toEqual(["lamps"])
    expect((await device.sealed("GET /lamps")).status).toBe(200)
    expect((await device.signed("GET /lamps")).status).toBe(200)
    expect(await scene.server.revoke(device.id)).toBe(true)
    expect((await device.sealed("GET /lamps")).error).toBe("revoked")
    expect((await device.signed("GET /lamps")).error).toBe("revoked")
    expect(await device.openLane()).toBe("revoked")
    expect(await device.refresh()).toBe("revoked")
    expect(await scene.server.revoke(device.id)).toBe(false)
    expect(scene.acted.map(({ call }) => call)).toEqual([
      "POST /lamps/1?x=1",
      "PUT /lamps/1?x=1",
      "GET /lamps",
      "GET /lamps",
    ])
    expect(scene.kinds()).toEqual([
      ...["invited", "registered", "logged-in", "refreshed", "revoked"],
      ...["call-refused", "call-refused"],
    ])
  })

  test("after the access time a call is refused, and after a refresh taken", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    await device.lane()
    scene.nowMs += 3_600_001
    expect((await device.sealed("GET /x")).error).toBe("expired")
    expect((await device.signed("GET /x")).error).toBe("expired")
    expect(await device.openLane()).toBe("expired")
    await device.refresh()
    expect((await device.sealed("GET /x")).status).toBe(200)
    expect(scene.acted).toHaveLength(1)
  })

  test("a session that nobody refreshed has ended", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    await device.lane()
    scene.nowMs += 90 * 86_400_000 + 1
    expect((await device.sealed("GET /x")).error).toBe("revoked")
    expect(await device.refresh()).toBe("revoked")
    expect(await scene.server.devices("alice")).toEqual([])
  })

  test("who refreshes with a stolen session ends it for both", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const thief = new Device(scene, "thief")
    thief.session = device.session
    expect(await thief.refresh()).toEqual(["lamps", "admin"])
    expect((await thief.sealed("GET /x")).status).toBe(200)
    expect(await device.refresh()).toBe("revoked")
    expect((await thief.sealed("GET /x")).error).toBe("revoked")
    expect(scene.kinds()).toContain("reuse")
  })

  test("scopes that are taken from a user are gone at the next call", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    expect((await device.sealed("GET /admin")).status).toBe(200)
    await scene.server.setScopes("alice", ["lamps"])
    for (const mode of ["sealed", "signed"] as const) {
      expect((await device[mode]("GET /admin")).error).toBe("missing-scope")
      expect((await device[mode]("GET /lamps")).status).toBe(200)
    }
    expect(await device.refresh()).toEqual(["lamps"])
    expect(await scene.server.addScopes("alice", ["admin", "more"])).toEqual([
      "lamps",
      "admin",
      "more",
    ])
    expect((await device.sealed("GET /admin")).error).toBe("missing-scope") // A refresh left it out.
  })

  test("all sessions end with their user, and stay ended when the login is another's", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    await device.lane()
    await scene.server.removeUser("alice")
    expect((await device.sealed("GET /x")).error).toBe("revoked")
    await scene.device()
    expect((await device.sealed("GET /x")).error).toBe("revoked")
    expect(await device.refresh()).toBe("revoked")
  })

  test("the same of a user whose sessions were all ended once", async () => {
    const scene = await Scene.open({ lanes })
    await scene.device()
    await scene.server.revokeAll("alice")
    const device = new Device(scene, "tablet")
    await device.logIn("alice")
    await device.lane()
    await scene.server.removeUser("alice")
    await scene.device()
    expect((await device.sealed("GET /x")).error).toBe("revoked")
    expect(await device.refresh()).toBe("revoked")
  })

  test("revokeAll ends all, and who logs in after it stays", async () => {
    const scene = await Scene.open({ lanes })
    const [one, two] = [await scene.device(), await scene.device("alice", "tablet")]
    const other = await scene.device("bob")
    await Promise.all([one, two, other].map((device) => device.lane()))
    await scene.server.revokeAll("alice")
    const three = await scene.device("alice", "laptop")
    const answers = [one, two, three, other].map((device) => device.signed("GET /x"))
    expect((await Promise.all(answers)).map(({ error }) => error)).toEqual([
      ...["revoked", "revoked", null, null],
    ])
  })

  test("a device manages its user's others", async () => {
    const scene = await Scene.open({ lanes })
    const phone = await scene.device()
    scene.nowMs += 1_000
    const tablet = await scene.device("alice", "tablet")
    const stranger = await scene.device("bob", "laptop")
    await phone.sealed("GET /x")
    const now = new Date(scene.nowMs).toISOString()
    const list: unknown = JSON.parse((await phone.sealed(`GET ${base}/devices`)).text)
    expect(list).toEqual({
      devices: [
        {
          session: tablet.id,
          device: "tablet",
          scopes: ["lamps", "admin"],
          createdAt: now,
          seenAt: null,
          isOwn: false,
        },
        expect.objectContaining({ session: phone.id, isOwn: true, seenAt: now }),
      ],
    })
    const session: unknown = JSON.parse((await phone.sealed(`GET ${base}/session`)).text)
    expect(session).toMatchObject({ session: phone.id, login: "alice", realm: "lamp.example" })
    expect((await phone.sealed(`DELETE ${base}/devices/${stranger.id}`)).status).toBe(404)
    expect((await stranger.sealed("GET /x")).status).toBe(200)
    expect((await phone.sealed(`DELETE ${base}/devices/${tablet.id}`)).status).toBe(204)
    expect(await tablet.openLane()).toBe("revoked")
    const laptop = await scene.device("alice", "laptop")
    expect((await phone.sealed(`DELETE ${base}/devices`)).status).toBe(204)
    expect(await laptop.openLane()).toBe("revoked")
    expect((await phone.sealed("GET /x")).status).toBe(200)
    expect((await phone.sealed(`GET ${base}/nothing`)).status).toBe(404)
    expect((await phone.sealed(`GET ${base}`)).status).toBe(404)
    expect((await phone.signed(`GET ${base}/devices`)).error).toBe("unprotected")
    expect((await scene.server.devices("alice")).map(({ device }) => device)).toEqual(["phone"])
  })

  test("introspection needs its scope", async () => {
    const scene = await Scene.open({ lanes })
    const phone = await scene.device()
    const ask = (session: string) =>
      phone.sealed(`POST ${base}/introspect`, JSON.stringify({ session }))
    expect((await ask(phone.id)).error).toBe("missing-scope")
    await scene.server.setScopes("alice", ["introspect"])
    await phone.logIn("alice")
    const found = { login: "alice", device: "phone", scopes: ["introspect"] }
    expect(JSON.parse((await ask(phone.id)).text)).toEqual({ active: true, ...found })
    for (const none of ["", "x", base64url(new Uint8Array(16))]) {
      expect(JSON.parse((await ask(none)).text)).toEqual({ active: false })
    }
    expect((await phone.sealed(`POST ${base}/introspect`, "nonsense")).error).toBe("malformed")
    expect(await scene.server.introspect(phone.id)).toEqual(found)
    expect(await scene.server.introspect("none")).toBeNull()
  })

  test("a password is changed, and others stay unless they are ended", async () => {
    const scene = await Scene.open({ lanes })
    const [phone, tablet] = [await scene.device(), await scene.device("alice", "tablet")]
    const old = scene.server
    expect((await phone.changePassword("alice", "new one")).status).toBe(204)
    expect((await tablet.sealed("GET /x")).status).toBe(200)
    expect(await codeOf(() => tablet.logIn("alice"))).toBe("not-proven")
    await tablet.logIn("alice", {}, "new one")
    const again = await phone.sealed(`PUT ${base}/password`, '{"record":""}')
    expect(again.error).toBe("malformed")
    const once = JSON.stringify({ record: base64url(new Uint8Array(192)) })
    expect((await phone.sealed(`PUT ${base}/password`, once)).error).toBe("denied")
    expect(scene.server).toBe(old)
  })

  test("a password is changed within five minutes, and can end the others", async () => {
    const scene = await Scene.open({ lanes })
    const [phone, tablet] = [await scene.device(), await scene.device("alice", "tablet")]
    await tablet.lane()
    expect((await phone.changePassword("alice", "new one", true)).status).toBe(204)
    expect((await tablet.sealed("GET /x")).error).toBe("revoked")
    expect((await phone.sealed("GET /x")).status).toBe(200)
  })

  test("a lane is asked for twice and is one, and only 16 stay", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const random = new Uint8Array(16).fill(1)
    const [one, two] = [await device.openLane(random), await device.openLane(random)]
    if (typeof one === "string" || typeof two === "string") throw new Error("no lane")
    expect(one.id).toEqual(two.id)
    expect((await device.sealed("GET /x")).status).toBe(200)
    const first = await device.seal("GET /first")
    for (let i = 0; i < 17; i++) {
      scene.nowMs += 1
      device.leaveLane()
      expect((await device.sealed("GET /x")).status).toBe(200)
    }
    expect(device.openSealed(first, await device.post(first.bytes)).error).toBe("unknown-lane")
  })
})

test("what is not protected is answered, and counts as that", async () => {
  const scene = await Scene.open()
  const open = await scene.handle(
    new Request(`${origin}/open`, { headers: { "x-login": "alice" } }),
  )
  expect(await open.json()).toMatchObject({ call: "GET /open", caller: null })
  const closed = await scene.handle(new Request(`${origin}/lamps`))
  expect([closed.status, closed.headers.get("stringphone-error")]).toEqual([400, "unprotected"])
  expect(scene.acted).toHaveLength(1)
})

test("an invitation is used once, its answers repeated", async () => {
  const scene = await Scene.open()
  const text = await scene.invite("alice")
  const device = new Device(scene, "first")
  await device.register(text)
  const [register, record] = device.sent
  const answers = await Promise.all([register!, record!].map((bytes) => device.post(bytes)))
  expect(answers.map(([type]) => type)).toEqual([0x21, 0x23])
  expect(await codeOf(() => new Device(scene, "second").register(text))).not.toBe("none")
  expect(await scene.server.users()).toMatchObject([{ login: "alice", scopes: ["lamps", "admin"] }])
  expect(await codeOf(() => scene.invite("alice"))).toBe("login-taken")
  const late = await scene.invite("bob")
  scene.nowMs += 9 * 86_400_000
  expect(await codeOf(() => new Device(scene, "third").register(late))).not.toBe("none")
  const free = await scene.server.invite({ scopes: [], url: origin })
  const taken = () => new Device(scene, "fourth").register(free.text, "alice")
  expect(await codeOf(taken)).toBe("login-taken")
  await new Device(scene, "fifth").register(free.text, "carol")
  expect((await scene.server.users()).map(({ login }) => login)).toEqual(["alice", "carol"])
})

test("a server that has another key and another setup logs nobody out", async () => {
  const scene = await Scene.open()
  const device = await scene.device()
  const lane = await device.lane()
  const identity = new Identity(new Uint8Array(32).fill(8))
  await scene.restart({ identity, formerIdentities: [serverIdentity] })
  await scene.server.renewSetup()
  expect((await device.sealed("GET /x")).error).toBe("unknown-lane") // By the key that it knows.
  expect((await device.signed("GET /x")).error).toBe("unknown-lane")
  device.leaveLane()
  expect((await device.lane()).id).not.toEqual(lane.id)
  expect((await device.sealed("GET /x")).status).toBe(200)
  await device.refresh()
  expect(device.serverKeys).toEqual([identity.publicKey])
  expect((await device.sealed("GET /x")).status).toBe(200)
  const { isOutdated } = await new Device(scene, "other").logIn("alice")
  expect(isOutdated).toBe(true)
  const changed = new Device(scene, "changes")
  changed.serverKeys = [identity.publicKey]
  expect((await changed.changePassword("alice", "new one")).status).toBe(204)
  const after = await new Device(scene, "after").logIn("alice", {}, "new one")
  expect(after.isOutdated).toBe(false)
  expect(after.challengeKey).toEqual(identity.publicKey)
})
