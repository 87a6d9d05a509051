import { UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import type { RoomSessionApi, StartRoomOptions } from "stringphone/session/room"
import type { TextChannel } from "stringphone/transport"
import { randomId } from "../channel.js"
import { notice, reply } from "./audience.js"
import type { Client } from "./client.js"
import { Desk } from "./desk.js"
import { errorText } from "./from-client.js"
import { heldChannel } from "./held-channel.js"
import { hints } from "./hints.js"
import { type Line, nickOf } from "./line.js"
import { visible } from "../terminal/escape.js"
import { foldName, isChannelName } from "./names.js"
import type { Place } from "./network.js"
import type { Parts, RoomKeeper } from "./parts.js"
import { RoomChannel } from "./room-channel.js"
import type { GuardedChannel, RoomLedger } from "./room-ledger.js"

export type RoomKind = GuardedChannel["kind"]

/** Opens a room on a channel, which stays open when the session is closed. */
export type OpenRoom = (
  kind: RoomKind,
  options: {
    readonly channel: TextChannel
    /** Of the room in the store. */
    readonly name: string
    readonly ownName: string
    /** Tells people what no event of a session says. */
    readonly explain: (text: string) => void
  },
) => Promise<RoomSessionApi>

export interface RoomsOptions {
  readonly ring: Pick<KeyRing, "contacts" | "updateContacts" | "identity">
  readonly ledger: RoomLedger
  readonly openRoom: OpenRoom
}

/** All rooms on the channels of one network. */
export class Rooms implements RoomKeeper {
  readonly #parts: Omit<Parts, "rooms">
  readonly #options: RoomsOptions
  readonly #channels = new Map<string, RoomChannel>()
  readonly #hinted = new Set<string>()
  readonly #desk: Desk

  constructor(parts: Omit<Parts, "rooms">, options: RoomsOptions) {
    this.#parts = parts
    this.#options = options
    this.#desk = new Desk(parts, this, options.ring)
    for (const { channel } of options.ledger.all) this.#channel(channel)
  }

  get all(): readonly RoomChannel[] {
    return [...this.#channels.values()]
  }

  isGuarded(channel: string): boolean {
    return this.#channels.has(foldName(channel))
  }

  find(channel: string): RoomChannel | null {
    return this.#channels.get(foldName(channel)) ?? null
  }

  marks(channel: string): ReadonlyMap<string, string> | null {
    return this.find(channel)?.marks ?? null
  }

  isMember(nick: string): boolean {
    return this.all.some((channel) => channel.hasMember(nick))
  }

  say(client: Client, channel: string, text: string): void {
    this.find(channel)?.say(client, text)
  }

  obey(client: Client, text: string, isQuery: boolean): void {
    const { nick } = this.#parts.network
    const answer = (result: string, channel: string): void => {
      const advice = hints(result, channel)
      const isThere = !isQuery && client.joined.has(foldName(channel))
      const lines = isQuery ? reply(nick, advice) : notice(isThere ? channel : nick, advice)
      for (const one of lines) client.send(one)
    }
    const { channel, name, rest } = this.#desk.read(text)
    this.#desk.run(channel, name, rest).then(
      (result) => answer(result, channel),
      (error: unknown) => answer(errorText(error), channel),
    )
  }

  entered({ name }: Place): void {
    const channel = this.find(name)
    const record = this.#options.ledger.get(name)
    if (!channel || !record) return
    if (channel.session || !record.isIn) return channel.restart()
    this.#open(channel, record, true).catch((error: unknown) => channel.tell(errorText(error)))
  }

  left(name: string): void {
    const channel = this.find(name)
    channel?.close().catch((error: unknown) => channel.tell(errorText(error)))
  }

  presence({ command, params, prefix }: Line): void {
    const nick = command === "KICK" ? (params[1] ?? "") : nickOf(prefix)
    for (const channel of this.#channels.values()) {
      if (command === "JOIN") channel.refreshMarks()
      else if (command === "NICK") channel.forget(nick, params[0] ?? "")
      else if (command === "QUIT" || foldName(params[0] ?? "") === foldName(channel.name)) {
        channel.forget(nick, null)
      }
    }
  }

  sawRoom(channel: string): void {
    if (this.#hinted.has(foldName(channel)) || !this.#parts.network.place(channel)) return
    this.#hinted.add(foldName(channel))
    const text = "There is an encrypted room on this channel. To ask to be let in: /join-room"
    for (const one of notice(channel, hints(text, channel))) this.#parts.audience.tell(one)
  }

  /** Founds a room. From the first moment on, nothing leaves for this channel in clear. */
  async start(name: string, kind: RoomKind, options: StartRoomOptions): Promise<void> {
    const session = await this.#enter(name, kind)
    await session.start(options)
  }

  /** Asks to be let in. @returns how it ended, in a sentence */
  async join(name: string, kind: RoomKind): Promise<string> {
    const session = await this.#enter(name, kind)
    if (session.status.phase === "member") return `You are in the room on ${name}.`
    this.find(name)?.tell("Asking to be let in …")
    const outcome = await session.join()
    switch (outcome.kind) {
      case "joined":
        return `You are in the room on ${name}.`
      case "declined":
        return outcome.reason === ""
          ? "The captain did not let you in, and gave no reason."
          : `The captain did not let you in: “${visible(outcome.reason).replaceAll(/[“”/]/g, " ")}”`
      case "no-room":
        return `Nobody answered who leads a room on ${name}. To found one: /start-room`
    }
  }

  /** After leaving for good: the channel stays guarded. */
  async departed(channel: RoomChannel): Promise<void> {
    await channel.close()
    const record = this.#options.ledger.get(channel.name)
    if (record) await this.#options.ledger.put({ ...record, isIn: false })
  }

  /** Somebody wants to talk here in clear from now on. @throws {UsageError} `in-room` */
  async release(channel: RoomChannel): Promise<void> {
    const phase = channel.session?.status.phase ?? "outside"
    if (phase !== "outside" && phase !== "removed") {
      throw new UsageError("in-room", "You are in the room here. Leave it first: /leave-room")
    }
    await channel.close()
    await this.#options.ledger.remove(channel.name)
    this.#channels.delete(foldName(channel.name))
    channel.tell(
      "CLEARTEXT from now on: what you type here is read by the server and everybody on the channel.",
    )
  }

  /** The contact book is different now. */
  async refresh(): Promise<void> {
    for (const { session } of this.#channels.values()) await session?.refresh()
  }

  async close(): Promise<void> {
    for (const channel of this.#channels.values()) await channel.close()
  }

  async #enter(name: string, kind: RoomKind): Promise<RoomSessionApi> {
    if (!isChannelName(name)) {
      throw new UsageError("no-channel", "Say on which channel, as in: /start-room #kitchen")
    }
    const { ledger } = this.#options
    const before = ledger.get(name)
    const channel = this.#channel(name)
    // Another kind of room is another room.
    const isSame = before?.kind === kind
    const phase = channel.session?.status.phase ?? "outside"
    if (!isSame && phase !== "outside" && phase !== "removed") {
      throw new UsageError(
        "in-room",
        "You are in another kind of room here. Leave it first: /leave-room",
      )
    }
    const id = isSame ? before.id : randomId()
    const fields = { channel: before?.channel ?? name, id, kind, isIn: true }
    const record = await ledger.put(fields)
    if (!isSame) await channel.close()
    await this.#parts.upstream.join(name)
    return this.#open(channel, record, false)
  }

  async #open(
    channel: RoomChannel,
    { id, kind }: GuardedChannel,
    isResumed: boolean,
  ): Promise<RoomSessionApi> {
    const { network, upstream } = this.#parts
    const session = await channel.open(() =>
      this.#options.openRoom(kind, {
        channel: heldChannel(upstream.channel(channel.name)),
        name: `irc-${id}`,
        ownName: network.nick,
        explain: (text) => channel.tell(text),
      }),
    )
    if (isResumed && session.status.phase === "outside") {
      channel.tell(
        "You are in no room here any more, and nothing that you type is sent. To ask to be let in: /join-room",
      )
    }
    return session
  }

  #channel(name: string): RoomChannel {
    const known = this.find(name)
    if (known) return known
    const channel = new RoomChannel(name, this.#parts)
    this.#channels.set(foldName(name), channel)
    return channel
  }
}
