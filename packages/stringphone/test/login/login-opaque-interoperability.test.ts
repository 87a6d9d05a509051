// Our engine of OPAQUE and an independent one, in both directions; the independent one by the vectors of RFC 9807.
import { describe, expect, test } from "vitest"
import { concat, fromHex, hex, utf8 } from "../../src/bytes/index.js"
import { randomBytes } from "../../src/crypto/index.js"
import { opaqueIdentities } from "../../src/login/handshake-keys.js"
import { ServerLogin } from "../../src/login/index.js"
import {
  answerOpaqueLogin,
  answerOpaqueRegistration,
  createOpaqueSetup,
  finishOpaqueLogin,
  finishOpaqueRegistration,
  startOpaqueLogin,
  startOpaqueRegistration,
  verifyOpaqueLogin,
} from "../../src/login/opaque.js"
import { decodeChallenge } from "../../src/login/wire/challenge.js"
import { encodeStart } from "../../src/login/wire/start.js"
import vectors from "../vectors/opaque-rfc9807.json" with { type: "json" }
import * as other from "./independent-opaque.js"
import { cheap, random, realmWith, recordOf } from "./login-scene.js"

describe("the independent engine", () => {
  const suite = { stretch: other.unstretched, context: utf8("OPAQUE-POC") }

  test.each(["real 1", "real 2"] as const)("gives what RFC 9807 says: %s", (name) => {
    const vector: Readonly<Record<string, string>> = vectors[name]
    const of = (field: string): Uint8Array => fromHex(vector[field]!)
    const optional = (field: string) => (field in vector ? of(field) : undefined)
    const identities = { client: optional("client_identity"), server: optional("server_identity") }
    const keys = { secretKey: of("server_private_key"), publicKey: of("server_public_key") }
    const server = { oprfSeed: of("oprf_seed"), keys }
    const [password, credential] = [of("password"), of("credential_identifier")]

    const request = other.registrationRequest(password, of("blind_registration"))
    const response = other.registrationResponse(server, credential, request.message)
    const registered = other.registrationRecord(
      ...([password, request, response, identities, suite, of("envelope_nonce")] as const),
    )
    const client = other.generateKe1(password, {
      blind: of("blind_login"),
      nonce: of("client_nonce"),
      seed: of("client_keyshare_seed"),
    })
    const answer = other.generateKe2(
      ...([server, registered.record, credential, client.ke1, identities, suite] as const),
      {
        maskingNonce: of("masking_nonce"),
        nonce: of("server_nonce"),
        seed: of("server_keyshare_seed"),
      },
    )
    const finished = other.generateKe3(password, client, answer.ke2, identities, suite)!
    expect({
      registration_request: hex(request.message),
      registration_response: hex(response),
      registration_upload: hex(registered.record),
      KE1: hex(client.ke1),
      KE2: hex(answer.ke2),
      KE3: hex(finished.ke3),
      export_key: hex(finished.exportKey),
      session_key: hex(finished.sessionKey),
    }).toEqual({
      registration_request: vector["registration_request"],
      registration_response: vector["registration_response"],
      registration_upload: vector["registration_upload"],
      KE1: vector["KE1"],
      KE2: vector["KE2"],
      KE3: vector["KE3"],
      export_key: vector["export_key"],
      session_key: vector["session_key"],
    })
    expect(answer.expectedKe3).toEqual(finished.ke3)
    expect(answer.sessionKey).toEqual(finished.sessionKey)
    expect(registered.exportKey).toEqual(finished.exportKey)
  })

  test("answers for nobody as RFC 9807 says: fake 1", () => {
    const vector: Readonly<Record<string, string>> = vectors["fake 1"]
    const of = (field: string): Uint8Array => fromHex(vector[field]!)
    const keys = { secretKey: of("server_private_key"), publicKey: of("server_public_key") }
    const server = { oprfSeed: of("oprf_seed"), keys }
    const record = concat(of("client_public_key"), of("masking_key"), new Uint8Array(96))
    const identities = { client: of("client_identity"), server: of("server_identity") }
    const { ke2 } = other.generateKe2(
      ...([server, record, of("credential_identifier"), of("KE1"), identities, suite] as const),
      {
        maskingNonce: of("masking_nonce"),
        nonce: of("server_nonce"),
        seed: of("server_keyshare_seed"),
      },
    )
    expect(hex(ke2)).toBe(vector["KE2"])
  })
})

const price = { passes: 2, kib: 32, lanes: 2 }
const suite = { stretch: other.argon2(2, 32, 2), context: new Uint8Array(0) }
const terms = { realm: "lamp.example", serverKey: new Uint8Array(32).fill(9), price }
const ours = opaqueIdentities("alice", terms)
const theirs = { client: utf8(ours.client), server: utf8(ours.server) }
const credential = theirs.client
const [right, wrong] = ["grüße", "grüsse"]

