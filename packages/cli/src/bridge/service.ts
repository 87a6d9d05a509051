import type { KeyRing } from "stringphone/keyring"
import type { Context } from "../context.js"
import { interrupted } from "../interrupt.js"
import { reportKey } from "../person.js"
import { redactedBroker } from "../topic-address.js"
import { visible } from "../terminal/escape.js"
import type { Setup } from "./config-file.js"
import { BridgeLog } from "./log.js"

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
  setup: Setup,
  make: (log: BridgeLog) => Service,
): Promise<void> {
  const ending = interrupted()
  const log = new BridgeLog(context)
  const { broker, config, local } = setup
  const what = config.kind === "bridge" ? "Bridging" : "Mirroring"
  const places = { local: redactedBroker(local.url), remote: redactedBroker(broker.url) }
  const { words } = reportKey(ring.identity.publicKey)
  log.say(
    `${what} ${places.local} and "${visible(config.topic)}" at ${places.remote}; Ctrl-C ends it. Our key: ${words}`,
    { event: "started", kind: config.kind, topic: config.topic, ...places, words },
  )
  const service = make(log)
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
