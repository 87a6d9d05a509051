import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { TestProject } from "vitest/node"
import type { Transport } from "../../src/transport/index.js"
import { listenWebSocket } from "../../src/transport/websocket-server.js"
import { startAedes } from "../real/aedes.js"
import { mosquitto, startMosquitto } from "../real/mosquitto.js"
import { natsServer, startNatsServer } from "../real/nats-server.js"

declare module "vitest" {
  interface ProvidedContext {
    /** WebSocket ports of the brokers, and where to take them down and up: POST /name/down. */
    brokers: { aedes: number; mosquitto: number | null; nats: number | null; control: string }
    /** Address of a WebSocket hub. */
    hub: string
  }
}

/** Real brokers for tests that run in a browser, which can not start any. */
export default async function startBrokers(project: TestProject): Promise<() => Promise<void>> {
  const aedes = await startAedes()
  const real = mosquitto === null ? null : await startMosquitto()
  const nats = natsServer === null ? null : await startNatsServer()
  const brokers = new Map(Object.entries({ aedes, mosquitto: real, nats }))
  const control = createServer((request, response) => {
    const [, name = "", action = ""] = (request.url ?? "").split("/")
    const broker = brokers.get(name)
    const done = action === "down" ? broker?.down() : broker?.up()
    response.setHeader("Access-Control-Allow-Origin", "*")
    void done?.then(() => response.end())
  })
  await once(control.listen(0, "127.0.0.1"), "listening")
  const hub = await listenWebSocket({})
  void drain(hub)
  project.provide("hub", hub.address)
  project.provide("brokers", {
    aedes: aedes.webPort,
    mosquitto: real?.webPort ?? null,
    nats: nats?.webPort ?? null,
    control: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
  })
  return async () => {
    control.close()
    await hub.close()
    await aedes.down()
    await real?.stop()
    await nats?.stop()
  }
}

/** A hub that only relays: what is for itself must be read all the same. */
async function drain({ messages }: Transport): Promise<void> {
  const reader = messages[Symbol.asyncIterator]()
  while (!(await reader.next()).done);
}
