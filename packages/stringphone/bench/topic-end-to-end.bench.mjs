// Two sessions through a real broker, beside that broker's plain client with the same payloads, in turns:
// messages per second, and how long one message takes when nothing else is on its way.
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect as connectPlainNats } from "@nats-io/transport-node"
import mqtt from "mqtt"
import { Identity, openTopic } from "stringphone"
import { randomBytes } from "stringphone/crypto"
import { createMemoryStore } from "stringphone/store/memory"
import { connectMqtt } from "stringphone/transport/mqtt"
import { connectNats } from "stringphone/transport/nats"
import { median, messagesPerSecond, report } from "./measure.mjs"

const payload = randomBytes(64)
const rounds = 7
const count = 2000
const latencies = 300

await measure("mosquitto", "mosquitto", startMosquitto, {
  transport: (url) => connectMqtt({ url, topic: "bench/topic" }),
  plain: plainMqtt,
})
await measure("nats-server", "nats-server", startNats, {
  transport: (url) => connectNats({ url, subject: "bench.topic" }),
  plain: plainNats,
})

async function measure(name, program, start, { plain, transport }) {
  if (!isInstalled(program)) {
    console.error(`${program} is not installed: its part is left out.`)
    return
  }
  const broker = await start()
  const [encrypted, open] = [
    await throughTopic(() => transport(broker.url)),
    await plain(broker.url),
  ]
  const rates = []
  // The first round only warms up.
  for (let round = 0; round <= rounds; round++) {
    const [a, b] = [await rateOf(encrypted), await rateOf(open)]
    if (round > 0) rates.push({ encrypted: a, plain: b })
  }
  const at = (choose) => median(rates.map(choose))
  report({ name: `${name}, encrypted`, value: at((r) => r.encrypted), unit: "1/s" })
  report({ name: `${name}, plain client`, value: at((r) => r.plain), unit: "1/s" })
  const ratio = at((r) => r.encrypted / r.plain)
  report({ name: `${name}, encrypted of plain`, value: ratio, unit: "ratio" })
  const [ours, theirs] = [await latencyOf(encrypted), await latencyOf(open)]
  for (const [what, ms] of [
    ["encrypted", ours],
    ["plain client", theirs],
  ]) {
    report({ name: `${name}, ${what}, p50`, value: ms.p50, unit: "ms" })
    report({ name: `${name}, ${what}, p99`, value: ms.p99, unit: "ms" })
  }
  await Promise.all([encrypted.close(), open.close()])
  await broker.stop()
}

/** A channel: `send` and what to call at each arrival. */
async function throughTopic(transport) {
  const options = async (found) => ({
    store: createMemoryStore(),
    identity: Identity.generate(),
    transport: await transport(),
    ...(found && { found: {} }),
  })
  const [alice, bob] = [await openTopic(await options(true)), await openTopic(await options(false))]
  await bob.acceptInvitation(alice.invitation())
  await alice.acceptJoinRequest(await bob.joinRequest())
  while (bob.standing !== "member") await pause(20)
  let arrived = () => {}
  void (async () => {
    for await (const _ of bob.messages) arrived()
  })()
  void (async () => {
    for await (const _ of alice.messages) continue
  })()
  // Both tell each other their first things.
  await pause(2_500)
  return {
    send: () => alice.send(payload),
    onArrival: (listener) => (arrived = listener),
    close: () => Promise.all([alice.close(), bob.close()]),
  }
}

async function plainMqtt(url) {
  const [sender, receiver] = [await mqtt.connectAsync(url), await mqtt.connectAsync(url)]
  await receiver.subscribeAsync("bench/plain", { qos: 1 })
  let arrived = () => {}
  receiver.on("message", () => arrived())
  const buffer = Buffer.from(payload)
  return {
    send: () => sender.publishAsync("bench/plain", buffer, { qos: 1 }),
    onArrival: (listener) => (arrived = listener),
    close: () => Promise.all([sender.endAsync(), receiver.endAsync()]),
  }
}

async function plainNats(url) {
  const [sender, receiver] = [
    await connectPlainNats({ servers: url }),
    await connectPlainNats({ servers: url }),
  ]
  let arrived = () => {}
  receiver.subscribe("bench.plain", { callback: () => arrived() })
  await receiver.flush()
  return {
    send: async () => sender.publish("bench.plain", payload),
    onArrival: (listener) => (arrived = listener),
    close: () => Promise.all([sender.close(), receiver.close()]),
  }
}

function rateOf({ onArrival, send }) {
  return messagesPerSecond(send, onArrival, count)
}

async function latencyOf({ onArrival, send }) {
  const samples = []
  for (let i = 0; i < latencies; i++) {
    const start = process.hrtime.bigint()
    const arrived = new Promise((resolve) => onArrival(resolve))
    await Promise.all([send(), arrived])
    samples.push(Number(process.hrtime.bigint() - start) / 1e6)
  }
  samples.sort((a, b) => a - b)
  const at = (part) => samples[Math.floor(part * samples.length)]
  return { p50: at(0.5), p99: at(0.99) }
}

async function startMosquitto() {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), "stringphone-bench-"))
  const file = join(folder, "mosquitto.conf")
  // Nagle's algorithm would measure the kernel's patience; queues must hold a burst.
  writeFileSync(
    file,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\nmax_inflight_messages 0\n`,
  )
  return started("mosquitto", ["-c", file], port, `mqtt://127.0.0.1:${port}`, folder)
}

async function startNats() {
  const port = await freePort()
  const args = ["-a", "127.0.0.1", "-p", String(port)]
  return started("nats-server", args, port, `nats://127.0.0.1:${port}`, null)
}

async function started(program, args, port, url, folder) {
  const child = spawn(pathOf(program), args, { stdio: "ignore" })
  while (!(await accepts(port))) await pause(20)
  const stop = async () => {
    const ended = new Promise((resolve) => child.on("exit", resolve))
    child.kill()
    await ended
    if (folder) rmSync(folder, { recursive: true })
  }
  return { url, stop }
}

function pathOf(program) {
  const path = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`
  return execFileSync("sh", ["-c", `command -v ${program}`], {
    env: { ...process.env, PATH: path },
    encoding: "utf8",
  }).trim()
}

function isInstalled(program) {
  try {
    return pathOf(program) !== ""
  } catch {
    return false
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.on("connect", () => (socket.destroy(), resolve(true)))
    socket.on("error", () => resolve(false))
  })
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
