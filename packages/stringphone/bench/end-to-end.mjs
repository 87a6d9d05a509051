// Encode, publish, receive, decode, through a broker in this process; beside it the plain MQTT client
// with the same bytes, the same quality of service and the same broker.
import { once } from "node:events"
import { createServer } from "node:net"
import { Aedes } from "aedes"
import mqtt from "mqtt"
import { randomBytes } from "stringphone/crypto"
import { connectMqtt } from "stringphone/transport/mqtt"
import { median, messagesPerSecond, report } from "./measure.mjs"

const rounds = 7
const count = 1000

export async function endToEnd(alice, bob) {
  const broker = await startBroker()
  const ours = await throughTopics(broker.url, alice, bob)
  const plain = await throughPlainClient(broker.url, randomBytes(64 + 121))
  const samples = []
  for (let round = 0; round < rounds; round++) {
    const [a, b] = [await ours.run(), await plain.run()]
    samples.push({ ours: a, plain: b })
  }
  // The first round only warms up.
  samples.shift()
  const medianOf = (choose) => median(samples.map(choose))
  report({ name: "end to end over MQTT", value: medianOf((s) => s.ours), unit: "1/s" })
  report({ name: "plain MQTT client", value: medianOf((s) => s.plain), unit: "1/s" })
  const value = medianOf((s) => s.ours / s.plain)
  report({ name: "end to end, of plain MQTT", value, unit: "ratio" })
  await Promise.all([ours.close(), plain.close()])
  await broker.close()
}

async function throughTopics(url, alice, bob) {
  const options = { url, topic: "bench/topics", protocolVersion: 4 }
  const [sender, receiver] = [await connectMqtt(options), await connectMqtt(options)]
  let arrived = () => {}
  const reading = (async () => {
    for await (const { bytes } of receiver.messages) {
      if (bob.decode(bytes) !== null) arrived()
    }
  })()
  // MQTT 3.1.1 brings the sender its own messages; unread, they would stop its connection.
  const ignoring = (async () => {
    for await (const _ of sender.messages) continue
  })()
  const plaintext = randomBytes(64)
  const run = () =>
    messagesPerSecond(
      () => sender.send(alice.encode(plaintext)),
      (listener) => (arrived = listener),
      count,
    )
  const close = async () => {
    await Promise.all([sender.close(), receiver.close()])
    await Promise.all([reading, ignoring])
  }
  return { run, close }
}

async function throughPlainClient(url, payload) {
  const options = { protocolVersion: 4 }
  const [sender, receiver] = await Promise.all([
    mqtt.connectAsync(url, options),
    mqtt.connectAsync(url, options),
  ])
  // Both of ours hear the topic as well, so both of these do.
  await Promise.all(
    [sender, receiver].map((client) => client.subscribeAsync("bench/plain", { qos: 1 })),
  )
  let arrived = () => {}
  receiver.on("message", () => arrived())
  const buffer = Buffer.from(payload)
  const run = () =>
    messagesPerSecond(
      () => sender.publishAsync("bench/plain", buffer, { qos: 1 }),
      (listener) => (arrived = listener),
      count,
    )
  return { run, close: () => Promise.all([sender.endAsync(), receiver.endAsync()]) }
}

export async function startBroker() {
  const aedes = await Aedes.createBroker()
  const server = createServer((socket) => aedes.handle(socket))
  await once(server.listen(0, "127.0.0.1"), "listening")
  const close = () => new Promise((resolve) => aedes.close(() => server.close(resolve)))
  return { url: `mqtt://127.0.0.1:${server.address().port}`, close }
}
