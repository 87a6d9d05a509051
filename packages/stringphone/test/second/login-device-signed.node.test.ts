// Signed calls of a small device, in Python's own library alone, with our server over real HTTP.
import { createHash } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { base64url, hex, utf8 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { base, ClientScene } from "../login/session-client-scene.js"
import { Device, DeviceScene, requireBarePython } from "./login-device-scene.js"

const hasPython = requireBarePython("the small device's signed calls")

describe.skipIf(!hasPython)("signed calls of the device", () => {
  let scene: DeviceScene
  let device: Device
  const more: Device[] = []
  beforeEach(async () => {
    scene = await DeviceScene.open()
    device = new Device()
  })
  afterEach(async () => {
    for (const one of [device, ...more.splice(0)]) one.stop()
    await scene.close()
  })

  const post = (target = "/lamps", body = "on") =>
    device.call(scene.file, `POST ${target}`, { body })
  const acted = () => scene.server.acted
  const isOurs = (request: Request) => new URL(request.url).pathname === base

  test("all kinds of calls: the server takes them, and the device its answers", async () => {
    const { file } = scene
    const calls: [string, { headers?: Record<string, string>; body?: string }][] = [
      ["GET /lamps", {}],
      ["GET /sp%61ce/%C3%A9;x=1?q=a%20b&&=%2F?", { headers: { hue: "red" } }],
      ["GET /lamps?", {}],
      ["POST /lamps", { headers: { "Content-Type": "text/plain", Hue: "blue" }, body: "é on" }],
      ["PUT /lamps", { body: "x".repeat(70_000) }],
      ["DELETE /lamps", {}],
    ]
    for (const [call, parts] of calls) {
      const answer = await device.call(file, call, parts)
      if (typeof answer === "string") throw new Error(`${call}: ${answer}`)
      expect(answer.status).toBe(200)
      expect(answer.fields).toEqual({ "content-type": "application/json" })
      expect(JSON.parse(answer.text)).toEqual({
        ...{ login: "alice", mode: "signed", text: parts.body ?? "" },
        hue: parts.headers?.["hue"] ?? parts.headers?.["Hue"] ?? null,
      })
    }
    expect(await device.call(file, "GET /nothing")).toEqual({ status: 204, fields: {}, text: "" })
    const moved = await device.call(file, "GET /elsewhere")
    expect(moved).toMatchObject({ status: 302, fields: { location: "http://evil.example/" } })
    expect(await device.call(file, "HEAD /lamps")).toMatchObject({ status: 200, text: "" })
    expect(acted()).toHaveLength(9)
    // One lane for all, opened once.
    expect(scene.requests.filter(isOurs)).toHaveLength(1)
    expect(await device.call(file, "GET /admin")).toBe("missing-scope")
    expect(acted()).toHaveLength(9)
  })

  const changes: readonly [string, (request: Request) => Promise<Request>][] = [
    ["method", (one) => rewritten(one, { method: "PUT" })],
    ["path", (one) => rewritten(one, { url: one.url.replace("/lamps", "/doors") })],
    ["path, written in another way", (one) => rewritten(one, { url: one.url.replace("l", "%6C") })],
    ["query", (one) => rewritten(one, { url: one.url.replace("room=1", "room=2") })],
    ["query, taken off", (one) => rewritten(one, { url: one.url.replace("?room=1", "") })],
    ["host", (one) => rewritten(one, { url: one.url.replace("127.0.0.1", "lamp.example") })],
    ["body", (one) => rewritten(one, { body: "off" })],
    [
      "body, with its digest",
      (one) => rewritten(one, { body: "off", fields: { "content-digest": digestOf("off") } }),
    ],
    ["field", (one) => rewritten(one, { fields: { hue: "red" } })],
    ["field, taken off", (one) => rewritten(one, { fields: { hue: null } })],
    ["number", (one) => resigned(one, (given) => given.replace('nonce="1"', 'nonce="2"'))],
    ["tag", (one) => resigned(one, (given) => given.replace("stringphone-login", "other"))],
    ["covered fields", (one) => resigned(one, (given) => given.replace(' "hue"', ""))],
    ["lane", (one) => resigned(one, (given) => given.replace(/keyid="./, 'keyid="_'))],
    ["signature", (one) => rewritten(one, { fields: { signature: `sp=:${"A".repeat(43)}=:` } })],
    [
      "signature, taken off",
      (one) => rewritten(one, { fields: { signature: null, "signature-input": null } }),
    ],
  ]
  test("a call that is changed on its way is not acted on, in any part", async () => {
    const told: Record<string, unknown> = {}
    for (const [what, change] of changes) {
      scene.onRequest = (request) => (isOurs(request) ? request : change(request))
      const call = { headers: { hue: "blue" }, body: "on" }
      told[what] = await device.call(scene.file, "POST /lamps?room=1", call)
      device.stop()
      device = new Device()
    }
    expect(acted()).toEqual([])
    // Answered under the lane's key, or without any: then the device can not believe it.
    expect(told).toEqual({
      body: "denied",
      "body, with its digest": "denied",
      "covered fields": "denied",
      field: "denied",
      "field, taken off": "malformed",
      host: "denied",
      lane: "unproven",
      method: "denied",
      number: "unproven",
      path: "denied",
      "path, written in another way": "denied",
      query: "denied",
      "query, taken off": "denied",
      signature: "unproven",
      "signature, taken off": "unproven",
      tag: "unproven",
    })
  })

  test("a field that is put in beside the signed ones is not seen by the handler", async () => {
    scene.onRequest = (request) => rewritten(request, { fields: { hue: "red" } })
    const answer = await post()
    expect(answer).toMatchObject({ status: 200 })
    expect(JSON.parse((answer as { text: string }).text)).toMatchObject({ hue: null })
  })

  test("an answer that is changed, put in another's place or not signed is refused", async () => {
    const { file } = scene
    const first: Response[] = []
    scene.onAnswer = (answer, request) => {
      if (!isOurs(request)) first.push(answer.clone())
      return answer
    }
    expect(await post()).toMatchObject({ status: 200 })
    const before = await readFile(file, "utf8")
    const forged = (status: number, error: string) => () =>
      new Response("", { status, headers: { "stringphone-error": error } })
    const answers: readonly [string, (answer: Response) => Response | Promise<Response>][] = [
      ["status", (one) => reanswered(one, { status: 201 })],
      ["body", (one) => reanswered(one, { body: "{}" })],
      [
        "body, with its digest",
        (one) => reanswered(one, { body: "{}", fields: { "content-digest": digestOf("{}") } }),
      ],
      ["field", (one) => reanswered(one, { fields: { "content-type": "text/html" } })],
      ["field, taken off", (one) => reanswered(one, { fields: { "content-type": null } })],
      ["signature", (one) => reanswered(one, { fields: { signature: `sp=:${"A".repeat(43)}=:` } })],
      ["signature, no base64", (one) => reanswered(one, { fields: { signature: "sp=:A:" } })],
      ["signature, taken off", (one) => reanswered(one, { fields: { signature: null } })],
      [
        "another digest",
        (one) => reanswered(one, { fields: { "content-digest": digestOf("{}") } }),
      ],
      ["digest, taken off", (one) => reanswered(one, { fields: { "content-digest": null } })],
      ["input, taken off", (one) => reanswered(one, { fields: { "signature-input": null } })],
      [
        "fields that are covered",
        (one) => reanswered(one, { input: (given) => given.replace(' "content-type"', "") }),
      ],
      [
        "signed by another key",
        (one) => reanswered(one, { input: (given) => given.replace(/keyid="./, 'keyid="_') }),
      ],
      [
        "said to be the server's error",
        (one) => {
          const key = base64url(scene.server.identity.publicKey)
          const input = (given: string) =>
            given.replace(/keyid="[^"]+"/, `keyid="${key}";alg="ed25519"`)
          const fields = { signature: `sp=:${"A".repeat(86)}==:` }
          return reanswered(one, { status: 401, input, fields })
        },
      ],
      ["the first call's", () => first[0]!.clone()],
      ["a forged 401", forged(401, "revoked")],
      ["a forged expiry", forged(401, "expired")],
    ]
    for (const [what, change] of answers) {
      scene.onAnswer = (answer, request) => (isOurs(request) ? answer : change(answer))
      expect([what, await post()]).toEqual([what, "unproven"])
    }
    scene.calm()
    expect(await readFile(file, "utf8")).toBe(before)
    expect(await post()).toMatchObject({ status: 200 })
    // Still the one lane: nobody made the device refresh or open another.
    expect(scene.requests.filter(isOurs)).toHaveLength(1)
  })

  test("a lane that the server did not open for this request is none", async () => {
    const changes: readonly ((bytes: Buffer) => Buffer)[] = [
      (bytes) => Buffer.from(bytes.with(3, bytes[3]! ^ 1)),
      (bytes) => Buffer.from(bytes.with(40, bytes[40]! ^ 1)),
      (bytes) => bytes.subarray(0, 48),
      (bytes) => Buffer.concat([bytes, Buffer.from([0])]),
      () => opened[0]!,
      () => Buffer.from("0e070000000000", "hex"),
      () => Buffer.alloc(0),
    ]
    const opened: Buffer[] = []
    for (const change of changes) {
      scene.onAnswer = async (answer) => {
        const bytes = Buffer.from(await answer.arrayBuffer())
        opened.push(bytes)
        return new Response(new Uint8Array(change(bytes)), { headers: answer.headers })
      }
      expect(await post()).toBe("unproven")
    }
    expect(opened).toHaveLength(changes.length)
    expect(acted()).toEqual([])
    scene.calm()
    expect(await post()).toMatchObject({ status: 200 })
  })

  test("a field of an answer that is not signed is not there, not even as an error", async () => {
    const forged = { "stringphone-error": "revoked", hue: "red" }
    const fields = { "content-type": "text/plain" }
    const app = () => new Response("no", { status: 401, headers: fields })
    Object.assign(scene.server, { app })
    scene.onAnswer = (answer, request) =>
      isOurs(request) ? answer : reanswered(answer, { fields: forged })
    expect(await post()).toEqual({ status: 401, fields, text: "no" })
    scene.calm()
    // Nor is it one if the application says it.
    const saying = () => new Response("no", { status: 401, headers: { ...fields, ...forged } })
    Object.assign(scene.server, { app: saying })
    expect(await post()).toEqual({ status: 401, fields: { ...fields, hue: "red" }, text: "no" })
  })

  test("where there is no lane, an error is the server's by its own key alone", async () => {
    expect(await post()).toMatchObject({ status: 200 })
    await scene.server.restart()
    const changes: readonly Reanswering[] = [
      { fields: { "stringphone-error": "revoked" } },
      { status: 403 },
      { body: "more" },
      { fields: { signature: `sp=:${"A".repeat(86)}==:` } },
      { fields: { signature: "sp=:AAAA:" } },
      { input: (given) => given.replace(';alg="ed25519"', "") },
      { input: (given) => given.replace(/nonce="\d+"/, 'nonce="1"') },
      { input: (given) => given.replace(' "signature-input";req;key="sp"', "") },
    ]
    for (const change of changes) {
      scene.onAnswer = (answer) => reanswered(answer, change)
      expect([change, await post()]).toEqual([change, "unproven"])
    }
    scene.calm()
    expect(await post()).toBe("unknown-lane")
    expect(acted()).toHaveLength(1)
  })

  test("another's ended session ends no other one", async () => {
    const file = `${scene.file}.mallory`
    await scene.handOver("mallory", file)
    expect(await device.call(file, "GET /lamps")).toMatchObject({ status: 200 })
    const lane = keyidOf(scene.requests.at(-1)!)
    const { session } = await sessionIn(file)
    await scene.server.logins.revoke(session)
    const answers: (string | null)[] = []
    scene.onRequest = (request) =>
      isOurs(request)
        ? request
        : resigned(request, (given) => given.replace(keyidOf(request), lane))
    scene.onAnswer = (answer, request) => {
      if (!isOurs(request)) answers.push(answer.headers.get("stringphone-error"))
      return answer
    }
    expect(await post()).toBe("unproven")
    expect(answers).toEqual(["denied"])
    // With the ended session's own keys it is told that it has ended; that answer is no other's.
    const own: Response[] = []
    scene.calm()
    scene.onAnswer = (answer, request) => {
      if (!isOurs(request)) own.push(answer.clone())
      return answer
    }
    expect(await device.call(file, "GET /lamps")).toBe("revoked")
    expect(own[0]!.headers.get("stringphone-error")).toBe("revoked")
    scene.onAnswer = (answer, request) => (isOurs(request) ? answer : own[0]!.clone())
    expect(await post()).toBe("unproven")
    scene.calm()
    expect(await post()).toMatchObject({ status: 200 })
  })

  test("`denied` says nothing of a copy that came before: a call is not repeated for it", async () => {
    scene.onRequest = async (request) => {
      if (isOurs(request)) return request
      const handler = scene.server.logins.handler((one) => scene.server.app(one))
      expect((await handler(request.clone())).status).toBe(200)
      return rewritten(request, { body: "off" })
    }
    expect(await device.call(scene.file, "PUT /lamps", { body: "on" })).toBe("denied")
    expect(acted()).toHaveLength(1)
  })

  test("an error about a made-up lane, under the same signature, is no answer to the call", async () => {
    const { file } = scene
    expect(await post()).toMatchObject({ status: 200 })
    const told: (string | null)[] = []
    scene.onRequest = async (request) => {
      if (isOurs(request)) return request
      const handler = scene.server.logins.handler((one) => scene.server.app(one))
      expect((await handler(request.clone())).status).toBe(200)
      // The first byte stays: it says which of the server's keys answers.
      return resigned(request, (given) =>
        given.replace(/keyid="(..).{20}"/, `keyid="$1${"A".repeat(20)}"`),
      )
    }
    scene.onAnswer = (answer) => {
      told.push(answer.headers.get("stringphone-error"))
      return answer
    }
    expect(await device.call(file, "PUT /lamps", { body: "on" })).toBe("unproven")
    expect(told).toEqual(["unknown-lane"])
    expect(acted()).toHaveLength(2)
    scene.calm()
    expect(await post()).toMatchObject({ status: 200 })
    expect(scene.requests.filter(isOurs)).toHaveLength(1)
  })

  test("a call is acted on once, however often it comes, also after a restart", async () => {
    expect(await post()).toMatchObject({ status: 200 })
    expect(await post()).toMatchObject({ status: 200 })
    const sent = scene.requests.filter((one) => !isOurs(one))
    expect(acted()).toHaveLength(2)
    const again = async () => {
      const told: unknown[] = []
      for (const one of sent) {
        const { method, url } = one
        const fields = [...one.headers].filter(([name]) => /^(?:content-d|sign)/.test(name))
        const body = await one.clone().arrayBuffer()
        const { headers, status } = await fetch(url, { method, headers: fields, body })
        told.push([status, headers.get("stringphone-error"), headers.has("signature")])
      }
      return told
    }
    expect(await again()).toEqual([
      [401, "used", true],
      [401, "used", true],
    ])
    await scene.server.restart()
    expect(await again()).toEqual([
      [401, "unknown-lane", true],
      [401, "unknown-lane", true],
    ])
    expect(acted()).toHaveLength(2)
  })

  test("a server that was restarted: what is safe is repeated, all else is told", async () => {
    const { file } = scene
    expect(await post()).toMatchObject({ status: 200 })
    await scene.server.restart()
    expect(await device.call(file, "GET /lamps")).toMatchObject({ status: 200 })
    await scene.server.restart()
    expect(await post()).toBe("unknown-lane")
    expect(acted()).toHaveLength(2)
    expect(await post()).toMatchObject({ status: 200 })
  })

  test("refreshes by itself, and again with the same request when the answer was lost", async () => {
    expect(await post()).toMatchObject({ status: 200 })
    const first = await scene.saved()
    scene.server.passHour()
    const refreshes: string[] = []
    let fate = (answer: Response): Response | Promise<Response> => answer
    scene.onAnswer = async (answer, request) => {
      const body = Buffer.from(await request.clone().arrayBuffer())
      if (!isOurs(request) || body[0] !== 7) return answer
      refreshes.push(body.toString("hex"))
      return fate(answer)
    }
    for (const lose of [
      () => new Response("", { status: 502 }),
      async (answer: Response) => {
        const bytes = new Uint8Array(await answer.arrayBuffer())
        bytes[bytes.length - 20]! ^= 1
        return new Response(bytes, { headers: answer.headers })
      },
      (answer: Response) => {
        const zero = new Uint8Array(100)
        zero[0] = 8
        return new Response(zero, { headers: answer.headers })
      },
    ]) {
      fate = lose
      expect(await post()).toBe("unproven")
      expect(await scene.saved()).toMatchObject({ generation: 1, root: first.root })
    }
    // Another program of this device goes on where the first one was.
    const other = new Device()
    more.push(other)
    fate = (answer) => answer
    expect(await other.call(scene.file, "POST /lamps", { body: "on" })).toMatchObject({
      status: 200,
    })
    expect(refreshes).toHaveLength(4)
    expect(new Set(refreshes).size).toBe(1)
    const second = await scene.saved()
    expect(second.generation).toBe(2)
    expect(second.root).not.toBe(first.root)
    expect(second).not.toHaveProperty("ephemeral")
    expect(acted()).toHaveLength(2)
    for (const generation of [3, 4]) {
      scene.server.passHour()
      expect(await other.call(scene.file, "POST /lamps")).toMatchObject({ status: 200 })
      expect((await scene.saved()).generation).toBe(generation)
    }
  })

  test("follows a server that changes its key, and no answer that another one signed", async () => {
    const { server } = scene
    const old = server.identity
    server.formerIdentities = [old]
    server.identity = Identity.generate()
    await server.restart()
    server.passHour()
    // The same answer, but for who signed it: the key of its generation proves all else.
    scene.onAnswer = async (answer, request) => {
      const body = new Uint8Array(await request.clone().arrayBuffer())
      if (!isOurs(request) || body[0] !== 7) return answer
      const bytes = new Uint8Array(await answer.arrayBuffer())
      bytes.set(Identity.generate().sign("login refreshed", bytes.slice(97)), 33)
      return new Response(bytes, { headers: answer.headers })
    }
    expect(await post()).toBe("unproven")
    expect(await scene.saved()).toMatchObject({ generation: 1, serverKey: hex(old.publicKey) })
    scene.calm()
    expect(await post()).toMatchObject({ status: 200 })
    const key = hex(server.identity.publicKey)
    expect(await scene.saved()).toMatchObject({ generation: 2, serverKey: key })
    server.formerIdentities = []
    await server.restart()
    server.passHour()
    expect(await device.call(scene.file, "GET /lamps")).toMatchObject({ status: 200 })
    expect(await scene.saved()).toMatchObject({ generation: 3, serverKey: key })
  })

  test("a copy of the session that refreshes too ends it, for both", async () => {
    const copy = `${scene.file}.copy`
    await writeFile(copy, await readFile(scene.file))
    scene.server.passHour()
    expect(await device.call(copy, "GET /lamps")).toMatchObject({ status: 200 })
    expect(await device.call(scene.file, "GET /lamps")).toBe("revoked")
    expect(await device.call(copy, "GET /lamps")).toBe("revoked")
    expect(scene.server.events.map(({ kind }) => kind)).toContain("reuse")
  })

  test.each([
    ["on a lane that is open", true],
    ["when it opens one", false],
  ])("understands that it was revoked %s, and does not ask again", async (_, isOpen) => {
    if (isOpen) expect(await post()).toMatchObject({ status: 200 })
    const { session } = await sessionIn(scene.file)
    await scene.server.logins.revoke(session)
    expect(await post()).toBe("revoked")
    expect((await scene.saved()).root).toBe(null)
    const { length } = scene.requests
    expect(await post()).toBe("revoked")
    expect(scene.requests).toHaveLength(length)
    expect(acted()).toHaveLength(isOpen ? 1 : 0)
  })

  test("a server that lost the session says so by its own key, and nobody else can", async () => {
    const other = await ClientScene.open()
    scene.answering = other
    const errors: string[] = []
    const says = (change: (bytes: Uint8Array) => void) => {
      scene.onAnswer = async (answer) => {
        const bytes = new Uint8Array(await answer.arrayBuffer())
        errors.push(hex(bytes.slice(0, 7)))
        change(bytes)
        return new Response(bytes, { headers: answer.headers })
      }
    }
    const changes = [
      (bytes: Uint8Array) => (bytes[70] = bytes[70]! ^ 1),
      (bytes: Uint8Array) => (bytes[1] = 4),
      (bytes: Uint8Array) => (bytes[5] = 9),
      (bytes: Uint8Array) => (bytes[6] = 0),
      (bytes: Uint8Array) => (bytes[6] = 1),
    ]
    for (const change of changes) {
      says(change)
      expect(await post()).toBe("unproven")
      expect((await scene.saved()).root).not.toBe(null)
    }
    scene.calm()
    expect(await post()).toBe("revoked")
    expect((await scene.saved()).root).toBe(null)
    expect(new Set(errors)).toEqual(new Set(["0e070000000002"]))
  })
})

/** Its ID, as the server writes it. */
async function sessionIn(file: string): Promise<{ readonly session: string }> {
  const { session } = JSON.parse(await readFile(file, "utf8")) as { session: string }
  return { session: base64url(Buffer.from(session, "hex")) }
}

function keyidOf(request: Request): string {
  return /keyid="([^"]+)"/.exec(request.headers.get("signature-input")!)![1]!
}

interface Rewriting {
  readonly method?: string
  readonly url?: string
  readonly body?: string
  /** `null`: taken off. */
  readonly fields?: Readonly<Record<string, string | null>>
}

async function rewritten(request: Request, parts: Rewriting): Promise<Request> {
  const { method = request.method, url = request.url, fields = {} } = parts
  // As bytes: a text would get a content type.
  const body = parts.body ? utf8(parts.body) : await request.arrayBuffer()
  const hasBody = method !== "GET" && method !== "HEAD"
  const headers = changedFields(request.headers, fields)
  return new Request(url, { method, headers, ...(hasBody && { body }) })
}

function resigned(request: Request, change: (input: string) => string): Promise<Request> {
  const input = request.headers.get("signature-input")!
  const changed = change(input)
  if (changed === input) throw new Error("Nothing was changed.")
  return rewritten(request, { fields: { "signature-input": changed } })
}

interface Reanswering {
  readonly status?: number
  readonly body?: string
  readonly fields?: Readonly<Record<string, string | null>>
  readonly input?: (given: string) => string
}

async function reanswered(answer: Response, parts: Reanswering): Promise<Response> {
  const { status = answer.status, fields = {}, input } = parts
  const body = parts.body ? utf8(parts.body) : await answer.arrayBuffer()
  const headers = changedFields(answer.headers, fields)
  if (input) headers.set("signature-input", input(headers.get("signature-input")!))
  return new Response(body, { status, headers })
}

function changedFields(before: Headers, changes: Readonly<Record<string, string | null>>): Headers {
  const headers = new Headers(before)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) headers.delete(name)
    else headers.set(name, value)
  }
  return headers
}

function digestOf(body: string): string {
  return `sha-256=:${createHash("sha256").update(body).digest("base64")}:`
}
