import type { Command } from "commander"
import type { ReceivedMessage, TopicEvent, TopicSession } from "stringphone"
import { hex, UsageError } from "stringphone/bytes"
import { contactByKey, trustOf } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import type { Context } from "../context.js"
import { reportFailure } from "../failure.js"
import { HeardTally, readHeard } from "../heard.js"
import { interrupted } from "../interrupt.js"
import { pause, withTopic } from "../live-topic.js"
import { nameOf, shownName } from "../member.js"
import { messageLine, reportMessage } from "../message-line.js"
import { refusedText } from "../refused.js"
import { parseCount } from "../seconds.js"
import { Tally } from "../tally.js"
import { glance } from "../topic-glance.js"
import { publicAddresses, requireTopic, type TopicRecord } from "../topic-shelf.js"
import { countOf } from "../wording.js"
import { examples, run } from "./shape.js"

export function addTopicListenCommand(topic: Command): void {
  const listen = topic
    .command("listen <name>")
    .description("print what the participants say, until Ctrl-C")
    .option("--count <messages>", "end after this many messages", parseCount)
    .action(
      run((context, name: string, options: ListenOptions) => listenTo(context, name, options)),
    )
  examples(listen, [
    "topic listen kitchen",
    "topic listen kitchen --json --count 1",
    "topic listen kitchen | tee kitchen.log",
  ])
}

interface ListenOptions {
  readonly count?: number
}

async function listenTo(context: Context, name: string, options: ListenOptions): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    const { standing } = await glance(ring, record)
    if (standing === "outside" || standing === "removed") {
      throw new UsageError(
        standing === "removed" ? "removed" : "not-joined",
        standing === "removed"
          ? `You were removed from the topic ${shownName(name)}. Ask an admin to let you in again: ${context.command} topic join ADDRESS`
          : `Nobody let you into the topic ${shownName(name)} yet. Join it: ${context.command} topic join ADDRESS`,
      )
    }
    const heard = new HeardTally(ring, record, await readHeard(ring, record))
    try {
      await new Listening(context, ring, record, heard, options).run()
    } finally {
      await heard.close()
    }
  })
}

type End = "asked" | "taken-over" | "removed"

/** One run of the command, from the connection to Ctrl-C. */
class Listening {
  readonly #context: Context
  readonly #ring: KeyRing
  readonly #record: TopicRecord
  readonly #heard: HeardTally
  readonly #options: ListenOptions
  readonly #ending = interrupted()
  readonly #refused = new Tally(10_000, (counts) => this.#sayRefused(counts))
  #ended = false
  #isConnected = true
  #behind: NodeJS.Timeout | null = null
  #messages = 0

  constructor(
    context: Context,
    ring: KeyRing,
    record: TopicRecord,
    heard: HeardTally,
    options: ListenOptions,
  ) {
    this.#context = context
    this.#ring = ring
    this.#record = record
    this.#heard = heard
    this.#options = options
  }

  async run(): Promise<void> {
    const asked = this.#ending.promise.then((): End => "asked")
    void asked.then(() => (this.#ended = true))
    try {
      for (;;) {
        const end = await this.#session(asked)
        if (end === "removed") process.exitCode = 1
        if (end !== "taken-over") return
        await this.#untilFree()
        if (this.#ended) return
      }
    } finally {
      this.#caughtUp()
      this.#refused.flush()
    }
  }

  /** From taking the topic over to the loss of it. */
  async #session(asked: Promise<End>): Promise<End> {
    const controller = new AbortController()
    void asked.then(() => controller.abort())
    let finish: (end: End) => void = () => {}
    const finished = new Promise<End>((resolve) => (finish = resolve))
    const onEvent = (event: TopicEvent): void => this.#hear(event, finish)
    const options = { onEvent, signal: controller.signal }
    try {
      return await withTopic(this.#context, this.#ring, this.#record, options, async (session) => {
        this.#sayListening(session)
        void this.#read(session, finish)
        return Promise.race([asked, finished])
      })
    } catch (error) {
      if (this.#ended) return "asked"
      throw error
    }
  }

  /** Another command of ours changes the topic; what it receives meanwhile is kept for us. */
  async #untilFree(): Promise<void> {
    this.#mark("Another command receives for this topic; waiting until it ends.", {
      event: "taken-over",
    })
    while (!this.#ended && (await glance(this.#ring, this.#record)).isElsewhere) await pause(500)
  }

  async #read(session: TopicSession, finish: (end: End) => void): Promise<void> {
    const messages = session.messages[Symbol.asyncIterator]()
    for (;;) {
      const next = await messages.next()
      if (next.done) return
      this.#print(next.value)
      if (this.#messages !== this.#options.count) continue
      // Asking for the next one says that this one was handled; the next one is not shown, and kept.
      void messages.next()
      return finish("asked")
    }
  }

