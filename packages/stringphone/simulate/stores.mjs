// Who gets the room that there is, at a hundred thousand hubs at once: decides as `Shelf` of
// src/mailbox/hub does (a test compares them), on typed arrays.
//
// What one link stores is a skew heap with the lowest order on top: things only ever leave from there.

/** What a hub writes itself; everybody else is a number. */
export const ownLink = -1

const none = -1

/** The smallest envelope. */
const leastBytes = 1_024

export class Stores {
  /** Of each slot; those of one node follow one another. @type {Int32Array} */
  id
  /** Who handed it over. */
  from
  hops
  size
  #order
  #left
  #right
  /** Of each node. @type {Float64Array} */
  usedBytes
  peakBytes
  #ownBytes
  #firstFree
  #accounts
  /** How many slots of it were ever in use. */
  slotsUsed

  /** The IDs that the last `place` dropped. @type {number[]} */
  dropped = []
  /** Their slots, and the links they were charged to. */
  #taken = []
  #takenFrom = []

  /**
   * @param {object} limits
   * @param {number} limits.nodes
   * @param {number} limits.maxBytes of one node
   * @param {number} limits.linkShare the part of it that one link may have
   * @param {number} limits.mostItems there are no more different ones than this
   */
  constructor({ nodes, maxBytes, linkShare, mostItems }) {
    this.maxBytes = maxBytes
    this.quotaBytes = Math.floor(linkShare * maxBytes)
    this.slots = Math.max(1, Math.min(mostItems, Math.floor(maxBytes / leastBytes)))
    const all = nodes * this.slots
    this.id = new Int32Array(all).fill(none)
    this.from = new Int32Array(all)
    this.hops = new Uint8Array(all)
    this.size = new Uint32Array(all)
    this.#order = new Uint32Array(all)
    this.#left = new Int32Array(all).fill(none)
    this.#right = new Int32Array(all).fill(none)
    this.usedBytes = new Float64Array(nodes)
    this.peakBytes = new Float64Array(nodes)
    this.#ownBytes = new Float64Array(nodes)
    this.#firstFree = new Int32Array(nodes).fill(none)
    this.slotsUsed = new Uint32Array(nodes)
    this.#accounts = Array.from({ length: nodes }, () => ({ links: [], bytes: [], tops: [] }))
  }

