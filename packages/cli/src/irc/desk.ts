import { fromHex, hex, UsageError } from "stringphone/bytes"
import { addContact, contactByKey, decideTrust, trustOf } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import { reportKey, trustText } from "../person.js"
import { runCommand } from "../room/command-runner.js"
import { findRoomMember } from "../room/member-name.js"
import { statusText, warningTexts } from "../room/status-text.js"
import { comparisonText } from "../room/verification.js"
import { visible } from "../terminal/escape.js"
import { shownName } from "../member.js"
import { deskHelp } from "./desk-commands.js"
import { introductionLines } from "./introduction.js"
import { isChannelName, proxyNick } from "./names.js"
import type { Parts } from "./parts.js"
import type { RoomChannel } from "./room-channel.js"
import type { Rooms } from "./rooms.js"

/** One typed command. */
export interface Order {
  /** Empty: none is meant, or none could be. */
  readonly channel: string
  readonly name: string
  readonly rest: string
}

/** What the terminal client does in the same way, by its name there. */
const shared: Readonly<Record<string, string>> = {
  members: "members",
  who: "who",
  digits: "digits",
  verify: "verify",
  admit: "admit",
  decline: "decline",
  kick: "kick",
  rotate: "rotate",
  captain: "captain",
  takeover: "takeover",
}

/** About no channel. */
const personal = new Set([
  "",
  "help",
  "introduction",
  "trust-key",
  "list-friends",
  "dump-fingerprint",
])

/** Obeys what people type to the proxy. */
export class Desk {
  readonly #parts: Omit<Parts, "rooms">
  readonly #rooms: Rooms
  readonly #ring: Pick<KeyRing, "contacts" | "updateContacts" | "identity">

  constructor(
    parts: Omit<Parts, "rooms">,
    rooms: Rooms,
    ring: Pick<KeyRing, "contacts" | "updateContacts" | "identity">,
  ) {
    this.#parts = parts
    this.#rooms = rooms
    this.#ring = ring
  }

  /** `start-room #kitchen` or `#kitchen start-room`; without a channel, the only one there is. */
  read(text: string): Order {
    // What an alias puts in front in our own query.
    const words = text
      .trim()
      .split(/\s+/)
      .filter((word, i) => i > 0 || word !== proxyNick)
    const at = words.slice(0, 2).findIndex(isChannelName)
    const [named] = at < 0 ? [] : words.splice(at, 1)
    const [name = "", ...rest] = words
    const command = name.replace(/^\//, "").toLowerCase()
    const channel = named ?? (personal.has(command) ? "" : this.#onlyChannel())
    return { channel, name: command, rest: rest.join(" ") }
  }

  /** @returns what to tell the person */
  async run(channel: string, name: string, rest: string): Promise<string> {
    const place = { session: null, address: `${this.#parts.upstream.address}/${channel}` }
    switch (name) {
      case "start-room": {
        const flags = flagsOf(rest, ["--classic", "--deniable", "--beside-other"])
        const title = flags.text === "" ? {} : { title: flags.text }
        await this.#rooms.start(channel, flags.has("--classic") ? "classic" : "ours", {
          ...title,
          isDeniable: flags.has("--deniable"),
          besideOther: flags.has("--beside-other"),
        })
        return `You are captain of a new room on ${channel}. Others ask with: /join-room`
      }
      case "join-room":
        return this.#rooms.join(
          channel,
          flagsOf(rest, ["--classic"]).has("--classic") ? "classic" : "ours",
        )
      case "leave-room":
      case "leave":
        return this.#leave(channel, rest)
      case "room-status":
      case "status":
        return this.#status(channel)
      case "split":
        return this.#split(channel)
      case "abdicate":
        return this.#abdicate(channel, rest)
      case "invite":
        return invitation(channel, rest, place.address, this.#ring.identity.publicKey)
      case "cleartext":
        return this.#cleartext(channel, rest)
      case "introduction":
        return this.#introduce(rest)
      case "trust-key":
        return this.#trustKey(rest)
      case "list-friends":
        return this.#friends()
      case "dump-fingerprint":
        return `Your key: ${hex(this.#ring.identity.publicKey)}\n${comparisonText(this.#ring.identity.publicKey)}`
      case "":
      case "help":
        return `What you can tell ${proxyNick} (with /msg ${proxyNick} … or /quote FLUTE …):\n${deskHelp()}`
    }
    const command = shared[name]
    if (command === undefined) {
      throw new UsageError(
        "no-such-command",
        `There is no command "${visible(name)}". To see all: /help`,
      )
    }
    if (command === "verify" && rest === "") return ownKeyText(this.#ring.identity.publicKey)
    const room = this.#room(channel)
    const { address } = place
    const result = await runCommand(
      { session: sessionOf(room), ring: this.#ring, requests: room.requests, address },
      command,
      rest,
    )
    return typeof result === "object" && result.kind === "note" ? result.text : "Done."
  }

  #onlyChannel(): string {
    const rooms = this.#rooms.all
    if (rooms.length === 1) return rooms[0]?.name ?? ""
    const places = [...this.#parts.network.places.values()]
    return rooms.length === 0 && places.length === 1 ? (places[0]?.name ?? "") : ""
  }

  #room(channel: string): RoomChannel {
    if (channel === "") {
      throw new UsageError("no-channel", "Say on which channel, as in: /members #kitchen")
    }
    const room = this.#rooms.find(channel)
    if (room) return room
    throw new UsageError(
      "no-room",
      `There is no room of yours on ${visible(channel)}. To found one: /start-room`,
    )
  }

  async #leave(channel: string, rest: string): Promise<string> {
    const room = this.#room(channel)
    if (!/^(yes|y)$/i.test(rest.trim())) {
      throw new UsageError(
        "not-answered",
        `To leave is for good: the room's keys are forgotten, and somebody has to let you in again. If you are sure: /msg ${proxyNick} leave-room ${channel} yes`,
      )
    }
    await room.session?.leave()
    await this.#rooms.departed(room)
    return `You left the room on ${channel}. What you type there is still not sent in clear; if you want that: /msg ${proxyNick} cleartext ${channel} on`
  }

