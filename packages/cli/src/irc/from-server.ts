import { namesLines } from "./channel-view.js"
import { enter } from "./greeting.js"
import { type Line, line, nickOf, parseLine } from "./line.js"
import { modeChanges, modeParameters } from "./modes.js"
import {
  foldName,
  foldNick,
  harmlessNick,
  harmlessPrefix,
  isChannelName,
  withoutStatus,
} from "./names.js"
import { isDirectConnection, isProgramRequest, isRoomLine } from "./noise.js"
import type { Parts } from "./parts.js"
import { cleartextPrefix } from "./sender.js"

/** What concerns only the connection between the proxy and the server, or needs a capability. */
const unshown = new Set(
  "PING PONG CAP AUTHENTICATE ERROR BATCH TAGMSG ACCOUNT CHGHOST SETNAME AWAY 900 901 902 903 904 905 906 907 908".split(
    " ",
  ),
)

/** Passes on what the server sends, each line to those whom it concerns. */
export class FromServer {
  readonly #parts: Parts
  readonly #greeted: () => void
  #isGreeted = false
  #isKnown = false
  /** What clients believe that we are called. */
  #toldNick: string

  /** `greeted`: the welcome is complete. */
  constructor(parts: Parts, greeted: () => void) {
    this.#parts = parts
    this.#greeted = greeted
    this.#toldNick = parts.network.nick
  }

  /** What a client is welcomed with is there, though perhaps of the last connection. */
  get isKnown(): boolean {
    return this.#isKnown
  }

  /** The connection is lost: a welcome will come again. */
  reset(): void {
    this.#isGreeted = false
    this.#parts.answers.clear()
  }

  hear(text: string): void {
    const raw = parseLine(text)
    if (!raw || unshown.has(raw.command)) return
    const said = harmless(raw)
    const { answers, network } = this.#parts
    const before = network.nick
    const wasComplete = network.place(said.params[1] ?? "")?.isComplete ?? false
    const settled = network.hear(said)
    if (!this.#isGreeted) {
      if (said.command === "001") this.#isKnown = false
      if (said.command !== "376" && said.command !== "422") return
      this.#isGreeted = true
      this.#isKnown = true
      if (network.nick !== this.#toldNick) this.#rename(this.#toldNick, network.nick)
      this.#toldNick = network.nick
      return this.#greeted()
    }
    this.#toldNick = network.nick
    if (settled) return this.#entered(settled.name)
    switch (said.command) {
      case "PRIVMSG":
      case "NOTICE":
        return this.#message(said)
      case "JOIN":
        return this.#join(said)
      case "PART":
      case "KICK":
      case "QUIT":
      case "NICK":
        return this.#presence(said, before)
      case "MODE":
        return this.#mode(said)
      case "TOPIC":
        return this.#topic(said)
      case "331":
      case "332":
      case "333":
        if (network.place(said.params[1] ?? "") && !wasComplete) return
        return this.#answer(said)
      case "353":
        // Of a channel that we are on, the end of the list brings it anew, with our marks.
        return network.place(said.params[2] ?? "") ? undefined : this.#answer(said)
      case "366":
        return this.#endOfNames(said)
      case "433":
        // We go on asking for our own nick; who did not ask is not told.
        return answers.claim(said)?.send(said)
      default:
        return this.#answer(said)
    }
  }

  #answer(said: Line): void {
    const asker = this.#parts.answers.claim(said)
    if (asker) asker.send(said)
    else this.#parts.audience.tell(said)
  }

