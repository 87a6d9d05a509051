import type { IClientOptions, MqttClient } from "mqtt"
import { UsageError, hex } from "../bytes/index.js"
import type { MqttPresence } from "./mqtt-options.js"
import { presentOn, presenceTopic } from "./mqtt-topics.js"
import type { TransportEvent } from "./port.js"

const here = "online"

/**
 * Who is on a topic, as its members themselves say: each keeps a retained `online` below it, which
 * the member takes away when it leaves, and the broker (its "will") when the connection breaks. No
 * marker means offline, so that those who never return leave nothing behind.
 */
export class MqttPresenceBoard {
  readonly will: NonNullable<IClientOptions["will"]>
  readonly #topic: string
  readonly #id: string
  readonly #tell: (event: TransportEvent) => void
  readonly #present = new Set<string>()
  #over = false

  /** @param id as {@link presenceId} gives it */
  constructor(topic: string, id: string, tell: (event: TransportEvent) => void) {
    this.#topic = topic
    this.#id = id
    this.#tell = tell
    const nothing = "Buffer" in globalThis ? Buffer.alloc(0) : (new Uint8Array(0) as Buffer)
    this.will = { topic: presenceTopic(topic, id), payload: nothing, qos: 1, retain: true }
  }

  /** For display only, so that a broker which refuses is no failure. */
  async appear(client: MqttClient): Promise<void> {
    const all = presenceTopic(this.#topic, "+")
    await client.subscribeAsync(all, { qos: 1, nl: true }).catch(() => {})
    await this.#mark(client, here)
  }

  async disappear(client: MqttClient): Promise<void> {
    this.#over = true
    await this.#mark(client, "")
  }

  /** We see nobody any more; who is still there is told when we are back. */
  disappeared(): void {
    this.#over = true
    for (const who of [...this.#present]) this.#left(who)
  }

  /** @returns whether this message was about presence. */
  noticed(heard: string, { length }: string | Uint8Array): boolean {
    const who = presentOn(this.#topic, heard)
    if (who === null) return false
    if (who === this.#id || this.#over) return true
    if (length === 0) this.#left(who)
    else if (!this.#present.has(who) && this.#present.size < maxPresent) {
      this.#present.add(who)
      this.#tell({ kind: "joined", who })
    }
    return true
  }

  #left(who: string): void {
    if (this.#present.delete(who)) this.#tell({ kind: "left", who })
  }

  async #mark(client: MqttClient, payload: string): Promise<void> {
    if (!client.connected) return
    const topic = presenceTopic(this.#topic, this.#id)
    await client.publishAsync(topic, payload, { qos: 1, retain: true }).catch(() => {})
  }
}

/** Anyone can invent names; no more than these are remembered. */
const maxPresent = 10_000

/** @throws {UsageError} `bad-presence-id` */
export function presenceId({ id }: MqttPresence): string {
  const text = typeof id === "string" ? id : hex(id)
  if (/^[\w-]{1,64}$/.test(text)) return text
  throw new UsageError(
    "bad-presence-id",
    "A presence id has 1 to 32 bytes, or 1 to 64 of A-Z, a-z, 0-9, _ and -.",
  )
}
