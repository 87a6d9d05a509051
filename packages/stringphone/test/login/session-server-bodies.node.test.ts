// What is read of bodies, from whom, and what becomes of those that end badly: spec/login.md §1.5.
import { describe, expect, test } from "vitest"
import { concat, PeerError, utf8 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { unreadCallAnswer } from "../../src/login/error-proof.js"
import { decodeError } from "../../src/login/wire/error.js"
import type { Handler } from "../../src/session/login/server-index.js"
import { base, type Device, origin, post, Scene } from "./session-server-scene.js"
import { flipped } from "../wire/fixtures.js"

const kib = 1_024
const mib = 2 ** 20
const unproven = new Uint8Array([0x0e, 8, 0, 0, 0, 0, 0])

/** A body that is sent piece by piece, for as long as it is read. */
class Sending {
  readonly body: ReadableStream<Uint8Array>
  sentBytes = 0
  isCancelled = false
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #stops!: () => void
  /** All is read that there is until now. */
  readonly stopped: Promise<void> = new Promise((resolve) => (this.#stops = resolve))

  constructor(pieces: Iterable<Uint8Array>, isEnding = true) {
    const source = pieces[Symbol.iterator]()
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: (controller) => {
          const next = source.next()
          if (!next.done) {
            this.sentBytes += next.value.length
            controller.enqueue(next.value)
            return
          }
          this.#stops()
          if (isEnding) controller.close()
        },
        cancel: () => void (this.isCancelled = true),
      },
      { highWaterMark: 0 },
    )
  }

  /** As Node says it of a connection that ended. */
  breakOff(): void {
    this.#controller.error(new Error("aborted"))
  }
}

function messageFrom({ body }: Sending): Request {
  const headers = { "content-type": "application/stringphone-login", "content-length": "5" }
  const init = { method: "POST", body, duplex: "half", headers } as RequestInit
  return new Request(origin + base, init)
}

function* endless(head: Uint8Array): Generator<Uint8Array, void> {
  yield head
  for (;;) yield new Uint8Array(16 * kib)
}

async function answerTo(scene: Scene, sending: Sending): Promise<Uint8Array> {
  const response = await scene.handle(messageFrom(sending))
  expect(response.status).toBe(200)
  return new Uint8Array(await response.arrayBuffer())
}

/** A call that says that it has a lane, and stops behind 256 KiB. */
async function hanging(device: Device): Promise<Sending> {
  const head = concat(new Uint8Array([0x10]), (await device.lane()).id)
  return new Sending([head, new Uint8Array(256 * kib)], false)
}

describe("a body without end", () => {
  test.each([0x01, 0x10, 0xff])("of type %i from a stranger is read to 64 KiB", async (type) => {
    const scene = await Scene.open()
    const sending = new Sending(endless(concat(new Uint8Array([type]), new Uint8Array(16).fill(1))))
    const answer = await answerTo(scene, sending)
    if (type !== 0x10) expect(answer).toEqual(unproven)
    else expect(decodeError(answer)).toMatchObject({ name: "unknown-lane" })
    expect(sending.sentBytes).toBeLessThanOrEqual(64 * kib + 16 * kib + 17)
    expect(sending.isCancelled).toBe(true)
  })

  test.each(["memory", "store"] as const)(
    "on a lane in the %s is read to 17 MiB",
    async (lanes) => {
      const scene = await Scene.open({ lanes })
      const { id } = await (await scene.device()).lane()
      const sending = new Sending(endless(concat(new Uint8Array([0x10]), id)))
      expect(await answerTo(scene, sending)).toEqual(unproven)
      expect(sending.sentBytes).toBeGreaterThan(17 * mib)
      expect(sending.sentBytes).toBeLessThanOrEqual(17 * mib + 16 * kib + 17)
      expect(sending.isCancelled).toBe(true)
    },
  )
})

test("a long call is read however it is cut, and not on a lane that is gone", async () => {
  const scene = await Scene.open()
  const device = await scene.device()
  const text = "on ".repeat(100_000)
  for (const cuts of [[1], [16, 17], [65_536], [65_535, 65_537, 200_000]]) {
    const sealed = await device.seal("POST /lamps/1", text)
    const ends = [...cuts, sealed.bytes.length]
    const pieces = ends.map((end, i) => sealed.bytes.slice(ends[i - 1] ?? 0, end))
    const answer = await answerTo(scene, new Sending(pieces))
    expect(device.openSealed(sealed, answer).status).toBe(200)
  }
  expect(scene.acted.map(({ body }) => body === text)).toEqual([true, true, true, true])
  await scene.restart()
  const late = await device.seal("POST /x", text)
  const answer = await post(scene.handle, late.bytes)
  expect(device.openSealed(late, answer).error).toBe("unknown-lane")
  // It is about this call alone, by the server alone, and says this alone.
  const next = await device.seal("POST /x", text)
  expect(() => device.openSealed(next, answer)).toThrow("proof is missing or wrong")
  const changes = [1, 2, 5, 10].map((at) => flipped(answer, 8 * at))
  const stranger = unreadCallAnswer(late.bytes, Identity.generate())
  for (const forged of [...changes, stranger]) {
    expect(() => device.openSealed(late, forged)).toThrow(PeerError)
  }
  expect((await device.sealed("POST /x", "short")).error).toBe("unknown-lane")
})

describe("when much is being read", () => {
  test("long calls are answered 503, signed and sealed, until there is room again", async () => {
    const scene = await Scene.open({ limits: { bodyBytes: 512 * kib } })
    const device = await scene.device()
    const slow = await hanging(device)
    const answered = answerTo(scene, slow)
    await slow.stopped
    const long = "x".repeat(300 * kib)
    const sealed = await device.seal("POST /x", long)
    expect((await scene.handle(messageFrom(new Sending([sealed.bytes])))).status).toBe(503)
    const { proof, request } = await device.sign("POST /x", long)
    expect((await scene.handle(request.clone())).status).toBe(503)
    // Short ones take no room of others.
    expect((await device.sealed("POST /x", "y".repeat(60 * kib))).status).toBe(200)
    expect((await device.signed("POST /x", "y".repeat(60 * kib))).status).toBe(200)
    slow.breakOff()
    expect(await answered).toEqual(unproven)
    // Not acted on: the very same are taken now.
    expect((await device.verify(await scene.handle(request), proof)).status).toBe(200)
    expect(device.openSealed(sealed, await device.post(sealed.bytes)).status).toBe(200)
    expect(scene.acted.map(({ body }) => body.length / kib)).toEqual([60, 60, 300, 300])
    expect(scene.kinds()).not.toContain("trouble")
  })

  test("what was read, was too long or found no room is counted no more", async () => {
    const scene = await Scene.open({ limits: { bodyBytes: 512 * kib } })
    const device = await scene.device()
    const { id } = await device.lane()
    for (let i = 0; i < 5; i++) {
      expect((await device.sealed("POST /x", "x".repeat(400 * kib))).status).toBe(200)
      const tooMuch = new Sending(endless(concat(new Uint8Array([0x10]), id)))
      expect((await scene.handle(messageFrom(tooMuch))).status).toBe(503)
      expect(tooMuch.sentBytes).toBeLessThan(600 * kib)
    }
  })
})

describe("a body that breaks off", () => {
  test("is malformed, and told to nobody", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    scene.events.length = 0
    for (const sending of [new Sending([utf8("x")], false), await hanging(device)]) {
      const answered = answerTo(scene, sending)
      await sending.stopped
      sending.breakOff()
      expect(await answered).toEqual(unproven)
    }
    expect(scene.kinds()).toEqual([])
  })

  test("of a signed call is malformed too, proven", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const { proof, request } = await device.sign("POST /x", "on")
    scene.events.length = 0
    const sending = new Sending([utf8("o")], false)
    const init = { method: "POST", headers: request.headers, body: sending.body, duplex: "half" }
    const answered = scene.handle(new Request(`${origin}/x`, init))
    await sending.stopped
    sending.breakOff()
    expect(await device.verify(await answered, proof)).toMatchObject({
      status: 400,
      error: "malformed",
    })
    expect(scene.kinds()).toEqual([])
    expect(scene.acted).toEqual([])
  })
})

