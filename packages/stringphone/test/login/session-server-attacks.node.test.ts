// What somebody in the way can do to calls: spec/login.md §11. Each attack is a test.
import { describe, expect, test } from "vitest"
import { base64url, concat, utf8 } from "../../src/bytes/index.js"
import { encodeFinish } from "../../src/login/wire/finish.js"
import { openLoginServer } from "../../src/session/login/server-index.js"
import type { Handler } from "../../src/session/login/server-index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import {
  base,
  codeOf,
  Device,
  messageOf,
  origin,
  post,
  Scene,
  serverIdentity,
  yearMs,
} from "./session-server-scene.js"

describe.each(["memory", "store"] as const)("with lanes in the %s", (lanes) => {
  test("a call that comes again is not acted on", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const sealed = await device.seal("POST /pay", "1")
    const { proof, request } = await device.sign("POST /pay", "2")
    expect(device.openSealed(sealed, await device.post(sealed.bytes)).status).toBe(200)
    expect((await device.verify(await scene.handle(request.clone()), proof)).status).toBe(200)
    expect(device.openSealed(sealed, await device.post(sealed.bytes)).error).toBe("used")
    expect((await device.verify(await scene.handle(request.clone()), proof)).error).toBe("used")
    expect(scene.acted.map(({ body }) => body)).toEqual(["1", "2"])
  })

  test("of twenty that come at once with one number, one is acted on", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const sealed = await device.seal("POST /pay", "1")
    const { request } = await device.sign("POST /pay", "2")
    const twenty = Array.from({ length: 20 })
    await Promise.all(twenty.map(() => device.post(sealed.bytes)))
    await Promise.all(twenty.map(() => scene.handle(request.clone())))
    expect(scene.acted.map(({ body }) => body)).toEqual(["1", "2"])
  })

  test("one number, signed and sealed, is one call", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const sealed = await device.seal("POST /pay", "1")
    const { proof, request } = await device.sign("POST /pay", "2", [], sealed.number)
    await device.post(sealed.bytes)
    expect((await device.verify(await scene.handle(request), proof)).error).toBe("used")
    expect(scene.acted).toHaveLength(1)
  })

  test("a call is of one lane, and of one session", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const sealed = await device.seal("POST /pay", "1")
    const { request } = await device.sign("POST /pay", "2")
    device.leaveLane()
    const other = await device.lane()
    const moved = sealed.bytes.slice()
    moved.set(other.id, 1)
    expect((await post(scene.handle, moved))[1]).toBe(1)
    const input = request.headers.get("signature-input")!
    const keyid = `keyid="${base64url(other.id)}"`
    const headers = new Headers(request.headers)
    headers.set("signature-input", input.replace(/keyid="[^"]*"/, keyid))
    const elsewhere = new Request(request.clone(), { headers })
    const answer = await scene.handle(elsewhere)
    expect([answer.status, answer.headers.get("stringphone-error")]).toEqual([403, "denied"])
    expect(scene.acted).toEqual([])
  })

  test("what came before a restart does not come again after it", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const sealed = await device.seal("POST /pay", "1")
    const { proof, request } = await device.sign("POST /pay", "2")
    await device.post(sealed.bytes)
    await scene.handle(request.clone())
    await scene.restart()
    const expected = lanes === "memory" ? "unknown-lane" : "used"
    expect(device.openSealed(sealed, await device.post(sealed.bytes)).error).toBe(expected)
    expect((await device.verify(await scene.handle(request.clone()), proof)).error).toBe(expected)
    expect(scene.acted).toHaveLength(2)
    if (lanes === "memory") device.leaveLane()
    expect((await device.sealed("GET /x")).status).toBe(200)
  })

  test("calls may overtake each other by up to 255", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const early = await device.seal("POST /early")
    const earliest = await device.seal("POST /second")
    const lane = await device.lane()
    for (let i = 0; i < 254; i++) lane.takeNumber()
    await device.sealed("POST /last")
    expect(device.openSealed(earliest, await device.post(earliest.bytes)).status).toBe(200)
    expect(device.openSealed(early, await device.post(early.bytes)).error).toBe("too-old")
  })

  test("a clock that leapt by a year and was put right logs nobody out, and opens nothing", async () => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const sealed = await device.seal("POST /pay", "1")
    scene.nowMs += yearMs
    expect(device.openSealed(sealed, await device.post(sealed.bytes)).error).toBe("revoked")
    for (let i = 0; i < 70; i++) {
      scene.nowMs += 60_000
      await post(scene.handle, utf8("something"))
      await scene.server.settled()
    }
    scene.nowMs -= yearMs + 70 * 60_000
    expect(device.openSealed(sealed, await device.post(sealed.bytes)).error).not.toBeNull()
    expect(scene.acted.filter(({ call }) => call === "POST /pay")).toEqual([])
    device.leaveLane()
    expect((await device.sealed("GET /x")).status).toBe(200)
    scene.nowMs -= yearMs
    expect((await device.sealed("GET /x")).status).toBe(200)
    expect(await device.refresh()).toEqual(["lamps", "admin"])
    await new Device(scene, "new").logIn("alice")
  })
})

