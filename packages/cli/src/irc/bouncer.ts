import { once } from "node:events"
import { createServer, type Server, type Socket } from "node:net"
import { ChannelError } from "stringphone/bytes"
import type { IrcConnection } from "stringphone/transport/irc"
import { Answers } from "./answers.js"
import { Audience, notice } from "./audience.js"
import { Client } from "./client.js"
import { FromClient } from "./from-client.js"
import { FromServer } from "./from-server.js"
import { greet } from "./greeting.js"
import { History } from "./history.js"
import { type Line, line } from "./line.js"
import { proxyPrefix } from "./names.js"
import { Network, type Place } from "./network.js"
import type { Parts, RoomKeeper } from "./parts.js"

export interface BouncerOptions {
  readonly upstream: IrcConnection
  /** `null`: clients need none. */
  readonly password: string | null
  /** Gets everything but itself. */
  readonly rooms: (parts: Omit<Parts, "rooms">) => RoomKeeper
  readonly onEvent: (event: BouncerEvent) => void
}

export type BouncerEvent =
  | { readonly event: "server"; readonly status: string; readonly message: string | null }
  | { readonly event: "client"; readonly status: "came" | "left"; readonly clients: number }

/** Holds one connection to a server, for any number of clients that come and go. */
export class Bouncer {
  readonly #options: BouncerOptions
  readonly #parts: Parts
  readonly #fromServer: FromServer
  readonly #fromClient: FromClient
  /** By client name, the newest line that one has seen. */
  readonly #seen = new Map<string, number>()
  #server: Server | null = null

  constructor(options: BouncerOptions) {
    this.#options = options
    const { upstream } = options
    const shared = {
      upstream,
      network: new Network(upstream.nick),
      audience: new Audience(),
      answers: new Answers<Client>(),
      history: new History(maxKeptLines),
    }
    this.#parts = { ...shared, rooms: options.rooms(shared) }
    this.#fromClient = new FromClient(this.#parts)
    this.#fromServer = new FromServer(this.#parts, () => this.#greetAll())
    upstream.onLine((text) => this.#fromServer.hear(text))
    upstream.onEvent((event) => {
      if (event.kind === "status") this.#hearStatus(event.status, event.error)
    })
  }

  /**
   * Accepts clients. @returns the port
   * @throws {ChannelError} `cannot-listen`
   */
  async listen(host: string, port: number): Promise<number> {
    const server = createServer((socket) => this.#accept(socket))
    this.#server = server
    try {
      server.listen({ host, port })
      await once(server, "listening")
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      const why = code === "EADDRINUSE" ? "another program listens there" : (code ?? "it failed")
      throw new ChannelError(
        "cannot-listen",
        `Clients can not be awaited at ${host}:${port}: ${why}. Choose another place with --listen.`,
        { cause },
      )
    }
    const address = server.address()
    return typeof address === "object" && address ? address.port : port
  }

  async close(): Promise<void> {
    const { audience } = this.#parts
    for (const client of [...audience.all, ...audience.waiting]) client.end("The proxy ends.")
    const server = this.#server
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    if (this.#parts.audience.size >= maxClients) return void socket.destroy()
    const client = new Client(socket, {
      password: this.#options.password,
      onReady: (one) => this.#ready(one),
      onLine: (one, said) => {
        if (!one.isWelcome) return
        // What was sent to it before it spoke, it has seen.
        this.#seen.set(one.name, this.#parts.history.sequence)
        this.#fromClient.hear(one, said)
      },
      onEnd: (one) => this.#end(one),
    })
    this.#parts.audience.add(client)
  }

  #ready(client: Client): void {
    const { upstream } = this.#parts
    if (this.#fromServer.isKnown) {
      this.#welcome(client)
      if (upstream.status !== "open") this.#tellStatus([client], "reconnecting", undefined)
      return
    }
    client.send(line(proxyPrefix, "NOTICE", "*", `Connecting to ${upstream.address} …`))
  }

  #greetAll(): void {
    for (const client of this.#parts.audience.waiting) this.#welcome(client)
  }

  #welcome(client: Client): void {
    const { audience } = this.#parts
    greet(this.#parts, client, this.#seen.get(client.name) ?? 0)
    this.#options.onEvent({ event: "client", status: "came", clients: audience.all.length })
  }

  #end(client: Client): void {
    const { answers, audience, history } = this.#parts
    audience.remove(client)
    answers.forget(client)
    if (!client.isWelcome) return
    if (client.isCleanEnd) this.#seen.set(client.name, history.sequence)
    this.#options.onEvent({ event: "client", status: "left", clients: audience.all.length })
  }

  #hearStatus(status: IrcConnection["status"], error: ChannelError | undefined): void {
    const { audience, network } = this.#parts
    this.#options.onEvent({ event: "server", status, message: error?.message ?? null })
    if (status !== "open") {
      this.#fromServer.reset()
      this.#empty(network.forgetPlaces())
    }
    this.#tellStatus([...audience.all, ...audience.waiting], status, error)
  }

  #tellStatus(
    clients: readonly Client[],
    status: IrcConnection["status"],
    error: ChannelError | undefined,
  ): void {
    const { network, upstream } = this.#parts
    const text = {
      connecting: `Connecting to ${upstream.address} …`,
      open: `Connected to ${upstream.address}.`,
      reconnecting: `${error?.message ?? "There is no connection to the server."} Trying again.`,
      closed: error?.message ?? "The connection to the server was ended.",
    }[status]
    for (const client of clients) {
      const target = client.isWelcome ? network.nick : "*"
      for (const one of notice(target, text)) client.send(one)
    }
  }

  /** We are on no channel any more: nobody is seen there until we are back. */
  #empty(places: readonly Place[]): void {
    const { audience, network } = this.#parts
    const gone = new Map<string, Line>()
    for (const { seats } of places) {
      for (const { nick } of seats.values()) {
        // Clients fold lines that look like a netsplit.
        if (!network.isSelf(nick))
          gone.set(nick, line(`${nick}!lost@proxy`, "QUIT", "proxy.local server.lost"))
      }
    }
    for (const one of gone.values()) audience.tell(one)
  }
}

const maxClients = 30
const maxKeptLines = 500
