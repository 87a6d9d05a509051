// What a second implementation wrote from spec/login.md §4 to §6 and §8.1 alone (test/second/login_lanes_vectors.py) is
// what this code makes of the same inputs.
import { expect, test } from "vitest"
import { fromHex, hex, utf8 } from "../../src/bytes/index.js"
import { exchangePublicKey } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import {
  type BinaryRequest,
  decodeBinaryRequest,
  decodeBinaryResponse,
  encodeBinaryRequest,
  encodeBinaryResponse,
} from "../../src/login/binary-http/index.js"
import { ClientLane, completeLane, requestLane } from "../../src/login/client-lane.js"
import { beginRefresh, completeRefresh } from "../../src/login/client-refresh.js"
import { errorAnswer, readError, unreadCallAnswer } from "../../src/login/error-proof.js"
import { errorKey, knownDeviceKey, laneOpeningKey, refreshKey } from "../../src/login/generation-keys.js"
import { openLane } from "../../src/login/lane-opening.js"
import { LaneWindow } from "../../src/login/lane-window.js"
import { refreshKeys } from "../../src/login/refresh-keys.js"
import { openAnswer, openCall, sealAnswer, sealCall } from "../../src/login/sealed-calls.js"
import { refreshSession } from "../../src/login/server-generations.js"
import { newSession } from "../../src/login/session-record.js"
import vectors from "./login-lanes.json" with { type: "json" }

const { inputs } = vectors
const at = (name: keyof typeof inputs): Uint8Array => fromHex(inputs[name])
const generation = { session: at("session"), generation: 1, root: at("root") }
const server = new Identity(at("serverSeed"))
const { outputs } = vectors
const request: BinaryRequest = {
  method: "POST",
  scheme: "http",
  authority: "lamp.example",
  path: "/lamps/7?on=1",
  fields: [["content-type", "text/plain"]],
  content: utf8("brighter"),
}
const response = { status: 200, fields: [["x", "y"]], content: utf8("it is bright") } as const
const found = {
  record: newSession(generation, vectors.scopes, vectors.lifetimes, 0),
  retired: null,
}

test("keys", () => {
  const lane = new ClientLane(generation, at("lane"))
  const keys = {
    laneOpeningKey: laneOpeningKey(generation),
    refreshKey: refreshKey(generation),
    errorKey: errorKey(generation),
    knownDeviceKey: knownDeviceKey(generation),
    requestSigningKey: lane.keys.requestSigningKey(),
    answerSigningKey: lane.keys.answerSigningKey(),
  }
  for (const [name, key] of Object.entries(keys)) {
    expect([name, hex(key)]).toEqual([name, outputs[name as keyof typeof keys]])
  }
})

test("a lane", () => {
  const asked = requestLane(generation, at("clientRandom"))
  expect(hex(asked)).toBe(outputs.openLane)
  const { answer } = openLane(found, [], asked, { nowMs: 0, server, newLane: at("lane") })
  expect(hex(answer)).toBe(outputs.laneAnswer)
  expect(completeLane(generation, asked, answer, [])).toMatchObject({ lane: { id: at("lane") } })
})

test("a refresh", () => {
  const begun = beginRefresh({ ...generation, pending: null }, at("clientEphemeral"))
  expect(hex(begun.pending.request)).toBe(outputs.refresh)
  const step = refreshSession(found, begun.pending.request, {
    nowMs: 0,
    realm: vectors.realm,
    server,
    signer: server,
    ephemeralSecret: at("serverEphemeral"),
    userScopes: vectors.scopes,
  })
  expect(hex(step.answer)).toBe(outputs.refreshed)
  const result = completeRefresh(begun, step.answer, { realm: vectors.realm, serverKeys: [server.publicKey] })
  if (!("session" in result)) throw new Error("no answer")
  expect(hex(result.session.root)).toBe(outputs.nextRoot)
  const serverKey = exchangePublicKey(at("serverEphemeral"))
  const ephemerals = { ownSecret: at("clientEphemeral"), otherKey: serverKey, serverKey }
  const keys = refreshKeys(at("root"), begun.pending.request, ephemerals)!
  expect([keys.answerKey, keys.transcript].map(hex)).toEqual([
    outputs.answerKey,
    outputs.transcript,
  ])
})

test("errors", () => {
  const asked = fromHex(outputs.openLane)
  const trust = { errorKeys: [errorKey(generation)], serverKeys: [server.publicKey] }
  const answers = [errorAnswer(asked, "expired", errorKey(generation)), errorAnswer(asked, "expired", server)]
  expect(answers.map(hex)).toEqual([outputs.expiredWithMac, outputs.expiredWithSignature])
  for (const answer of answers) expect(readError(answer, asked, trust).name).toBe("expired")
  const call = fromHex(outputs.sealedCall)
  const unread = unreadCallAnswer(call.subarray(0, 25), server)
  expect(hex(unread)).toBe(outputs.unknownLaneUnread)
  expect(readError(unread, call, trust).name).toBe("unknown-lane")
})

test("a sealed call and its answer", () => {
  expect(hex(encodeBinaryRequest(request))).toBe(outputs.binaryRequest)
  expect(hex(encodeBinaryResponse(response))).toBe(outputs.binaryResponse)
  expect(decodeBinaryRequest(fromHex(outputs.binaryRequest))).toEqual(request)
  expect(decodeBinaryResponse(fromHex(outputs.binaryResponse))).toEqual(response)
  const lane = new ClientLane(generation, at("lane"))
  const sent = sealCall(lane, request)
  expect(hex(sent.bytes)).toBe(outputs.sealedCall)
  const call = openCall({ keys: lane.keys, window: new LaneWindow() }, sent.bytes, true)
  expect(call.request).toEqual(request)
  const answer = sealAnswer(call, response)
  expect(hex(answer)).toBe(outputs.sealedAnswer)
  expect(openAnswer(sent, answer, [])).toEqual({ response })
})
