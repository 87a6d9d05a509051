// Nine people and their rooms on one channel, with simulated time and all that goes wrong. The same
// seed gives the same run, byte for byte. The people's machines are the pure ones of src/room: what a
// session would do (save, then send, then tell) is done here.
import { hex, type PeerError, UsageError, utf8 } from "../../src/bytes/index.js"
import { hash } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import {
  Effects,
  Room,
  type RoomPorts,
  type RoomTime,
  type RoomTiming,
} from "../../src/room/index.js"
import { type Counts, newPerson, noCounts, type Person } from "./room-simulation-people.js"
import { Agenda, Chances, Links } from "./room-simulation-network.js"
import { Ledger } from "./room-simulation-ledger.js"

export interface SimulationOptions {
  readonly seed: number
  readonly quorum?: "votes" | "view" | "none"
  readonly size?: number
  readonly timing?: RoomTiming
  /** How long things go wrong. */
  readonly chaosMs?: number
}

/** Half of the real pauses, so that a run has as many elections in half the messages. */
const timing: RoomTiming = {
  pulseMs: 10_000,
  silenceMs: 30_000,
  absentMs: 150_000,
  rotateMs: 150_000,
}
const tickMs = 1_000

export class Simulation {
  readonly agenda = new Agenda()
  readonly chances: Chances
  readonly links: Links
  readonly ledger = new Ledger()
  readonly people: readonly Person[]
  readonly quorum: "votes" | "view" | "none"
  readonly timing: RoomTiming
  readonly hasPresence: boolean
  readonly isAddressed: boolean
  readonly isNamed: boolean
  readonly counts: Counts = noCounts()
  readonly rejections = new Map<string, number>()
  /** A removal on purpose, and the epoch that it made. */
  readonly bans: { readonly person: Person; readonly auth: string }[] = []
  isHealed = false
  trace: ((person: Person, phase: string, out: Effects) => void) | null = null
  readonly #seed: number
  /** What was sent, for those who send it once more. */
  readonly recorded: { readonly bytes: Uint8Array; readonly from: Person }[] = []
  #counter = 0

