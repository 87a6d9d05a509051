import { randomBytes } from "node:crypto"
import { UsageError } from "stringphone/bytes"
import type { Contact, ContactBook } from "stringphone/identity"
import { Identity } from "stringphone/identity"
import type {
  RoomEvent,
  RoomJoinOutcome,
  RoomMember,
  RoomMessage,
  RoomRequest,
  RoomSessionApi,
  RoomStatus,
} from "stringphone/session/room"

export const alice = Identity.generate()
export const bob = Identity.generate()
export const carol = Identity.generate()

export function contactOf({ publicKey }: Identity, petname: string): Contact {
  const decisions = [{ state: "verified", atMs: 0, by: "words" }] as const
  return { petname, publicKey, exchangePublicKey: null, decisions }
}

export function member(
  { publicKey }: Pick<Identity, "publicKey">,
  name: string,
  more: Partial<RoomMember> = {},
): RoomMember {
  return {
    publicKey,
    contact: null,
    name,
    trust: "unverified",
    channelName: name,
    isPresent: true,
    isCaptain: false,
    isSelf: false,
    ...more,
  }
}

/** We, a verified captain, and somebody unknown. */
export const us: RoomMember = member(bob, "bob", { isSelf: true, trust: "verified" })
export const captain: RoomMember = member(alice, "alice", {
  contact: contactOf(alice, "alice"),
  trust: "verified",
  isCaptain: true,
})
export const stranger: RoomMember = member(carol, "carol~3fa94c", { channelName: "carol_" })

export function statusOf(more: Partial<RoomStatus> = {}): RoomStatus {
  return {
    phase: "member",
    roomId: new Uint8Array(16),
    title: "",
    epoch: 4,
    digits: "1234 5678 9012",
    isDeniable: false,
    captain,
    isCaptain: false,
    members: [captain, us, stranger],
    strangers: [],
    hasMajority: true,
    split: null,
    captainSilentMs: null,
    requests: [],
    otherRoom: false,
    ...more,
  }
}

export function messageOf(text: string, more: Partial<RoomMessage> = {}): RoomMessage {
  const at = new Date(2026, 10, 21, 12, 3).getTime()
  return {
    from: captain,
    text,
    at,
    sentAt: at,
    status: "verified",
    id: randomBytes(16).toString("hex"),
    epoch: 4,
    isLate: false,
    isFromOtherSide: false,
    isOwn: false,
    ...more,
  }
}

export function requestOf(more: Partial<RoomRequest> = {}): RoomRequest {
  return {
    id: "r1",
    publicKey: carol.publicKey,
    contact: null,
    ownName: "carol",
    nameClash: null,
    channelName: "carol_",
    ...more,
  }
}

/** A room that does what a test says, and writes down what was asked of it. */
export class ScriptedRoom implements RoomSessionApi {
  readonly asked: string[] = []
  readonly #listeners = new Set<(event: RoomEvent) => void>()
  readonly #waiting: RoomMessage[] = []
  #status = statusOf()
  #arrived: () => void = () => {}
  #isClosed = false
  /** What `say` fails with. */
  failure: Error | null = null

  get status(): RoomStatus {
    return this.#status
  }

  get messages(): AsyncIterable<RoomMessage> {
    return this.#read()
  }

  change(more: Partial<RoomStatus>): void {
    this.#status = { ...this.#status, ...more }
    this.tell({ kind: "status", status: this.#status })
  }

  tell(event: RoomEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  receive(message: RoomMessage): void {
    this.#waiting.push(message)
    this.#arrived()
  }

  onEvent(listener: (event: RoomEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async start(): Promise<void> {
    this.asked.push("start")
  }

  async join(): Promise<RoomJoinOutcome> {
    this.asked.push("join")
    return { kind: "joined" }
  }

  async say(text: string): Promise<RoomMessage> {
    this.asked.push(`say ${text}`)
    if (this.failure) throw this.failure
    const message = messageOf(text, { from: us, isOwn: true })
    // A session may also give its own messages back.
    this.receive(message)
    return message
  }

  async admit(id: string): Promise<void> {
    this.asked.push(`admit ${id}`)
  }

  async decline(id: string, reason = "-"): Promise<void> {
    this.asked.push(`decline ${id} ${reason}`)
  }

  async remove(publicKey: Uint8Array): Promise<void> {
    if (!this.#status.isCaptain) {
      throw new UsageError("not-captain", "Only the captain can remove somebody.")
    }
    this.asked.push(`remove ${this.#nameOf(publicKey)}`)
  }

  async rotate(): Promise<void> {
    this.asked.push("rotate")
  }

  async abdicate(publicKey?: Uint8Array): Promise<void> {
    this.asked.push(`abdicate ${publicKey ? this.#nameOf(publicKey) : ""}`)
  }

  async takeOver(): Promise<void> {
    this.asked.push("take over")
  }

  async leave(): Promise<void> {
    this.asked.push("leave")
  }

  async refresh(): Promise<void> {
    this.asked.push("refresh")
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#arrived()
  }

  #nameOf(publicKey: Uint8Array): string {
    return this.#status.members.find((one) => one.publicKey === publicKey)?.name ?? "nobody"
  }

  async *#read(): AsyncGenerator<RoomMessage> {
    while (!this.#isClosed) {
      const next = this.#waiting.shift()
      if (next) yield next
      else await new Promise<void>((resolve) => (this.#arrived = resolve))
    }
  }
}

/** A contact book in memory. */
export class ScriptedRing {
  readonly identity: Identity = bob
  book: ContactBook = [contactOf(alice, "alice")]

  async contacts(): Promise<ContactBook> {
    return this.book
  }

  async updateContacts(change: (book: ContactBook) => ContactBook): Promise<ContactBook> {
    this.book = change(this.book)
    return this.book
  }
}
