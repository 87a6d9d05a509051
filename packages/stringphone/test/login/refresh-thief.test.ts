// Who stole the root of a session from its device, and is in the way of that device: spec/login.md §6.1.
import { beforeEach, describe, expect, test } from "vitest"
import { concat, hex } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import type { ClientSession } from "../../src/login/client-refresh.js"
import { refreshSession } from "../../src/login/server-generations.js"
import { newSession, usualLifetimes } from "../../src/login/session-record.js"
import { codeOf, everyScope, SceneClient, SceneServer, startMs } from "./lane-scene.js"

const evil = new Identity(new Uint8Array(32).fill(0x66))

let server: SceneServer
let client: SceneClient

beforeEach(() => {
  server = new SceneServer()
  client = new SceneClient(server)
})

/** As the server would answer, from the root alone; signed by whom he likes. */
function forged(
  stolen: ClientSession,
  request: Uint8Array,
  by: { readonly realm?: string; readonly signer?: Identity; readonly card?: Identity } = {},
): Uint8Array {
  const { card = evil, realm = server.realm, signer = evil } = by
  const record = newSession(stolen, everyScope, usualLifetimes, startMs)
  const circumstances = {
    nowMs: startMs,
    realm,
    server: card,
    signer,
    ephemeralSecret: new Uint8Array(32).fill(9),
    userScopes: everyScope,
  }
  return refreshSession({ record, retired: null }, request, circumstances).answer
}

function expectUntaken(answer: Uint8Array): void {
  const before = client.session
  expect(codeOf(() => client.complete(answer))).toBe("unauthenticated-answer")
  expect(client.session).toBe(before)
}

describe("can not answer in the server's place", () => {
  test("with a key of his own, and so tells no other server key", () => {
    const stolen = client.session
    const request = client.begin()
    expectUntaken(forged(stolen, request))
    expectUntaken(forged(stolen, request, { card: server.identity }))
    client.complete(server.refresh(request))
    expect(client.session.generation).toBe(2)
  })

  test("with what the server signed in its answer to him", () => {
    const thief = client.stolenBy("thief")
    const genuine = server.refresh(thief.begin())
    const own = forged(client.session, client.begin(), { card: server.identity })
    expectUntaken(genuine)
    expectUntaken(concat(own.subarray(0, 33), genuine.subarray(33, 97), own.subarray(97)))
    expectUntaken(concat(genuine.subarray(0, 97), own.subarray(97)))
  })

  test("with the server's signature for another realm, session or generation", () => {
    const { identity: signer } = server
    const stolen = client.session
    const request = client.begin()
    expectUntaken(forged(stolen, request, { realm: "lamp.exampl", signer }))
    const elsewhere: ClientSession = { ...stolen, session: new Uint8Array(16) }
    const another = new SceneClient(server, "other", elsewhere).begin()
    expectUntaken(forged(elsewhere, another, { signer }))
    client.complete(server.refresh(request))
    // The answer to the refresh before.
    const first = server.refresh(request)
    client.begin()
    expectUntaken(first)
  })

  test("the server itself could: what is refused is the signature alone", () => {
    const stolen = client.session
    client.complete(forged(stolen, client.begin(), { signer: server.identity, card: evil }))
    expect(client.session.generation).toBe(2)
  })
})

describe("a server that changes its key", () => {
  const next = new Identity(new Uint8Array(32).fill(0x54))

  test("says so, signed by the one before; from then on that one is believed no more", () => {
    const former = server.identity
    server.identity = next
    const told = client.refresh()
    if (!("serverCard" in told)) throw new Error("no answer")
    expect(told.serverCard.publicKey).toEqual(next.publicKey)
    server.known = next
    expect(client.refresh()).toMatchObject({ serverCard: { publicKey: next.publicKey } })
    const stolen = client.session
    expectUntaken(forged(stolen, client.begin(), { signer: former }))
  })

  test("and has the one before no more: denied, and nothing is changed", () => {
    const former = server.identity
    server.identity = next
    server.known = null
    const before = server.record
    const request = client.begin()
    // The key of the generation proves it, so that its device can believe it.
    expect(client.complete(server.refresh(request))).toEqual({
      error: { name: "denied", seconds: 0 },
    })
    expect(server.record).toBe(before)
    // Its owner finds the old one.
    server.known = former
    client.complete(server.refresh(request))
    client.lane()
    expect(hex(client.session.root)).toBe(hex(server.living.root))
    server.known = null
    expect(client.refresh()).toEqual({ error: { name: "denied", seconds: 0 } })
    expect(server.events.at(-1)).toBe("refused")
  })
})
