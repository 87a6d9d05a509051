import type {
  RoomEvent,
  RoomJoinOutcome,
  RoomMember,
  RoomMessage,
  RoomSessionApi,
  RoomStatus,
} from "stringphone/session/room"

export function member(fields: Partial<RoomMember>): RoomMember {
  return {
    publicKey: new Uint8Array(32).fill(1),
    contact: null,
    name: "somebody (01010101)",
    trust: "unverified",
    channelName: null,
    isPresent: true,
    isCaptain: false,
    isSelf: false,
    ...fields,
  }
}

export function contact(petname: string): NonNullable<RoomMember["contact"]> {
  const decisions = [{ state: "verified", atMs: 0, by: "words" }] as const
  return { petname, publicKey: new Uint8Array(32).fill(1), exchangePublicKey: null, decisions }
}

/** A room that does what the test says. */
export class ScriptedRoom implements RoomSessionApi {
  readonly said: string[] = []
  status: RoomStatus = {
    phase: "outside",
    roomId: null,
    title: "",
    epoch: 0,
    digits: "",
    isDeniable: false,
    captain: null,
    isCaptain: false,
    members: [],
    strangers: [],
    hasMajority: true,
    split: null,
    captainSilentMs: null,
    requests: [],
    otherRoom: false,
  }
  isClosed = false
  readonly #listeners = new Set<(event: RoomEvent) => void>()
  readonly #queue: RoomMessage[] = []
  #arrived = (): void => {}
  #sequence = 0

  get messages(): AsyncIterable<RoomMessage> {
    return this.#read()
  }

  onEvent(listener: (event: RoomEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  emit(event: RoomEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  become(change: Partial<RoomStatus>): void {
    this.status = { ...this.status, ...change }
    this.emit({ kind: "status", status: this.status })
  }

  hear(from: RoomMember, text: string): void {
    const status = from.trust === "verified" ? "verified" : "unverified"
    this.#queue.push({ ...this.#message(text), from, status, isOwn: false })
    this.#arrived()
  }

  async start(): Promise<void> {
    const self = member({ isSelf: true, isCaptain: true, trust: "verified" })
    this.become({ phase: "member", epoch: 1, captain: self, isCaptain: true, members: [self] })
  }

  async join(): Promise<RoomJoinOutcome> {
    return { kind: "no-room" }
  }

  async say(text: string): Promise<RoomMessage> {
    this.said.push(text)
    return this.#message(text)
  }

  async remove(): Promise<void> {}
  async admit(): Promise<void> {}
  async decline(): Promise<void> {}
  async rotate(): Promise<void> {}
  async abdicate(): Promise<void> {}
  async takeOver(): Promise<void> {}
  async refresh(): Promise<void> {}

  async leave(): Promise<void> {
    this.become({ phase: "outside", members: [], captain: null, isCaptain: false })
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.#arrived()
  }

  #message(text: string): RoomMessage {
    return {
      from: member({ isSelf: true }),
      text,
      at: Date.now(),
      sentAt: Date.now(),
      status: "verified",
      id: `id-${this.#sequence++}`,
      epoch: 1,
      isLate: false,
      isFromOtherSide: false,
      isOwn: true,
    }
  }

  async *#read(): AsyncGenerator<RoomMessage> {
    while (!this.isClosed) {
      const message = this.#queue.shift()
      if (message) yield message
      else await new Promise<void>((resolve) => (this.#arrived = resolve))
    }
  }
}
