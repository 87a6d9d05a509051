import { createMemoryNetwork } from "../../src/transport/memory.js"
import { connectTcp, listenTcp } from "../../src/transport/tcp.js"
import type { Transport } from "../../src/transport/index.js"
import { connectWebSocket } from "../../src/transport/websocket.js"
import { listenWebSocket } from "../../src/transport/websocket-server.js"
import { freePort } from "../real/free-port.js"
import { type PairOptions, drain, transportContract } from "./transport-contract.js"
import {
  type OpenChannel,
  presenceContract,
  retainedContract,
} from "./transport-retained-contract.js"

transportContract(
  "memory",
  async ({ inbox }) => {
    const network = createMemoryNetwork({ inbox: inbox ?? {} })
    return {
      left: network.connect("left"),
      right: network.connect("right"),
      outage: {
        async down() {
          network.disconnect("left")
          network.disconnect("right")
        },
        async up() {
          network.reconnect("right")
          network.reconnect("left")
        },
      },
    }
  },
  { pausable: false, canFail: true },
)

interface Hubs {
  listen(port: number, options: PairOptions): Promise<Transport & { readonly port: number }>
  connect(port: number, side: "left" | "right", options: PairOptions): Promise<Transport>
}

function hubContract(name: string, { listen, connect }: Hubs): void {
  transportContract(
    `${name}, a client and the hub`,
    async (options) => {
      const right = await listen(0, options)
      return { left: await connect(right.port, "left", options), right }
    },
    { pausable: true, canFail: false },
  )

  transportContract(
    `${name}, two clients of a hub`,
    async (options) => {
      const port = await freePort()
      let hub: Transport
      const up = async (): Promise<void> => {
        hub = await listen(port, {})
        void drain(hub) // a hub that only relays still has to read
      }
      await up()
      return {
        left: await connect(port, "left", options),
        right: await connect(port, "right", options),
        outage: { down: () => hub.close(), up },
        close: () => hub.close(),
      }
    },
    { pausable: true, canFail: true },
  )
}

hubContract("TCP", {
  listen: (port, { inbox = {} }) => listenTcp({ port, inbox }),
  connect: (port, side, options) =>
    connectTcp({ host: "127.0.0.1", port, ...clientOptions(side, options) }),
})

hubContract("WebSocket", {
  listen: (port, { inbox = {} }) => listenWebSocket({ port, inbox }),
  connect: (port, side, options) =>
    connectWebSocket({ url: `ws://127.0.0.1:${port}`, ...clientOptions(side, options) }),
})

function clientOptions(side: "left" | "right", { inbox = {}, backoff }: PairOptions) {
  return { inbox, backoff: backoff?.[side] ?? {} }
}

const openMemory: OpenChannel = () => {
  const network = createMemoryNetwork()
  return async (name) => network.connect(name)
}
retainedContract("memory", openMemory)
presenceContract("memory", openMemory)