/** The same as a setup of ours: the two have one key pair and one OPRF seed. */
const setup = createOpaqueSetup()
const server: other.Server = {
  oprfSeed: setup.subarray(0, 64),
  keys: { secretKey: setup.subarray(64, 96), publicKey: new Uint8Array(32) },
}

/** Each way of registering. */
const registered: Readonly<Record<string, () => Uint8Array>> = {
  "registered by ours at ours": () =>
    ourRecord((request) => answerOpaqueRegistration(setup, "alice", request)),
  "registered by ours at the other": () =>
    ourRecord((request) => other.registrationResponse(serverWithKey(), credential, request)),
  "registered by the other at ours": () =>
    theirRecord((request) => answerOpaqueRegistration(setup, "alice", request)),
}

function serverWithKey(): other.Server {
  const probe = startOpaqueRegistration("x")
  const publicKey = answerOpaqueRegistration(setup, "x", probe.message).subarray(32)
  return { ...server, keys: { ...server.keys, publicKey } }
}

function ourRecord(answer: (request: Uint8Array) => Uint8Array): Uint8Array {
  const { message, state } = startOpaqueRegistration(right)
  return finishOpaqueRegistration(state, right, answer(message), ours, price)
}

function theirRecord(answer: (request: Uint8Array) => Uint8Array): Uint8Array {
  const request = other.registrationRequest(utf8(right))
  const response = answer(request.message)
  return other.registrationRecord(utf8(right), request, response, theirs, suite).record
}

describe.each(Object.entries(registered))("%s", (_, register) => {
  test("the other client logs in at our server, and with a wrong password does not", () => {
    const record = register()
    const client = other.generateKe1(utf8(right))
    const { ke2, state } = answerOpaqueLogin(setup, record, client.ke1, ours)
    expect(other.generateKe3(utf8(wrong), client, ke2, theirs, suite)).toBeNull()
    const finished = other.generateKe3(utf8(right), client, ke2, theirs, suite)!
    expect(verifyOpaqueLogin(state, finished.ke3, ours)).toEqual(finished.sessionKey)
    expect(verifyOpaqueLogin(state, randomBytes(64), ours)).toBeNull()
  })

  test("our client logs in at the other server, and with a wrong password does not", () => {
    const record = register()
    const { message, state } = startOpaqueLogin(right)
    const answer = other.generateKe2(serverWithKey(), record, credential, message, theirs, suite)
    expect(finishOpaqueLogin(state, wrong, answer.ke2, ours, price)).toBeNull()
    const dearer = { ...price, passes: 3 }
    expect(finishOpaqueLogin(state, right, answer.ke2, ours, dearer)).toBeNull()
    const bob = { ...ours, client: "bob" }
    expect(finishOpaqueLogin(state, right, answer.ke2, bob, price)).toBeNull()
    const finished = finishOpaqueLogin(state, right, answer.ke2, ours, price)
    expect(finished).toEqual({ ke3: answer.expectedKe3, sessionKey: answer.sessionKey })
  })
})

test("to the other client, our server's unknown login is a wrong password", () => {
  const realm = realmWith()
  const server = new ServerLogin(realm)
  const secret = utf8("correct horse")
  const stretched = { stretch: other.argon2(1, 8, 1), context: new Uint8Array(0) }
  const outcome = (record: Parameters<ServerLogin["challenge"]>[1], login: string): boolean => {
    const client = other.generateKe1(secret)
    const start = encodeStart({ ke1: client.ke1, login, known: null })
    const challenge = decodeChallenge(server.challenge(start, record, { random }).answer)
    expect(challenge.price).toEqual(cheap)
    const names = opaqueIdentities(login, challenge)
    const identities = { client: utf8(names.client), server: utf8(names.server) }
    return other.generateKe3(secret, client, challenge.ke2, identities, stretched) !== null
  }
  expect(outcome(recordOf(realm, "alice"), "alice")).toBe(true)
  expect(outcome(null, "alice")).toBe(false)
  expect(outcome(recordOf(realm, "alice"), "bob")).toBe(false)
})

test("an unknown login of the other server is a wrong password to our client", () => {
  const { message, state } = startOpaqueLogin(right)
  const nobody = concat(
    other.deriveKeys(randomBytes(32)).publicKey,
    randomBytes(64),
    new Uint8Array(96),
  )
  const { ke2 } = other.generateKe2(serverWithKey(), nobody, credential, message, theirs, suite)
  expect(ke2).toHaveLength(320)
  expect(finishOpaqueLogin(state, right, ke2, ours, price)).toBeNull()
})
