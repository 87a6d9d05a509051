import { ChannelError } from "../../bytes/index.js"
import type { IrcLink } from "./link.js"

/** As much of a client of `irc-framework` as is needed. */
export interface IrcFrameworkClient {
  raw(line: string): void
  on(event: "raw", listener: (event: { line: string; from_server: boolean }) => void): unknown
  on(event: "socket close", listener: () => void): unknown
  off(event: "raw", listener: (event: { line: string; from_server: boolean }) => void): unknown
}

/**
 * The connection of a client of `irc-framework` that is connected already, for {@link attachIrc}: a
 * program that has one, as a bot, can put rooms and topics on it. Closing the link leaves the client
 * connected.
 *
 * @example
 * client.on("registered", () => {
 *   const connection = await attachIrc(linkOfClient(client), { nick: client.user.nick })
 * })
 */
export function linkOfClient(client: IrcFrameworkClient): IrcLink {
  let hear: (line: string) => void = () => {}
  let end: (error: ChannelError) => void = () => {}
  const lost = new Promise<ChannelError>((resolve) => (end = resolve))
  const listener = (event: { line: string; from_server: boolean }): void => {
    if (event.from_server) hear(event.line.replace(/[\r\n]+$/, ""))
  }
  client.on("raw", listener)
  client.on("socket close", () =>
    end(new ChannelError("connection-lost", "The connection of the IRC client was lost.")),
  )
  return {
    lost,
    send: (line) => client.raw(line),
    onLine(next) {
      hear = next
    },
    async close() {
      client.off("raw", listener)
      end(new ChannelError("closed", "The IRC client is no longer used."))
    },
  }
}
