import type { ChannelError } from "stringphone/bytes"
import { type HubLinkEvent, type MailHub, openHubLink } from "stringphone/session/mailbox/hub"
import type { Transport } from "stringphone/transport"
import { connectOne } from "../connect.js"
import { visible } from "../terminal/escape.js"
import { countOf } from "../wording.js"
import { listenText } from "./address.js"
import type { HubConfig } from "./config.js"
import type { HubCounts } from "./counts.js"
import { addressName } from "./describe.js"
import type { HubLog } from "./log.js"

/** All channels to other hubs: those where we listen, and those that we connect to. */
export class HubChannels {
  readonly #hub: MailHub
  readonly #log: HubLog
  readonly #counts: HubCounts
  readonly #open: { readonly transport: Transport; readonly close: () => Promise<void> }[] = []
  readonly #peers = new Map<string, Set<string>>()

  constructor(hub: MailHub, log: HubLog, counts: HubCounts) {
    this.#hub = hub
    this.#log = log
    this.#counts = counts
  }

  get peers(): number {
    return [...this.#peers.values()].reduce((sum, peers) => sum + peers.size, 0)
  }

  get count(): number {
    return this.#open.length
  }

  get openCount(): number {
    return this.#open.filter(({ transport }) => transport.status === "open").length
  }

  /** @throws {ChannelError} `address-in-use`, `not-permitted`, `cannot-listen` */
  async start({ connect, limits, listenTcp, listenWs }: HubConfig): Promise<void> {
    const { maxConnections } = limits
    for (const { host, port } of listenTcp) {
      const { listenTcp: listen } = await import("stringphone/transport/tcp")
      const transport = await listen({ host, port, maxConnections })
      this.#listening(listenText("tcp", { host, port: transport.port }))
      this.#link(transport, listenText("tcp", { host, port: transport.port }))
    }
    for (const { host, port } of listenWs) {
      const { listenWebSocket } = await import("stringphone/transport/websocket-server")
      const transport = await listenWebSocket({ host, port, maxConnections })
      this.#listening(listenText("ws", { host, port: transport.port }))
      this.#link(transport, listenText("ws", { host, port: transport.port }))
    }
    for (const address of connect) {
      // Others may start later than we do.
      const transport = await connectOne(address, { waitForBroker: true })
      this.#link(transport, addressName(address))
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map(({ close }) => close()))
  }

  #listening(at: string): void {
    this.#log.say(`Listening at ${at}.`, { event: "listening", address: at })
  }

  #link(transport: Transport, name: string): void {
    this.#peers.set(name, new Set())
    const link = openHubLink({
      hub: this.#hub,
      transport,
      onEvent: (event) => this.#hear(name, event),
    })
    this.#open.push({ transport, close: () => link.close() })
  }

  #hear(channel: string, event: HubLinkEvent): void {
    const shown = visible(channel)
    switch (event.kind) {
      case "peer":
        this.#peers.get(channel)?.add(event.peer)
        return this.#log.say(`A hub is there at ${shown}.`, { event: "peer", channel })
      case "peer-left":
        this.#peers.get(channel)?.delete(event.peer)
        return this.#log.say(`A hub has gone at ${shown}.`, { event: "peer-left", channel })
      case "run":
        return this.#ran(channel, event.outcome)
      case "rejected":
        this.#counts.rejected += 1
        return this.#log.count("refused", 1, { link: channel, why: event.code })
      case "trouble":
        return this.#trouble(channel, event.error)
      case "transport": {
        const { event: news } = event
        if (news.kind !== "status") return
        const { error, status } = news
        const why = error ? ` ${visible(error.message)}` : ""
        return this.#log.say(`${shown}: ${status}.${why}`, {
          event: "status",
          channel,
          status,
          ...(error && { why: error.code }),
        })
      }
    }
  }

  #ran(channel: string, outcome: Extract<HubLinkEvent, { readonly kind: "run" }>["outcome"]): void {
    const counts = this.#counts
    counts.runs += 1
    if (!outcome.isComplete) counts.failedRuns += 1
    counts.sentParcels += outcome.sentParcels
    counts.sentBytes += outcome.sentBytes
    counts.receivedParcels += outcome.receivedParcels
    counts.receivedBytes += outcome.receivedBytes
    counts.reconcileBytes += outcome.reconcileBytes
    const { receivedParcels, sentParcels } = outcome
    const state = outcome.isComplete ? "" : ` Not complete (${outcome.reason ?? "?"}).`
    this.#log.say(
      `Synced at ${visible(channel)}: sent ${countOf(sentParcels, "envelope")}, received ${receivedParcels}.${state}`,
      { event: "run", channel, ...outcome },
    )
  }

  #trouble(channel: string, error: ChannelError): void {
    this.#log.say(`${visible(channel)}: ${visible(error.message)}`, {
      event: "trouble",
      channel,
      code: error.code,
    })
  }
}
