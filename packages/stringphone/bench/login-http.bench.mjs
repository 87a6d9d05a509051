// Calls over loopback HTTP, on connections that stay: an app as it is, and the same behind logins, called signed and
// sealed. All requests are made before the time counts, and all answers are checked behind it, so the server alone is
// measured, in a process of its own. They take turns within one run.
import { fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { utf8 } from "stringphone/bytes"
import { opaqueReady } from "stringphone/login"
import {
  askedLane,
  base,
  expectOk,
  loggedIn,
  loginType,
  sealedCall,
  signedCall,
} from "./login-device.mjs"
import { Load, readAnswer, wire } from "./login-http-load.mjs"
import { median, report } from "./measure.mjs"

const rounds = 11
const perRound = 400
const concurrencies = [1, 32]
const authority = "127.0.0.1"
const fields = [["content-type", "text/plain"]]
const body = utf8("x".repeat(256))
const host = ["host", authority]

await opaqueReady()
const server = fork(join(import.meta.dirname, "login-http-server.mjs"))
const [{ invitation, ports }] = await once(server, "message")
const loads = {}
for (const [name, port] of Object.entries(ports)) {
  loads[name] = await Load.open(port, Math.max(...concurrencies))
}
const { generation, serverKeys } = await loggedIn(invitation, "alice", post)
const { open, request } = askedLane(generation, serverKeys)
const lane = open(await post(request))

const ways = {
  "Fastify, unprotected": { to: "Fastify", make: unprotected },
  // Of which nobody signed anything: what it costs to stand behind logins.
  "Fastify, behind logins": { to: "Fastify, behind logins", make: unprotected },
  "Fastify, signed": { to: "Fastify, behind logins", make: signed },
  "Fastify, sealed": { to: "Fastify, behind logins", make: sealed },
  "Hono, unprotected": { to: "Hono", make: unprotected },
  "Hono, behind logins": { to: "Hono, behind logins", make: unprotected },
  "Hono, signed": { to: "Hono, behind logins", make: signed },
  "Hono, sealed": { to: "Hono, behind logins", make: sealed },
}

for (const atOnce of concurrencies) {
  const samples = {}
  for (let round = -3; round < rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const sample = await measured(way, atOnce)
      if (round >= 0) samples[name] = [...(samples[name] ?? []), sample]
    }
  }
  for (const name of Object.keys(ways)) tell(name, atOnce, samples)
}
for (const load of Object.values(loads)) load.close()
server.disconnect()

async function measured({ make, to }, atOnce) {
  const calls = Array.from({ length: perRound }, make)
  const requests = calls.map(({ bytes }) => bytes)
  const before = await cpuUs()
  const { answers, seconds } = await loads[to].run(requests, atOnce)
  const cpu = ((await cpuUs()) - before) / perRound
  calls.forEach(({ check }, i) => check(readAnswer(answers[i])))
  return { perSecond: perRound / seconds, cpu }
}

function tell(way, atOnce, samples) {
  const [framework] = way.split(", ")
  const all = samples[way]
  const first = samples[`${framework}, unprotected`]
  const of = (what) => median(all.map((one) => one[what]))
  const ratio = (what) => median(all.map((one, i) => one[what] / first[i][what]))
  const name = `${way}, ${atOnce} at once`
  report({ name, value: of("perSecond"), unit: "1/s" })
  report({ name: `${name}, server`, value: of("cpu"), unit: "µs CPU" })
  if (all === first) return
  report({ name: `${name}, of unprotected`, value: ratio("perSecond"), unit: "ratio" })
  report({ name: `${name}, CPU of unprotected`, value: ratio("cpu"), unit: "×" })
}

function unprotected() {
  const bytes = wire("PUT", "/open/1?fade=2", [host, ...fields], body)
  return { bytes, check: ({ status }) => expectOk(status) }
}

function signed() {
  const call = { method: "PUT", authority, path: "/lamps/1", query: "?fade=2", fields, body }
  const { check, fields: all } = signedCall(lane, call, serverKeys)
  return { bytes: wire("PUT", "/lamps/1?fade=2", [host, ...all], body), check }
}

function sealed() {
  const call = { method: "PUT", authority, path: "/lamps/1", query: "?fade=2", fields, body }
  const { bytes, check } = sealedCall(lane, call, serverKeys)
  return { bytes: wire("POST", base, [host, ["content-type", loginType]], bytes), check }
}

async function post(bytes) {
  const message = wire("POST", base, [host, ["content-type", loginType]], bytes)
  const { answers } = await loads["Fastify, behind logins"].run([message], 1)
  return readAnswer(answers[0]).body
}

/** That the server's process has used so far. */
async function cpuUs() {
  server.send("cpu")
  const [{ cpu }] = await once(server, "message")
  return cpu.user + cpu.system
}
