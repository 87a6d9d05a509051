// Spread through hubs as they are: so much room each, some policy about it, and some who mean ill.
import { Mailboxes } from "./mailboxes.mjs"
import { Measure, mostHops } from "./measure.mjs"
import { Observer } from "./observer.mjs"
import { ownLink, Stores } from "./stores.mjs"

/**
 * `flooder`: makes junk all day long, and hands what it has made to everybody it meets. `renaming`: the
 * same, under another name each time. `hole`: takes all and forwards nothing. `seized`: ordinary until
 * the seizure; then its store is read, and it is gone.
 * @typedef {"honest" | "flooder" | "renaming" | "hole" | "seized"} Role
 */

/**
 * @typedef {object} Conditions
 * @property {number} bufferBytes of each node
 * @property {boolean} hasQuotas as our hub has them; without: one link that all share
 * @property {number} linkShare the part that one link may have, with quotas
 * @property {"oldest" | "any"} drops what goes first, of one link: with our hub what came first
 * @property {boolean} doesReadRefused whether a mailbox reads what its hub then does not keep
 * @property {number} lookSeconds how often a mailbox looks at what its hub stores; 0: at once
 * @property {Role[]} roles of each node
 * @property {number} junkPerDay of each flooder
 * @property {number} seizureSeconds
 */

/**
 * @typedef {import("./measure.mjs").Result & Learned & { junkShare: number }} CarryResult junk: of what
 *   honest nodes store at the end
 * @typedef {{ seenShare: number, senderGuessedShare: number }} Learned of all messages, by the seizure
 */

const junkBytes = 1_024
/** All that is not its own: the one account without quotas. */
const everybody = 0

/**
 * @param {import("./meetings.mjs").Meetings} meetings
 * @param {import("./messages.mjs").Messages} messages
 * @param {Conditions} conditions
 * @param {import("./random.mjs").Random} random
 * @param {(share: number) => void} progress
 * @returns {CarryResult}
 */
export function carry(meetings, messages, conditions, random, progress = () => {}) {
  return new Carriage(meetings, messages, conditions, random).run(progress)
}

class Carriage {
  #stores
  #measure
  #mailboxes
  #observer = new Observer()
  /** What a random order comes from: another one for each envelope. */
  #salt
  /** A bit for each envelope, for each node that was ever offered it: nobody takes it twice. */
  #offered
  #words
  /** How many each node was offered. */
  #arrivals
  #received
  #sent
  #isGone
  /** The first number of each flooder's junk. */
  #firstJunk = new Map()
  #newName