describe("a man in the middle of a signed call", () => {
  test.each<readonly [string, (request: Request) => Request | Promise<Request>]>([
    ["the method", (r) => changed(r, { method: "PUT" })],
    ["the path", (r) => changed(r, {}, "/lamps/2?x=1")],
    ["the query", (r) => changed(r, {}, "/lamps/1?x=2")],
    ["the query away", (r) => changed(r, {}, "/lamps/1")],
    ["the host", (r) => changed(r, {}, "http://other.example/lamps/1?x=1")],
    ["the body", (r) => changed(r, { body: "off" })],
    ["the body away", (r) => changed(r, { body: "" })],
    ["a covered field", (r) => withField(r, "x-covered", "other")],
    ["the content type", (r) => withField(r, "content-type", "text/html")],
    ["an encoding into it", (r) => withField(r, "content-encoding", "gzip")],
    ["a second value of a covered field", (r) => withField(r, "x-covered", "a, b")],
    ["the digest", (r) => withField(r, "content-digest", "sha-256=:AAAA:")],
    ["the number", (r) => replaced(r, 'nonce="1"', 'nonce="2"')],
    ["the covered fields", (r) => replaced(r, ' "x-covered"', "")],
    ["the label", (r) => replaced(r, "sp=", "sq=")],
    ["the tag", (r) => replaced(r, "stringphone-login", "other")],
    ["the signature", (r) => withField(r, "signature", `sp=:${"A".repeat(43)}=:`)],
    ["the input away", (r) => withField(r, "signature-input", null)],
    ["the signature away", (r) => withField(r, "signature", null)],
  ])("changes %s, and nothing is done", async (_, change) => {
    const scene = await Scene.open()
    const device = await scene.device()
    const { proof, request } = await device.sign("POST /lamps/1?x=1", "on", [
      ["content-type", "text/plain"],
      ["x-covered", "a"],
    ])
    const answer = await scene.handle(await change(request.clone()))
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(scene.acted).toEqual([])
    expect((await device.verify(await scene.handle(request), proof)).status).toBe(200)
  })

  test("strips the signature, and nothing is done", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const { proof, request } = await device.sign("POST /lamps/1", "on")
    const headers = new Headers(request.headers)
    for (const name of ["signature", "signature-input", "content-digest"]) headers.delete(name)
    const answer = await scene.handle(new Request(request.clone(), { headers }))
    expect(answer.headers.get("stringphone-error")).toBe("unprotected")
    expect(await codeOf(() => device.verify(answer, proof))).toBe("unsigned")
    expect(scene.acted).toEqual([])
  })

  test("adds fields, and the handler does not see them", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const { request } = await device.sign("GET /lamps/1", "", [["accept", "text/plain"]])
    const headers = new Headers(request.headers)
    headers.set("x-user", "root")
    headers.set("cookie", "admin=1")
    const answer = await scene.handle(new Request(request, { headers }))
    const { fields } = (await answer.json()) as { fields: Record<string, string> }
    expect(fields).toEqual({ accept: "text/plain" })
  })

  test.each<readonly [string, (answer: Response, body: string) => Response]>([
    ["the status", ({ headers }, body) => new Response(body, { status: 201, headers })],
    ["the body", ({ headers }) => new Response("{}", { headers })],
    [
      "a field",
      ({ headers }, body) =>
        new Response(body, { headers: { ...Object.fromEntries(headers), "x-app": "other" } }),
    ],
    [
      "the answer into an error",
      () => new Response(null, { status: 401, headers: { "stringphone-error": "revoked" } }),
    ],
  ])("changes %s of the answer, and it is none", async (_, change) => {
    const scene = await Scene.open()
    const device = await scene.device()
    const { proof, request } = await device.sign("GET /lamps/1")
    const answer = await scene.handle(request)
    const body = await answer.clone().text()
    const code = await codeOf(() => device.verify(change(answer.clone(), body), proof))
    expect(["unsigned", "bad-signature", "bad-digest", "malformed"]).toContain(code)
    expect((await device.verify(answer, proof)).status).toBe(200)
  })

  test("gives the answer of another call, or another's error, and it is none", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const [one, two] = [await device.sign("GET /1"), await device.sign("GET /1")]
    const answer = await scene.handle(one.request)
    expect(await codeOf(() => device.verify(answer, two.proof))).not.toBe("none")
    await scene.server.revoke(device.id)
    const other = await scene.device("bob")
    const sealed = await other.seal("GET /x")
    await device.lane()
    const revoked = await device.post((await device.seal("GET /x")).bytes)
    expect(await codeOf(async () => other.openSealed(sealed, revoked))).toBe(
      "unauthenticated-answer",
    )
  })
})

