import { hex, PeerError, UsageError } from "../../bytes/index.js"
import { randomBytes as systemRandom } from "../../crypto/index.js"
import {
  decodeFrame,
  decodeHello,
  decodeParcels,
  type Frame,
  frameHeaderBytes,
  hubNumberBytes,
  leastFrameBytes,
  linkName,
  type RandomBytes,
  toAll,
} from "../../mailbox/hub/index.js"
import {
  systemClock,
  type Clock,
  type IncomingMessage,
  type Transport,
} from "../../transport/index.js"
import { Timers } from "../timers.js"
import { HubListeners } from "./hub-listeners.js"
import { troubleOf } from "./hub-trouble.js"
import { type LinkPeer, LinkPeers } from "./link-peers.js"
import { LinkPush } from "./link-push.js"
import { LinkRuns } from "./link-runs.js"
import { LinkVoice } from "./link-voice.js"
import {
  defaultHubLinkLimits,
  type HubLinkEvent,
  type HubLinkLimits,
  type HubLinkOptions,
  type HubLinkStatus,
} from "./link-types.js"

const tickMs = 500
/** Who is silent for so many hellos is gone. */
const missedHellos = 3

/**
 * Connects a hub with the other hubs on a channel, until `close`. spec/mailbox-sync.md §2
 *
 * @throws {UsageError} `channel-too-small`: it takes less than 4 KiB at once
 * @example
 * import { createMemoryEnvelopeStore } from "stringphone/store/envelopes/memory"
 * import { createMemoryNetwork } from "stringphone/transport/memory"
 *
 * const hub = await openHub({ store: createMemoryEnvelopeStore() })
 * const link = openHubLink({ hub, transport: createMemoryNetwork().connect("north") })
 * link.status.peers.length // → 0
 * await link.close()
 * await hub.close()
 */
export function openHubLink(options: HubLinkOptions): HubLink {
  if (options.transport.capabilities.maxMessageBytes < leastFrameBytes) {
    throw new UsageError(
      "channel-too-small",
      `A link between hubs needs a channel that takes messages of ${leastFrameBytes} bytes. Use another one.`,
    )
  }
  return new HubLink(options)
}

/** A hub's neighbours on one channel. */
export class HubLink {
  readonly #transport: Transport
  readonly #limits: HubLinkLimits
  readonly #clock: Clock
  readonly #voice: LinkVoice
  readonly #peers: LinkPeers
  readonly #runs: LinkRuns
  readonly #push: LinkPush
  readonly #timers: Timers
  readonly #listeners = new HubListeners<HubLinkEvent>()
  readonly #stops: (() => void)[]
  readonly #reading: Promise<void>
  #closing: Promise<void> | null = null

