import { ChannelError, hex, type PeerError, UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import {
  type Acceptance,
  type ClassicTopicEvent,
  type ClassicTopicSession,
  openClassicTopic,
  type TopicMessage,
} from "stringphone/session"
import { type JoinRequest, participantId } from "stringphone/topic/classic"
import type { Transport } from "stringphone/transport"
import { reportKey } from "../person.js"
import { visible } from "../terminal/escape.js"
import { Announcer } from "./announcer.js"
import type { Body } from "./body.js"
import { DeviceLog } from "./device-log.js"
import type { DeviceReport, Emit } from "./event.js"
import {
  decodeHomeMessage,
  encodeHomeMessage,
  type HomeMessage,
  type StateMessage,
} from "./messages.js"
import { describeSet } from "./report.js"

const maxRefusedKept = 1_000

type Outcome = Awaited<ReturnType<Body["obey"]>>

/** What a device tells the home around it. */
export interface DeviceListeners {
  readonly emit: Emit
  readonly onRequest: (device: Device, request: JoinRequest) => void
  readonly onCrowded: () => void
  readonly onRejected: (error: PeerError, encoded: Uint8Array) => void
}

export interface DeviceOptions extends DeviceListeners {
  readonly body: Body
  readonly ring: KeyRing
  /** The topic's name in the ring. */
  readonly topic: string
  readonly transport: Transport
}

/**
 * One participant of the home. It has a key ring and a connection of its own, and hears of the world
 * only through the topic: commands of phones that were accepted, and nothing else.
 */
export class Device {
  readonly body: Body
  readonly ring: KeyRing
  readonly log: DeviceLog = new DeviceLog()
  readonly #options: DeviceOptions
  readonly #id: string
  readonly #announcer = new Announcer(() => this.#sendState())
  #session: ClassicTopicSession | null = null
  #timer: NodeJS.Timeout | null = null
  #number = Date.now()
  readonly #refused = new Set<string>()

  constructor(options: DeviceOptions) {
    this.#options = options
    this.body = options.body
    this.ring = options.ring
    this.#id = hex(participantId(options.ring.identity.publicKey))
  }

  async start(): Promise<void> {
    const { ring, topic: name, transport } = this.#options
    this.#session = await openClassicTopic({
      ring,
      name,
      transport,
      onMessage: (message) => this.#receive(message),
      onEvent: (event) => this.#hear(event),
    })
    this.#tick()
  }

  get id(): string {
    return this.#id
  }

  get publicKey(): Uint8Array {
    return this.ring.identity.publicKey
  }

  /** The state as phones get it. */
  get state(): StateMessage {
    const done = this.body.done()
    const { name } = this.body
    return {
      kind: "state",
      name,
      number: this.#number,
      ...(done && { done }),
      ...this.body.state(),
    }
  }

  report(pageUrl: string): DeviceReport {
    const { kind, name } = this.body
    return {
      device: kind,
      name,
      id: this.id,
      url: new URL(kind, pageUrl).href,
      ...reportKey(this.publicKey),
    }
  }

  get session(): ClassicTopicSession {
    if (!this.#session) throw new UsageError("not-started", "This device was not started.")
    return this.#session
  }

  /** Trusts somebody who asked, and tells the new phone how things are. */
  async accept(publicKey: Uint8Array, acceptance: Acceptance): Promise<void> {
    await this.session.accept(publicKey, acceptance)
    this.log.add(`Trusts ${visible(this.petname(publicKey))}`)
    this.#announcer.announce()
  }

  petname(publicKey: Uint8Array): string {
    return this.session.contact(publicKey)?.petname ?? "somebody"
  }

  async stop(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    await this.#session?.close()
    await this.body.close()
    await this.ring.close()
  }

  #tick(): void {
    this.#timer = setTimeout(() => this.#tick(), this.body.announceEveryMs)
    void this.body.renew().then(() => {
      this.log.changed()
      this.#announcer.announce()
    })
  }

  async #sendState(): Promise<void> {
    // The clock, so that it rises after a restart, too.
    this.#number = Math.max(this.#number + 1, Date.now())
    await this.#send(this.state)
  }

  async #send(message: HomeMessage): Promise<void> {
    try {
      await this.session.send(encodeHomeMessage(message))
    } catch (error) {
      this.#fail(error)
    }
  }

  async #receive(message: TopicMessage): Promise<void> {
    const command = decodeHomeMessage(message.payload)
    if (command?.kind !== "command" || command.to !== this.id) return
    const { sequence, set } = command
    const receipt = { from: hex(participantId(message.from)), sequence }
    const petname = this.petname(message.from)
    const what = { device: this.body.kind, petname, sequence }
    const outcome = await this.#obey(receipt, set)
    if (outcome === null) return
    if (outcome === "done") {
      this.log.add(`${visible(petname)}: ${describeSet(set)} (number ${sequence})`)
      this.#options.emit({ event: "command", ...what, set })
      this.#announcer.announce()
      return
    }
    // One that is repeated again and again is refused once.
    const id = `${receipt.from} ${sequence}`
    if (this.#refused.has(id)) return
    if (this.#refused.size >= maxRefusedKept) this.#refused.clear()
    this.#refused.add(id)
    const reason = outcome === "stale" ? "an old one, repeated" : "not for this device"
    this.log.add(`Refused a command of ${visible(petname)}: ${reason} (number ${sequence})`)
    this.#options.emit({ event: "refused", ...what, because: outcome })
    void this.#send({ kind: "refused", command: receipt, because: outcome })
  }

  /** @returns `null` when it could not be saved: nothing was changed, and nothing is answered. */
  async #obey(...command: Parameters<Body["obey"]>): Promise<Outcome | null> {
    try {
      return await this.body.obey(...command)
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  #hear(event: ClassicTopicEvent): void {
    const { onCrowded, onRejected, onRequest } = this.#options
    switch (event.kind) {
      case "request":
        return onRequest(this, event.request)
      case "crowded":
        return onCrowded()
      case "rejected":
        return onRejected(event.error, event.encoded)
      case "failed":
        return this.#fail(event.error)
      case "channel": // the home watches the connections of all devices together
      case "pairing-closed":
      case "joined":
      case "key-proven":
        return
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof ChannelError || error instanceof UsageError)) throw error
    // What was on its way when the home stopped.
    if (error.code === "closed") return
    this.log.add(error.message)
    this.#options.emit({
      event: "failed",
      device: this.body.kind,
      code: error.code,
      message: error.message,
    })
  }
}