describe("a man in the middle of a sealed call", () => {
  test("changes any byte, and nothing is done", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const sealed = await device.seal("POST /lamps/1", "on")
    for (let at = 0; at < sealed.bytes.length; at += 3) {
      const bytes = sealed.bytes.slice()
      bytes[at] = (bytes[at] ?? 0) ^ 1
      expect((await post(scene.handle, bytes))[0]).toBe(0x0e)
    }
    for (const bytes of [sealed.bytes.subarray(1), concat(sealed.bytes, utf8("x"))]) {
      expect((await post(scene.handle, bytes))[0]).toBe(0x0e)
    }
    expect(scene.acted).toEqual([])
    const answer = await device.post(sealed.bytes)
    for (const at of [0, 1, answer.length - 1]) {
      const bytes = answer.slice()
      bytes[at] = (bytes[at] ?? 0) ^ 1
      expect(await codeOf(async () => device.openSealed(sealed, bytes))).not.toBe("none")
    }
    expect(device.openSealed(sealed, answer).status).toBe(200)
  })

  test("sends it to another server, which knows no such lane", async () => {
    const scene = await Scene.open()
    const other = await Scene.open()
    const device = await scene.device()
    const sealed = await device.seal("POST /x")
    expect((await post(other.handle, sealed.bytes))[1]).toBe(3)
    expect(other.acted).toEqual([])
  })
})

