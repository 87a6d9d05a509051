// What the server's signature in an answer to a refresh binds, and what it is not: spec/login.md §6.1.
import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { completeRefresh } from "../../src/login/client-refresh.js"
import { errorAnswer, readError } from "../../src/login/error-proof.js"
import { isSignedRefreshed, signRefreshed } from "../../src/login/refresh-proof.js"
import { encodeError } from "../../src/login/wire/error.js"
import { codeOf, SceneClient, SceneServer } from "./lane-scene.js"

const server = new Identity(new Uint8Array(32).fill(0x53))
const keys = [server.publicKey]
const told = {
  realm: "lamp.example",
  transcript: new Uint8Array(32).fill(1),
  sealed: new Uint8Array(272).fill(2),
}
const covered = concat(Uint8Array.of(12), utf8(told.realm), told.transcript, told.sealed)
const signature = signRefreshed(told, server)

function changedAt(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[at]! ^= 1
  return changed
}

test("it is over realm, transcript and sealed text, by the server key", () => {
  expect(isSignedRefreshed(told, signature, keys)).toBe(true)
  expect(signature).toEqual(server.sign("login refreshed", covered))
})

test("each byte of each of them counts", () => {
  for (const name of ["transcript", "sealed"] as const) {
    for (let at = 0; at < told[name].length; at++) {
      const other = { ...told, [name]: changedAt(told[name], at) }
      expect(isSignedRefreshed(other, signature, keys), `${name} ${at}`).toBe(false)
    }
  }
  for (let at = 0; at < signature.length; at++) {
    expect(isSignedRefreshed(told, changedAt(signature, at), keys), `signature ${at}`).toBe(false)
  }
  for (const realm of ["lamp.exampld", "lamp.exampl", "lamp.example1", "Lamp.example", "a"]) {
    expect(isSignedRefreshed({ ...told, realm }, signature, keys), realm).toBe(false)
  }
  const stranger = new Identity(new Uint8Array(32).fill(0x54))
  expect(isSignedRefreshed(told, signature, [stranger.publicKey])).toBe(false)
  expect(isSignedRefreshed(told, signature, [])).toBe(false)
})

test("nothing of one of them can be taken for a part of the next", () => {
  const transcript = concat(utf8("e"), told.transcript)
  expect(isSignedRefreshed({ ...told, realm: "lamp.exampl", transcript }, signature, keys)).toBe(
    false,
  )
})

describe("what the server signs for anything else is none", () => {
  const otherPurposes = [
    ...["login error", "login error unread", "login refresh", "login refreshed key", "login"],
    ...["login refresh answer", "login open lane", "login lane", "identity", "mailbox address"],
  ]

  test.each(otherPurposes)("%s", (purpose) => {
    expect(isSignedRefreshed(told, server.sign(purpose, covered), keys)).toBe(false)
    // As if the rest of the label were content.
    const rest = "login refreshed".startsWith(purpose)
      ? "login refreshed".slice(purpose.length)
      : ""
    const shifted = server.sign(purpose, concat(utf8(`${rest}\0`), covered))
    expect(isSignedRefreshed(told, shifted, keys)).toBe(false)
  })

  test("and it proves no error", () => {
    const request = utf8("a refresh")
    for (const kind of ["signature", "call-signature"] as const) {
      const forged = encodeError({ name: "revoked", seconds: 0, proof: { kind, signature } })
      expect(codeOf(() => readError(forged, request, { errorKeys: [], serverKeys: keys }))).toBe(
        "unauthenticated-answer",
      )
    }
    const error = errorAnswer(request, "revoked", server).subarray(7)
    expect(isSignedRefreshed(told, error, keys)).toBe(false)
  })
})

test("a device takes no answer that is rightly signed for another request of the same generation", () => {
  const scene = new SceneServer()
  const client = new SceneClient(scene)
  const other = client.stolenBy("another")
  const request = other.begin()
  const answer = scene.refresh(request)
  client.begin()
  expect(codeOf(() => client.complete(answer))).toBe("unauthenticated-answer")
  const { pending } = other.session
  const known = { realm: scene.realm, serverKeys: scene.serverKeys }
  expect(completeRefresh({ ...other.session, pending: pending! }, answer, known)).toHaveProperty(
    "session.generation",
    2,
  )
})

describe("an answer that was lost", () => {
  test("comes again byte by byte when the server has another key, and even not the one that signed", () => {
    const scene = new SceneServer()
    const client = new SceneClient(scene)
    const first = scene.identity
    const second = new Identity(new Uint8Array(32).fill(0x54))
    scene.identity = second
    const request = client.begin()
    const lost = scene.refresh(request)
    // It has forgotten the first, and tells of a third.
    scene.identity = new Identity(new Uint8Array(32).fill(0x55))
    scene.known = null
    expect(scene.refresh(request)).toEqual(lost)
    scene.known = first
    const taken = client.complete(lost)
    expect(taken).toHaveProperty("serverCard.publicKey", second.publicKey)
    // From now on it knows the second.
    scene.known = second
    client.lane()
    expect(client.refresh()).toHaveProperty("serverCard.publicKey", scene.identity.publicKey)
    // Also the one that is remembered is the same.
    expect(scene.refresh(request)).toEqual(lost)
  })
})
