import type { KeyRing } from "stringphone/keyring"
import { CommandDesk } from "./command-desk.js"
import type { BridgeConfig } from "./config.js"
import { Exporter } from "./exporter.js"
import { LocalBroker } from "./local-broker.js"
import type { BridgeLog } from "./log.js"
import { Participant } from "./participant.js"
import type { Service } from "./service.js"
import type { Place } from "./session.js"

/** What has not gone out after this long at the stop is left. */
const drainWithinMs = 2_000

/** From the local broker into the topic, and commands back. */
export function makeBridge(
  ring: KeyRing,
  config: BridgeConfig,
  place: Place,
  log: BridgeLog,
): Service {
  const participant: Participant = new Participant({
    ring,
    config,
    place,
    log,
    onMessage: (message) => desk.hear(message),
    onReady: () => exporter.latest.pump(),
    onNewcomer: () => exporter.requested(),
  })
  const local: LocalBroker = new LocalBroker({
    endpoint: config.local,
    filters: config.export,
    wantsRetained: true,
    onMessage: (topic, payload, retained) => exporter.take(topic, payload, retained),
    onStatus: (status, why) => log.status("local", status, why),
  })
  const exporter: Exporter = new Exporter({
    config,
    participant,
    log,
    replay: () => local.replay(),
  })
  const desk: CommandDesk = new CommandDesk({
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
