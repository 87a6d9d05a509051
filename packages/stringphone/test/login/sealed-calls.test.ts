// Sealed calls, and what somebody in between can try: spec/login.md §5 and §8.1.
import { beforeEach, describe, expect, test } from "vitest"
import { concat, fromUtf8, hex, padmeLength, UsageError, utf8 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import {
  type BinaryRequest,
  encodeBinaryRequest,
  encodeBinaryResponse,
} from "../../src/login/binary-http/index.js"
import { ClientLane, requestLane } from "../../src/login/client-lane.js"
import { errorAnswer } from "../../src/login/error-proof.js"
import { errorKey } from "../../src/login/generation-keys.js"
import {
  laneOfCall,
  openAnswer,
  openCall,
  sealAnswer,
  sealCall,
  type SentCall,
  type ServerLane,
} from "../../src/login/sealed-calls.js"
import { encodeError } from "../../src/login/wire/error.js"
import { encodeSealedCall, sealedCallHead } from "../../src/login/wire/sealed-call.js"
import { codeOf, SceneClient, SceneServer } from "./lane-scene.js"

const request: BinaryRequest = {
  method: "POST",
  scheme: "http",
  authority: "lamp.example",
  path: "/lamps/7?on=1",
  fields: [["content-type", "text/plain"]],
  content: utf8("brighter"),
}
const response = { status: 200, fields: [], content: utf8("it is bright") } as const

let server: SceneServer
let client: SceneClient
let lane: ClientLane
let acted: string[]
let isLiving: boolean

beforeEach(() => {
  server = new SceneServer()
  client = new SceneClient(server)
  lane = client.lane()
  acted = []
  isLiving = true
})

function laneAt(bytes: Uint8Array): ServerLane | undefined {
  return server.lanes.get(hex(laneOfCall(bytes)))
}

/** What the server does with a sealed call; all that it acts on is in `acted`. */
function act(bytes: Uint8Array): Uint8Array {
  const found = laneAt(bytes)
  if (!found) return errorAnswer(bytes, "unknown-lane", server.identity)
  let call
  try {
    call = openCall(found, bytes, isLiving)
  } catch (error) {
    const { code } = error as { code: "used" }
    return errorAnswer(bytes, code, errorKey(client.session))
  }
  acted.push(fromUtf8(call.request.content)!)
  return sealAnswer(call, response)
}

function send(text: string, on = lane): SentCall {
  return sealCall(on, { ...request, content: utf8(text) })
}

function errorOf(sent: SentCall, answer: Uint8Array): string {
  const result = openAnswer(sent, answer, server.serverKeys)
  return "error" in result ? result.error.name : "none"
}

describe("a sealed call", () => {
  test("arrives as it was, and so does its answer", () => {
    const sent = sealCall(lane, request)
    const call = openCall(laneAt(sent.bytes)!, sent.bytes, true)
    expect(call.request).toEqual(request)
    expect(call.number).toBe(1)
    const answer = sealAnswer(call, response)
    expect(openAnswer(sent, answer, server.serverKeys)).toEqual({ response })
  })

  test("shows neither path nor body nor status, and its size by steps only", () => {
    const sent = sealCall(lane, request)
    const answer = act(sent.bytes)
    for (const bytes of [sent.bytes, answer]) {
      const text = String.fromCharCode(...bytes)
      for (const secret of ["lamp", "brighter", "bright", "POST", "text/plain"]) {
        expect(text).not.toContain(secret)
      }
    }
    const plain = padmeLength(encodeBinaryRequest(request).length)
    expect(sent.bytes).toHaveLength(25 + plain + 16)
    expect(answer).toHaveLength(1 + padmeLength(encodeBinaryResponse(response).length) + 16)
  })

  test("has a number of its own", () => {
    const calls = ["a", "b", "c"].map((text) => send(text))
    expect(calls.map(({ number }) => number)).toEqual([1, 2, 3])
    for (const { bytes } of calls) act(bytes)
    expect(acted).toEqual(["a", "b", "c"])
  })

  test("of 16 MiB goes through; a byte more does not", () => {
    const content = new Uint8Array(16 * 2 ** 20).fill(7)
    const sent = sealCall(lane, { ...request, content })
    const call = openCall(laneAt(sent.bytes)!, sent.bytes, true)
    expect(call.request.content.length).toBe(content.length)
    const answer = sealAnswer(call, { ...response, content })
    const result = openAnswer(sent, answer, server.serverKeys)
    expect("response" in result && result.response.content.length).toBe(content.length)
    const larger = { ...request, content: new Uint8Array(content.length + 1) }
    expect(() => sealCall(lane, larger)).toThrow(UsageError)
    // No number was lost by it.
    expect(lane.takeNumber()).toBe(2)
  })

  test("is answered once: a second answer would share the nonce", () => {
    const sent = sealCall(lane, request)
    const call = openCall(laneAt(sent.bytes)!, sent.bytes, true)
    sealAnswer(call, response)
    expect(() => sealAnswer(call, { ...response, status: 404 })).toThrow(UsageError)
  })

  test("that can not be answered as wanted can still be answered", () => {
    const sent = sealCall(lane, request)
    const call = openCall(laneAt(sent.bytes)!, sent.bytes, true)
    expect(() => sealAnswer(call, { ...response, status: 99 })).toThrow(UsageError)
    const answer = sealAnswer(call, { ...response, status: 500 })
    expect(openAnswer(sent, answer, server.serverKeys)).toMatchObject({ response: { status: 500 } })
  })
})

describe("somebody in between", () => {
  test("replays a call on its lane: it is acted on once", () => {
    const sent = send("once")
    act(sent.bytes)
    for (let i = 0; i < 5; i++) expect(errorOf(sent, act(sent.bytes))).toBe("used")
    expect(acted).toEqual(["once"])
  })

  test("replays a call on another lane", () => {
    const other = client.lane()
    const { bytes } = send("once")
    const moved = concat(bytes.subarray(0, 1), other.id, bytes.subarray(17))
    expect(act(moved)[1]).toBe(1)
    expect(acted).toEqual([])
    // And what is refused uses up no number.
    act(send("mine", other).bytes)
    expect(acted).toEqual(["mine"])
  })

  test("replays a call after a restart: its lane is gone, and the client learns it", () => {
    const sent = send("once")
    act(sent.bytes)
    server.restart()
    expect(errorOf(sent, act(sent.bytes))).toBe("unknown-lane")
    client.lane()
    expect(errorOf(sent, act(sent.bytes))).toBe("unknown-lane")
    expect(acted).toEqual(["once"])
  })

  test("replays the opening of the lane and then the call, after a restart", () => {
    const request = requestLane(client.session, client.random.take(16))
    const first = client.completeLane(request, server.openLane(request)) as ClientLane
    const sent = send("once", first)
    act(sent.bytes)
    server.restart()
    const again = client.completeLane(request, server.openLane(request)) as ClientLane
    act(sent.bytes)
    const moved = concat(sent.bytes.subarray(0, 1), again.id, sent.bytes.subarray(17))
    act(moved)
    expect(acted).toEqual(["once"])
  })

  test("reorders calls within the window: each is acted on once", () => {
    const calls = Array.from({ length: 256 }, (_, i) => send(String(i)))
    for (const { bytes } of [...calls].reverse()) act(bytes)
    for (const { bytes } of calls) act(bytes)
    expect(acted).toHaveLength(256)
    expect(new Set(acted).size).toBe(256)
  })

  test("holds a call back until it is too old: the client learns that it was not acted on", () => {
    const late = send("late")
    for (let i = 0; i < 256; i++) act(send(String(i)).bytes)
    expect(errorOf(late, act(late.bytes))).toBe("too-old")
    expect(acted).not.toContain("late")
  })

  test("holds a call back until its generation has ended: it is never acted on, whatever the clock does", () => {
    const late = send("late")
    isLiving = false
    expect(errorOf(late, act(late.bytes))).toBe("expired")
    isLiving = true
    expect(errorOf(late, act(late.bytes))).toBe("used")
    expect(acted).toEqual([])
  })

  test("keeps an answer back, and asks for an error that says that nothing was done: there is none", () => {
    const sent = send("once")
    act(sent.bytes)
    isLiving = false
    expect(errorOf(sent, act(sent.bytes))).toBe("used")
    expect(acted).toEqual(["once"])
  })

  test("two requests with one number race: one is acted on", () => {
    const twin = new ClientLane(client.session, lane.id)
    const calls = [send("one"), send("other", twin)]
    expect(calls.map(({ number }) => number)).toEqual([1, 1])
    const answers = calls.map(({ bytes }) => act(bytes))
    expect(acted).toEqual(["one"])
    expect(errorOf(calls[1]!, answers[1]!)).toBe("used")
  })

  test("changes any byte of a call", () => {
    const { bytes } = send("unchanged")
    for (let at = 0; at < bytes.length; at++) {
      const forged = Uint8Array.from(bytes)
      forged[at]! ^= 2
      const found = server.lanes.get(hex(lane.id))!
      expect([at, codeOf(() => openCall(found, forged, true))]).toEqual([
        at,
        // A number beyond all is none.
        at === 0 || at === 17 ? "malformed" : "denied",
      ])
    }
    act(bytes)
    expect(acted).toEqual(["unchanged"])
  })

  test("changes any byte of an answer", () => {
    const sent = send("unchanged")
    const answer = act(sent.bytes)
    for (let at = 0; at < answer.length; at++) {
      const forged = Uint8Array.from(answer)
      forged[at]! ^= 1
      const expected = at === 0 ? "malformed" : "unauthenticated-answer"
      expect([at, codeOf(() => openAnswer(sent, forged, server.serverKeys))]).toEqual([
        at,
        expected,
      ])
    }
    expect(errorOf(sent, answer)).toBe("none")
  })

  test("exchanges the answers of two calls, or sends a call back as its answer", () => {
    const calls = [send("one"), send("other")]
    const answers = calls.map(({ bytes }) => act(bytes))
    const twin = sealCall(new ClientLane(client.session, lane.id), request)
    for (const [sent, answer] of [
      [calls[0]!, answers[1]!],
      [calls[1]!, answers[0]!],
      // The same number, another request.
      [twin, answers[0]!],
      [calls[0]!, concat(Uint8Array.of(0x11), calls[0]!.bytes.subarray(25))],
    ] as const) {
      expect(codeOf(() => openAnswer(sent, answer, server.serverKeys))).toBe(
        "unauthenticated-answer",
      )
    }
  })

  test("says errors of his own: none is believed", () => {
    const sent = send("mine")
    const stranger = new Identity(new Uint8Array(32).fill(9))
    const earlier = send("earlier")
    act(earlier.bytes)
    const forged = [
      encodeError({ name: "revoked", seconds: 0, proof: { kind: "none" } }),
      errorAnswer(sent.bytes, "revoked", stranger),
      errorAnswer(sent.bytes, "expired", new Uint8Array(32)),
      // Truly the server's, about another call.
      act(earlier.bytes),
    ]
    for (const answer of forged) {
      expect(codeOf(() => openAnswer(sent, answer, server.serverKeys))).toBe(
        "unauthenticated-answer",
      )
    }
    expect(errorOf(sent, act(sent.bytes))).toBe("none")
  })
})

describe("a client that is none of ours", () => {
  test("seals what is no request: it is malformed, and its number is used", () => {
    const found = server.lanes.get(hex(lane.id))!
    const contents = [
      new Uint8Array(0),
      encodeBinaryResponse(response),
      concat(encodeBinaryRequest(request), Uint8Array.of(1)),
      utf8("GET / HTTP/1.1\r\n\r\n"),
    ]
    contents.forEach((content, i) => {
      const box = lane.keys.sealRequest(i + 1, sealedCallHead(lane.id, i + 1), content)
      const bytes = encodeSealedCall({ lane: lane.id, number: i + 1, box })
      expect(codeOf(() => openCall(found, bytes, isLiving))).toBe("malformed")
      expect(codeOf(() => openCall(found, bytes, isLiving))).toBe("used")
    })
  })
})

test("keys of a lane show nowhere", () => {
  const texts = [lane, lane.keys, { lane }].map((one) => JSON.stringify(one)).join()
  expect(texts).not.toContain(hex(lane.keys.requestSigningKey()))
  expect(Object.keys(lane.keys)).toEqual([])
  expect(Object.keys(lane)).toEqual(["id", "generation", "keys"])
})
