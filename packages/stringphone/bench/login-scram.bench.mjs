// A login beside SCRAM-SHA-256 (RFC 7677). The client's side is that of the package pg, which logs in to PostgreSQL
// by it, so each is compared with a client; pg has no server's side. What the server of SCRAM does is written down
// here, with Node's own hashing: nothing can do it with less, and of its checks there are none but that of the proof.
import { Buffer } from "node:buffer"
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto"
import sasl from "pg/lib/crypto/sasl.js"
import { cryptoEngine, randomBytes } from "stringphone/crypto"
import { Identity } from "stringphone/identity"
import {
  ClientLogin,
  ClientRecord,
  defaultPrice,
  opaqueReady,
  ServerLogin,
  ServerRealm,
  ServerSetups,
} from "stringphone/login"
import { compare, median, report } from "./measure.mjs"

const password = "correct horse battery staple"
const login = "alice"
const random = { random: randomBytes }
const cheap = { passes: 1, kib: 8, lanes: 1 }
/** The least of RFC 7677 §4, and PostgreSQL's own. */
const usualIterations = 4096

await opaqueReady()
await clients("unstretched", { price: cheap, iterations: 1 }, { rounds: 101, logins: 10 })
// OPAQUE and Argon2id are WebAssembly in both engines, and this takes half a second a login.
if (cryptoEngine() === "native") {
  const usual = { price: defaultPrice, iterations: usualIterations }
  await clients("at their usual prices", usual, { rounds: 7, logins: 1 })
}
servers()

/** How long a client computes for one login. Its server's time does not count. */
async function clients(how, { iterations, price }, { logins, rounds }) {
  const ours = ourServer(price)
  const theirs = scramServer(iterations)
  const samples = []
  for (let round = -Math.ceil(rounds / 5); round < rounds; round++) {
    const isFirst = round % 2 === 0
    const first = isFirst ? await nanoseconds(() => ourLogin(ours), logins) : null
    const theirNs = await nanoseconds(() => scramLogin(theirs), logins)
    const ourNs = first ?? (await nanoseconds(() => ourLogin(ours), logins))
    if (round >= 0) samples.push({ ratio: theirNs / ourNs, ourNs, theirNs })
  }
  const of = (key) => median(samples.map((one) => one[key]))
  report({ name: `a login, client alone, ${how}`, value: of("ourNs") / 1e6, unit: "ms" })
  report({ name: `SCRAM of pg, client alone, ${how}`, value: of("theirNs") / 1e6, unit: "ms" })
  report({ name: `logins, client alone, ${how}, of SCRAM`, value: of("ratio"), unit: "×" })
}

/** @param run does one and returns the nanoseconds of the client in it */
async function nanoseconds(run, times) {
  let sum = 0
  for (let i = 0; i < times; i++) sum += await run()
  return sum / times
}

function ourServer(price) {
  const realm = new ServerRealm({
    realm: "lamp.example",
    identity: Identity.generate(),
    setups: ServerSetups.create(),
    price,
    minimumPrice: cheap,
  })
  const client = new ClientRecord()
  const { offer } = realm
  const response = realm.answerRegistration(offer, login, client.request(password))
  const terms = realm.termsOf(offer)
  const opaque = client.record(response, password, login, terms, { minimum: cheap })
  return { server: new ServerLogin(realm), record: realm.takeRecord(login, opaque, offer) }
}

function ourLogin({ record, server }) {
  const begun = process.hrtime.bigint()
  const client = new ClientLogin({ login, minimumPrice: cheap })
  const start = client.start(password)
  const started = process.hrtime.bigint()
  const { answer, attempt } = server.challenge(start, record, random)
  const challenged = process.hrtime.bigint()
  const finish = client.finish(answer, password, { device: "bench" })
  const finished = process.hrtime.bigint()
  const accepted = server.finish(finish, attempt)
  const terms = { session: randomBytes(16), scopes: [], accessSeconds: 60, refreshSeconds: 60 }
  const welcome = accepted.sealWelcome(terms)
  const welcomed = process.hrtime.bigint()
  client.welcome(welcome)
  const ended = process.hrtime.bigint()
  return Number(started - begun + (finished - challenged) + (ended - welcomed))
}