  constructor({ seed, quorum = "votes", size = 9, ...options }: SimulationOptions) {
    this.#seed = seed
    this.chances = new Chances(seed)
    this.links = new Links(size)
    this.quorum = quorum
    this.timing = options.timing ?? timing
    this.hasPresence = !this.chances.chance(0.2)
    this.isAddressed = this.chances.chance(0.7)
    this.isNamed = this.hasPresence || this.chances.chance(0.5)
    this.people = Array.from({ length: size }, (_, index) => this.#person(index))
  }

  get time(): RoomTime {
    const { now } = this.agenda
    return { now, wall: 1_700_000_000_000 + now }
  }

  /** Who runs a program, and is in the room. */
  get members(): readonly Person[] {
    return this.people.filter(({ isUp, room }) => isUp && room.phase === "member")
  }

  /** Runs a transition of somebody's room, and does what it wants done. */
  async act(person: Person, transition: (room: Room, out: Effects) => unknown): Promise<boolean> {
    if (!person.isUp) return false
    const out = new Effects()
    const { room } = person
    const { phase, member } = room
    person.before = room.member && room.member.group
    let isDone = true
    try {
      await transition(room, out)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      isDone = false
    }
    if (room.phase === "stranded" && phase !== "stranded") this.counts.stranded++
    const isSame = room.member !== null && room.member === member
    const isRewound = isSame && out.events.some(({ kind }) => kind === "healed")
    if (isRewound) this.counts.rewound++
    this.trace?.(person, phase, out)
    this.ledger.track(room)
    if (out.save !== "nothing") this.#save(person, out.save)
    if (person.dies && out.sends.length > 0) return this.#die(person, out)
    for (const send of out.sends) await this.#send(person, send.bytes, send.to)
    this.#tell(person, out)
    return isDone
  }

  kill(person: Person): void {
    if (!person.isUp) return
    person.isUp = false
    person.dies = false
    person.run++
    this.#presenceOf(person, "quit")
  }

  /** Goes away for good. */
  part(person: Person): void {
    this.kill(person)
    person.hasParted = true
  }

  async restart(person: Person): Promise<void> {
    if (person.isUp || person.hasParted) return
    this.counts.restarts++
    person.isUp = true
    this.links.setOnline(person.index, true)
    person.room = this.roomOf(person)
    const { state, log } = person.saved
    if (state) {
      await person.room.restore(state, log, this.time)
      this.#save(person, "all")
    } else this.ledger.forgot(person.name)
    this.ticks(person)
    this.#presenceOf(person, "quit")
    await this.act(person, (room, out) => room.returned(this.time, out))
  }

  /** The connection of one breaks, or comes back. */
  async connect(person: Person, isOnline: boolean): Promise<void> {
    if (this.links.isOnline(person.index) === isOnline || !person.isUp) return
    this.links.setOnline(person.index, isOnline)
    if (!isOnline) {
      person.room.interrupted()
      this.#presenceOf(person, "quit")
    } else {
      this.#presenceOf(person, "quit")
      await this.act(person, (room, out) => room.returned(this.time, out))
    }
  }

  /** Servers part or meet. */
  regroup(groups: readonly number[], isTold = true): void {
    this.links.groups = groups
    if (!isTold) return
    for (const a of this.people) {
      for (const b of this.people) {
        if (a === b) continue
        const why = b.isUp ? this.chances.pick(["netsplit", "netsplit", "quit"] as const) : "quit"
        this.#tellPresence(a, b, why)
      }
    }
  }

  async heal(): Promise<void> {
    this.isHealed = true
    this.links.heal()
    for (const person of this.people) {
      person.dies = false
      await this.connect(person, true)
      await this.restart(person)
    }
    this.regroup(this.links.groups)
  }

  async join(person: Person): Promise<void> {
    person.wantsIn = true
    await this.act(person, (room, out) => room.join(null, this.time, out))
  }

  async say(person: Person): Promise<void> {
    const { room } = person
    if (!person.isUp || room.phase !== "member" || !this.links.isOnline(person.index)) return
    const text = `${person.name} ${person.texts++}`
    const before = this.ledger.said.size
    this.ledger.say(room, text)
    const hadSent = this.counts.texts
    const isSaid = await this.act(person, async (_, out) => {
      await room.say(text, this.time, out)
      this.counts.texts++
    })
    if (isSaid || this.counts.texts > hadSent) return
    this.counts.blocked++
    if (this.ledger.said.size > before) this.ledger.said.delete(text)
  }

  /** Something that was sent before comes once more, to anybody. */
  async replay(): Promise<void> {
    if (this.recorded.length === 0) return
    const { bytes, from } = this.chances.pick(this.recorded)
    const to = this.chances.pick(this.people)
    await this.#deliver(bytes, from, to, to.run)
  }

  ticks(person: Person): void {
    const { run } = person
    const tick = async (): Promise<void> => {
      if (person.run !== run) return
      if (this.links.isOnline(person.index)) {
        await this.act(person, (room, out) => room.tick(this.time, out))
        await this.#wish(person)
      }
      this.agenda.after(tickMs, tick)
    }
    this.agenda.after(this.chances.below(tickMs), tick)
  }

  /** Whoever wants to be in and is not, asks now and then. */
  async #wish(person: Person): Promise<void> {
    const { phase } = person.room
    const isOut = phase === "outside" || (phase === "removed" && !person.isBanned)
    if (person.wantsIn && isOut && this.chances.chance(0.1)) await this.join(person)
  }

  async #send(person: Person, bytes: Uint8Array, to: string | null): Promise<void> {
    await this.ledger.sent(person.name, person.room, person.before, bytes)
    if (this.recorded.length < 4_000) this.recorded.push({ bytes, from: person })
    for (const other of this.people) {
      if (other === person || (this.isAddressed && to !== null && to !== other.name)) continue
      if (!this.links.isHeard(person.index, other.index)) continue
      if (this.chances.chance(this.links.loss)) continue
      const times = !this.isHealed && this.chances.chance(0.02) ? 2 : 1
      for (let i = 0; i < times; i++) {
        const isSlow = !this.isHealed && this.chances.chance(0.03)
        const delay = isSlow ? this.chances.between(500, 8_000) : this.chances.between(20, 400)
        const { run } = other
        this.agenda.after(delay, () => this.#deliver(bytes, person, other, run))
      }
    }
  }