  #entered(channel: string): void {
    const { audience, history, network, rooms } = this.#parts
    const place = network.place(channel)
    if (!place) return
    rooms.entered(place)
    for (const client of audience.all) {
      // After a reconnection it is on the channel already, and only learns who else is.
      if (!client.joined.has(foldName(channel))) {
        enter(this.#parts, client, channel, history.sequence)
      } else for (const one of namesLines(this.#parts, place, client)) client.send(one)
    }
  }

  #endOfNames(said: Line): void {
    const { answers, network } = this.#parts
    const asker = answers.claim(said)
    const place = network.place(said.params[1] ?? "")
    if (!place) return asker?.send(said)
    if (asker) for (const one of namesLines(this.#parts, place, asker)) asker.send(one)
  }

  #join(said: Line): void {
    const { audience, network, rooms } = this.#parts
    // We ourselves: shown as soon as the list of names is there.
    if (network.isSelf(nickOf(said.prefix))) return
    const [channel = ""] = said.params
    audience.tell(line(said.prefix, "JOIN", channel), { atMs: timeOf(said) })
    rooms.presence(said)
  }

  #presence(said: Line, ownNick: string): void {
    const { audience, rooms } = this.#parts
    const who = said.command === "KICK" ? (said.params[1] ?? "") : nickOf(said.prefix)
    const isSelf = foldNick(who) === foldNick(ownNick)
    audience.tell(said, { atMs: timeOf(said) })
    rooms.presence(said)
    if (!isSelf || (said.command !== "PART" && said.command !== "KICK")) return
    for (const channel of (said.params[0] ?? "").split(",")) {
      for (const client of audience.all) client.joined.delete(foldName(channel))
      rooms.left(channel)
    }
  }

  #rename(from: string, to: string): void {
    const { audience, network } = this.#parts
    audience.tell(line(`${from}!${network.userHost}`, "NICK", to))
  }

  #mode(said: Line): void {
    const { audience, network, rooms } = this.#parts
    const [target = "", letters = "", ...args] = said.params
    if (!isChannelName(target) || !rooms.isGuarded(target)) return audience.tell(said)
    // Ranks show the room's state there, and the server has no say in that.
    const { ranks } = network
    const changes = modeChanges(letters, args, ranks, network.modeKinds).filter(
      ({ letter }) => !ranks.some(([mode]) => mode === letter) && !/[ohv]/.test(letter),
    )
    if (changes.length === 0) return
    audience.tell(line(said.prefix, "MODE", target, ...modeParameters(changes)))
  }

  #topic(said: Line): void {
    const { audience, rooms } = this.#parts
    const prefix = rooms.isGuarded(said.params[0] ?? "")
      ? cleartextPrefix(said.prefix)
      : said.prefix
    audience.tell({ ...said, prefix })
  }

  #message(said: Line): void {
    const { network, rooms } = this.#parts
    const [target = "", text = ""] = said.params
    const channel = withoutStatus(target)
    if (isRoomLine(text)) {
      if (isChannelName(channel) && !rooms.isGuarded(channel)) rooms.sawRoom(channel)
      return
    }
    if (isDirectConnection(text)) return
    const isSelf = network.isSelf(nickOf(said.prefix))
    if (!isChannelName(channel)) {
      if (!isSelf) this.#show(nickOf(said.prefix) || network.serverName, said)
      return
    }
    if (isSelf) return
    if (!rooms.isGuarded(channel)) return this.#show(channel, said)
    if (isProgramRequest(text)) return
    this.#show(channel, {
      ...said,
      prefix: cleartextPrefix(said.prefix),
      params: [network.place(channel)?.name ?? channel, text],
    })
  }

  #show(target: string, said: Line): void {
    const { audience, history } = this.#parts
    const atMs = timeOf(said)
    // Notices of servers and requests of programs are of the moment.
    const isKept = said.prefix?.includes("!") === true && !isProgramRequest(said.params[1] ?? "")
    if (isKept) history.add(target, said, atMs)
    audience.tell(said, { atMs })
  }
}

/** Nobody on the server can look like the proxy, or like one whose state the proxy shows. */
function harmless(said: Line): Line {
  const { command, params } = said
  const prefix = harmlessPrefix(said.prefix)
  if (command === "NICK") return { ...said, prefix, params: [harmlessNick(params[0] ?? "")] }
  return { ...said, prefix }
}

function timeOf({ tags }: Line): number {
  const atMs = Date.parse(tags.get("time") ?? "")
  return Number.isNaN(atMs) ? Date.now() : atMs
}
