import { describe, inject } from "vitest"
import { mqttContract } from "../real/mqtt-contract.js"
import { remote } from "./remote.js"

const { aedes, mosquitto } = inject("brokers")

mqttContract(
  "aedes, from a browser",
  () => remote("aedes"),
  () => ({ url: `ws://127.0.0.1:${aedes}` }),
  500,
)

describe.skipIf(mosquitto === null)("mosquitto, from a browser", () => {
  for (const protocolVersion of [4, 5] as const) {
    mqttContract(
      `MQTT ${protocolVersion === 4 ? "3.1.1" : "5"}`,
      () => remote("mosquitto"),
      // Small messages, because mosquitto 2.0 is slow with large ones over WebSocket (issue 2252).
      () => ({
        url: `ws://127.0.0.1:${mosquitto ?? 0}/mqtt`,
        protocolVersion,
        maxMessageBytes: 8192,
      }),
      500,
    )
  }
})
