import { channelLines } from "./channel-view.js"
import type { Client } from "./client.js"
import type { Said } from "./history.js"
import { type Line, line, nickOf } from "./line.js"
import { formatRanks, withRoomRanks } from "./modes.js"
import { foldName, isChannelName } from "./names.js"
import type { Network } from "./network.js"
import { actionStart } from "./noise.js"
import type { Parts } from "./parts.js"

/**
 * Welcomes a client as the server welcomed us: 001 to 005, the message of the day, the channels, and
 * what was said since `seen`.
 */
export function greet(parts: Parts, client: Client, seen: number): void {
  const { history, network } = parts
  for (const one of welcomeLines(network)) client.send(one)
  client.markWelcome()
  for (const place of network.places.values()) {
    if (place.isComplete) enter(parts, client, place.name, seen)
  }
  for (const target of history.targets(seen)) {
    if (!isChannelName(target)) replay(client, history.since(target, seen))
  }
}

/** Puts a client on a channel that we are on. */
export function enter(parts: Parts, client: Client, channel: string, seen: number): void {
  const place = parts.network.place(channel)
  if (!place) return
  client.joined.add(foldName(channel))
  for (const one of channelLines(parts, place, client)) client.send(one)
  replay(client, parts.history.since(channel, seen))
}

function replay(client: Client, said: readonly Said[]): void {
  for (const { atMs, line: one } of said.slice(-maxReplayed)) {
    client.send(client.has("server-time") ? one : withTime(one, atMs), atMs)
  }
}

/** For clients that would show the time of the replay. */
function withTime(said: Line, atMs: number): Line {
  const time = new Date(atMs).toTimeString().slice(0, 5)
  const [target = "", text = ""] = said.params
  const timed = text.startsWith(actionStart)
    ? `${actionStart}[${time}] ${text.slice(actionStart.length)}`
    : `[${time}] ${text}`
  return { ...said, params: [target, timed] }
}

function welcomeLines({
  motd,
  nick,
  ranks,
  serverName,
  tokens,
  welcome,
}: Network): readonly Line[] {
  const say = (code: string, ...params: readonly string[]): Line =>
    line(serverName, code, nick, ...params)
  const shown = new Map([...tokens].filter(([key]) => !hiddenTokens.has(key)))
  shown.set("PREFIX", formatRanks(withRoomRanks(ranks)))
  const words = [...shown].map(([key, value]) => (value === "" ? key : `${key}=${value}`))
  const chunks = Array.from({ length: Math.ceil(words.length / 12) }, (_, i) =>
    words.slice(12 * i, 12 * i + 12),
  )
  return [
    ...[...welcome].map(([code, params]) => say(code, ...params)),
    ...chunks.map((chunk) => say("005", ...chunk, "are supported by this server")),
    ...(motd.length === 0
      ? [say("422", "There is no message of the day.")]
      : [
          say("375", `- ${nickOf(serverName)} message of the day`),
          ...motd.map((text) => say("372", text)),
          say("376", "End of /MOTD command."),
        ]),
  ]
}

/** What a client would have to negotiate with the server itself. */
const hiddenTokens = new Set([
  "CHATHISTORY",
  "MSGREFTYPES",
  "UHNAMES",
  "NAMESX",
  "STATUSMSG",
  "WATCH",
])

const maxReplayed = 500
