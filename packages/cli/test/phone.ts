import { randomBytes } from "node:crypto"
import { hex } from "stringphone/bytes"
import { openKeyRing } from "stringphone/keyring"
import {
  openTopic,
  type Pairing,
  type PairingRequest,
  type TopicEvent,
  type TopicSession,
} from "stringphone/session"
import type { Store } from "stringphone/store"
import { createMemoryStore } from "stringphone/store/memory"
import { connectMqtt } from "stringphone/transport/mqtt"
import { onTestFinished } from "vitest"
import {
  type CommandMessage,
  commandValidForMs,
  decodeHomeMessage,
  encodeHomeMessage,
  type HomeMessage,
} from "../src/home/messages.js"

type Heard = HomeMessage & { readonly from: string }
interface Visitor {
  readonly name?: string
  /** What it kept. */
  readonly store?: Store
  readonly wallClock?: () => number
}

type TopicEventOf<K extends TopicEvent["kind"]> = Extract<TopicEvent, { kind: K }>

/** A phone as the web page is one: the library, a ring of its own, and MQTT over the page's socket. */
export class Phone {
  readonly session: TopicSession
  readonly publicKey: string
  readonly #news: News

  private constructor(session: TopicSession, news: News) {
    this.session = session
    this.publicKey = hex(session.publicKey)
    this.#news = news
  }

  /** Comes to the page of a home: as one that nobody knows, or with what it kept. */
  static async visit(page: string, visitor: Visitor = {}): Promise<Phone> {
    const response = await fetch(new URL("home.json", page))
    const { channel, mqttPath } = (await response.json()) as { channel: string; mqttPath: string }
    return Phone.connect(new URL(mqttPath, page.replace("http:", "ws:")).href, channel, visitor)
  }

  /** Comes to a broker. */
  static async connect(
    url: string,
    channel: string,
    { name = "phone", store = createMemoryStore(), wallClock = Date.now }: Visitor = {},
  ): Promise<Phone> {
    const ring = await openKeyRing({ store })
    const transport = await connectMqtt({ url, topic: channel, backoff: { maxMs: 500 } })
    const news = new News()
    const session = await openTopic({
      store: ring.store,
      identity: ring.identity,
      contacts: ring,
      transport,
      ownName: name,
      wallClock,
      onEvent: (event) => news.happened(event),
    })
    void news.readAll(session)
    onTestFinished(() => session.close())
    return new Phone(session, news)
  }

  /** Asks to be let in, and waits until there is something to compare. */
  async ask(
    code?: string,
  ): Promise<{ readonly pairing: Pairing; readonly request: PairingRequest }> {
    const pairing = await this.session.join({ forMs: 20_000, ...(code !== undefined && { code }) })
    for await (const request of pairing) return { pairing, request }
    throw new Error(`Nobody answered: ${await pairing.closed}`)
  }

  /** The first message that matches, which may have come already; it is used up. */
  async hear(matches: (message: Heard) => boolean): Promise<Heard> {
    return this.#news.take(this.#news.heard, matches)
  }

  /** The first event of this kind that matches, as {@link hear}. */
  async event<K extends TopicEvent["kind"]>(
    kind: K,
    matches: (event: TopicEventOf<K>) => boolean = () => true,
  ): Promise<TopicEventOf<K>> {
    const isIt = (event: TopicEvent): event is TopicEventOf<K> =>
      event.kind === kind && matches(event as TopicEventOf<K>)
    return (await this.#news.take(this.#news.events, isIt)) as TopicEventOf<K>
  }

  /** @returns the command's `id` */
  async command(to: string, set: CommandMessage["set"]): Promise<string> {
    const id = randomBytes(8).toString("hex")
    const command = encodeHomeMessage({ kind: "command", to, id, set })
    await this.session.send(command, { validForMs: commandValidForMs })
    return id
  }

  /** Forgets what was heard and what happened so far. */
  forget(): void {
    this.#news.heard.length = 0
    this.#news.events.length = 0
  }
}

/** What came and was not asked for yet. */
class News {
  readonly heard: Heard[] = []
  readonly events: TopicEvent[] = []
  #wake: (() => void)[] = []

  happened(event: TopicEvent): void {
    this.events.push(event)
    this.#tell()
  }

  async readAll(session: TopicSession): Promise<void> {
    for await (const { from, payload } of session.messages) {
      const message = decodeHomeMessage(payload)
      if (message) this.heard.push({ ...message, from: hex(from.publicKey) })
      this.#tell()
    }
  }

  async take<T>(list: T[], matches: (one: T) => boolean): Promise<T> {
    for (;;) {
      const at = list.findIndex(matches)
      if (at >= 0) return list.splice(at, 1)[0]!
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
