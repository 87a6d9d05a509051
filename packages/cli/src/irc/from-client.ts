import { ChannelError, UsageError } from "stringphone/bytes"
import { notice } from "./audience.js"
import type { Client } from "./client.js"
import { enter } from "./greeting.js"
import { formatLine, type Line, line } from "./line.js"
import { foldName, isChannelName, proxyNick, withoutStatus } from "./names.js"
import { isDirectConnection, isProgramRequest } from "./noise.js"
import type { Parts } from "./parts.js"

/**
 * Obeys one client. What is typed for a channel that has, or had, a room reaches the server in no
 * other way than through the room: every line that names such a channel is stopped here, unless it
 * is one of the few that carry no text.
 */
export class FromClient {
  readonly #parts: Parts
  readonly #warned = new Set<string>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  hear(client: Client, said: Line): void {
    const { command, params } = said
    switch (command) {
      case "PONG":
      case "TAGMSG": // who is typing is nobody's business
        return
      case "QUIT":
        return client.end("Goodbye.")
      case "USER":
      case "PASS":
        return
      case "NICK":
        return this.#nick(client, said)
      case "JOIN":
        return this.#join(client, params)
      case "PRIVMSG":
      case "NOTICE":
        return this.#message(client, said)
      case "FLUTE":
        return this.#parts.rooms.obey(client, params.join(" "), false)
      default:
        return this.#other(client, said)
    }
  }

  #nick(client: Client, said: Line): void {
    try {
      this.#parts.answers.ask(client, said, Date.now())
      this.#parts.upstream.changeNick(said.params[0] ?? "")
    } catch (error) {
      this.#refuse(client, errorText(error))
    }
  }

  #join(client: Client, [names = "", keys = ""]: readonly string[]): void {
    const { network, upstream } = this.#parts
    const allKeys = keys.split(",")
    if (names === "0") {
      for (const { name } of [...network.places.values()])
        this.#pass(client, line(null, "PART", name))
      return
    }
    for (const [i, name] of names.split(",").entries()) {
      const place = network.place(name)
      if (place?.isComplete) {
        // Another client joined it before.
        if (!client.joined.has(foldName(name))) enter(this.#parts, client, place.name, 0)
        continue
      }
      this.#parts.answers.ask(client, line(null, "JOIN", name), Date.now())
      try {
        const key = allKeys[i] ?? ""
        upstream.channel(name, key === "" ? {} : { key })
      } catch (error) {
        this.#refuse(client, errorText(error))
      }
    }
  }

  #message(client: Client, said: Line): void {
    const { rooms } = this.#parts
    const [targets = "", text = ""] = said.params
    // What some server may take for the end of the name.
    if (/\s/.test(targets)) return this.#refuse(client, "Not sent: no name has white space in it.")
    for (const target of targets.split(",")) {
      const channel = withoutStatus(target)
      if (foldName(target) === foldName(proxyNick)) {
        if (said.command === "PRIVMSG") rooms.obey(client, text, true)
      } else if (isDirectConnection(text)) {
        this.#refuse(
          client,
          "Not sent: a direct connection (DCC) goes past the proxy, unencrypted, and shows your address.",
        )
      } else if (rooms.isGuarded(channel)) {
        if (said.command === "PRIVMSG") rooms.say(client, channel, text)
        else this.#refuse(client, "Not sent: a notice would not be encrypted.", channel)
      } else this.#speak(client, { ...said, params: [target, text] })
    }
  }

  #speak(client: Client, said: Line): void {
    const { audience, history, network } = this.#parts
    const atMs = Date.now()
    if (!this.#pass(client, said)) return
    const [target = "", text = ""] = said.params
    const own = line(network.prefix, said.command, target, text)
    if (isProgramRequest(text)) return
    if (this.#parts.rooms.isMember(target) && !this.#warned.has(target)) {
      this.#warned.add(target)
      this.#refuse(client, `Private messages, as this one to ${target}, are not encrypted.`)
    }
    history.add(target, own, atMs)
    audience.tellOwn(own, client, atMs)
  }

  #other(client: Client, said: Line): void {
    const { command, params } = said
    const guarded = params
      .flatMap((param) => param.split(/[\s,]/))
      .map(withoutStatus)
      .find((name) => isChannelName(name) && this.#parts.rooms.isGuarded(name))
    if (guarded === undefined) {
      this.#pass(client, said)
      return
    }
    const silent = withoutText(command, params)
    if (!silent) {
      return this.#refuse(
        client,
        command === "TOPIC"
          ? "Not set: the server and everybody on the channel could read the topic."
          : `${command} was not sent: what it carries would not be encrypted.`,
        guarded,
      )
    }
    this.#pass(client, { ...said, params: silent })
  }

  /** @returns whether it is on its way */
  #pass(client: Client, said: Line): boolean {
    const { answers, upstream } = this.#parts
    if (upstream.status !== "open") {
      this.#refuse(client, `Not sent: there is no connection to ${upstream.address} now.`)
      return false
    }
    answers.ask(client, said, Date.now())
    const text = formatLine({ ...said, prefix: null, tags: new Map() })
    upstream.sendLine(text).catch((error: unknown) => this.#refuse(client, errorText(error)))
    return true
  }

  #refuse(client: Client, text: string, target: string = this.#parts.network.nick): void {
    for (const one of notice(target, text)) client.send(one)
  }
}

/** The parameters that may go to the server for a guarded channel: single words. `null`: none may. */
function withoutText(command: string, params: readonly string[]): readonly string[] | null {
  const words = params.slice(0, wordsOf[command] ?? 0)
  const hasText = command === "TOPIC" && params.length > 1
  return words.length === 0 || hasText || words.some((word) => /\s|^:/.test(word)) ? null : words
}

/** How many parameters are not text, for commands that are needed on a guarded channel. */
const wordsOf: Readonly<Record<string, number>> = {
  INVITE: 2,
  KICK: 2,
  LIST: 2,
  MODE: 15,
  NAMES: 1,
  PART: 1,
  TOPIC: 1,
  WHO: 3,
}

/** What to tell somebody of an error. */
export function errorText(error: unknown): string {
  if (error instanceof UsageError || error instanceof ChannelError) return error.message
  return error instanceof Error ? error.message : String(error)
}
