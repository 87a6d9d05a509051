// A signed call and its answer, made and verified, beside http-message-signatures, which does the same by
// the general rules of RFC 9421, and beside the bare HMAC and SHA-256 that neither can do without. The other
// library has no digests: it gets Node's.
import { createHash } from "node:crypto"
import { createSigner, createVerifier, httpbis } from "http-message-signatures"
import { do_not_optimize } from "mitata"
import { base64url, utf8 } from "stringphone/bytes"
import { authenticate, cryptoEngine, hash, randomBytes } from "stringphone/crypto"
import {
  readCallSignature,
  signAnswer,
  signCall,
  verifyAnswer,
  verifyCall,
} from "../dist/login/signatures/index.js"
import { compare, median, report } from "./measure.mjs"

// The portable engine's hashing is JavaScript, the other library's is always Node's.
const isNative = cryptoEngine() === "native"
const goal = isNative ? 5 : undefined
const lane = { id: randomBytes(16), key: randomBytes(32) }
const keyid = base64url(lane.id)
const answerKey = randomBytes(32)
const keys = { lane: answerKey, server: [] }
const always = ["@method", "@authority", "@path", "@query", "content-digest"]
const ofAnswer = ["@status", "content-digest", "content-type", '"signature";req;key="sp"']

for (const [size, bytes] of [
  ["no body", 0],
  ["1 KiB", 1024],
  ["64 KiB", 65536],
]) {
  const fields = bytes === 0 ? [] : [["content-type", "application/json"]]
  const method = bytes === 0 ? "GET" : "POST"
  const target = { authority: "lamp.example:8080", path: "/lamps/1", query: "?fade=2" }
  const call = { method, ...target, fields, body: randomBytes(bytes) }
  const { fields: added, proof } = signCall(call, lane, 1)
  const request = { ...call, fields: [...fields, ...added] }
  const plain = { method, url: "http://lamp.example:8080/lamps/1?fade=2" }
  const theirCall = { ...plain, headers: Object.fromEntries(fields) }
  const theirRequest = { ...plain, headers: Object.fromEntries(request.fields) }
  const covered = [...always, ...fields.map(([name]) => name)]

  const answer = { status: 200, fields: [["content-type", "application/json"]], body: call.body }
  const signed = { ...answer, fields: [...answer.fields, ...signAnswer(answer, proof, answerKey)] }
  const theirAnswer = { status: 200, headers: Object.fromEntries(answer.fields) }
  const theirSigned = { status: 200, headers: Object.fromEntries(signed.fields) }

  let number = 1
  const tasks = {
    "sign a call": [
      () => signCall(call, lane, ++number),
      () => theirSign(theirCall, call.body, lane.key, covered, ++number),
    ],
    "verify a call": [
      () => verifyCall(request, readCallSignature(request.fields), lane.key),
      () => theirVerify(theirRequest, call.body, lane.key),
    ],
    "sign an answer": [
      () => signAnswer(answer, proof, answerKey),
      () => theirSign(theirAnswer, call.body, answerKey, ofAnswer, 1, theirRequest),
    ],
    "verify an answer": [
      () => verifyAnswer(signed, proof, keys),
      () => theirVerify(theirSigned, call.body, answerKey, theirRequest),
    ],
  }
  const base = utf8("x".repeat(bytes === 0 ? 370 : 420))
  for (const [name, [ours, theirs]] of Object.entries(tasks)) {
    const { ratio, oursNs } = await compareWithPromise(ours, theirs)
    report({ name: `${name}, ${size}`, value: 1e9 / oursNs, unit: "1/s" })
    // Of a large body, both hash for most of the time.
    const wanted = bytes <= 1024 ? goal : undefined
    report({ name: `${name}, ${size}, of the other`, value: ratio, unit: "×", goal: wanted })
    const bare = compare(ours, () => [hash(call.body), authenticate(base, lane.key)])
    report({ name: `${name}, ${size}, of bare`, value: bare.ratio, unit: "ratio" })
  }
}

function theirSign(message, body, key, fields, number, request) {
  const headers = { ...message.headers, "content-digest": theirDigest(body) }
  const params = ["nonce", "keyid", "tag"]
  const paramValues = { nonce: String(number), tag: "stringphone-login" }
  const signer = createSigner(key, "hmac-sha256", keyid)
  const config = { key: signer, name: "sp", fields, params, paramValues }
  return httpbis.signMessage(config, { ...message, headers }, request)
}

async function theirVerify(message, body, key, request) {
  const verify = createVerifier(key, "hmac-sha256")
  const keyLookup = async () => ({ id: keyid, algs: ["hmac-sha256"], verify })
  const isRight = await httpbis.verifyMessage({ keyLookup }, message, request)
  if (!isRight || theirDigest(body) !== message.headers["content-digest"]) throw new Error("wrong")
}

function theirDigest(body) {
  return `sha-256=:${createHash("sha256").update(body).digest("base64")}:`
}

/** As `compare` does it, with one that answers later. */
async function compareWithPromise(ours, theirs, rounds = 101) {
  const samples = []
  for (let round = -30; round < rounds; round++) {
    const isFirst = round % 2 === 0
    const first = isFirst ? timed(ours, 200) : null
    const theirNs = await timedPromise(theirs, 40)
    const oursNs = first ?? timed(ours, 200)
    if (round >= 0) samples.push({ ratio: theirNs / oursNs, oursNs })
  }
  return {
    ratio: median(samples.map(({ ratio }) => ratio)),
    oursNs: median(samples.map(({ oursNs }) => oursNs)),
  }
}

function timed(run, times) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < times; i++) do_not_optimize(run())
  return Number(process.hrtime.bigint() - start) / times
}

async function timedPromise(run, times) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < times; i++) do_not_optimize(await run())
  return Number(process.hrtime.bigint() - start) / times
}