async function scramLogin(server) {
  const begun = process.hrtime.bigint()
  const client = sasl.startSession(["SCRAM-SHA-256"])
  const started = process.hrtime.bigint()
  const { attempt, message } = server.first(client.response)
  const challenged = process.hrtime.bigint()
  await sasl.continueSession(client, password, message)
  const finished = process.hrtime.bigint()
  const last = server.last(client.response, attempt)
  const answered = process.hrtime.bigint()
  sasl.finalizeSession(client, last)
  const ended = process.hrtime.bigint()
  return Number(started - begun + (finished - challenged) + (ended - answered))
}

/** What a server computes from the first message to the last. */
function servers() {
  const { record, server } = ourServer(cheap)
  const client = new ClientLogin({ login, minimumPrice: cheap })
  const start = client.start(password)
  const { answer, attempt } = server.challenge(start, record, random)
  const finish = client.finish(answer, password, { device: "bench" })
  const ours = () => [server.challenge(start, record, random), server.finish(finish, attempt)]

  const scram = scramServer(usualIterations)
  const { finalOf, first } = bareClient(scram.salted)
  const known = scram.first(first)
  const final = finalOf(known.message)
  const bare = () => [scram.first(first), scram.last(final, known.attempt)]
  // As often as the faster one, so the slower takes a hundred times as long.
  const { bareNs, ratio } = compare(ours, bare, { rounds: 31, roundMs: 1 })
  report({ name: "bare hashing of a server of SCRAM", value: 1e9 / bareNs, unit: "1/s" })
  report({ name: "logins, server alone, of that bare hashing", value: ratio, unit: "×" })
}

/** RFC 5802 §3, after a user was registered. */
function scramServer(iterations) {
  const salt = Buffer.from(randomBytes(16))
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256")
  const storedKey = sha256(hmac(salted, "Client Key"))
  const serverKey = hmac(salted, "Server Key")
  const terms = `s=${salt.toString("base64")},i=${iterations}`
  return {
    salted,
    first(message) {
      const bare = message.slice("n,,".length)
      const nonce = bare.slice(bare.indexOf("r=") + 2)
      const own = Buffer.from(randomBytes(18)).toString("base64")
      const answer = `r=${nonce}${own},${terms}`
      return { message: answer, attempt: { bare, answer } }
    },
    last(message, { answer, bare }) {
      const at = message.lastIndexOf(",p=")
      const proof = Buffer.from(message.slice(at + 3), "base64")
      const text = `${bare},${answer},${message.slice(0, at)}`
      const clientKey = xor(proof, hmac(storedKey, text))
      if (!timingSafeEqual(sha256(clientKey), storedKey)) throw new Error("A wrong proof.")
      return `v=${hmac(serverKey, text).toString("base64")}`
    },
  }
}

/** A client's messages without a library, for what the server alone takes. */
function bareClient(salted) {
  const first = `n,,n=*,r=${Buffer.from(randomBytes(18)).toString("base64")}`
  const clientKey = hmac(salted, "Client Key")
  const finalOf = (answer) => {
    const without = `c=biws,${answer.slice(0, answer.indexOf(","))}`
    const text = `${first.slice("n,,".length)},${answer},${without}`
    const proof = xor(clientKey, hmac(sha256(clientKey), text))
    return `${without},p=${proof.toString("base64")}`
  }
  return { first, finalOf }
}

function hmac(key, text) {
  return createHmac("sha256", key).update(text).digest()
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest()
}

function xor(a, b) {
  return Buffer.from(a.map((byte, i) => byte ^ b[i]))
}
