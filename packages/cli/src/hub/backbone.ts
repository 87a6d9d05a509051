import type { ChannelError } from "stringphone/bytes"
import type { Backbone, BackboneEvent } from "stringphone/session/mailbox/backbone"
import type { MailHub } from "stringphone/session/mailbox/hub"
import type { TransportStatus } from "stringphone/transport"
import { visible } from "../terminal/escape.js"
import { type BackboneAddress, backboneText } from "./backbone-address.js"
import type { HubLog } from "./log.js"

export interface HubBackboneOptions {
  readonly hub: MailHub
  readonly address: BackboneAddress
  /** What its server calls us. */
  readonly hubName: string
  /** Of a stream that we make. */
  readonly maxBytes: number
  readonly log: Pick<HubLog, "say" | "count">
  /** Not let in, or no stream to be had: whoever runs the server may change that. Default: a minute. */
  readonly againMs?: number
}

/** What went over it since the start of the service. */
export interface BackboneCounts {
  readonly published: number
  readonly received: number
  readonly refused: number
  readonly tooLarge: number
  /** To be published now. */
  readonly waiting: number
}

/** This hub's place on its backbone, as long as the service runs. The hub also works without. */
export class HubBackbone {
  readonly #options: HubBackboneOptions
  readonly #shown: string
  #backbone: Backbone | null = null
  #before: Omit<BackboneCounts, "waiting"> = { published: 0, received: 0, refused: 0, tooLarge: 0 }
  #again: NodeJS.Timeout | null = null
  #isClosed = false
  /** Told already, and nothing has changed since. */
  #told: string | null = null

  constructor(options: HubBackboneOptions) {
    this.#options = options
    this.#shown = visible(backboneText(options.address))
  }

  get status(): TransportStatus {
    return this.#backbone?.status.transport ?? "closed"
  }

  get counts(): BackboneCounts {
    const { published, received, refused, tooLarge } = this.#before
    const now = this.#backbone?.status
    return {
      published: published + (now?.published ?? 0),
      received: received + (now?.received ?? 0),
      refused: refused + (now?.refused ?? 0),
      tooLarge: tooLarge + (now?.tooLarge ?? 0),
      waiting: now?.waiting ?? 0,
    }
  }

  /** Does not wait for the server. */
  async open(): Promise<void> {
    const { address, hub, hubName, maxBytes } = this.#options
    const { backboneMessageBytes, backboneStream, openBackbone } =
      await import("stringphone/session/mailbox/backbone")
    const { connectNats } = await import("stringphone/transport/nats")
    const transport = await connectNats({
      url: address.url,
      subject: address.name,
      jetstream: backboneStream({ stream: address.name, hubName, maxBytes }),
      maxMessageBytes: backboneMessageBytes,
      backoff: { maxMs: 5_000 },
      waitForServer: true,
    })
    if (this.#isClosed) return transport.close()
    const onEvent = (event: BackboneEvent): void => this.#hear(event)
    this.#backbone = openBackbone({ hub, transport, onEvent })
  }

  /** Also what we were not told to be stored, as when the store's answer was lost. */
  offerAll(): void {
    this.#backbone?.offerAll().catch((error: unknown) => {
      const code = error instanceof Error && "code" in error ? error.code : "not-offered"
      this.#options.log.say(`Not all could be offered to ${this.#shown}.`, {
        event: "trouble",
        channel: backboneText(this.#options.address),
        code,
      })
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#again) clearTimeout(this.#again)
    await this.#backbone?.close()
  }

  #hear(event: BackboneEvent): void {
    switch (event.kind) {
      case "received":
        return
      case "too-large":
        return this.#options.log.count("too large", 1, { why: "for the backbone" })
      case "trouble":
        return this.#trouble(event.error)
      case "transport":
        if (event.event.kind === "status") this.#changed(event.event.status, event.event.error)
    }
  }

  #changed(status: TransportStatus, error: ChannelError | undefined): void {
    this.#told = null
    const why = error ? ` ${visible(error.message)}` : ""
    this.#options.log.say(`Backbone ${this.#shown}: ${status}.${why}`, {
      event: "backbone",
      address: backboneText(this.#options.address),
      status,
      name: this.#options.hubName,
      ...(error && { why: error.code, message: error.message }),
    })
    if (status !== "closed" || this.#isClosed) return
    this.#again = setTimeout(() => void this.#reopen(), this.#options.againMs ?? 60_000)
  }

  async #reopen(): Promise<void> {
    const { published, received, refused, tooLarge } = this.counts
    this.#before = { published, received, refused, tooLarge }
    const over = this.#backbone
    this.#backbone = null
    await over?.close()
    if (!this.#isClosed) await this.open()
  }

  /** Once: it is tried again and again. */
  #trouble({ code, message }: ChannelError): void {
    if (this.#told === message) return
    this.#told = message
    this.#options.log.say(`Backbone ${this.#shown}: ${visible(message)}`, {
      event: "trouble",
      channel: backboneText(this.#options.address),
      code,
    })
  }
}