  #print(message: ReceivedMessage): void {
    this.#messages += 1
    this.#heard.message(message.from.publicKey)
    this.#context.print(messageLine(this.#context, message), reportMessage(message))
  }

  #hear(event: TopicEvent, finish: (end: End) => void): void {
    switch (event.kind) {
      case "rekeyed":
        this.#caughtUp()
        return this.#sayRekeyed(event)
      case "gap":
        return this.#sayGap(event)
      case "rejected": {
        this.#heard.rejected(event.code)
        const { claimed } = event
        const who = claimed ? nameOf(claimed.publicKey, claimed.contact) : null
        return this.#refused.count(JSON.stringify([event.code, who]))
      }
      case "joined":
        return void this.#name(event.from).then((who) =>
          this.#mark(`${who} let you in.`, { event: "joined", from: hex(event.from) }),
        )
      case "removed":
        return void this.#name(event.by).then((who) => {
          this.#mark(`You were removed from this topic by ${who}. Nothing more can be read.`, {
            event: "removed",
            by: hex(event.by),
          })
          finish("removed")
        })
      case "behind":
        // Often it comes a moment later; then nobody wants to know.
        this.#behind ??= setTimeout(() => {
          this.#mark("A newer key is in use here; asking for it.", { event: "behind" })
        }, 1_500)
        return
      case "old-copy":
        return this.#mark(
          "This key ring is an old copy: was it restored? Going on; messages may be missing.",
          { event: "old-copy" },
        )
      case "taken-over":
        this.#caughtUp()
        return finish("taken-over")
      case "failed":
        reportFailure(event.error, false)
        return
      case "channel":
        if (event.event.kind === "status") this.#sayStatus(event.event.status)
        if (event.event.kind === "dropped") {
          this.#refused.count(JSON.stringify(["dropped", null]), event.event.count)
        }
        if (event.event.kind === "trouble") reportFailure(event.event.error, false)
        return
      case "branch":
        return
    }
  }

  #sayListening({ epoch, publicKey, standing }: TopicSession): void {
    const { name } = this.#record
    const addresses = publicAddresses(this.#record)
    const text =
      standing === "outside"
        ? `Waiting to be let into ${shownName(name)} at ${addresses.join(" + ")}; Ctrl-C ends it.`
        : `Listening to ${shownName(name)} at ${addresses.join(" + ")}; Ctrl-C ends it.`
    const event = { event: "listening", topic: name, address: addresses[0], addresses }
    this.#context.print(text, { ...event, epoch, publicKey: hex(publicKey) })
  }

  #sayRekeyed(event: Extract<TopicEvent, { kind: "rekeyed" }>): void {
    const { added, by, epoch, removed } = event
    void this.#names([by, ...added, ...removed]).then(([who, ...others]) => {
      const changes = others.map((other, i) =>
        i < added.length ? `let in ${other}` : `removed ${other}`,
      )
      const what = changes.length > 0 ? `${who} ${changes.join(", ")}` : `${who} renewed the key`
      this.#mark(`${what} (key ${epoch}).`, {
        event: "rekeyed",
        epoch,
        by: hex(by),
        added: added.map(hex),
        removed: removed.map(hex),
      })
    })
  }

  #sayGap(gap: Extract<TopicEvent, { kind: "gap" }>): void {
    const { atRemoval, from, missing, possiblyMissing } = gap
    this.#heard.gap(missing, possiblyMissing)
    const who = nameOf(from.publicKey, from.contact)
    const petname = from.contact?.petname ?? null
    const counts = { missing, possiblyMissing, ...(atRemoval && { atRemoval }) }
    const event = { event: "gap", from: hex(from.publicKey), petname, ...counts }
    // Whenever somebody starts anew, numbers that it never used may be missing: no news for a person.
    if (missing === 0 && !this.#context.json) return
    const why = atRemoval
      ? "did not count: sent before it was known that somebody was removed"
      : "did not arrive"
    this.#mark(`${countOf(missing, "message")} of ${who} ${why}.`, event)
  }

  #sayRefused(counts: ReadonlyMap<string, number>): void {
    for (const [key, count] of counts) {
      const [code, who] = JSON.parse(key) as [string, string | null]
      this.#mark(`${refusedText(code, count, who)}.`, {
        event: "rejected",
        code,
        count,
        claimed: who,
      })
    }
  }

  #sayStatus(status: string): void {
    if (status === "reconnecting" && this.#isConnected) {
      this.#isConnected = false
      this.#mark("The connection is lost; trying again.", { event: "status", status })
    } else if (status === "open" && !this.#isConnected) {
      this.#isConnected = true
      this.#mark("The connection is back.", { event: "status", status })
    }
  }

  #caughtUp(): void {
    clearTimeout(this.#behind ?? undefined)
    this.#behind = null
  }

  async #name(publicKey: Uint8Array): Promise<string> {
    return (await this.#names([publicKey])).join("")
  }

  async #names(publicKeys: readonly Uint8Array[]): Promise<readonly string[]> {
    const book = await this.#ring.contacts()
    const own = hex(this.#ring.identity.publicKey)
    return publicKeys.map((key) => {
      const contact = contactByKey(book, key)
      if (hex(key) === own) return "you"
      return trustOf(contact).state === "revoked"
        ? `${nameOf(key, contact)} (revoked)`
        : nameOf(key, contact)
    })
  }

  /** What is not a message begins with a sign; every line of a message begins with a time or a bar. */
  #mark(text: string, event: object): void {
    this.#context.print(this.#context.paint.warn(`⚠ ${text}`), event)
  }
}
