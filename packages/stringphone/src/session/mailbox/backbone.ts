import { UsageError } from "../../bytes/index.js"
import { channelOfLink, decodeParcel, linkName } from "../../mailbox/hub/index.js"
import { envelopeId } from "../../mailbox/index.js"
import { systemClock, type Transport } from "../../transport/index.js"
import { Timers } from "../timers.js"
import { BackbonePublisher } from "./backbone-publisher.js"
import type { BackboneEvent, BackboneOptions, BackboneStatus } from "./backbone-types.js"
import { HubListeners } from "./hub-listeners.js"
import { troubleOf } from "./hub-trouble.js"
import type { MailHub } from "./hub.js"

export { backboneMessageBytes, backboneStream } from "./backbone-stream.js"
export type { BackboneStream, BackboneStreamOptions } from "./backbone-stream.js"
export type { BackboneEvent, BackboneOptions, BackboneStatus } from "./backbone-types.js"

const retryMs = 2_000

/**
 * Joins hubs of one operator: what a hub lets go of goes to a channel that keeps it, and every hub takes
 * from there what it lacks, from where it stopped. Unlike a link, nobody has to be there at the same time,
 * and nothing is compared: whoever may write on the channel is trusted not to fill it.
 *
 * At the opening everything in the hub is offered, so that what it could not publish before is not lost.
 *
 * @example
 * import { connectNats } from "stringphone/transport/nats"
 *
 * const transport = await connectNats({
 *   url: "nats://localhost",
 *   subject: "mail",
 *   jetstream: backboneStream({ stream: "mail", hubName: "north" }),
 *   maxMessageBytes: backboneMessageBytes,
 *   waitForServer: true,
 * })
 * const backbone = openBackbone({ hub, transport })
 */
export function openBackbone(options: BackboneOptions): Backbone {
  return new Backbone(options)
}

/** A hub's place on the channel that it shares with others. */
export class Backbone {
  readonly #hub: MailHub
  readonly #transport: Transport
  readonly #link: string
  readonly #publisher: BackbonePublisher
  readonly #timers: Timers
  readonly #listeners = new HubListeners<BackboneEvent>()
  readonly #stops: (() => void)[]
  readonly #reading: Promise<void>
  #wakeReader: () => void = () => {}
  #counts = { received: 0, known: 0, refused: 0 }
  #closing: Promise<void> | null = null

  /** @internal */
  constructor({ clock, hub, onEvent, transport }: BackboneOptions) {
    this.#hub = hub
    this.#transport = transport
    this.#link = linkName(transport.address, null)
    this.#timers = new Timers(clock ?? systemClock)
    this.#publisher = new BackbonePublisher(
      {
        read: (ids) => hub.parcels(ids),
        idOf: idOfParcel,
        send: (parcel) => transport.send(parcel),
        isOpen: () => transport.status === "open",
        onTooLarge: (id) => this.#listeners.emit({ kind: "too-large", id }),
        onTrouble: (error) => this.#tellTrouble(error),
      },
      this.#timers,
    )
    if (onEvent) this.onEvent(onEvent)
    const channel = channelOfLink(this.#link)
    this.#stops = [
      hub.onEvent((event) => {
        if (event.kind !== "released") return
        const news = event.envelopes.filter(({ link }) => channelOfLink(link) !== channel)
        this.#publisher.add(news.map(({ id }) => id))
      }),
      transport.onEvent((event) => {
        this.#listeners.emit({ kind: "transport", event })
        if (event.kind === "status") this.#publisher.wake()
      }),
    ]
    this.#reading = this.#read().catch((error: unknown) => this.#tellTrouble(error))
    this.offerAll().catch((error: unknown) => this.#tellTrouble(error))
  }

  get status(): BackboneStatus {
    return {
      address: this.#transport.address,
      transport: this.#transport.status,
      link: this.#link,
      published: this.#publisher.publishedCount,
      waiting: this.#publisher.waitingCount,
      tooLarge: this.#publisher.tooLargeCount,
      ...this.#counts,
    }
  }

  /** @returns a function that stops it. */
  onEvent(listener: (event: BackboneEvent) => void | Promise<void>): () => void {
    return this.#listeners.add(listener)
  }

  /**
   * Publishes all that others may have, as after the channel lost what it kept. What it has already, it
   * does not keep twice. @throws {ChannelError} those of the store
   */
  async offerAll(): Promise<void> {
    const entries = await this.#hub.entries()
    this.#publisher.add(entries.map(({ id }) => id))
  }

  /** Closes the transport; the hub stays open. May be called twice. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#timers.close()
    this.#wakeReader()
    await this.#transport.close()
    await this.#publisher.close()
    await this.#reading
  }

  async #read(): Promise<void> {
    for await (const { bytes, retained } of this.#transport.messages) {
      if (!retained) await this.#take(bytes)
      if (this.#closing) return
    }
  }

  /** Until it is durable the channel does not count it as read, so this does not give up. */
  async #take(parcel: Uint8Array): Promise<void> {
    for (;;) {
      try {
        const [result] = await this.#hub.accept([parcel], this.#link)
        if (result?.kind === "stored") {
          this.#counts.received += 1
          this.#listeners.emit({ kind: "received", id: result.id })
        } else if (result?.kind === "known") this.#counts.known += 1
        else this.#counts.refused += 1
        if (result && result.kind !== "refused") this.#publisher.see(result.id)
        return
      } catch (error) {
        if (this.#closing) return
        this.#tellTrouble(error)
        if (error instanceof UsageError) return void this.close() // the hub was closed
        await this.#pause()
      }
    }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakeReader = resolve
      this.#timers.once("read", retryMs, resolve)
    })
  }

  #tellTrouble(error: unknown): void {
    if (!this.#closing) this.#listeners.emit(troubleOf(error))
  }
}

function idOfParcel(parcel: Uint8Array): Uint8Array {
  return envelopeId(decodeParcel(parcel).envelope)
}
