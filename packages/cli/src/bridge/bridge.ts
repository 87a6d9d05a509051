import type { KeyRing } from "stringphone/keyring"
import { CommandDesk } from "./command-desk.js"
import type { BridgeConfig } from "./config.js"
import type { Setup } from "./config-file.js"
import { Exporter } from "./exporter.js"
import { LocalBroker } from "./local-broker.js"
import type { BridgeLog } from "./log.js"
import { Participant } from "./participant.js"
import type { Service } from "./service.js"

/** What has not gone out after this long at the stop is left. */
const drainWithinMs = 2_000

/** From the local broker into the topic, and commands back. */
export function makeBridge(ring: KeyRing, setup: Setup<BridgeConfig>, log: BridgeLog): Service {
  const { config } = setup
  const participant = new Participant({
    ring,
    setup,
    log,
    onMessage: (message) => desk.hear(message),
    onReady: () => exporter.latest.pump(),
    onNewcomer: () => exporter.requested(),
  })
  const local = new LocalBroker({
    endpoint: setup.local,
    filters: config.export,
    wantsRetained: true,
    onMessage: (topic, payload, retained) => exporter.take(topic, payload, retained),
    onStatus: (status, why) => log.status("local", status, why),
  })
  const exporter = new Exporter({ config, participant, log, replay: () => local.replay() })
  const desk = new CommandDesk({
    config,
    participant,
    log,
    publish: (topic, payload, retain) => local.publish(topic, payload, retain),
    onGet: () => exporter.requested(),
  })
  return {
    waiting: () => exporter.latest.size,
    async run() {
      await Promise.race([participant.run(), local.run()])
    },
    async stop() {
      await local.close()
      await exporter.close(participant.isReady ? drainWithinMs : 0)
      await participant.stop()
    },
  }
}
