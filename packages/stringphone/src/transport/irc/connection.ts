import { ChannelError, UsageError, utf8 } from "../../bytes/index.js"
import { type Clock, systemClock } from "../clock.js"
import type { TransportStatus } from "../port.js"
import { Backoff } from "../reconnect.js"
import { IrcChannel } from "./channel.js"
import { Channels, checkChannel, closed, untilOpen, uplinkOf } from "./channels.js"
import { cleanText } from "./clean-text.js"
import type { ConnectionPlan } from "./connection-plan.js"
import { type Lane, LineQueue } from "./line-queue.js"
import type { IrcLink } from "./link.js"
import { ListenerSet } from "./listener-set.js"
import type { IrcMessage } from "./message.js"
import { NickWish } from "./nick-wish.js"
import type {
  IrcConnection,
  IrcConnectionEvent,
  IrcTextChannel,
  IrcUserOptions,
  JoinOptions,
  SendIrcLineOptions,
} from "./options.js"
import { paceOf, safePace } from "./pace.js"
import { Registration } from "./registration.js"
import type { IrcServer } from "./server.js"
import { isNick } from "./url.js"
import { Wire, noLink } from "./wire.js"

/** Trying again will not help: a person has to change something first. */
const hopeless: readonly string[] = ["refused", "untrusted-certificate"]

const longestOutgoing = 510

/** Keeps one connection to a network, and what is on it. */
export class Connection implements IrcConnection, Lane {
  readonly address: string
  readonly #plan: ConnectionPlan
  readonly #options: IrcUserOptions
  readonly #clock: Clock
  readonly #queue: LineQueue
  readonly #backoff: Backoff
  readonly #nickWish: NickWish
  readonly #channels = new Channels()
  readonly #events = new ListenerSet<IrcConnectionEvent>()
  readonly #lines = new ListenerSet<string>()
  readonly #ending = new AbortController()
  /** The present one, or the last. */
  #wire: Wire
  #isConnected = false
  #status: TransportStatus = "connecting"
  #ended: Promise<void> | null = null

  constructor(plan: ConnectionPlan, options: IrcUserOptions) {
    this.address = plan.address
    this.#plan = plan
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#queue = new LineQueue(this.#clock, options.pace ?? safePace)
    this.#backoff = new Backoff({ clock: this.#clock, ...options.backoff })
    this.#nickWish = new NickWish(this.#clock, options.nick, (line) => this.#queue.sendNow(line))
    this.#wire = this.#newWire(noLink)
  }

  get status(): TransportStatus {
    return this.#status
  }

  get nick(): string {
    return this.#wire.prefix.nick
  }

  get server(): IrcServer {
    return this.#wire.server
  }

  /** Its own lines may go out whenever there is a connection. */
  get isReady(): boolean {
    return this.#status === "open"
  }

