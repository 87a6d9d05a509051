import { type Line, nickOf } from "./line.js"
import { modeChanges, parseRanks, type Ranks } from "./modes.js"
import { foldName, foldNick, harmlessNick, isChannelName } from "./names.js"

/** Somebody on a channel, as the server shows them. */
export interface Seat {
  readonly nick: string
  /** Letters of channel modes, as `o` and `v`. */
  readonly modes: string
}

/** A channel that we are on. */
export interface Place {
  readonly name: string
  /** `null`: none is set. */
  topic: string | null
  /** Of 333: who set it, and when. */
  topicSetter: readonly string[]
  /** By folded nick. */
  readonly seats: Map<string, Seat>
  /** The list of names came to its end. */
  isComplete: boolean
}

/** What the server told of itself and of the channels that we are on. */
export class Network {
  #nick: string
  /** Of 001; names the server in what we say in its place. */
  serverName = "stringphone.proxy"
  /** 001 to 004, with all parameters after the nick. */
  readonly welcome: Map<string, readonly string[]> = new Map()
  readonly tokens: Map<string, string> = new Map()
  motd: string[] = []
  readonly places: Map<string, Place> = new Map()
  /** Our `user@host` as the server shows it, once it did. */
  userHost = "stringphone@proxy"

  constructor(nick: string) {
    this.#nick = nick
  }

  get nick(): string {
    return this.#nick
  }

  get prefix(): string {
    return `${this.#nick}!${this.userHost}`
  }

  get isWelcome(): boolean {
    return this.welcome.has("001")
  }

  place(channel: string): Place | null {
    return this.places.get(foldName(channel)) ?? null
  }

  isSelf(nick: string): boolean {
    return foldNick(nick) === foldNick(this.#nick)
  }

  /** Takes in one line. @returns a channel whose list of names is complete now */
  hear(line: Line): Place | null {
    const { command, params } = line
    const nick = nickOf(line.prefix)
    switch (command) {
      case "001":
        this.#begin(line)
        break
      case "002":
      case "003":
      case "004":
        this.welcome.set(command, params.slice(1))
        break
      case "005":
        this.#hearTokens(params.slice(1, -1))
        break
      case "375":
      case "422":
        this.motd = []
        break
      case "372":
        this.motd.push(params[1] ?? "")
        break
      case "JOIN":
        this.#join(line)
        break
      case "PART":
        for (const name of (params[0] ?? "").split(",")) this.#leave(name, nick)
        break
      case "KICK":
        this.#leave(params[0] ?? "", params[1] ?? "")
        break
      case "QUIT":
        for (const { seats } of this.places.values()) seats.delete(foldNick(nick))
        break
      case "NICK":
        this.#rename(nick, params[0] ?? "")
        break
      case "TOPIC":
        this.#setTopic(params[0], params[1] ?? "", [])
        break
      case "331":
        this.#setTopic(params[1], "", [])
        break
      case "332":
        this.#setTopic(params[1], params[2] ?? "", [])
        break
      case "333": {
        const place = this.place(params[1] ?? "")
        if (place) place.topicSetter = params.slice(2)
        break
      }
      case "353":
        this.#hearNames(params[2] ?? "", params[3] ?? "")
        break
      case "366": {
        const place = this.place(params[1] ?? "")
        if (!place || place.isComplete) return null
        place.isComplete = true
        return place
      }
      case "MODE":
        this.#hearModes(params)
        break
    }
    return null
  }

  /** The connection is gone: we are on no channel until the server says so again. */
  forgetPlaces(): readonly Place[] {
    const all = [...this.places.values()]
    this.places.clear()
    return all
  }

  get ranks(): Ranks {
    return parseRanks(this.tokens.get("PREFIX"))
  }

  /** Of CHANMODES. */
  get modeKinds(): string {
    return this.tokens.get("CHANMODES") ?? "beI,k,l"
  }

  #begin({ params, prefix }: Line): void {
    this.forgetPlaces()
    this.welcome.clear()
    this.tokens.clear()
    this.motd = []
    this.serverName = prefix ?? this.serverName
    this.#nick = harmlessNick(params[0] ?? this.#nick)
    this.welcome.set("001", params.slice(1))
  }

  #hearTokens(tokens: readonly string[]): void {
    for (const token of tokens) {
      const [key = "", ...value] = token.split("=")
      if (key.startsWith("-")) this.tokens.delete(key.slice(1))
      else this.tokens.set(key, value.join("="))
    }
  }

  #join({ params, prefix }: Line): void {
    const nick = nickOf(prefix)
    for (const name of (params[0] ?? "").split(",")) {
      if (!isChannelName(name)) continue
      if (this.isSelf(nick)) {
        this.userHost = prefix?.split("!")[1] ?? this.userHost
        const seats = new Map<string, Seat>()
        const place = { name, topic: null, topicSetter: [], seats, isComplete: false }
        this.places.set(foldName(name), place)
      }
      this.place(name)?.seats.set(foldNick(nick), { nick, modes: "" })
    }
  }

  #leave(name: string, nick: string): void {
    if (this.isSelf(nick)) this.places.delete(foldName(name))
    else this.place(name)?.seats.delete(foldNick(nick))
  }

  #rename(from: string, to: string): void {
    if (this.isSelf(from)) this.#nick = to
    for (const { seats } of this.places.values()) {
      const seat = seats.get(foldNick(from))
      if (!seat) continue
      seats.delete(foldNick(from))
      seats.set(foldNick(to), { ...seat, nick: to })
    }
  }

  #setTopic(name: string | undefined, topic: string, setter: readonly string[]): void {
    const place = this.place(name ?? "")
    if (!place) return
    place.topic = topic === "" ? null : topic
    place.topicSetter = setter
  }

  #hearNames(name: string, list: string): void {
    const place = this.place(name)
    if (!place) return
    const { ranks } = this
    for (const word of list.split(" ").filter((one) => one !== "")) {
      const marks = /^[~&@%+!*]*/.exec(word)?.[0] ?? ""
      const nick = harmlessNick(nickOf(word.slice(marks.length)))
      const modes = ranks.filter(([, mark]) => marks.includes(mark)).map(([mode]) => mode)
      place.seats.set(foldNick(nick), { nick, modes: modes.join("") })
    }
  }

  #hearModes([name = "", letters = "", ...args]: readonly string[]): void {
    const place = this.place(name)
    if (!place) return
    const { ranks } = this
    for (const { argument, isSet, letter } of modeChanges(letters, args, ranks, this.modeKinds)) {
      const seat = place.seats.get(foldNick(argument ?? ""))
      if (!seat || !ranks.some(([mode]) => mode === letter)) continue
      const others = seat.modes.replace(letter, "")
      place.seats.set(foldNick(seat.nick), { ...seat, modes: isSet ? others + letter : others })
    }
  }
}
