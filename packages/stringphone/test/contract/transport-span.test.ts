import { spanTransports } from "../../src/transport/span.js"
import { createMemoryNetwork } from "../../src/transport/memory.js"
import { connectTcp, listenTcp } from "../../src/transport/tcp.js"
import type { Transport } from "../../src/transport/index.js"
import { freePort } from "../real/free-port.js"
import { type PairOptions, drain, transportContract } from "./transport-contract.js"
import { presenceContract, retainedContract } from "./transport-retained-contract.js"

transportContract(
  "a span of two TCP hubs",
  async (options) => {
    const ports = [await freePort(), await freePort()]
    let hubs: Transport[] = []
    const up = async (): Promise<void> => {
      hubs = await Promise.all(ports.map((port) => listenTcp({ port })))
      for (const hub of hubs) void drain(hub)
    }
    const down = async (): Promise<void> => {
      await Promise.all(hubs.map((hub) => hub.close()))
    }
    await up()
    return {
      left: await spanOf(ports, "left", options),
      right: await spanOf(ports, "right", options),
      outage: { down, up },
      close: down,
    }
  },
  { pausable: true, canFail: true },
)

async function spanOf(
  ports: readonly number[],
  side: "left" | "right",
  { inbox = {}, backoff }: PairOptions,
): Promise<Transport> {
  const common = { host: "127.0.0.1", inbox, backoff: backoff?.[side] ?? {} }
  const members = await Promise.all(ports.map((port) => connectTcp({ ...common, port })))
  // One hub may be thousands of messages ahead of the other in a flood.
  return spanTransports(members, { memory: { maxMessages: 20_000 } })
}

const openTwoNetworks = () => {
  const networks = [createMemoryNetwork(), createMemoryNetwork()]
  return async (name: string) => spanTransports(networks.map((network) => network.connect(name)))
}
retainedContract("a span of two networks in memory", openTwoNetworks)
presenceContract("a span of two networks in memory", openTwoNetworks)