  async #deliver(bytes: Uint8Array, from: Person, to: Person, run: number): Promise<void> {
    if (!to.isUp || to.run !== run || !this.links.isOnline(to.index)) return
    const name = this.isNamed ? from.name : null
    await this.act(to, (room, out) => room.receive(bytes, name, this.time, out))
  }

  /** The program is killed after it saved, and before all was sent. */
  async #die(person: Person, out: Effects): Promise<boolean> {
    const sent = this.chances.below(out.sends.length)
    for (const { bytes, to } of out.sends.slice(0, sent)) await this.#send(person, bytes, to)
    this.kill(person)
    return false
  }

  #save(person: Person, what: "log" | "all"): void {
    const log = what === "log" ? person.room.saveLog() : null
    if (log) person.saved = { ...person.saved, log }
    else person.saved = { state: person.room.save(), log: null }
  }

  #tell(person: Person, out: Effects): void {
    for (const event of out.events) {
      switch (event.kind) {
        case "message":
          if (event.message.isOwn) break
          if (event.message.isFromOtherSide) this.counts.otherSide++
          this.ledger.showed(person.name, hex(person.identity.publicKey), event.message)
          break
        case "gap":
          person.gaps += event.missing
          break
        case "captain":
          if (event.how === "vote" && this.#isMe(person, event.captain.identityKey))
            this.counts.elections++
          if (event.how === "takeover" && this.#isMe(person, event.captain.identityKey))
            this.counts.takeovers++
          break
        case "split":
          this.counts.splits++
          break
        case "removed":
          this.counts.absent++
          break
        case "rejected":
          this.counts.rejected++
          this.#rejected(event.error)
          break
        default:
      }
    }
  }

  #rejected({ code, message }: PeerError): void {
    const key = `${code}: ${message}`
    this.rejections.set(key, (this.rejections.get(key) ?? 0) + 1)
  }

  #isMe(person: Person, identityKey: Uint8Array): boolean {
    return hex(person.identity.publicKey) === hex(identityKey)
  }

  /** What the channel says of one to all, and of all to one. */
  #presenceOf(person: Person, why: "quit" | "netsplit"): void {
    for (const other of this.people) {
      if (other === person) continue
      this.#tellPresence(other, person, why)
      this.#tellPresence(person, other, why)
    }
  }

  /** Late, and sometimes not at all or wrong. */
  #tellPresence(to: Person, about: Person, why: "quit" | "netsplit"): void {
    if (!this.isHealed && this.chances.chance(0.04)) return
    const { run } = to
    const isWrong = !this.isHealed && this.chances.chance(0.01)
    this.agenda.after(this.chances.between(0, 3_000), () => {
      if (to.run !== run || !to.isUp || !this.links.isOnline(to.index)) return
      const isHere = about.isUp && this.links.isTogether(to.index, about.index)
      if (isHere !== isWrong) to.room.presence.joined(about.name)
      else to.room.presence.left(about.name, why, this.time)
    })
  }

  #person(index: number): Person {
    const identity = new Identity(hash(utf8(`${this.#seed} person ${index}`)))
    return newPerson(index, identity, (person) => this.roomOf(person))
  }

  roomOf({ identity, name }: Pick<Person, "identity" | "name">): Room {
    const ports: RoomPorts = {
      identity,
      ownName: name,
      timing: this.timing,
      hasPresence: this.hasPresence,
      quorum: this.quorum,
      randomBytes: (length) => this.#bytes(length),
      admission: (key) => (this.#isBanned(key) ? "revoked" : "admit"),
      standing: () => "verified",
    }
    return new Room(ports)
  }

  #isBanned(key: Uint8Array): boolean {
    return this.people.some(
      ({ isBanned, identity }) => isBanned && hex(identity.publicKey) === hex(key),
    )
  }

  #bytes(length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      out.set(hash(utf8(`${this.#seed} ${this.#counter++}`)).subarray(0, length - at), at)
    }
    return out
  }
}
