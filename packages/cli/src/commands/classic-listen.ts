import type { Command } from "commander"
import { fromUtf8, UsageError } from "stringphone/bytes"
import { trustOf } from "stringphone/identity"
import type { ClassicTopicRecord, KeyRing } from "stringphone/keyring"
import type { ClassicTopicEvent, ClassicTopicSession, TopicMessage } from "stringphone/session"
import type { Context } from "../context.js"
import { reportFailure } from "../failure.js"
import { ignoredText } from "../ignored.js"
import { interrupted } from "../interrupt.js"
import { fingerprintForm, reportKey } from "../person.js"
import { Tally } from "../tally.js"
import { parseCount, parseSeconds } from "../seconds.js"
import { visible } from "../terminal/escape.js"
import { listenToKeys } from "../terminal/keys.js"
import { wrap } from "../terminal/wrap.js"
import { formatTopicAddress, parseTopicAddress } from "../topic-address.js"
import { requireTopic, requireTopicKey, withTopic } from "../classic-session.js"
import { Doorkeeper } from "./classic-doorkeeper.js"
import { examples, run } from "./shape.js"

export function addClassicListenCommand(topic: Command): void {
  const listen = topic
    .command("listen <name>")
    .description("(classic) print what the participants say, until Ctrl-C")
    .option(
      "--pair [seconds]",
      "let others in meanwhile, each after your y or n (default: 300)",
      parseSeconds,
    )
    .option("--expect <fingerprint>", "with --pair: let exactly this key in, without asking")
    .option("--count <messages>", "end after this many messages", parseCount)
    .action(
      run((context, name: string, options: ListenOptions) => listenTo(context, name, options)),
    )
  examples(listen, [
    "classic listen kitchen",
    "classic listen kitchen --pair",
    "classic listen kitchen --pair=60 --expect 'abandon ability …'",
    "classic listen kitchen --json --count 1",
  ])
}

interface ListenOptions {
  readonly pair?: number | true
  readonly expect?: string
  readonly count?: number
}

async function listenTo(context: Context, name: string, options: ListenOptions): Promise<void> {
  if (options.expect !== undefined) {
    fingerprintForm(options.expect)
    if (options.pair === undefined) {
      throw new UsageError("bad-option", "--expect says whom --pair lets in. Give --pair, too.")
    }
  }
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    requireTopicKey(record)
    await new Listening(context, ring, record, options).run()
  })
}

/** One run of the command, from the connection to Ctrl-C. */
class Listening {
  readonly #context: Context
  readonly #ring: KeyRing
  readonly #record: ClassicTopicRecord
  readonly #options: ListenOptions
  readonly #ending = interrupted()
  readonly #ignored = new Tally(10_000, (counts) => this.#sayIgnored(counts))
  #doorkeeper: Doorkeeper | null = null
  #messages = 0

  constructor(context: Context, ring: KeyRing, record: ClassicTopicRecord, options: ListenOptions) {
    this.#context = context
    this.#ring = ring
    this.#record = record
    this.#options = options
  }

