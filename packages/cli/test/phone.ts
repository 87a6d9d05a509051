import { hex } from "stringphone/bytes"
import { openKeyRing } from "stringphone/keyring"
import { openClassicTopic, type ClassicTopicSession } from "stringphone/session"
import { createMemoryStore } from "stringphone/store/memory"
import { connectMqtt } from "stringphone/transport/mqtt"
import { participantId } from "stringphone/topic/classic"
import { onTestFinished } from "vitest"
import {
  type CommandMessage,
  decodeHomeMessage,
  encodeHomeMessage,
  type HomeMessage,
} from "../src/home/messages.js"

type Heard = HomeMessage & { readonly from: string }

/** A phone as the web page is one: the library, a ring of its own, and MQTT over the page's socket. */
export class Phone {
  readonly words: string
  readonly publicKey: string
  readonly id: string
  readonly session: ClassicTopicSession
  readonly #heard: Heard[]
  readonly #wake: Set<() => void>

  private constructor(
    session: ClassicTopicSession,
    words: string,
    heard: Heard[],
    wake: Set<() => void>,
  ) {
    this.session = session
    this.words = words
    this.publicKey = hex(session.publicKey)
    this.id = hex(participantId(session.publicKey))
    this.#heard = heard
    this.#wake = wake
  }

  /** Comes to the page of a home, as one that nobody knows. */
  static async visit(page: string): Promise<Phone> {
    const response = await fetch(new URL("home.json", page))
    const { channel, mqttPath } = (await response.json()) as { channel: string; mqttPath: string }
    const url = new URL(mqttPath, page.replace("http:", "ws:")).href
    const ring = await openKeyRing({ store: createMemoryStore() })
    const record = { topicKey: null, keyProven: false, participants: [] }
    await ring.updateTopic("home", () => ({
      name: "home",
      address: `${url}#${channel}`,
      ...record,
    }))
    const transport = await connectMqtt({ url, topic: channel, backoff: { maxMs: 500 } })
    const heard: Heard[] = []
    const wake = new Set<() => void>()
    const tell = (): void => wake.forEach((one) => one())
    const session = await openClassicTopic({
      ring,
      name: "home",
      transport,
      onMessage: ({ from, payload }) => {
        const message = decodeHomeMessage(payload)
        if (message) heard.push({ ...message, from: hex(participantId(from)) })
        tell()
      },
      onEvent: tell,
    })
    onTestFinished(() => session.close())
    return new Phone(session, ring.identity.fingerprint.words.join(" "), heard, wake)
  }

  /** Asks to be trusted, and trusts these devices, once they answer, and no others. */
  async join(devices: readonly string[]): Promise<void> {
    await this.session.openPairing(20_000)
    for (const device of devices) {
      await this.#until(() =>
        this.session.requests.some(({ publicKey }) => hex(publicKey) === device),
      )
      const request = this.session.requests.find(({ publicKey }) => hex(publicKey) === device)
      await this.session.accept(request!.publicKey, { verifiedBy: "words" })
    }
  }

  /** The first message that matches, which may have come already; it is used up. */
  async hear<T extends HomeMessage>(matches: (message: HomeMessage) => message is T): Promise<T>
  async hear(matches: (message: HomeMessage) => boolean): Promise<HomeMessage>
  async hear(matches: (message: HomeMessage) => boolean): Promise<HomeMessage> {
    await this.#until(() => this.#heard.some(matches))
    return this.#heard.splice(this.#heard.findIndex(matches), 1)[0]!
  }

  async command(to: string, sequence: number, set: CommandMessage["set"]): Promise<void> {
    // Nothing is sent before something has shown that the topic's key is the right one.
    await this.#until(() => this.session.membership === "member")
    await this.session.send(encodeHomeMessage({ kind: "command", to, sequence, set }))
  }

  /** Forgets what was heard so far. */
  forget(): void {
    this.#heard.length = 0
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake.add(resolve)
      })
      this.#wake.clear()
    }
  }
}
