import type { ReceivedMessage, SendTopicOptions, TopicEvent, TopicSession } from "stringphone"
import { ChannelError, UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import type { TransportEvent } from "stringphone/transport"
import type { BridgeLog } from "./log.js"
import type { CommonConfig } from "./config.js"
import { isFree, openSession, type Place, removed, requireMember } from "./session.js"

export interface ParticipantOptions {
  readonly ring: KeyRing
  readonly config: CommonConfig
  readonly place: Place
  readonly log: BridgeLog
  /** One after the other. */
  readonly onMessage: (message: ReceivedMessage) => Promise<void>
  /** The topic can be used, from now on or again. */
  readonly onReady: () => void
  /** Somebody was let in. */
  readonly onNewcomer: () => void
}

/** How often we look whether the process that took over has ended. */
const lookEveryMs = 2_000

/**
 * A bridge's seat in the topic. While another process of the same identity receives (`bridge pair`),
 * it waits and goes on afterwards.
 */
export class Participant {
  readonly #options: ParticipantOptions
  readonly #stopping = new AbortController()
  #session: TopicSession | null = null
  #isOpen = false
  #fail: (error: unknown) => void = () => {}

  constructor(options: ParticipantOptions) {
    this.#options = options
  }

  /** The broker answers, and the topic is open here. */
  get isReady(): boolean {
    return this.#isOpen && this.#session !== null
  }

  get publicKey(): Uint8Array {
    return this.#options.ring.identity.publicKey
  }

  /**
   * Takes part until `stop`.
   * @throws {UsageError} `outside`, `removed`
   * @throws {ChannelError} `refused` and others that waiting does not mend
   */
  async run(): Promise<void> {
    while (!this.#isStopping()) {
      await this.#takePart()
      while (!this.#isStopping()) {
        await this.#pause(lookEveryMs)
        if (!this.#isStopping() && (await this.#isFree())) break
      }
    }
  }

  /** @throws {ChannelError} `closed` while there is no session: try again later */
  async send(payload: Uint8Array, options: SendTopicOptions = {}): Promise<void> {
    if (!this.#session) throw new ChannelError("closed", "The topic is not open just now.")
    await this.#session.send(payload, options)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#close()
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  /** From the opening to the moment when another process takes over, or to the stop. */
  async #takePart(): Promise<void> {
    const { config, onMessage, onReady, place, ring } = this.#options
    let takenOver = (): void => {}
    const over = new Promise<void>((resolve, reject) => {
      takenOver = resolve
      this.#fail = reject
    })
    over.catch(() => {}) // it may fail before anybody waits for it
    const session = await openSession(ring, place, {
      allowedSkewMs: config.limits.allowedSkewMs,
      signal: this.#stopping.signal,
      onChannel: (event) => this.#hearChannel(event),
      onEvent: (event) => {
        if (event.kind === "taken-over") takenOver()
        else this.#hear(event)
      },
    })
    this.#session = session
    try {
      requireMember(session, config.topic)
      onReady()
      const reading = (async () => {
        for await (const message of session.messages) await onMessage(message)
      })()
      // Reading ends when the session is closed, at the stop.
      await Promise.race([over, reading])
      if (this.#isStopping()) return
      this.#options.log.say(
        "Another process works for this topic with the same key ring, as `bridge pair` does; waiting for its end.",
        { event: "taken-over" },
      )
    } finally {
      await this.#close()
    }
  }

  async #isFree(): Promise<boolean> {
    const { place, ring } = this.#options
    try {
      return await isFree(ring, place)
    } catch (error) {
      if (!(error instanceof ChannelError || isTakenOver(error))) throw error
      return false
    }
  }

  #hearChannel(event: TransportEvent): void {
    const { log, onReady } = this.#options
    if (event.kind === "dropped") return log.count("dropped", event.count)
    if (event.kind !== "status") return
    const wasOpen = this.#isOpen
    this.#isOpen = event.status === "open"
    if (event.status === "open") {
      log.status("remote", "open")
      onReady()
    } else if (event.status === "reconnecting") {
      if (wasOpen || !log.isAway("remote")) log.status("remote", "away", event.error?.message)
    } else if (event.status === "closed" && event.error && !this.#isStopping()) {
      this.#fail(event.error)
    }
  }

  #hear(event: TopicEvent): void {
    const { config, log, onNewcomer } = this.#options
    switch (event.kind) {
      case "rekeyed":
        if (event.added.length > 0) onNewcomer()
        return
      case "rejected":
        return log.count(event.code)
      case "removed":
        return this.#fail(removed(config.topic))
      case "failed":
        if (event.error.code !== "closed") {
          log.say(event.error.message, { event: "failed", code: event.error.code })
        }
        return
      case "old-copy":
        return log.say("The saved state of this topic is an old copy; going on.", {
          event: "old-copy",
        })
      case "channel":
      case "branch":
      case "behind":
      case "gap":
      case "joined":
      case "taken-over":
        return
    }
  }

  async #close(): Promise<void> {
    const session = this.#session
    this.#session = null
    this.#isOpen = false
    this.#options.log.connecting("remote")
    try {
      await session?.close()
    } catch (error) {
      // Another process took over just now: it has saved what there is.
      if (!isTakenOver(error)) throw error
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      signal.addEventListener("abort", () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

function isTakenOver(error: unknown): boolean {
  return error instanceof UsageError && error.code === "taken-over"
}