  #status(channel: string): string {
    const room = this.#room(channel)
    const around = { channel: room.name, isConnected: true, sawCleartext: false, sending: 0 }
    if (!room.session) return `${room.name} · in no room · what you type is not sent`
    const { status } = room.session
    const strangers = status.strangers.length
    const ears =
      strangers === 0 ? [] : [`${strangers} on the channel who see that you write, not what`]
    const digits = status.digits === "" ? [] : [`digits of this epoch: ${status.digits}`]
    return [statusText(status, around), ...warningTexts(status, around), ...digits, ...ears].join(
      "\n",
    )
  }

  #split(channel: string): string {
    const { split } = sessionOf(this.#room(channel)).status
    if (split) return `The room is split. ${visible(split.explanation)}`
    return "The room is not split: all who wrote since the last change saw the same members."
  }

  async #abdicate(channel: string, rest: string): Promise<string> {
    const session = sessionOf(this.#room(channel))
    if (rest === "") await session.abdicate()
    else await session.abdicate(findRoomMember(session.status.members, rest).publicKey)
    return "The room was handed over."
  }

  async #cleartext(channel: string, rest: string): Promise<string> {
    const room = this.#room(channel)
    if (rest.trim().toLowerCase() !== "on") {
      return `Nothing is sent to ${channel} in clear. To change that: /msg ${proxyNick} cleartext ${channel} on`
    }
    await this.#rooms.release(room)
    return `${channel} is an ordinary channel again.`
  }

  async #introduce(nick: string): Promise<string> {
    if (!/^[^\s,:#&+!]\S*$/.test(nick)) {
      throw new UsageError("no-nick", "Say to whom: /introduction NICK")
    }
    for (const text of introductionLines(this.#ring.identity)) {
      await this.#parts.upstream.sendLine(`PRIVMSG ${nick} :${text}`)
    }
    return `Your key was sent to ${visible(nick)}, who has to compare it: ${hex(this.#ring.identity.publicKey)}`
  }

  async #trustKey(rest: string): Promise<string> {
    const [, name = "", key = ""] = /^(.*\S)\s+([0-9a-f]{64})$/i.exec(rest) ?? []
    if (name === "") {
      throw new UsageError(
        "bad-key",
        "Say whose key it is: /trust-key NAME and 64 hexadecimal digits.",
      )
    }
    const publicKey = fromHex(key.toLowerCase())
    const decision = { state: "trusted", atMs: Date.now() } as const
    const book = await this.#ring.updateContacts((before) =>
      contactByKey(before, publicKey)
        ? decideTrust(before, publicKey, decision)
        : addContact(before, { petname: name, publicKey }, decision),
    )
    await this.#rooms.refresh()
    const contact = contactByKey(book, publicKey)
    return `${shownName(contact?.petname ?? name)}: ${trustText(contact)}. Compare, too: ${reportKey(publicKey).words}`
  }

  async #friends(): Promise<string> {
    const book = await this.#ring.contacts()
    if (book.length === 0) return "No contacts yet."
    return book
      .map((contact) => {
        const mark = trustOf(contact).state === "verified" ? "✓" : "○"
        return `${mark} ${shownName(contact.petname)}, ${trustText(contact)}: ${hex(contact.publicKey)}`
      })
      .join("\n")
  }
}

function ownKeyText(publicKey: Uint8Array): string {
  return `Your own key, for others to compare:\n${comparisonText(publicKey)}`
}

function invitation(channel: string, nick: string, address: string, own: Uint8Array): string {
  const who = nick === "" ? "They" : visible(nick)
  return [
    `${who} can come with any IRC client behind "stringphone irc": join ${channel}, then type /msg ${proxyNick} join-room ${channel}`,
    `or with: stringphone room join '${address}'`,
    `You let them in when they ask. What they compare of you: ${reportKey(own).words}`,
  ].join("\n")
}

function sessionOf({ name, session }: RoomChannel): NonNullable<RoomChannel["session"]> {
  if (session) return session
  throw new UsageError(
    "not-in-room",
    `You are in no room on ${name}. To ask to be let in: /join-room`,
  )
}

function flagsOf(
  text: string,
  known: readonly string[],
): { readonly text: string; has(flag: string): boolean } {
  const words = text.split(/\s+/).filter((word) => word !== "")
  const flags = words.filter((word) => word.startsWith("--"))
  const strange = flags.find((flag) => !known.includes(flag))
  if (strange !== undefined) {
    throw new UsageError(
      "bad-flag",
      `${visible(strange)} is not known here; there is ${known.join(", ")}.`,
    )
  }
  const rest = words.filter((word) => !word.startsWith("--"))
  return { text: rest.join(" "), has: (flag) => flags.includes(flag) }
}
