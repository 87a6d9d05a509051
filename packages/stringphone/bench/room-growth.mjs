// A room that grows to any size in one process: a captain and two members who stay, and others who
// come in as everybody does and are forgotten, so that the channel carries what it would carry.
import { randomBytes } from "stringphone/crypto"
import { Identity } from "stringphone/identity"
import { defaultTiming, Effects, Room } from "stringphone/room"

/** Whom the room keeps, in the order of their leaves. */
export const keptNames = ["captain", "alice", "bob"]

/** The simulated time goes on by itself: by so much for each who comes in. */
const joinMs = 3_000

/** Somebody who runs the room's machine. */
export class Person {
  constructor(name, identity = Identity.generate()) {
    this.name = name
    this.identity = identity
    this.room = new Room(this.#ports())
  }

  /** The same member anew, from what it would save. `names`: who is on the channel. */
  async again(saved, time, names = []) {
    const other = new Person(this.name, this.identity)
    await other.room.restore(saved, null, time)
    for (const name of names) other.room.presence.joined(name)
    return other
  }

  #ports() {
    return {
      identity: this.identity,
      ownName: this.name,
      timing: defaultTiming,
      hasPresence: true,
      randomBytes,
      admission: () => "admit",
      standing: () => "verified",
    }
  }
}

/** Founds a room and lets people in, one by one. */
export class Growth {
  /** Who is kept. */
  kept = []
  names = []
  time = { now: 0, wall: 1_800_000_000_000 }

  async found() {
    const captain = this.#come()
    await captain.room.found({ title: "kitchen", isDeniable: false }, this.time, new Effects())
  }

  get captain() {
    return this.kept[0]
  }

  get size() {
    return this.names.length
  }

  /**
   * One more comes in.
   * @returns the packets of it in their order, `{ from, to, bytes }`, and when they were taken in
   */
  async join() {
    const newcomer = this.#come()
    const packets = []
    const knock = new Effects()
    newcomer.room.join(null, this.time, knock)
    await this.#carry(newcomer, knock, packets)
    this.#wait(joinMs)
    // The newcomer chooses among the offers; then the captain grants a slot.
    for (const person of [newcomer, this.captain]) {
      const out = new Effects()
      await person.room.tick(this.time, out)
      await this.#carry(person, out, packets)
    }
    if (newcomer.room.phase !== "member") throw new Error(`${newcomer.name} did not get in`)
    return packets
  }

  /** The captain begins a new epoch without changing anything. @returns the commit's packet */
  async rotate() {
    const packets = []
    const out = new Effects()
    await this.captain.room.requireMember().captaincy.rotate(this.time, out)
    await this.#carry(this.captain, out, packets)
    return packets[0].bytes
  }

  /** Delivers what is sent, and what is sent because of it: everybody hears all in one order. */
  async #carry(from, out, packets) {
    const waiting = []
    const take = (person, { sends, events }) => {
      for (const event of events) if (event.kind === "rejected") throw event.error
      waiting.push(...sends.map(({ bytes, to }) => ({ person, bytes, to })))
    }
    take(from, out)
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { bytes, person: sender, to } = next
      packets.push({ from: sender.name, to, bytes })
      for (const person of this.#present) {
        if (person === sender || (to !== null && to !== person.name)) continue
        const answer = new Effects()
        await person.room.receive(bytes, sender.name, this.time, answer)
        take(person, answer)
      }
    }
  }

  get #present() {
    return this.kept.includes(this.newest) ? this.kept : [...this.kept, this.newest]
  }

  #come() {
    const name = keptNames[this.size] ?? `member-${this.size}`
    const person = new Person(name)
    this.newest = person
    this.names.push(name)
    if (this.kept.length < keptNames.length) this.kept.push(person)
    for (const other of this.names) person.room.presence.joined(other)
    for (const other of this.kept) other.room.presence.joined(name)
    return person
  }

  #wait(ms) {
    this.time = { now: this.time.now + ms, wall: this.time.wall + ms }
  }
}
