// What a login costs its server, beside the bare OPAQUE library and beside SRP-6a, which has the same purpose;
// whether unknown logins take as long as known ones; and what proven calls cost beside calls that anybody makes.
// Argon2id is the client's affair and made as cheap as it can be: it would hide all else.
import * as opaque from "@serenity-kit/opaque"
import srpClient from "secure-remote-password/client.js"
import srpServer from "secure-remote-password/server.js"
import { cryptoEngine, randomBytes } from "stringphone/crypto"
import { Identity } from "stringphone/identity"
import {
  ClientLogin,
  ClientRecord,
  opaqueReady,
  ServerLogin,
  ServerRealm,
  ServerSetups,
} from "stringphone/login"
import { register } from "stringphone/session/login"
import { openLoginServer, protect } from "stringphone/session/login/server"
import { createMemoryStore } from "stringphone/store/memory"
import { compare, median, report } from "./measure.mjs"

const { Request, Response } = globalThis
const cheap = { passes: 1, kib: 8, lanes: 1 }
const password = "correct horse battery staple"
const login = "alice"
const random = { random: randomBytes }
// OPAQUE is WebAssembly in both engines.
const goal = cryptoEngine() === "native" ? 0.9 : undefined

await opaqueReady()
const realm = new ServerRealm({
  realm: "lamp.example",
  identity: Identity.generate(),
  setups: ServerSetups.create(),
  price: cheap,
  minimumPrice: cheap,
})
const record = registered()
logins()
registrations()
unknownLogins()
await calls()

function registered() {
  const client = new ClientRecord()
  const { offer } = realm
  const response = realm.answerRegistration(offer, login, client.request(password))
  const terms = realm.termsOf(offer)
  return realm.takeRecord(
    login,
    client.record(response, password, login, terms, { minimum: cheap }),
    offer,
  )
}

function logins() {
  const server = new ServerLogin(realm)
  const client = new ClientLogin({ login, minimumPrice: cheap })
  const start = client.start(password)
  const { answer, attempt } = server.challenge(start, record, random)
  const finish = client.finish(answer, password, { device: "bench" })
  const ours = () => [server.challenge(start, record, random), server.finish(finish, attempt)]
  const one = compare(ours, bareLogin())
  report({ name: "logins, server alone", value: 1e9 / one.oursNs, unit: "1/s" })
  report({ name: "logins, of the bare library", value: one.ratio, unit: "ratio", goal })
  const other = compare(ours, srpLogin(), { rounds: 21, roundMs: 20 })
  report({ name: "logins, of SRP-6a", value: other.ratio, unit: "×" })
}

function registrations() {
  const request = new ClientRecord().request(password)
  const ours = () => realm.answerRegistration(realm.offer, login, request)
  const serverSetup = opaque.server.createSetup()
  const { registrationRequest } = opaque.client.startRegistration({ password })
  const bare = () =>
    opaque.server.createRegistrationResponse({
      serverSetup,
      userIdentifier: login,
      registrationRequest,
    })
  const one = compare(ours, bare)
  report({ name: "registrations, server alone", value: 1e9 / one.oursNs, unit: "1/s" })
  report({ name: "registrations, of the bare library", value: one.ratio, unit: "ratio", goal })
}

/** Who asks in turns learns the difference of the medians, if there is one. */
function unknownLogins() {
  const server = new ServerLogin(realm)
  const start = new ClientLogin({ login, minimumPrice: cheap }).start(password)
  const challenge = (of) => () => server.challenge(start, of, random)
  const samples = { known: [], again: [], unknown: [] }
  const runs = { known: challenge(record), again: challenge(record), unknown: challenge(null) }
  const names = Object.keys(runs)
  for (let round = -300; round < 3_000; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(round + 300 + i) % names.length]
      const begun = process.hrtime.bigint()
      runs[name]()
      if (round >= 0) samples[name].push(Number(process.hrtime.bigint() - begun))
    }
  }
  const [known, again, unknown] = names.map((name) => median(samples[name]))
  report({ name: "known login against itself", value: again / known, unit: "ratio" })
  report({ name: "unknown login against a known one", value: unknown / known, unit: "ratio" })
}

async function calls() {
  const logins = await openLoginServer({
    store: createMemoryStore(),
    identity: Identity.generate(),
    realm: "lamp.example",
    price: cheap,
    minimumPrice: cheap,
  })
  const act = () => new Response("on", { headers: { "content-type": "text/plain" } })
  const handler = logins.handler(protect(act))
  const { text: invitation } = await logins.invite({ login, scopes: [], url: "http://a.example" })
  const session = await register({
    invitation,
    password,
    device: "bench",
    store: createMemoryStore(),
    minimumPrice: cheap,
    fetch: (url, init) => handler(new Request(url, init)),
  })
  const init = { method: "PUT", headers: { "content-type": "text/plain" }, body: "x".repeat(256) }
  const url = "http://a.example/lamps/1"
  const ways = {
    unprotected: async () => (await act(new Request(url, init))).text(),
    signed: async () => (await session.signedFetch(url, init)).text(),
    sealed: async () => (await session.fetch(url, init)).text(),
  }
  const cpu = { unprotected: [], signed: [], sealed: [] }
  for (let round = -5; round < 15; round++) {
    for (const [name, run] of Object.entries(ways)) {
      const before = process.cpuUsage()
      for (let i = 0; i < 200; i++) await run()
      const { system, user } = process.cpuUsage(before)
      if (round >= 0) cpu[name].push((system + user) / 200)
    }
  }
  for (const [name, values] of Object.entries(cpu)) {
    // Client and server together, in one process and without a network.
    report({ name: `a ${name} call, both sides`, value: median(values), unit: "µs CPU" })
  }
}

function bareLogin() {
  const serverSetup = opaque.server.createSetup()
  const userIdentifier = login
  const identifiers = { client: login, server: "stringphone/2 login lamp.example" }
  const keyStretching = { "argon2id-custom": { iterations: 1, memory: 8, parallelism: 1 } }
  const begun = opaque.client.startRegistration({ password })
  const { registrationRequest } = begun
  const { registrationRecord } = opaque.client.finishRegistration({
    ...begun,
    ...opaque.server.createRegistrationResponse({
      serverSetup,
      userIdentifier,
      registrationRequest,
    }),
    password,
    identifiers,
    keyStretching,
  })
  const { clientLoginState, startLoginRequest } = opaque.client.startLogin({ password })
  const asked = { serverSetup, userIdentifier, registrationRecord, startLoginRequest, identifiers }
  const { loginResponse, serverLoginState } = opaque.server.startLogin(asked)
  const { finishLoginRequest } = opaque.client.finishLogin({
    clientLoginState,
    loginResponse,
    password,
    identifiers,
    keyStretching,
  })
  return () => [
    opaque.server.startLogin(asked),
    opaque.server.finishLogin({ serverLoginState, finishLoginRequest, identifiers }),
  ]
}

function srpLogin() {
  const salt = srpClient.generateSalt()
  const privateKey = srpClient.derivePrivateKey(salt, login, password)
  const verifier = srpClient.deriveVerifier(privateKey)
  const client = srpClient.generateEphemeral()
  const server = srpServer.generateEphemeral(verifier)
  const { proof } = srpClient.deriveSession(client.secret, server.public, salt, login, privateKey)
  return () => [
    srpServer.generateEphemeral(verifier),
    srpServer.deriveSession(server.secret, client.public, salt, login, verifier, proof),
  ]
}