  /**
   * Decides about one more, and drops what has to make room for it. Refused: nothing changed.
   *
   * @param {number} node whose store
   * @param {{ id: number, size: number, order: number, from: number, hops: number }} item
   * @param {number} link who is charged
   */
  place(node, { id, size, order, from, hops }, link) {
    this.dropped.length = 0
    this.#taken.length = 0
    this.#takenFrom.length = 0
    const hasRoom =
      link === ownLink ? this.#roomForOwn(node, size) : this.#room(node, size, order, link)
    const accounts = this.#accounts[node]
    if (!hasRoom) {
      this.#taken.forEach((slot, i) => this.#charge(node, accounts, slot, this.#takenFrom[i]))
      return false
    }
    for (const slot of this.#taken) this.#free(node, slot)
    const slot = this.#freeSlot(node)
    this.id[slot] = id
    this.size[slot] = size
    this.#order[slot] = order
    this.from[slot] = from
    this.hops[slot] = hops
    if (link === ownLink) this.#ownBytes[node] += size
    this.#charge(node, accounts, slot, link)
    if (this.usedBytes[node] > this.peakBytes[node]) this.peakBytes[node] = this.usedBytes[node]
    return true
  }

  /** Those that hold something. @returns {Generator<number>} */
  *slotsOf(node) {
    const first = node * this.slots
    for (let slot = first; slot < first + this.slotsUsed[node]; slot++) {
      if (this.id[slot] >= 0) yield slot
    }
  }

  /** By link, for the comparison. @returns {Map<number, number>} bytes */
  usage(node) {
    const { links, bytes } = this.#accounts[node]
    return new Map(links.map((link, i) => [link, bytes[i]]))
  }

  #room(node, size, order, link) {
    const accounts = this.#accounts[node]
    if (size > this.quotaBytes || this.#ownBytes[node] + size > this.maxBytes) return false
    // [HUB-2-2]
    for (;;) {
      const own = accounts.links.indexOf(link)
      if ((own === none ? 0 : accounts.bytes[own]) + size <= this.quotaBytes) break
      if (own === none || !this.#evict(node, accounts, own, order)) return false
    }
    // [HUB-2-3]
    while (this.usedBytes[node] + size > this.maxBytes) {
      const own = accounts.links.indexOf(link)
      const heaviest = heaviestOf(accounts.bytes, own, size)
      if (heaviest === none) return false
      if (!this.#evict(node, accounts, heaviest, heaviest === own ? order : Infinity)) return false
    }
    return true
  }

  /** [HUB-2-5] */
  #roomForOwn(node, size) {
    const accounts = this.#accounts[node]
    while (this.usedBytes[node] + size > this.maxBytes) {
      const heaviest = heaviestOf(accounts.bytes, none, 0)
      if (heaviest === none || !this.#evict(node, accounts, heaviest, Infinity)) return false
    }
    return true
  }

  /** @param {number} rival the order of what it would be dropped for */
  #evict(node, accounts, account, rival) {
    const slot = accounts.tops[account]
    if (rival < this.#order[slot]) return false // [HUB-2-4]
    const link = accounts.links[account]
    accounts.tops[account] = this.#merged(this.#left[slot], this.#right[slot])
    accounts.bytes[account] -= this.size[slot]
    if (accounts.tops[account] === none) {
      for (const column of [accounts.links, accounts.bytes, accounts.tops])
        column.splice(account, 1)
    }
    this.usedBytes[node] -= this.size[slot]
    this.#left[slot] = none
    this.#right[slot] = none
    this.#taken.push(slot)
    this.#takenFrom.push(link)
    return true
  }

  #charge(node, accounts, slot, link) {
    this.usedBytes[node] += this.size[slot]
    if (link === ownLink) return
    const account = accounts.links.indexOf(link)
    if (account === none) {
      accounts.links.push(link)
      accounts.bytes.push(this.size[slot])
      accounts.tops.push(slot)
      return
    }
    accounts.bytes[account] += this.size[slot]
    accounts.tops[account] = this.#merged(accounts.tops[account], slot)
  }

  /** Two heaps made one, from the top down: the lower goes on, and its sides change places. */
  #merged(one, other) {
    const order = this.#order
    const left = this.#left
    const right = this.#right
    let top = none
    let above = none
    let a = one
    let b = other
    while (a !== none && b !== none) {
      if (order[b] < order[a]) [a, b] = [b, a]
      if (above === none) top = a
      else left[above] = a
      above = a
      a = right[above]
      right[above] = left[above]
      left[above] = none
    }
    const rest = a === none ? b : a
    if (above === none) return rest
    left[above] = rest
    return top
  }

  #free(node, slot) {
    this.dropped.push(this.id[slot])
    this.id[slot] = none
    this.#left[slot] = this.#firstFree[node]
    this.#firstFree[node] = slot
  }

  #freeSlot(node) {
    const free = this.#firstFree[node]
    if (free === none) return node * this.slots + this.slotsUsed[node]++
    this.#firstFree[node] = this.#left[free]
    this.#left[free] = none
    return free
  }
}

/** The account with the most bytes; `own`, there or not, counts as `size` more, and is the one among equals. */
function heaviestOf(bytes, own, size) {
  let heaviest = own
  let most = size + (own === none ? 0 : bytes[own])
  for (let i = 0; i < bytes.length; i++) {
    if (i === own || bytes[i] <= most) continue
    heaviest = i
    most = bytes[i]
  }
  return heaviest
}