  channel(name: string, { key }: JoinOptions = {}): IrcTextChannel {
    checkChannel(name, key)
    const known = this.#channels.find(name, this.#wire.server)
    if (known) return known
    const { address } = this
    const fixed = {
      address,
      queue: this.#queue,
      forget: (gone: IrcChannel) => this.#channels.remove(gone),
    }
    const channel = new IrcChannel(
      name,
      key,
      uplinkOf(fixed, () => this.#wire),
    )
    if (this.#ended) channel.end(closed())
    else this.#channels.add(channel)
    if (this.isReady) this.#enter(channel)
    return channel
  }

  async join(name: string, options?: JoinOptions): Promise<IrcTextChannel> {
    const channel = this.channel(name, options)
    await untilOpen(channel)
    return channel
  }

  async sendLine(line: string, options: SendIrcLineOptions = {}): Promise<void> {
    if (line === "" || /[\r\n\0]/.test(line)) {
      throw new UsageError("bad-line", "A line is not empty and has no line break and no NUL.")
    }
    // Tags in front have a length of their own.
    const { length } = utf8(line.replace(/^@\S* +/, ""))
    if (length > longestOutgoing) {
      throw new UsageError(
        "line-too-long",
        `The line has ${length} bytes, and a server takes ${longestOutgoing}. Split it.`,
      )
    }
    if (this.#ended) throw closed()
    const { signal, urgency = "chat" } = options
    await this.#queue.send({ text: line, lane: this, urgency, signal })
  }

  onLine(listener: (line: string) => void): () => void {
    return this.#lines.add(listener)
  }

  changeNick(nick: string): void {
    if (!isNick(nick)) throw new UsageError("bad-nick", "This can not be a nick. Choose another.")
    this.#nickWish.change(nick, this.isReady)
  }

  onEvent(listener: (event: IrcConnectionEvent) => void): () => void {
    return this.#events.add(listener)
  }

  close(farewell = ""): Promise<void> {
    return this.#end(closed(), undefined, farewell)
  }

  /** Resolves when open for the first time; keeps reconnecting behind that. */
  async open(isPatient: boolean): Promise<void> {
    for (;;) {
      try {
        this.#use(await this.#dial())
        return
      } catch (error) {
        const reason = asChannelError(error)
        if (this.#isEnded()) throw reason
        if (!isPatient || hopeless.includes(reason.code)) {
          await this.#end(reason, reason)
          throw reason
        }
        await this.#pause(reason)
      }
    }
  }

  #use(wire: Wire): void {
    this.#backoff.connected()
    this.#setStatus("open")
    if (this.#isEnded()) return // a listener closed us just now
    for (const channel of this.#channels) this.#enter(channel)
    this.#queue.wake()
    void this.#reopenWhenLost(wire)
  }

  #enter(channel: IrcChannel): void {
    channel.enter()
    if (this.#plan.isRegistered) channel.inquire()
  }

  async #reopenWhenLost({ watch }: Wire): Promise<void> {
    let reason = await watch.lost
    if (this.#ended) return
    this.#letGo()
    if (this.#plan.isRegistered) return this.#end(reason, reason)
    for (const channel of this.#channels) channel.lose(reason)
    for (;;) {
      await this.#pause(reason)
      if (this.#isEnded()) return
      try {
        return this.#use(await this.#dial())
      } catch (error) {
        reason = asChannelError(error)
      }
    }
  }

  async #pause(reason: ChannelError): Promise<void> {
    if (this.#ended) return
    this.#setStatus("reconnecting", reason)
    await this.#backoff.pause(this.#ending.signal)
  }

  /** Opens a link and introduces us. */
  async #dial(): Promise<Wire> {
    const attempt = new AbortController()
    const giveUp = (): void => attempt.abort()
    const cancel = this.#clock.schedule(this.#options.connectTimeoutMs ?? 20_000, giveUp)
    this.#ending.signal.addEventListener("abort", giveUp)
    try {
      if (this.#ended) throw closed()
      const link = await this.#plan.dial(attempt.signal)
      try {
        return await this.#introduce(link, attempt.signal)
      } catch (error) {
        this.#letGo()
        void link.close()
        throw error
      }
    } finally {
      cancel()
      this.#ending.signal.removeEventListener("abort", giveUp)
    }
  }

  async #introduce(link: IrcLink, signal: AbortSignal): Promise<Wire> {
    const { nick } = this.#nickWish
    const wire = (this.#wire = this.#newWire(link))
    this.#isConnected = true
    this.#queue.open((line) => link.send(line))
    const send = (line: string): void => this.#queue.sendNow(line)
    const { isRegistered, where } = this.#plan
    const registration = isRegistered
      ? null
      : new Registration({ ...this.#options, nick }, where, send)
    if (isRegistered) send(`WHO ${nick}`)
    const hear = (line: string, message: IrcMessage | null): void => {
      if (this.#wire !== wire || !this.#isConnected) return
      if (message) this.#hear(wire, message)
      this.#lines.emit(line)
    }
    await wire.introduce(registration, signal, hear, () => this.#noAnswer())
    return wire
  }

  #newWire(link: IrcLink): Wire {
    return new Wire(link, this.#clock, this.#options.pingMs ?? 30_000, this.#nickWish.nick)
  }

  #hear(wire: Wire, message: IrcMessage): void {
    const { server, prefix } = wire
    const { command, params } = message
    const before = prefix.nick
    wire.hear(message)
    if (command === "PING") return this.#queue.sendNow(`PONG :${params.at(-1) ?? ""}`)
    if (command === "004") this.#queue.pace = this.#options.pace ?? paceOf(server.kind)
    this.#channels.hear(message, wire, before)
    this.#nickWish.hear(message, server, prefix.nick)
    if (prefix.nick !== before && this.#status === "open") {
      this.#events.emit({ kind: "nick", nick: prefix.nick })
    }
  }

  #noAnswer(): ChannelError {
    return this.#ended
      ? closed()
      : new ChannelError(
          "unreachable",
          `The server at ${this.#plan.where} did not greet us in time. Does it speak IRC?`,
        )
  }

  #letGo(): void {
    this.#wire.watch.stop()
    this.#isConnected = false
    this.#nickWish.rest()
    this.#queue.lost()
  }

  #isEnded(): boolean {
    return this.#ended !== null
  }

  #end(refusal: ChannelError, error?: ChannelError, farewell = ""): Promise<void> {
    return (this.#ended ??= this.#shut(refusal, error, farewell))
  }

  async #shut(refusal: ChannelError, error: ChannelError | undefined, text: string): Promise<void> {
    const { link } = this.#wire
    if (this.#status === "open" && !this.#plan.isRegistered) {
      this.#queue.sendNow(`QUIT :${cleanText(text)}`)
    }
    this.#letGo()
    this.#status = "closed"
    for (const channel of this.#channels) channel.end(refusal)
    this.#queue.clear(this, refusal)
    this.#ending.abort()
    await link.close()
    this.#setStatus("closed", error)
  }

  #setStatus(status: TransportStatus, error?: ChannelError): void {
    this.#status = status
    this.#events.emit({ kind: "status", status, ...(error && { error }) })
  }
}

function asChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error
  return new ChannelError("unreachable", "Connecting failed. The cause says why.", { cause: error })
}
