import { onTestFinished } from "vitest"
import { startAedes } from "../../stringphone/test/real/aedes.js"
import { mosquitto, startMosquitto } from "./mosquitto.js"

export interface TestBroker {
  readonly url: string
  readonly down: () => Promise<void>
  readonly up: () => Promise<void>
}

/** A broker on a free loopback port, for one test: mosquitto, or else the one in this process. */
export async function startBroker(): Promise<TestBroker> {
  if (mosquitto !== null) return startMosquitto()
  const { down, tcpPort, up } = await startAedes()
  onTestFinished(down)
  return { url: `mqtt://127.0.0.1:${tcpPort}`, down, up }
}
