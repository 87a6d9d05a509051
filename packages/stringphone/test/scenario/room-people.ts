import { addContact, type ContactBook, Identity } from "../../src/identity/index.js"
import { openRoom, type RoomSession } from "../../src/session/room/index.js"
import type { OpenRoomOptions, RoomEvent, RoomMessage } from "../../src/session/room/room-types.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { Store } from "../../src/store/index.js"
import type { Transport } from "../../src/transport/index.js"
import {
  createMemoryNetwork,
  type MemoryNetwork,
  type MemoryNetworkOptions,
  SimulatedClock,
} from "../../src/transport/memory.js"

/** Somebody with a program, a contact book and a store. */
export interface Person {
  readonly name: string
  readonly identity: Identity
  readonly store: Store
  room: RoomSession
  transport: Transport
  book: ContactBook
  /** All that was ever told, across restarts. */
  readonly events: RoomEvent[]
  readonly messages: RoomMessage[]
}

/** People on one channel in memory, with simulated time. */
export class People {
  readonly clock = new SimulatedClock()
  readonly network: MemoryNetwork
  readonly all: Person[] = []
  readonly #options: Partial<OpenRoomOptions>

  constructor(options: Partial<OpenRoomOptions> = {}, network: MemoryNetworkOptions = {}) {
    this.network = createMemoryNetwork({ clock: this.clock, ...network })
    this.#options = options
  }

  /** Comes to the channel. `knows`: whom it has verified. */
  async come(name: string, ...knows: readonly Person[]): Promise<Person> {
    const identity = Identity.generate()
    const book = knows.reduce<ContactBook>((known, other) => verified(known, other), [])
    const store = createMemoryStore()
    const person = { name, identity, store, book, events: [], messages: [] } as unknown as Person
    this.all.push(person)
    await this.open(person)
    return person
  }

  /** All know each other as verified. */
  async comeTogether(...names: readonly string[]): Promise<readonly Person[]> {
    const people: Person[] = []
    for (const name of names) people.push(await this.come(name))
    for (const person of people) {
      for (const other of people) if (other !== person) person.book = verified(person.book, other)
      await person.room.refresh()
    }
    return people
  }

  /** Starts the program, anew or for the first time. */
  async open(person: Person, options: Partial<OpenRoomOptions> = {}): Promise<void> {
    person.transport = options.transport ?? this.network.connect(person.name)
    person.room = await openRoom({
      store: person.store,
      identity: person.identity,
      ownName: person.name,
      contacts: {
        contacts: async () => person.book,
        updateContacts: async (change) => (person.book = change(person.book)),
      },
      transport: person.transport,
      clock: this.clock,
      wallClock: () => 1_700_000_000_000 + this.clock.now(),
      onEvent: (event) => {
        person.events.push(event)
        if (event.kind === "message") person.messages.push(event.message)
      },
      ...this.#options,
      ...options,
    })
    void drain(person.room)
  }

  /** Lets `ms` pass, while `promise` comes true. */
  async during<T>(promise: Promise<T>, ms = 4_000): Promise<T> {
    const result = promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    await this.clock.advance(ms)
    const settled = await result
    if ("error" in settled) throw settled.error
    return settled.value
  }

  async start(captain: Person, options = {}): Promise<void> {
    await this.during(captain.room.start(options))
  }

  async join(...people: readonly Person[]): Promise<void> {
    for (const person of people) {
      const outcome = await this.during(person.room.join(), 8_000)
      if (outcome.kind !== "joined") throw new Error(`${person.name}: ${outcome.kind}`)
    }
  }

  /** A room with the first as captain. */
  async meet(...names: readonly string[]): Promise<readonly Person[]> {
    const people = await this.comeTogether(...names)
    const [captain, ...others] = people
    if (!captain) throw new Error("nobody")
    await this.start(captain)
    await this.join(...others)
    return people
  }

  /** The program is killed: nothing is said any more. */
  async kill(person: Person): Promise<void> {
    await person.transport.close()
    await person.room.close()
  }

  /** Everybody's texts. */
  texts(person: Person): readonly string[] {
    return person.messages.map(({ text }) => text)
  }
}

function verified(book: ContactBook, other: Person): ContactBook {
  const { name, identity } = other
  const publicKey = identity.publicKey
  return addContact(book, { petname: name, publicKey }, { state: "verified", atMs: 1, by: "words" })
}

async function drain(room: RoomSession): Promise<void> {
  for await (const _ of room.messages);
}

export function kinds(person: Person): readonly string[] {
  return person.events.map(({ kind }) => kind)
}

export function eventsOf<K extends RoomEvent["kind"]>(
  person: Person,
  kind: K,
): readonly Extract<RoomEvent, { readonly kind: K }>[] {
  return person.events.filter((event) => event.kind === kind) as never
}
