// Somebody owns the network between a client and its server.
import { afterEach, describe, expect, test, vi } from "vitest"
import { fromHex, hex } from "../../src/bytes/index.js"
import { loginErrors } from "../../src/login/error-codes.js"
import { encodeError } from "../../src/login/wire/error.js"
import type { LoginErrorName } from "../../src/login/error-codes.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { ClientScene, codeOf, contentOf, type Passing, types } from "./session-client-scene.js"

const ours = { "content-type": "application/stringphone-login" }
const names = Object.keys(loginErrors) as LoginErrorName[]

function message(bytes: Uint8Array): Response {
  return new Response(bytes.slice(), { headers: ours })
}

/** What anybody can answer. */
const forgeries: readonly (readonly [string, () => Response])[] = [
  ...[401, 403, 500, 503].map(
    (status) => [String(status), () => new Response("go away", { status })] as const,
  ),
  ["302", () => new Response(null, { status: 302, headers: { location: "http://evil.example/" } })],
  ["a page", () => new Response("<h1>Welcome to our hotspot</h1>")],
  ["nothing", () => message(new Uint8Array(0))],
  ["noise", () => message(new Uint8Array(300).fill(0x11))],
  ...names.map(
    (name) =>
      [
        `401 with the field ${name}`,
        () => new Response(null, { status: 401, headers: { "stringphone-error": name } }),
      ] as const,
  ),
  ...names.flatMap((name) =>
    [
      null,
      { kind: "mac", mac: new Uint8Array(32) } as const,
      { kind: "signature", signature: new Uint8Array(64) } as const,
    ].map(
      (proof) =>
        [
          `${name}, proof ${proof?.kind ?? "none"}`,
          () => message(encodeError({ name, seconds: 0, proof: proof ?? { kind: "none" } })),
        ] as const,
    ),
  ),
]

const sealedOrSigned = ["fetch", "signedFetch"] as const

describe("an answer that nobody proves changes nothing", () => {
  test.each(forgeries)("%s", async (_, forgery) => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    const session = await scene.register({ store })
    const steps = [types.openLane, types.sealedCall, 0]
    const before = await contentOf(store)
    for (const type of steps) {
      const how = type === 0 ? "signedFetch" : "fetch"
      scene.meddler = (passing) => (passing.type === type ? forgery() : null)
      expect(await codeOf(() => session[how]("/lamps"))).toBe("ChannelError unauthenticated-answer")
      scene.meddler = () => null
      expect((await session[how]("/lamps")).status).toBe(200)
    }
    expect(await contentOf(store)).toBe(before)
    // The lane is the same all the time: asked for again, with the same bytes.
    expect(new Set(scene.sent(types.openLane)).size).toBe(1)
    expect(scene.count(types.refresh)).toBe(0)

    scene.passHour()
    scene.meddler = ({ type }) => (type === types.refresh ? forgery() : null)
    expect(await codeOf(() => session.fetch("/lamps"))).toBe("ChannelError unauthenticated-answer")
    scene.meddler = () => null
    expect((await session.fetch("/lamps")).status).toBe(200)
    expect(new Set(scene.sent(types.refresh)).size).toBe(1)
    expect(scene.passed.every(({ url }) => url.startsWith("http://lamp.example/"))).toBe(true)
  })
})

test.each(sealedOrSigned)("an answer to another call is none: %s", async (how) => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  await session[how]("/lamps?warm-up")
  let first: Response | null = null
  scene.answerMeddler = (answer) => {
    first ??= answer.clone()
    return answer
  }
  await session[how]("/lamps?same")
  scene.answerMeddler = () => first!.clone()
  expect(await codeOf(() => session[how]("/lamps?same"))).toBe(
    "ChannelError unauthenticated-answer",
  )
})

test.each(sealedOrSigned)("answers that change places are none: %s", async (how) => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  await session[how]("/lamps?warm-up")
  const answers: Response[] = []
  let both: () => void = () => undefined
  const isThere = new Promise<void>((resolve) => (both = resolve))
  scene.answerMeddler = async (answer) => {
    const at = answers.push(answer)
    if (at === 2) both()
    await isThere
    return answers[2 - at]!.clone()
  }
  const codes = await Promise.all([
    codeOf(() => session[how]("/lamps?1")),
    codeOf(() => session[how]("/lamps?2")),
  ])
  expect(codes).toEqual(Array(2).fill("ChannelError unauthenticated-answer"))
})

