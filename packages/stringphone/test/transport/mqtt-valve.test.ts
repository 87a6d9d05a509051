import { afterEach, beforeEach, expect, it, vi } from "vitest"
import type { Transport } from "../../src/transport/index.js"
import { connectMqtt } from "../../src/transport/mqtt.js"
import { numbered, until } from "../contract/transport-contract.js"
import { type EmbeddedBroker, startAedes } from "../real/aedes.js"

let broker: EmbeddedBroker
/** Our timers that run; mqtt.js and aedes have some of their own. */
let live: Set<unknown>
const opened: Transport[] = []

beforeEach(async () => {
  broker = await startAedes()
  live = new Set()
  const { setInterval: set, clearInterval: clear } = globalThis
  vi.spyOn(globalThis, "setInterval").mockImplementation((act, ms) => {
    const timer = set(act, ms)
    if (new Error().stack?.includes("mqtt-connection")) live.add(timer)
    return timer
  })
  vi.spyOn(globalThis, "clearInterval").mockImplementation((timer) => {
    live.delete(timer)
    clear(timer)
  })
})

afterEach(async () => {
  for (const transport of opened.splice(0)) await transport.close()
  await broker.down()
  for (const timer of live) clearInterval(timer as NodeJS.Timeout)
  vi.restoreAllMocks()
})

async function dial(qos: 0 | 1, maxMessages: number): Promise<Transport> {
  const transport = await connectMqtt({
    url: `mqtt://127.0.0.1:${broker.tcpPort}`,
    topic: "garden",
    protocolVersion: 4,
    qos,
    inbox: { maxMessages },
    backoff: { initialMs: 10, maxMs: 10 },
  })
  opened.push(transport)
  return transport
}

async function sendUntilHeld(sender: Transport): Promise<void> {
  await Promise.all(Array.from({ length: 9 }, (_, i) => sender.send(numbered(i))))
  await vi.waitFor(() => expect(live.size).toBe(1))
}

it.each([0, 1] as const)(
  "a connection that is lost while a message is held leaves no timer behind (QoS %i)",
  async (qos) => {
    const [slow, sender] = [await dial(qos, 1), await dial(qos, 1000)]
    for (let i = 0; i < 3; i++) {
      await sendUntilHeld(sender)
      const lost = until(slow, "reconnecting")
      await broker.down()
      await lost
      await vi.waitFor(() => expect(live.size).toBe(0))
      const back = Promise.all([until(slow, "open"), until(sender, "open")])
      await broker.up()
      await back
    }
    await Promise.all([slow.close(), sender.close()])
    expect(live.size).toBe(0)
  },
)

it.each([0, 1] as const)(
  "closing while a message is held leaves no timer behind (QoS %i)",
  async (qos) => {
    const [slow, sender] = [await dial(qos, 1), await dial(qos, 1000)]
    await sendUntilHeld(sender)
    await Promise.all([slow.close(), sender.close()])
    expect(live.size).toBe(0)
  },
)
