import { describe, inject } from "vitest"
import { natsContract } from "../real/nats-contract.js"
import { remote } from "./remote.js"

const { nats } = inject("brokers")

describe.skipIf(nats === null)("nats-server, from a browser", () => {
  natsContract(
    "over WebSocket",
    () => remote("nats"),
    () => ({ url: `ws://127.0.0.1:${nats ?? 0}` }),
    500,
  )
})