  constructor(meetings, messages, conditions, random) {
    this.meetings = meetings
    this.messages = messages
    this.conditions = conditions
    const { roles, bufferBytes, hasQuotas, linkShare, junkPerDay, lookSeconds } = conditions
    const { nodes, seconds } = meetings
    let envelopes = messages.count
    roles.forEach((role, node) => {
      if (!isFlooding(role)) return
      this.#firstJunk.set(node, envelopes)
      envelopes += this.#junkBy(seconds, junkPerDay)
    })
    this.#stores = new Stores({
      nodes,
      maxBytes: bufferBytes,
      linkShare: hasQuotas ? linkShare : 1,
      mostItems: envelopes,
    })
    this.#salt = Uint32Array.from({ length: envelopes }, () => random.u32())
    const destinations = roles.filter((role) => role === "honest").length - 1
    this.#measure = new Measure(messages, destinations, seconds)
    this.#mailboxes = new Mailboxes(nodes, lookSeconds, (message, at, hops) =>
      this.#measure.received(at - messages.start[message], hops),
    )
    this.#words = Math.ceil(envelopes / 32)
    this.#offered = new Uint32Array(nodes * this.#words)
    this.#arrivals = new Uint32Array(nodes)
    this.#received = new Float64Array(nodes)
    this.#sent = new Float64Array(nodes)
    this.#isGone = Uint8Array.from(roles, (role) => (role === "hole" ? 1 : 0))
    this.#newName = nodes
  }

  run(progress) {
    const { time, a, b } = this.meetings
    const { start, count } = this.messages
    let started = 0
    let isSeized = false
    for (let i = 0; i < time.length; i++) {
      while (started < count && start[started] <= time[i]) this.#start(started++)
      if (!isSeized && time[i] >= this.conditions.seizureSeconds) {
        isSeized = true
        this.#seize()
      }
      this.#meet(a[i], b[i], time[i])
      if (i % 5_000 === 0) progress(i / time.length)
    }
    this.#mailboxes.end(this.meetings.seconds)
    return this.#result()
  }

  #start(message) {
    const { sender, bytes, start } = this.messages
    const node = sender[message]
    this.#isNewTo(node, message)
    const item = { id: message, size: bytes[message], hops: 0, from: node }
    this.#place(node, item, ownLink, start[message])
  }

  #meet(a, b, now) {
    if (this.#isGone[a] || this.#isGone[b]) return
    const doesFlood = this.#firstJunk.has(a)
    const doesOtherFlood = this.#firstJunk.has(b)
    if (doesFlood && doesOtherFlood) return
    if (doesFlood) this.#flood(a, b, now)
    else if (doesOtherFlood) this.#flood(b, a, now)
    else this.#exchange(a, b, now)
  }

  #flood(flooder, node, now) {
    const { roles, junkPerDay } = this.conditions
    const name = roles[flooder] === "renaming" ? this.#newName++ : flooder
    const first = this.#firstJunk.get(flooder)
    const end = first + this.#junkBy(now, junkPerDay)
    for (let id = first; id < end; id++) {
      if (!this.#isNewTo(node, id)) continue
      this.#count(flooder, node, junkBytes)
      this.#place(node, { id, size: junkBytes, hops: 1, from: flooder }, name, now)
    }
  }

  #junkBy(seconds, junkPerDay) {
    return Math.floor((seconds / 86_400) * junkPerDay)
  }

  /** Each hands over what it had when they met, and the other was never offered. */
  #exchange(a, b, now) {
    const toB = this.#newFor(b, a)
    const toA = this.#newFor(a, b)
    for (const item of toB) this.#hand(a, b, item, now)
    for (const item of toA) this.#hand(b, a, item, now)
  }

  #newFor(node, from) {
    const { id, size, hops, slots, slotsUsed } = this.#stores
    const items = []
    const first = from * slots
    for (let slot = first; slot < first + slotsUsed[from]; slot++) {
      if (id[slot] < 0 || !this.#isNewTo(node, id[slot])) continue
      items.push({ id: id[slot], size: size[slot], hops: hops[slot] })
    }
    return items
  }

  #hand(from, to, { id, size, hops }, now) {
    const nextHops = Math.min(mostHops, hops + 1)
    this.#count(from, to, size)
    const isStored = this.#place(to, { id, size, hops: nextHops, from }, from, now)
    if (id >= this.messages.count || this.conditions.roles[to] !== "honest") return
    if (isStored) this.#mailboxes.stored(to, id, nextHops, now)
    else if (this.conditions.doesReadRefused) {
      this.#measure.received(now - this.messages.start[id], nextHops)
    }
  }

  /** @returns {boolean} whether it is stored now */
  #place(node, item, link, now) {
    const { hasQuotas, drops } = this.conditions
    const isOldestFirst = drops === "oldest"
    const order = isOldestFirst ? this.#arrivals[node]++ : randomOrder(node, this.#salt[item.id])
    const charged = hasQuotas || link === ownLink ? link : everybody
    const isStored = this.#stores.place(node, { ...item, order }, charged)
    if (isStored) for (const id of this.#stores.dropped) this.#mailboxes.dropped(node, id, now)
    return isStored
  }

  /** From now on it is not. */
  #isNewTo(node, id) {
    const word = node * this.#words + (id >>> 5)
    const bit = 1 << (id & 31)
    if (this.#offered[word] & bit) return false
    this.#offered[word] |= bit
    return true
  }

  #count(from, to, bytes) {
    this.#sent[from] += bytes
    this.#received[to] += bytes
  }

  #seize() {
    const { id, from } = this.#stores
    this.conditions.roles.forEach((role, node) => {
      if (role !== "seized") return
      this.#isGone[node] = 1
      for (const slot of this.#stores.slotsOf(node)) {
        if (id[slot] < this.messages.count) this.#observer.found(id[slot], from[slot])
      }
    })
  }

  #result() {
    const { roles } = this.conditions
    const ofHonest = (values) => values.filter((_, node) => roles[node] === "honest")
    const result = this.#measure.result({
      stored: ofHonest(this.#stores.peakBytes),
      received: ofHonest(this.#received),
      sent: ofHonest(this.#sent),
    })
    return { ...result, junkShare: this.#junkShare(), ...this.#observer.result(this.messages) }
  }

  /** Of what honest nodes store at the end. */
  #junkShare() {
    const { id, size } = this.#stores
    let junk = 0
    let all = 0
    this.conditions.roles.forEach((role, node) => {
      if (role !== "honest") return
      for (const slot of this.#stores.slotsOf(node)) {
        all += size[slot]
        if (id[slot] >= this.messages.count) junk += size[slot]
      }
    })
    return all === 0 ? 0 : Number((junk / all).toFixed(4))
  }
}

/** @param {Role} role */
function isFlooding(role) {
  return role === "flooder" || role === "renaming"
}

/** Other at each node, always the same for one envelope. */
function randomOrder(node, salt) {
  let mixed = Math.imul(node ^ salt, 0x85ebca6b) ^ Math.imul(salt, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
