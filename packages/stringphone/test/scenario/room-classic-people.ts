import { Identity, addContact, type ContactBook } from "../../src/identity/index.js"
import {
  type ClassicRoomEvent,
  type ClassicRoomMessage,
  type ClassicRoomSession,
  openClassicRoom,
} from "../../src/session/room-classic/index.js"
import {
  createMemoryTextChannels,
  type LineFaults,
  type MemoryTextChannels,
} from "../../src/transport/memory-text.js"
import { SimulatedClock } from "../../src/transport/memory.js"
import type { TextChannel } from "../../src/transport/index.js"
import { secret } from "../wire/fixtures.js"

/** One person with a client on the channel. */
export class Person {
  readonly name: string
  readonly identity: Identity
  readonly channel: TextChannel
  readonly room: ClassicRoomSession
  /** What was shown, as `name: text`, with what the status adds. */
  readonly shown: string[] = []
  readonly messages: ClassicRoomMessage[] = []
  /** Kinds of notices, in order. */
  readonly notices: string[] = []
  readonly events: ClassicRoomEvent[] = []

  /** Drops somebody from the contact book, as another program of theirs would. */
  readonly forget: (petname: string) => void

  constructor(
    name: string,
    identity: Identity,
    channel: TextChannel,
    room: ClassicRoomSession,
    forget: (petname: string) => void,
  ) {
    this.name = name
    this.forget = forget
    this.identity = identity
    this.channel = channel
    this.room = room
    room.onEvent((event) => {
      this.events.push(event)
      if (event.kind === "notice") this.notices.push(event.notice.kind)
      if (event.kind === "cleartext")
        this.shown.push(`CLEARTEXT ${event.channelName}: ${event.text}`)
      if (event.kind !== "message") return
      const { message } = event
      const marks = `${message.status}${message.isLate ? ", late" : ""}`
      this.messages.push(message)
      this.shown.push(`${message.from.name}: ${message.text} (${marks})`)
    })
  }

  get phase(): string {
    return this.room.status.phase
  }

  get texts(): string[] {
    return this.messages.map(({ text }) => text)
  }
}

export function identityOf(name: string): Identity {
  const seed = secret(0)
  for (const [i, character] of [...name].entries()) seed[i] = character.charCodeAt(0)
  return new Identity(seed)
}

/** A contact book with these people, compared or only accepted. */
export function bookOf(names: readonly string[], state: "trusted" | "verified" = "verified") {
  return names.reduce<ContactBook>((book, petname) => {
    const decision = { state, atMs: 0, ...(state === "verified" && { by: "words" as const }) }
    return addContact(book, { petname, publicKey: identityOf(petname).publicKey }, decision)
  }, [])
}

/** A server, its clock, and whoever comes. */
export class Stage {
  readonly clock = new SimulatedClock()
  readonly server: MemoryTextChannels

  constructor(options: { readonly faults?: LineFaults; readonly seed?: number } = {}) {
    this.server = createMemoryTextChannels({ clock: this.clock, ...options })
  }

  /** Comes to the channel. `knows`: contacts, compared. */
  async enter(
    name: string,
    knows: readonly string[] = [],
    options: {
      readonly nick?: string
      readonly book?: ContactBook
      readonly randomBytes?: (length: number) => Uint8Array
    } = {},
  ): Promise<Person> {
    let book = options.book ?? bookOf(knows)
    const identity = identityOf(name)
    const { nick = name, randomBytes } = options
    const channel = this.server.connect(nick)
    const room = await openClassicRoom({
      channel,
      identity,
      clock: this.clock,
      ...(randomBytes && { randomBytes }),
      wallClock: () => 1_000_000 + this.clock.now(),
      contacts: {
        contacts: async () => book,
        updateContacts: async (change) => (book = change(book)),
      },
    })
    await this.settle()
    return new Person(name, identity, channel, room, (petname) => {
      book = book.filter((contact) => contact.petname !== petname)
    })
  }

  /** Alice leads; bob and carol are in; all three compared each other's keys. */
  async threeInARoom(): Promise<{ alice: Person; bob: Person; carol: Person }> {
    const alice = await this.enter("alice", ["bob", "carol"])
    await alice.room.start()
    const bob = await this.enter("bob", ["alice", "carol"])
    await this.join(bob)
    const carol = await this.enter("carol", ["alice", "bob"])
    await this.join(carol)
    return { alice, bob, carol }
  }

  /** Asks to be let in, and waits for how it ends. */
  async join(person: Person, options: Parameters<ClassicRoomSession["join"]>[0] = {}) {
    const outcome = person.room.join({ answerWithinMs: 1_000, ...options })
    await this.clock.advance(1_500)
    return outcome
  }

  /** Lets what was sent arrive. */
  async settle(): Promise<void> {
    await this.clock.advance(200)
  }
}
