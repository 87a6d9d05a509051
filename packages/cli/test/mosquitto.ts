import { onTestFinished } from "vitest"
import { startMosquitto as start } from "../../stringphone/test/real/mosquitto.js"

export { freePort } from "../../stringphone/test/real/free-port.js"
export { mosquitto } from "../../stringphone/test/real/mosquitto.js"

/** A mosquitto on a free loopback port, for one test. */
export async function startMosquitto(): Promise<{
  readonly url: string
  readonly down: () => Promise<void>
  readonly up: () => Promise<void>
}> {
  const { down, stop, tcpPort, up } = await start()
  onTestFinished(stop)
  return { url: `mqtt://127.0.0.1:${tcpPort}`, down, up }
}