describe("a signed answer that was changed is none:", () => {
  const changed = (answer: Response, change: Partial<ResponseInit> & { body?: string }) =>
    new Response(change.body ?? answer.body, {
      status: change.status ?? answer.status,
      headers: change.headers ?? answer.headers,
    })
  const withHeader = (answer: Response, name: string, value: string | null): Headers => {
    const headers = new Headers(answer.headers)
    if (value === null) headers.delete(name)
    else headers.set(name, value)
    return headers
  }
  const changes: readonly (readonly [string, (answer: Response) => Response])[] = [
    ["status", (a) => changed(a, { status: 201 })],
    ["body", (a) => changed(a, { body: '{"login":"mallory"}' })],
    ["content type", (a) => changed(a, { headers: withHeader(a, "content-type", "text/html") })],
    ["no content type", (a) => changed(a, { headers: withHeader(a, "content-type", null) })],
    ["no signature", (a) => changed(a, { headers: withHeader(a, "signature", null) })],
    ["no signature input", (a) => changed(a, { headers: withHeader(a, "signature-input", null) })],
    ["digest", (a) => changed(a, { headers: withHeader(a, "content-digest", "sha-256=:AA==:") })],
    ["encoding", (a) => changed(a, { headers: withHeader(a, "content-encoding", "gzip") })],
  ]
  test.each(changes)("%s", async (_, change) => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    scene.answerMeddler = (answer, { type }) => (type === 0 ? change(answer) : answer)
    expect(await codeOf(() => session.signedFetch("/lamps"))).toBe(
      "ChannelError unauthenticated-answer",
    )
  })

  test("a field that was added is not seen", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    scene.answerMeddler = (a, { type }) =>
      type === 0 ? changed(a, { headers: withHeader(a, "set-cookie", "id=1") }) : a
    const answer = await session.signedFetch("/lamps")
    expect(answer.headers.has("set-cookie")).toBe(false)
  })
})

test("a signed call that was stripped or changed is not acted on", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  await session.signedFetch("/lamps")
  const acted = scene.acted.length
  const pass = (passing: Passing, without: readonly string[], target = passing.url): Request => {
    const headers = new Headers(passing.headers)
    for (const name of without) headers.delete(name)
    const body = passing.body.length > 0 ? { body: passing.body.slice() } : {}
    return new Request(target, { method: passing.method, headers, ...body })
  }
  const changes: readonly ((passing: Passing) => Request)[] = [
    (one) => pass(one, ["signature", "signature-input", "content-digest"]),
    (one) => pass(one, ["signature"]),
    (one) => pass(one, [], "http://lamp.example/lamps?all"),
    (one) => pass(one, [], "http://other.example/lamps"),
    (one) => pass(one, ["hue"]),
  ]
  const handler = scene.logins.handler((request) => scene.app(request))
  const codes: string[] = []
  for (const change of changes) {
    const statuses: number[] = []
    scene.meddler = async (passing) => {
      if (passing.type !== 0) return null
      const answer = await handler(change(passing))
      statuses.push(answer.status)
      return answer
    }
    const run = () => session.signedFetch("/lamps", { headers: { hue: "red" } })
    codes.push(await codeOf(run))
    expect(statuses).not.toContain(200)
  }
  // Whoever strips it has no signature to bind an answer to; else the server itself says that it refused.
  expect(codes).toEqual([
    "ChannelError unauthenticated-answer",
    "ChannelError unauthenticated-answer",
    "PeerError denied",
    "PeerError denied",
    "PeerError malformed",
  ])
  expect(scene.acted).toHaveLength(acted)
})

// What the server key proves of a lane that was made up is nothing about the lane of the caller.
test("an error about a made-up lane, under the same signature, is no answer to the call", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  await session.signedFetch("/lamps")
  const acted = scene.acted.length
  const handler = scene.logins.handler((request) => scene.app(request))
  const proven: (string | null)[] = []
  scene.meddler = async ({ type, url, method, headers, body }) => {
    if (type !== 0) return null
    const request = new Request(url, { method, headers, body: body.slice() })
    expect((await handler(request.clone())).status).toBe(200)
    // The first byte stays: it says which of the server's keys answers.
    const input = headers.get("signature-input")!
    const madeUp = input.replace(/keyid="(..).{20}"/, `keyid="$1${"A".repeat(20)}"`)
    expect(madeUp).not.toBe(input)
    request.headers.set("signature-input", madeUp)
    const answer = await handler(request)
    proven.push(answer.headers.get("stringphone-error"))
    expect(answer.headers.get("signature-input")).toContain('alg="ed25519"')
    return answer
  }
  const put = () => session.signedFetch("/lamps", { method: "PUT", body: "on" })
  expect(await codeOf(put)).toBe("ChannelError unauthenticated-answer")
  expect(proven).toEqual(["unknown-lane"])
  expect(scene.acted).toHaveLength(acted + 1)
  scene.meddler = () => null
  expect((await put()).status).toBe(200)
  // Still the same lane, on which the numbers go on.
  expect(new Set(scene.sent(types.openLane)).size).toBe(1)
  const lanes = scene.passed
    .map(({ headers }) =>
      /nonce="(\d+)";keyid="([^"]+)"/.exec(headers.get("signature-input") ?? ""),
    )
    .filter((found) => found !== null)
  expect(lanes.map(([, number]) => number)).toEqual(["1", "2", "3"])
  expect(new Set(lanes.map(([, , lane]) => lane)).size).toBe(1)
})

