import type { KeyRing } from "stringphone/keyring"
import type { Context } from "../context.js"
import { interrupted } from "../interrupt.js"
import { reportKey } from "../person.js"
import { redactedBroker } from "../topic-address.js"
import { visible } from "../terminal/escape.js"
import { brokerName } from "../channel-address.js"
import type { Config } from "./config.js"
import { BridgeLog } from "./log.js"
import { type Place, requirePlace } from "./session.js"

/** A program that runs until it is told to stop, or fails. */
export interface Service {
  /** Resolves never, or when all is over; rejects when waiting does not help. */
  run(): Promise<void>
  stop(): Promise<void>
  /** How much waits to be passed on. */
  waiting(): number
}

/** Runs until Ctrl-C, SIGTERM or a failure, and stops in order. */
export async function serve(
  context: Context,
  ring: KeyRing,
  config: Config,
  make: (place: Place, log: BridgeLog) => Service,
): Promise<void> {
  const ending = interrupted()
  const log = new BridgeLog(context)
  const place = await requirePlace(ring, config)
  const what = config.kind === "bridge" ? "Bridging" : "Mirroring"
  const places = {
    local: redactedBroker(config.local.url),
    remote: place.addresses.map(brokerName).join(" "),
  }
  const { words } = reportKey(ring.identity.publicKey)
  log.say(
    `${what} ${places.local} and "${visible(config.topic)}" at ${places.remote}; Ctrl-C ends it. Our key: ${words}`,
    { event: "started", kind: config.kind, topic: config.topic, ...places, words },
  )
  const service = make(place, log)
  log.start(() => service.waiting())
  try {
    await Promise.race([ending.promise, service.run()])
    log.say("Stopping.", { event: "stopping" })
  } finally {
    await service.stop()
    log.end()
  }
  log.say("Stopped.", { event: "stopped", ...log.counts })
}