describe("what is not ours", () => {
  test("a login of 1 MB is not looked at", async () => {
    const scene = await Scene.open()
    const start = concat(new Uint8Array([1, 2]), new Uint8Array(2 ** 20))
    expect(await post(scene.handle, start)).toEqual(new Uint8Array([0x0e, 8, 0, 0, 0, 0, 0]))
    const login = concat(new Uint8Array([1, 2]), new Uint8Array(96), new Uint8Array([255]))
    const long = concat(login, utf8("x".repeat(255)), new Uint8Array([0]))
    expect((await post(scene.handle, long)).slice(0, 2)).toEqual(new Uint8Array([0x0e, 8]))
  })

  test.each([0x00, 0x02, 0x04, 0x06, 0x08, 0x0e, 0x11, 0x21, 0x23, 0xff])(
    "a message of type %i is none",
    async (type) => {
      const scene = await Scene.open()
      const answer = await post(scene.handle, new Uint8Array([type, 1, 2, 3]))
      expect(answer.slice(0, 2)).toEqual(new Uint8Array([0x0e, 8]))
    },
  )

  test("nothing, and another content type, are none", async () => {
    const scene = await Scene.open()
    expect((await post(scene.handle, new Uint8Array(0)))[1]).toBe(8)
    const plain = new Request(origin + base, { method: "POST", body: "x" })
    const answer = new Uint8Array(await (await scene.handle(plain)).arrayBuffer())
    expect(answer.slice(0, 2)).toEqual(new Uint8Array([0x0e, 8]))
  })

  test("an application forges no error of ours", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    for (const mode of ["signed", "sealed"] as const) {
      const answer = await device[mode]("GET /forged")
      expect(answer).toMatchObject({ status: 401, text: "forged", error: null })
      expect(answer.fields.map(([name]) => name)).not.toContain("connection")
    }
  })

  test("an application that throws is answered for, and its call is not made again", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    expect((await device.signed("GET /throws")).status).toBe(500)
    const sealed = await device.seal("GET /throws")
    expect(device.openSealed(sealed, await device.post(sealed.bytes)).status).toBe(500)
    expect(device.openSealed(sealed, await device.post(sealed.bytes)).error).toBe("used")
    expect(scene.kinds().filter((kind) => kind === "trouble")).toHaveLength(2)
  })

  test("an application's own mistake in what is not protected is its framework's", async () => {
    const scene = await Scene.open()
    const asked = scene.handle(new Request(`${origin}/throws`))
    await expect(asked).rejects.toThrow("a bug")
  })

  test("an answer to HEAD has no body, and is proven", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    expect(await device.signed("HEAD /x")).toMatchObject({ status: 200, text: "" })
    expect(scene.acted).toHaveLength(1)
  })

  test("a server of set authorities takes no call for another", async () => {
    const scene = await Scene.open({ authorities: ["other.example"] })
    const device = await scene.device()
    expect((await device.signed("GET /x")).error).toBe("denied")
    expect((await device.sealed("GET /x")).error).toBe("denied")
    // Callers leave out the usual port.
    for (const authority of ["LAMP.example", "lamp.example:80"]) {
      await scene.restart({ authorities: [authority] })
      device.leaveLane()
      expect((await device.signed("GET /x")).status).toBe(200)
      expect((await device.sealed("GET /x")).status).toBe(200)
    }
  })

  test("no field makes a caller", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const { headers } = (await device.sign("GET /x")).request
    const fields = { authorization: "alice", "x-caller": "alice", signature: "" }
    const answer = await scene.handle(new Request(`${origin}/lamps`, { headers: fields }))
    expect(answer.status).toBe(400)
    const unsigned = new Request(`${origin}/lamps`, {
      headers: { "x-is": headers.get("signature")! },
    })
    expect((await scene.handle(unsigned)).status).toBe(400)
    expect(scene.acted).toEqual([])
  })
})

test("two servers on one store with lanes in it act on one number once", async () => {
  const scene = await Scene.open({ lanes: "store" })
  const { handle } = await scene.another()
  const device = await scene.device()
  for (let i = 0; i < 10; i++) {
    const sealed = await device.seal("POST /pay", String(i))
    const answers = await Promise.all(
      [scene.handle, handle, scene.handle, handle].map((one) => post(one, sealed.bytes)),
    )
    const errors = answers.map((bytes) => device.openSealed(sealed, bytes).error)
    expect(errors.sort()).toEqual([null, "used", "used", "used"].sort())
    const { request } = await device.sign("POST /sign", String(i))
    await Promise.all([scene.handle, handle].map((one) => one(request.clone())))
  }
  expect(scene.acted).toHaveLength(20)
  expect(new Set(scene.acted.map(({ call, body }) => call + body)).size).toBe(20)
})

test("a login that is begun at one server ends at another, with lanes in the store", async () => {
  const scene = await Scene.open({ lanes: "store" })
  await scene.device()
  const { handle } = await scene.another()
  const first = scene.handle
  let turn = 0
  scene.handle = (request, info) => (turn++ % 2 ? handle : first)(request, info)
  const device = new Device(scene, "wanders")
  await device.logIn("alice")
  for (let i = 0; i < 4; i++) expect((await device.sealed("GET /x")).status).toBe(200)
  await device.refresh()
  expect((await device.sealed("GET /x")).status).toBe(200)
})

