// How many lines of IRC something takes: our packets over our transport, those of Flute in fragments.
import { ircTransport } from "stringphone/transport/irc"

/** What a server puts in front of our lines for others; the host of an ordinary line at home. */
const prefix = ":alice!~alice@p5dd0f1a3.dip0.example-dial.net PRIVMSG #kitchen :"
const maxLineBytes = 512 - "\r\n".length - prefix.length

/**
 * @param {{ bytes: Uint8Array, to: string | null }[]} packets
 * @returns {Promise<number>}
 */
export async function linesOf(packets) {
  let lines = 0
  const channel = {
    address: "irc://irc.example.org/#kitchen",
    status: "open",
    ownName: "alice",
    names: [],
    maxLineBytes: () => maxLineBytes,
    send: async () => void lines++,
    onEvent: () => () => {},
    close: async () => {},
  }
  const transport = ircTransport(channel)
  for (const { bytes, to } of packets) await transport.send(bytes, to === null ? {} : { to })
  await transport.close()
  return lines
}
