// The home's API, called by the library's client without a network between.
import { Identity } from "stringphone/identity"
import { type LoginSession, register } from "stringphone/session/login"
import { openLoginServer } from "stringphone/session/login/server"
import { createMemoryStore } from "stringphone/store/memory"
import { describe, expect, it } from "vitest"
import { type ApiDevice, apiScopes, homeApi } from "../src/home/api.js"
import { type Body, lampBody, lockBody } from "../src/home/body.js"

const price = { passes: 1, kib: 64, lanes: 1 }
const readings = {
  load: 0.5,
  memory: 0.25,
  received: 1,
  sent: null,
  disk: 0.75,
  temperature: null,
}
const computer: ApiDevice = {
  kind: "computer",
  name: "desk",
  state: () => ({ device: "computer", readings }),
  obey: async () => "not-mine",
}

function asDevice(body: Body): ApiDevice {
  const obey: ApiDevice["obey"] = (set) => body.obey({ id: "0f1e2d3c4b5a6978", set })
  return { kind: body.kind, name: body.name, state: () => body.state(), obey }
}

async function calling(devices: () => readonly ApiDevice[]): Promise<LoginSession> {
  const logins = await openLoginServer({
    store: createMemoryStore(),
    identity: Identity.generate(),
    realm: "home-0a1b2c3d",
    price,
    minimumPrice: price,
  })
  const handler = logins.handler(homeApi(devices))
  const { text } = await logins.invite({ url: "http://home.example", scopes: apiScopes })
  return register({
    invitation: text,
    login: "ann",
    password: "correct horse battery staple",
    device: "laptop",
    store: createMemoryStore(),
    minimumPrice: price,
    fetch: (url, init) => handler(new Request(url, init)),
  })
}

async function house(): Promise<readonly ApiDevice[]> {
  const lamp = await lampBody(createMemoryStore())
  const lock = await lockBody(createMemoryStore())
  return [computer, asDevice(lamp), asDevice(lock)]
}

async function answerOf(asked: Promise<Response>): Promise<readonly [number, unknown]> {
  const answer = await asked
  expect(answer.headers.get("content-type")).toContain("application/json")
  return [answer.status, await answer.json()]
}

describe("the home's API", { timeout: 120_000 }, () => {
  it("tells and switches, for sealed and signed calls alike", async () => {
    const devices = await house()
    const session = await calling(() => devices)
    for (const fetch of [session.fetch, session.signedFetch]) {
      expect(await answerOf(fetch("/api/devices"))).toEqual([
        200,
        {
          devices: [
            { device: "computer", name: "desk", state: { readings } },
            { device: "lamp", name: "Lamp", state: { on: false } },
            { device: "lock", name: "Door lock", state: { locked: true } },
          ],
        },
      ])
      const put = (path: string, body: string): Promise<readonly [number, unknown]> =>
        answerOf(fetch(path, { method: "PUT", body }))
      expect(await put("/api/devices/lamp", '{"on":true,"more":1}')).toEqual([200, { on: true }])
      expect(await put("/api/devices/lock", '{"locked":false}')).toEqual([200, { locked: false }])
      expect(await answerOf(fetch("/api/devices/lamp?x=1"))).toEqual([
        200,
        { device: "lamp", name: "Lamp", state: { on: true } },
      ])
      expect(await put("/api/devices/lamp", '{"on":false}')).toEqual([200, { on: false }])
      expect(await put("/api/devices/lock", '{"locked":true}')).toEqual([200, { locked: true }])
      const mode = fetch === session.fetch ? "sealed" : "signed"
      const me = { login: "ann", device: "laptop", scopes: ["devices", "switch"], mode }
      expect(await answerOf(fetch("/api/me"))).toEqual([200, me])
    }
  })

  it("says in a sentence what is wrong, and changes nothing", async () => {
    const devices = await house()
    const session = await calling(() => devices)
    const bodies = [
      "",
      "{",
      "null",
      "[]",
      '"on"',
      '{"on":1}',
      '{"locked":true}',
      `{"on":true${" ".repeat(1_024)}}`,
    ]
    for (const body of bodies) {
      const put = { method: "PUT", body }
      expect(await answerOf(session.fetch("/api/devices/lamp", put))).toEqual([
        400,
        { error: 'Say what it shall be: {"on":true} or {"on":false}.' },
      ])
    }
    const wrong = { method: "PUT", body: '{"on":true}' }
    expect((await answerOf(session.fetch("/api/devices/lock", wrong)))[0]).toBe(400)
    expect(await answerOf(session.fetch("/api/devices/computer", wrong))).toEqual([
      405,
      { error: "The computer takes no commands. Ask the lamp or the lock." },
    ])
    const unknown = [
      "/",
      "/api",
      "/api/",
      "/api/devices/",
      "/api/devices/lamp/on",
      "/api/devices/Lamp",
      "/apis/me",
    ]
    for (const path of unknown) {
      expect(await answerOf(session.fetch(path))).toEqual([
        404,
        { error: "There is nothing here. Ask for /api/devices." },
      ])
    }
    const refused = [
      ["/api/me", "GET"],
      ["/api/devices", "GET"],
      ["/api/devices/lock", "GET, PUT"],
    ] as const
    for (const [path, allow] of refused) {
      const answer = await session.fetch(path, { method: "DELETE" })
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, allow])
    }
    expect(devices.map((device) => device.state())).toMatchObject([
      {},
      { on: false },
      { locked: true },
    ])
  })

  it("says when the home is starting, and when nothing could be saved", async () => {
    let devices: readonly ApiDevice[] = []
    const session = await calling(() => devices)
    expect((await answerOf(session.fetch("/api/devices")))[0]).toBe(503)
    expect((await answerOf(session.fetch("/api/me")))[0]).toBe(200)
    const [, lamp] = await house()
    devices = [{ ...lamp!, obey: async () => null }]
    const put = { method: "PUT", body: '{"on":true}' }
    expect(await answerOf(session.fetch("/api/devices/lamp", put))).toEqual([
      503,
      { error: "It could not be saved, and nothing was changed. Try again later." },
    ])
  })
})
