import { type Callee, connectionLost } from "./failure.js"
import type { Inbox } from "./inbox.js"
import type { Connection } from "./link.js"
import { nameOf, natsPublishFailure, natsSubscribeFailure } from "./nats-failure.js"
import type { NatsLine } from "./nats-line.js"

/** What a connection needs to know of its channel. */
export interface NatsChannel {
  readonly callee: Callee
  readonly subject: string
  readonly maxMessageBytes: number
  readonly inbox: Inbox
}

/** More on their way at once would not make a server faster. */
export const natsWindow = 256

/**
 * Talks on a subject. The server says nothing about a message that it took, but it answers a ping
 * only after all that came before; so each batch of messages is followed by one.
 *
 * @throws {ChannelError} `refused`
 */
export async function talkOnSubject(line: NatsLine, channel: NatsChannel): Promise<Connection> {
  const { callee, inbox, maxMessageBytes, subject } = channel
  const { nc, over } = line
  const refusals: Error[] = []
  nc.subscribe(subject, {
    callback(error, message) {
      if (error) refusals.push(error)
      else if (message.data.length > maxMessageBytes) inbox.countDropped()
      // A copy: the client cuts payloads from larger pieces, which each would keep alive.
      else inbox.push({ bytes: new Uint8Array(message.data), from: null })
    },
  })
  await Promise.race([nc.flush().catch(() => over), over])
  if (line.isBroken()) throw connectionLost(callee, await over)
  if (refusals.length > 0) throw natsSubscribeFailure(callee, subject, refusals[0])

  const receipts = new Receipts(line, subject)
  return {
    window: natsWindow,
    lost: over.then((cause) => connectionLost(callee, cause)),
    async send({ bytes }) {
      nc.publish(subject, bytes)
      const refusal = await receipts.next()
      if (refusal) throw natsPublishFailure(callee, subject, refusal)
    },
    // Not reading would make the server hang up; a full inbox drops the oldest instead.
    pause() {},
    resume() {},
    close: () => line.close(),
  }
}

/** Pings after batches of messages. */
class Receipts {
  readonly #line: NatsLine
  readonly #subject: string
  #next: Promise<Error | null> | null = null
  #refusal: Error | null = null

  constructor(line: NatsLine, subject: string) {
    this.#line = line
    this.#subject = subject
    void this.#watch()
  }

  /** @returns why the server refused what was published in this turn, or `null` when it did not */
  next(): Promise<Error | null> {
    return (this.#next ??= this.#ping())
  }

  async #ping(): Promise<Error | null> {
    await Promise.resolve() // until all of this batch is published
    this.#next = null
    await this.#line.nc.flush().catch(() => new Promise(() => {})) // the outbox knows what to do
    await new Promise((resolve) => setTimeout(resolve, 0)) // refusals come by way of an iterator
    const refusal = this.#refusal
    this.#refusal = null
    return refusal
  }

  async #watch(): Promise<void> {
    for await (const status of this.#line.nc.status()) {
      if (status.type !== "error" || nameOf(status.error) !== "PermissionViolationError") continue
      const { operation, subject } = status.error as { operation?: string; subject?: string }
      if (operation === "publish" && subject === this.#subject) this.#refusal = status.error
    }
  }
}
