import { ChannelError, UsageError } from "../../bytes/index.js"
import type { ChannelUplink, IrcChannel } from "./channel.js"
import type { IrcMessage } from "./message.js"
import type { IrcTextChannel } from "./options.js"
import type { ServerFacts } from "./server.js"
import { isChannelName } from "./url.js"
import type { Wire } from "./wire.js"

/** The channels of one connection: who of them hears what. */
export class Channels {
  readonly #all = new Set<IrcChannel>()

  add(channel: IrcChannel): void {
    this.#all.add(channel)
  }

  remove(channel: IrcChannel): void {
    this.#all.delete(channel)
  }

  find(name: string, server: ServerFacts): IrcChannel | null {
    const folded = server.fold(name)
    for (const channel of this.#all) if (server.fold(channel.name) === folded) return channel
    return null
  }

  /** Each of them; listeners may close some meanwhile. */
  [Symbol.iterator](): Iterator<IrcChannel> {
    return [...this.#all][Symbol.iterator]()
  }

  /** @param own what we are called; before this line, if it changes that */
  hear(message: IrcMessage, { server, netsplits }: Wire, own: string): void {
    const { command, params, source } = message
    const [first = "", second = ""] = params
    const who = source?.name ?? ""
    switch (command) {
      case "NICK": {
        const isSelf = server.fold(who) === server.fold(own)
        for (const channel of this) channel.rename(who, first, isSelf)
        return
      }
      case "QUIT": {
        const reason = netsplits.includes(message) ? "netsplit" : "quit"
        for (const channel of this) channel.leave(who, reason)
        return
      }
      case "PRIVMSG":
        if (server.fold(first) === server.fold(own)) return this.#hearPrivate(who, second)
        break
      default:
    }
    this.find(channelParameter(command, params) ?? "", server)?.hear(message)
  }

  /** A line to us alone says not which channel it is about: all where its sender is get it. */
  #hearPrivate(from: string, text: string): void {
    for (const channel of this) if (channel.has(from)) channel.line(from, text, true)
  }
}

/** What a channel sees of its connection, whichever wire that has at the moment. */
export function uplinkOf(
  fixed: Pick<ChannelUplink, "address" | "queue" | "forget">,
  wire: () => Wire,
): ChannelUplink {
  return {
    ...fixed,
    get prefix() {
      return wire().prefix
    },
    get server() {
      return wire().server
    },
  }
}

/** @throws {UsageError} `bad-channel` */
export function checkChannel(name: string, key: string | undefined): void {
  if (isChannelName(name) && (key === undefined || /^[^\s,\0:][^\s,\0]*$/.test(key))) return
  throw new UsageError(
    "bad-channel",
    "Expected a channel like #kitchen, and a key without spaces and commas.",
  )
}

/** @throws {ChannelError} why it did not open */
export function untilOpen(channel: IrcTextChannel): Promise<void> {
  return new Promise((resolve, reject) => {
    if (channel.status === "open") return resolve()
    if (channel.status === "closed") return reject(closed())
    const stop = channel.onEvent((event) => {
      if (event.kind !== "status" || (event.status !== "open" && event.status !== "closed")) return
      stop()
      if (event.status === "open") resolve()
      else reject(event.error ?? closed())
    })
  })
}

export function closed(): ChannelError {
  return new ChannelError("closed", "This connection is closed. Connect again to send.")
}

/** Which parameter of these names the channel that the line is about. */
function channelParameter(command: string, params: readonly string[]): string | undefined {
  switch (command) {
    case "JOIN":
    case "PART":
    case "KICK":
    case "PRIVMSG":
      return params[0]
    case "353":
      return params[2]
    default:
      return /^\d{3}$/.test(command) ? params[1] : undefined
  }
}