  /** @internal */
  constructor(options: HubLinkOptions) {
    const { hub, transport } = options
    const randomBytes: RandomBytes = options.randomBytes ?? systemRandom
    this.#transport = transport
    this.#limits = { ...defaultHubLinkLimits, ...options.limits }
    this.#clock = options.clock ?? systemClock
    const number = randomBytes(hubNumberBytes) // [SYNC-2-1]
    this.#voice = new LinkVoice(transport, number, this.#limits.maxFrameBytes)
    this.#peers = new LinkPeers(this.#limits.maxPeers)
    this.#timers = new Timers(this.#clock)
    this.#runs = new LinkRuns({
      hub,
      limits: this.#limits,
      voice: this.#voice,
      randomBytes,
      now: () => this.#clock.now(),
      onAccepted: (ids) => {
        for (const id of ids) this.#push.see(id)
      },
      onEvent: (event) => this.#listeners.emit(event),
      onTrouble: (error) => this.#tellTrouble(error),
    })
    this.#push = new LinkPush(
      {
        read: (ids) => hub.parcels(ids),
        send: (body) => this.#voice.send("parcels", body, toAll),
        maxBodyBytes: () => this.#maxFrameToAll() - frameHeaderBytes,
        hasPeers: () => this.#peers.size > 0 && transport.status === "open",
        leave: () => this.sync(),
        onTrouble: (error) => this.#tellTrouble(error),
      },
      linkName(transport.address, null),
      this.#limits.maxPushBytes,
    )
    if (options.onEvent) this.onEvent(options.onEvent)
    this.#stops = [
      hub.onEvent((event) => {
        if (event.kind === "released") this.#push.push(event.envelopes)
      }),
      transport.onEvent((event) => {
        this.#listeners.emit({ kind: "transport", event })
        if (event.kind === "status") this.#connectionChanged()
        if (event.kind === "left") this.#leftChannel(event.who)
        if (event.kind === "dropped") this.sync()
      }),
    ]
    this.#timers.every("hello", this.#limits.helloEveryMs, () => this.#sayHello(toAll))
    this.#timers.every("tick", tickMs, () => this.#tick())
    this.#reading = this.#read().catch((error: unknown) => this.#tellTrouble(error))
    if (transport.status === "open") this.#sayHello(toAll)
  }

  get status(): HubLinkStatus {
    return {
      address: this.#transport.address,
      number: hex(this.#voice.number),
      peers: this.#peers.all().map(({ completeRuns, link, number, run }) => ({
        number: hex(number),
        link,
        isRunning: run !== null,
        completeRuns,
      })),
    }
  }

  /** @returns a function that stops it. */
  onEvent(listener: (event: HubLinkEvent) => void | Promise<void>): () => void {
    return this.#listeners.add(listener)
  }

  /** Starts a run with every neighbour soon, instead of when it is due. */
  sync(): void {
    for (const peer of this.#peers.all()) peer.nextRunMs = this.#clock.now()
  }

  /** Says good-bye and closes the transport. May be called twice. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#timers.close()
    for (const peer of this.#peers.all()) peer.run?.end("closed")
    if (this.#transport.status === "open") {
      this.#voice.send("bye", new Uint8Array(0), toAll).catch(() => {})
    }
    await this.#transport.close()
    await this.#push.close()
    await this.#reading
  }

  #maxFrameToAll(): number {
    const theirs = this.#peers.all().map(({ maxFrameBytes }) => maxFrameBytes)
    return Math.min(this.#voice.maxFrameBytes, ...theirs)
  }

  /** Whatever comes, this goes on. [SYNC-2-16] */
  async #read(): Promise<void> {
    for await (const message of this.#transport.messages) {
      try {
        await this.#receive(message)
      } catch (error) {
        if (this.#closing) continue
        if (!(error instanceof PeerError)) {
          this.#tellTrouble(error)
          continue
        }
        const { code, message: text } = error
        this.#listeners.emit({ kind: "rejected", from: message.from, code, message: text })
      }
    }
  }

  async #receive({ bytes, from, retained }: IncomingMessage): Promise<void> {
    if (retained) return
    const frame = decodeFrame(bytes)
    if (same(frame.from, this.#voice.number)) return // our own, come back
    const isToAll = same(frame.to, toAll)
    if (!isToAll && !same(frame.to, this.#voice.number)) return // [SYNC-2-2]
    const sender = this.#transport.capabilities.addressed ? from : null
    if (frame.kind === "hello") return this.#hearHello(frame, sender, isToAll)
    if (frame.kind === "parcels" && isToAll) return this.#takePushed(frame, sender)
    const known = this.#peers.get(frame.from, sender)
    if (!known && frame.kind !== "start") return
    // Its hello was lost: until the next one, it gets frames that everybody takes. [SYNC-2-4]
    const peer = known ?? this.#meet(frame.from, sender, leastFrameBytes, true)
    peer.lastHeardMs = this.#clock.now()
    if (frame.kind === "bye") return this.#forget(peer)
    // [SYNC-2-3]
    if (isToAll) throw new PeerError("unexpected", "Only hellos, byes and parcels are for all.")
    await this.#runs.receive(peer, frame)
  }

  #hearHello(frame: Frame, from: string | null, isToAll: boolean): void {
    const { maxFrameBytes } = decodeHello(frame.body)
    const now = this.#clock.now()
    const known = this.#peers.get(frame.from, from)
    if (known) {
      known.lastHeardMs = now
      known.maxFrameBytes = maxFrameBytes
      return
    }
    this.#meet(frame.from, from, maxFrameBytes, isToAll)
  }

  #meet(
    sender: Uint8Array,
    from: string | null,
    maxFrameBytes: number,
    isToAnswer: boolean,
  ): LinkPeer {
    const number = sender.slice()
    const peer: LinkPeer = {
      number,
      from,
      link: linkName(this.#transport.address, from),
      maxFrameBytes,
      lastHeardMs: this.#clock.now(),
      nextRunMs: this.#runs.firstRunMs(number),
      run: null,
      completeRuns: 0,
      failures: 0,
    }
    const displaced = this.#peers.add(peer)
    displaced?.run?.end("left")
    if (isToAnswer) this.#sayHello(number, from)
    this.#listeners.emit({ kind: "peer", peer: hex(number) })
    return peer
  }

  async #takePushed({ body, from }: Frame, sender: string | null): Promise<void> {
    const { parcels, run } = decodeParcels(body)
    if (run !== 0) throw new PeerError("unexpected", "What is pushed to all belongs to no run.")
    const peer = this.#peers.get(from, sender)
    if (peer) peer.lastHeardMs = this.#clock.now()
    await this.#runs.accept(parcels, linkName(this.#transport.address, sender))
  }

  #tick(): void {
    const now = this.#clock.now()
    for (const peer of this.#peers.all()) {
      if (now - peer.lastHeardMs > missedHellos * this.#limits.helloEveryMs) this.#forget(peer)
    }
    if (this.#transport.status === "open") this.#runs.tick(this.#peers.all())
  }

  /** What was under way is lost; others may have said something meanwhile. */
  #connectionChanged(): void {
    const peers = this.#peers.all()
    if (this.#transport.status !== "open") return peers.forEach(({ run }) => run?.end("left"))
    this.#sayHello(toAll)
    for (const peer of peers) peer.nextRunMs = this.#runs.firstRunMs(peer.number)
  }

  #leftChannel(who: string): void {
    for (const peer of this.#peers.all()) if (peer.from === who) this.#forget(peer)
  }

  #forget(peer: LinkPeer): void {
    this.#peers.delete(peer)
    peer.run?.end("left")
    this.#listeners.emit({ kind: "peer-left", peer: hex(peer.number) })
  }

  #sayHello(to: Uint8Array, channelName: string | null = null): void {
    this.#voice.sayHello(to, channelName).catch((error: unknown) => this.#tellTrouble(error))
  }

  #tellTrouble(error: unknown): void {
    if (!this.#closing) this.#listeners.emit(troubleOf(error))
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i])
}