describe.each(["signed", "sealed"] as const)("an application that is called %s", (mode) => {
  async function calling(
    app: Handler,
  ): Promise<{ readonly scene: Scene; readonly device: Device }> {
    const scene = await Scene.open()
    const device = await scene.device()
    await device.lane()
    scene.handle = scene.server.handler(app)
    scene.events.length = 0
    return { scene, device }
  }

  test("and answers more than 16 MiB is told so", async () => {
    const large = new Uint8Array(16 * mib + 1)
    const { device, scene } = await calling(() => new Response(large))
    expect((await device[mode]("GET /x")).status).toBe(500)
    expect(scene.events).toMatchObject([{ kind: "trouble", error: { code: "too-large" } }])
  })

  test("hears that its caller went away, which is no trouble", async () => {
    const gone = new AbortController()
    const { device, scene } = await calling(async ({ signal }) => {
      expect(signal.aborted).toBe(false)
      gone.abort()
      expect(signal.aborted).toBe(true)
      throw signal.reason
    })
    const request = await requestOf(device, mode)
    expect((await scene.handle(new Request(request, { signal: gone.signal }))).status).toBe(
      mode === "signed" ? 500 : 200,
    )
    expect(gone.signal.aborted).toBe(true)
    expect(scene.events).toEqual([])
  })

  async function requestOf(device: Device, mode: "signed" | "sealed"): Promise<Request> {
    if (mode === "signed") return (await device.sign("GET /x")).request
    return messageFrom(new Sending([(await device.seal("GET /x")).bytes]))
  }
})

test("an answer that can not be signed is told", async () => {
  const scene = await Scene.open()
  const device = await scene.device()
  scene.handle = scene.server.handler(() => {
    const headers: [string, string][] = [
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]
    return new Response("on", { headers })
  })
  await device.lane()
  scene.events.length = 0
  expect(await device.signed("GET /x")).toMatchObject({ status: 500, text: "" })
  expect(scene.events).toMatchObject([{ kind: "trouble", error: { code: "bad-answer" } }])
})
