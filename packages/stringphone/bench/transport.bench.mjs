// Messages per second of the transports alone, without encryption: one sender, one receiver, 1 KiB.
import { connectMqtt } from "stringphone/transport/mqtt"
import { createMemoryNetwork } from "stringphone/transport/memory"
import { connectTcp, listenTcp } from "stringphone/transport/tcp"
import { connectWebSocket } from "stringphone/transport/websocket"
import { listenWebSocket } from "stringphone/transport/websocket-server"
import { startBroker } from "./end-to-end.mjs"
import { median, messagesPerSecond, report } from "./measure.mjs"

const rounds = 7
const count = 1000
const payload = new Uint8Array(1024)

const channels = {
  async memory() {
    const network = createMemoryNetwork()
    return [network.connect("sender"), network.connect("receiver")]
  },
  async tcp() {
    const receiver = await listenTcp({ port: 0 })
    return [await connectTcp({ host: "127.0.0.1", port: receiver.port }), receiver]
  },
  async websocket() {
    const receiver = await listenWebSocket({ port: 0 })
    return [await connectWebSocket({ url: `ws://127.0.0.1:${receiver.port}` }), receiver]
  },
  async mqtt() {
    const broker = await startBroker()
    const options = { url: broker.url, topic: "bench", protocolVersion: 4 }
    return [await connectMqtt(options), await connectMqtt(options), broker]
  },
}

for (const [name, open] of Object.entries(channels)) {
  const [sender, receiver, ...others] = await open()
  let arrived = () => {}
  const reading = (async () => {
    for await (const _ of receiver.messages) arrived()
  })()
  // Where a channel echoes, unread messages of our own would stop it.
  const ignoring = (async () => {
    for await (const _ of sender.messages) continue
  })()
  const samples = []
  for (let round = 0; round < rounds; round++) {
    samples.push(
      await messagesPerSecond(
        () => sender.send(payload),
        (listener) => (arrived = listener),
        count,
      ),
    )
  }
  report({ name: `${name} 1 KiB`, value: median(samples.slice(1)), unit: "1/s" })
  for (const end of [sender, receiver, ...others]) await end.close()
  await Promise.all([reading, ignoring])
}