test.each(["memory", "store"] as const)(
  "who hears of an attempt ends no login: attempts in the %s",
  async (lanes) => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const original = scene.handle
    scene.handle = async (request, info) => {
      const answer = await original(request, info)
      const bytes = new Uint8Array(await answer.clone().arrayBuffer())
      if (bytes[0] === 0x02) {
        const sealed = new Uint8Array(272)
        const wrong = encodeFinish({ attempt: bytes.slice(1, 17), ke3: new Uint8Array(64), sealed })
        const denied = await original(messageOf(wrong), info)
        expect(new Uint8Array(await denied.arrayBuffer()).slice(0, 2)).toEqual(
          new Uint8Array([0x0e, 1]),
        )
      }
      return answer
    }
    for (let i = 0; i < 7; i++) {
      await device.logIn("alice", {}, undefined, { knownSession: device.known })
    }
    await new Device(scene, "stranger").logIn("alice")
  },
)

test.each(["memory", "store"] as const)(
  "a finish is taken once: attempts in the %s",
  async (lanes) => {
    const scene = await Scene.open({ lanes })
    const device = await scene.device()
    const sessions = async () => (await scene.server.devices("alice")).length
    const finish = device.sent.at(-1)!
    expect(finish[0]).toBe(3)
    expect((await device.post(finish)).slice(0, 2)).toEqual(new Uint8Array([0x0e, 1]))
    expect(await sessions()).toBe(1)
  },
)

test("a login that takes longer than a minute is denied", async () => {
  const scene = await Scene.open()
  await scene.device()
  const slow = new Device(scene, "slow")
  const original = scene.handle
  scene.handle = async (request, info) => {
    const answer = await original(request, info)
    scene.nowMs += 60_001
    return answer
  }
  expect(await codeOf(() => slow.logIn("alice"))).toBe("denied")
})

test("a store is one realm's, and what it needs is checked", async () => {
  const app: Handler = () => new Response()
  const options = { store: createMemoryStore(), identity: serverIdentity, realm: "lamp.example" }
  for (const [wrong, code] of [
    [{ realm: "" }, "bad-realm"],
    [{ base: "/a/" }, "bad-base"],
    [{ limits: { accessSeconds: 0 } }, "bad-limit"],
    [{ price: { passes: 1, kib: 8, lanes: 1 } }, "bad-price"],
  ] as const) {
    expect(await codeOf(() => openLoginServer({ ...options, ...wrong }))).toBe(code)
  }
  const server = await openLoginServer(options)
  expect([server.realm, server.base]).toEqual(["lamp.example", base])
  expect((await server.handler(app)(messageOf(utf8("x")))).status).toBe(200)
  expect(await codeOf(() => server.removeUser("nobody"))).toBe("unknown-user")
  expect(await codeOf(() => server.invite({ scopes: ["BAD"], url: origin }))).toBe("bad-scope")
  expect(await codeOf(() => server.invite({ scopes: [], url: "x" }))).toBe("bad-url")
  expect(await codeOf(() => server.invite({ scopes: [], url: origin, days: 0 }))).toBe("bad-days")
})

async function changed(
  request: Request,
  init: { method?: string; body?: string },
  target = "/lamps/1?x=1",
): Promise<Request> {
  const body = init.body ?? (await request.text())
  const { headers } = request
  const url = target.startsWith("/") ? origin + target : target
  const method = init.method ?? request.method
  return new Request(url, { method, headers, ...(body && { body }) })
}

function withField(request: Request, name: string, value: string | null): Request {
  const headers = new Headers(request.headers)
  if (value === null) headers.delete(name)
  else headers.set(name, value)
  return new Request(request, { headers })
}

function replaced(request: Request, what: string, by: string): Request {
  const input = request.headers.get("signature-input")!
  expect(input).toContain(what)
  return withField(request, "signature-input", input.replace(what, by))
}
