import { randomBytes } from "node:crypto"
import { ChannelError, hex, UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import {
  openTopic,
  type ReceivedMessage,
  type TopicEvent,
  type TopicSession,
} from "stringphone/session"
import type { Caller } from "stringphone/session/login/server"
import type { Transport } from "stringphone/transport"
import { reportKey } from "../person.js"
import { quoted, visible } from "../terminal/escape.js"
import { Announcer } from "./announcer.js"
import type { ApiDevice } from "./api.js"
import { homeTopic } from "./birth.js"
import type { Body } from "./body.js"
import { DeviceLog } from "./device-log.js"
import type { DeviceReport, Emit } from "./event.js"
import {
  type CommandMessage,
  commandValidForMs,
  decodeHomeMessage,
  encodeHomeMessage,
  type HomeMessage,
  type StateMessage,
} from "./messages.js"
import { describeSet } from "./report.js"

/** By how much clocks may differ, as the topic itself allows. */
const allowedSkewMs = 2_000

export interface DeviceOptions {
  readonly body: Body
  readonly ring: KeyRing
  readonly transport: Transport
  readonly emit: Emit
  readonly nameOf: (publicKey: Uint8Array) => Promise<string>
  /** What happens in the topic, to be told once though every device hears it. */
  readonly onTopicEvent: (device: Device, event: TopicEvent) => void
  /** A command that says no time, or came late. */
  readonly onLate: (from: Uint8Array, code: "not-timed" | "stale") => void
}

/**
 * One participant of the home. It has a key ring and a connection of its own, and hears of the world
 * only through the topic: commands of participants, whom an admin let in, and nothing else.
 */
export class Device {
  readonly body: Body
  readonly ring: KeyRing
  readonly log: DeviceLog = new DeviceLog()
  readonly #options: DeviceOptions
  readonly #announcer = new Announcer(() => this.#sendState())
  #session: TopicSession | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(options: DeviceOptions) {
    this.#options = options
    this.body = options.body
    this.ring = options.ring
  }

  async start(): Promise<void> {
    const { ring, transport } = this.#options
    this.#session = await openTopic({
      store: ring.store,
      identity: ring.identity,
      contacts: ring,
      transport,
      name: homeTopic,
      ownName: this.body.name,
      onEvent: (event) => this.#hear(event),
    })
    void this.#receiveAll(this.#session)
    this.#tick()
  }

  get publicKey(): Uint8Array {
    return this.ring.identity.publicKey
  }

  /** The state as phones get it. */
  get state(): StateMessage {
    const done = this.body.done()
    return { kind: "state", name: this.body.name, ...(done && { done }), ...this.body.state() }
  }

  /** As those who are logged in see it. */
  get forCalls(): ApiDevice {
    const { kind, name } = this.body
    return {
      kind,
      name,
      state: () => this.body.state(),
      obey: (set, caller) => this.obey(set, caller),
    }
  }

  report(pageUrl: string): DeviceReport {
    const { kind, name } = this.body
    return { device: kind, name, url: new URL(kind, pageUrl).href, ...reportKey(this.publicKey) }
  }

  get session(): TopicSession {
    if (!this.#session) throw new UsageError("not-started", "This device was not started.")
    return this.#session
  }

  /**
   * Carries out what somebody wants who is logged in, as a command in the topic would be.
   * @returns `null` when it could not be saved: nothing was changed
   */
  async obey(
    set: CommandMessage["set"],
    { device: from, login }: Pick<Caller, "device" | "login">,
  ): Promise<"done" | "not-mine" | null> {
    const id = randomBytes(8).toString("hex")
    const outcome = await this.#carryOut({ id, set })
    if (outcome !== "done") return outcome
    this.log.add(`${visible(login)}, logged in on ${quoted(from)}: ${describeSet(set)}`)
    this.#options.emit({ event: "call", device: this.body.kind, login, from, id, set })
    this.#announcer.announce()
    return outcome
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
    await this.#send(this.state)
  }

  async #send(message: HomeMessage): Promise<void> {
    const { standing } = this.session
    if (standing === "removed" || standing === "outside") return
    try {
      await this.session.send(encodeHomeMessage(message))
    } catch (error) {
      this.#fail(error)
    }
  }

  async #receiveAll(session: TopicSession): Promise<void> {
    for await (const message of session.messages) await this.#receive(message)
  }

  async #receive({ from, payload, sentAt }: ReceivedMessage): Promise<void> {
    const command = decodeHomeMessage(payload)
    if (command?.kind !== "command") return
    if (command.to !== hex(this.publicKey)) return
    // The topic refuses what is older than its sender wants; here, what waited for us meanwhile, as
    // over a restart, and what says no time at all.
    const isLate = sentAt !== null && Date.now() - sentAt > commandValidForMs + allowedSkewMs
    if (sentAt === null || isLate) {
      return this.#options.onLate(from.publicKey, sentAt === null ? "not-timed" : "stale")
    }
    await this.#obey(command, from.publicKey)
  }

  async #obey(command: CommandMessage, from: Uint8Array): Promise<void> {
    const { emit, nameOf } = this.#options
    const { id, set } = command
    const outcome = await this.#carryOut(command)
    const petname = await nameOf(from)
    const what = { device: this.body.kind, petname, id }
    if (outcome === "done") {
      this.log.add(`${visible(petname)}: ${describeSet(set)}`)
      emit({ event: "command", ...what, set })
      this.#announcer.announce()
    }
    if (outcome !== "not-mine") return
    this.log.add(`Refused a command of ${visible(petname)}: not one for this device`)
    emit({ event: "refused", ...what, because: "not-mine" })
    void this.#send({ kind: "refused", command: id, to: hex(from), because: "not-mine" })
  }

  /** @returns `null` when it could not be saved: nothing was changed, and nothing is answered. */
  async #carryOut(
    command: Pick<CommandMessage, "id" | "set">,
  ): Promise<"done" | "not-mine" | null> {
    try {
      return await this.body.obey(command)
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  #hear(event: TopicEvent): void {
    if (event.kind === "failed") return this.#fail(event.error)
    // Whoever is new shall not wait.
    if (event.kind === "rekeyed" && event.added.length > 0) this.#announcer.announce()
    this.#options.onTopicEvent(this, event)
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