  async run(): Promise<void> {
    const controller = new AbortController()
    void this.#ending.promise.then(() => controller.abort())
    const listeners = {
      onMessage: (message: TopicMessage) => this.#print(message),
      onEvent: (event: ClassicTopicEvent) => this.#hear(event),
      signal: controller.signal,
    }
    try {
      await withTopic(this.#ring, this.#record, listeners, (session) => this.#listen(session))
    } catch (error) {
      if (!controller.signal.aborted) throw error
    } finally {
      this.#ignored.flush()
    }
  }

  async #listen(session: ClassicTopicSession): Promise<void> {
    const { name, address } = this.#record
    const own = reportKey(session.publicKey)
    const shown = formatTopicAddress(parseTopicAddress(address))
    this.#say(
      `Listening to the classic topic ${visible(name)} at ${visible(shown)}; Ctrl-C ends it.`,
      {
        event: "listening",
        protocol: "classic",
        topic: name,
        address: shown,
        ...own,
      },
    )
    const stopKeys = await this.#openDoor(session, own.words)
    await this.#ending.promise
    stopKeys()
  }

  async #openDoor(session: ClassicTopicSession, ownWords: string): Promise<() => void> {
    const { expect, pair } = this.#options
    if (pair === undefined) return () => {}
    const seconds = pair === true ? 300 : pair
    this.#doorkeeper = new Doorkeeper({
      session,
      expect,
      kind: "introduction",
      say: (text, event) => this.#say(text, event),
      onDecided: (publicKey, accepted) => {
        if (accepted) this.#sayTrusted(session, publicKey)
      },
      onError: (error) => reportFailure(error, false),
    })
    await session.openPairing(seconds * 1000)
    this.#say(
      `Others may ask to be let in for ${seconds} s. They should see these words of yours:\n\n  ${ownWords}\n`,
      { event: "pairing", open: true, seconds },
    )
    if (expect !== undefined) return () => {}
    return listenToKeys(process.stdin, (key) => {
      if (key === "\x03") this.#ending.interrupt()
      else this.#doorkeeper?.press(key)
    })
  }

  #hear(event: ClassicTopicEvent): void {
    switch (event.kind) {
      case "request":
        return this.#doorkeeper?.ask(event.request)
      case "crowded":
        return this.#say("Very many ask to be let in; somebody may be flooding the channel.", {
          event: "crowded",
        })
      case "pairing-closed":
        return this.#say("Nobody else may ask to be let in now.", { event: "pairing", open: false })
      case "rejected":
        return this.#ignored.count(event.error.code)
      case "failed":
        reportFailure(event.error, false)
        return
      case "channel":
        if (event.event.kind === "status") this.#sayStatus(event.event.status)
        if (event.event.kind === "dropped") this.#ignored.count("dropped", event.event.count)
        return
      case "joined":
      case "key-proven":
        return
    }
  }

  #print(message: TopicMessage): void {
    const { contact, from, payload, receivedMs } = message
    const text = fromUtf8(payload)
    const { state, by } = trustOf(contact)
    const { paint } = this.#context
    const time = new Date(receivedMs).toTimeString().slice(0, 8)
    const petname = visible(contact?.petname ?? "(no contact)")
    const trust = state === "verified" ? `✔ verified` : state
    const plainHead = `${time} ${petname} ${trust} (classic) `
    const head = `${paint.dim(time)} ${paint.bold(petname)} ${state === "verified" ? paint.good(trust) : paint.warn(trust)} ${paint.dim("(classic)")} `
    const body = text === null ? `${payload.length} bytes that are no text` : visible(text)
    const columns = process.stdout.isTTY ? process.stdout.columns : Infinity
    this.#say(head + wrap(body, columns, plainHead.length + 2, "         │ "), {
      event: "message",
      at: new Date(receivedMs).toISOString(),
      from: reportKey(from).publicKey,
      petname: contact?.petname ?? null,
      trust: state,
      ...(by && { verifiedBy: by }),
      protocol: "classic",
      ...(text === null ? { base64: Buffer.from(payload).toString("base64") } : { text }),
    })
    this.#messages += 1
    if (this.#messages === this.#options.count) this.#ending.interrupt()
  }

  #sayTrusted(session: ClassicTopicSession, publicKey: Uint8Array): void {
    const petname = session.contact(publicKey)?.petname ?? ""
    const text = `${visible(petname)} is in. To change the name: ${this.#context.command} contacts rename ${visible(petname)} NAME`
    this.#say(text, { event: "trusted", petname, ...reportKey(publicKey) })
  }

  #sayStatus(status: string): void {
    if (status === "reconnecting") {
      this.#say("The connection to the broker is lost; trying again.", { event: "status", status })
    } else if (status === "open") {
      this.#say("The connection to the broker is back.", { event: "status", status })
    }
  }

  #sayIgnored(counts: ReadonlyMap<string, number>): void {
    for (const [code, count] of counts) {
      const text = ignoredText(code, count)
      if (this.#context.json) this.#say(text, { event: "rejected", code, count })
      else process.stderr.write(`${text}\n`)
    }
  }

  #say(text: string, event: object): void {
    this.#context.print(text, event)
  }
}