test("a lane's numbers are used once, whatever old answers are brought back", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  const lanes: Response[] = []
  scene.answerMeddler = (answer, { type }) => {
    if (type === types.openLane) lanes.push(answer.clone())
    return answer
  }
  for (let round = 0; round < 6; round++) {
    // Doubt, while the server forgets the lane now and then, and old lanes come back.
    scene.meddler = ({ type }) => (type === types.sealedCall ? new Response("no") : null)
    await codeOf(() => session.fetch("/lamps"))
    if (round % 2) await scene.restart()
    scene.meddler = ({ type }) =>
      type === types.openLane && round > 1 ? (lanes[round % lanes.length]?.clone() ?? null) : null
    await codeOf(() => session.fetch("/lamps"))
    scene.meddler = () => null
    await codeOf(() => session.fetch("/lamps"))
  }
  expect((await session.fetch("/lamps")).status).toBe(200)
  const calls = scene.sent(types.sealedCall).map((one) => hex(fromHex(one).subarray(1, 25)))
  expect(calls.length).toBeGreaterThan(12)
  expect(new Set(calls).size).toBe(calls.length)
})

describe("the network fails", () => {
  test.each(["lost", "unsent"] as const)(
    "a call that is %s is told, and not repeated",
    async (fate) => {
      const scene = await ClientScene.open()
      const session = await scene.register()
      for (const how of sealedOrSigned) {
        await session[how]("/lamps?warm-up")
        const [sent, acted] = [scene.passed.length, scene.acted.length]
        scene.meddler = () => fate
        expect(await codeOf(() => session[how]("/lamps"))).toBe("ChannelError unreachable")
        scene.meddler = () => null
        expect(scene.passed.length - sent).toBe(1)
        expect(scene.acted.length - acted).toBe(fate === "lost" ? 1 : 0)
        expect((await session[how]("/lamps")).status).toBe(200)
      }
    },
  )

  test("an answer that does not end is not read to its end", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    let chunks = 0
    const endless = (): Response =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull(controller) {
            chunks++
            controller.enqueue(new Uint8Array(2 ** 20))
          },
        }),
        { headers: ours },
      )
    scene.meddler = endless
    expect(await codeOf(() => session.fetch("/lamps"))).toBe("ChannelError too-large")
    expect(chunks).toBeLessThan(25)
  })

  test("a call that somebody repeats is acted on once", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    const replays: number[] = []
    scene.answerMeddler = async (answer, { body, headers, method, url }) => {
      const request = new Request(url, {
        method,
        headers,
        ...(body.length && { body: body.slice() }),
      })
      const again = await scene.logins.handler((one) => scene.app(one))(request)
      replays.push(again.status)
      return answer
    }
    await session.fetch("/lamps?1")
    await session.signedFetch("/lamps?2")
    expect(scene.acted).toEqual(["GET /lamps?1", "GET /lamps?2"])
    expect(replays).toHaveLength(3)
  })
})

describe("a caller who goes", () => {
  test("before, sends nothing", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    const before = scene.passed.length
    const init = { signal: AbortSignal.abort() }
    expect(await codeOf(() => session.fetch("/lamps", init))).toBe("AbortError")
    expect(
      await codeOf(() => session.signedFetch(new Request("http://lamp.example/lamps", init))),
    ).toBe("AbortError")
    expect(scene.passed).toHaveLength(before)
  })

  test.each([types.openLane, types.refresh, types.sealedCall, 0])(
    "in the middle (%s) takes nobody with him",
    async (type) => {
      const scene = await ClientScene.open()
      const session = await scene.register()
      if (type === types.refresh) {
        await session.fetch("/lamps")
        scene.passHour()
      }
      const how = type === 0 ? "signedFetch" : "fetch"
      const control = new AbortController()
      let goOn: () => void = () => undefined
      const held = new Promise<void>((resolve) => (goOn = resolve))
      let isHeld: () => void = () => undefined
      const waits = new Promise<void>((resolve) => (isHeld = resolve))
      scene.answerMeddler = async (answer, passing) => {
        if (passing.type !== type) return answer
        isHeld()
        await held
        return answer
      }
      const gone = codeOf(() => session[how]("/lamps", { signal: control.signal }))
      const other = session[how]("/lamps")
      await waits
      control.abort()
      expect(await gone).toBe("AbortError")
      goOn()
      expect((await other).status).toBe(200)
    },
  )
})

describe("clocks", () => {
  afterEach(() => vi.useRealTimers())

  test("a client's may be wrong by any time", async () => {
    const scene = await ClientScene.open()
    vi.useFakeTimers({ toFake: ["Date"] })
    vi.setSystemTime(0)
    const session = await scene.register()
    expect((await session.signedFetch("/lamps")).status).toBe(200)
    for (const ms of [4e12, 1e12, 0]) {
      vi.setSystemTime(ms)
      expect((await session.fetch("/lamps")).status).toBe(200)
      expect((await session.signedFetch("/lamps")).status).toBe(200)
      await session.refresh()
    }
    // Each leap costs one refresh more, and no call.
    expect(scene.count(types.refresh)).toBe(6)
  })
})
