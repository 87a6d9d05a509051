// Ideal epidemic spread: everybody has room for everything, and everything goes over at every meeting.
// No way of passing messages on delivers more or sooner; what a policy costs is measured against it.
import { Measure, mostHops } from "./measure.mjs"

/**
 * @param {import("./meetings.mjs").Meetings} meetings
 * @param {import("./messages.mjs").Messages} messages
 * @param {(share: number) => void} progress
 * @returns {import("./measure.mjs").Result}
 */
export function spreadIdeally(meetings, messages, progress = () => {}) {
  return new IdealSpread(meetings, messages).run(progress)
}

class IdealSpread {
  #words
  /** A bit for each message, for each node. */
  #has
  #hops
  #measure
  #bytes

  constructor(meetings, messages) {
    this.meetings = meetings
    this.messages = messages
    const { nodes, seconds } = meetings
    this.#words = Math.ceil(messages.count / 32)
    this.#has = new Uint32Array(nodes * this.#words)
    this.#hops = new Uint8Array(nodes * messages.count)
    this.#measure = new Measure(messages, nodes - 1, seconds)
    this.#bytes = {
      stored: new Float64Array(nodes),
      received: new Float64Array(nodes),
      sent: new Float64Array(nodes),
    }
  }

  run(progress) {
    const { time, a, b } = this.meetings
    const { start, count } = this.messages
    let started = 0
    for (let i = 0; i < time.length; i++) {
      while (started < count && start[started] <= time[i]) this.#start(started++)
      if (started > 0) this.#meet(a[i], b[i], time[i])
      if (i % 20_000 === 0) progress(i / time.length)
    }
    return this.#measure.result(this.#bytes)
  }

  #start(message) {
    const sender = this.messages.sender[message]
    this.#has[sender * this.#words + (message >>> 5)] |= 1 << (message & 31)
    this.#bytes.stored[sender] += this.messages.bytes[message]
  }

  #meet(a, b, now) {
    const words = this.#words
    const has = this.#has
    for (let word = 0, atA = a * words, atB = b * words; word < words; word++, atA++, atB++) {
      const ofA = has[atA]
      const ofB = has[atB]
      if (ofA === ofB) continue
      const both = ofA | ofB
      this.#hand(a, b, word, ofA & ~ofB, now)
      this.#hand(b, a, word, ofB & ~ofA, now)
      has[atA] = both
      has[atB] = both
    }
  }

  #hand(from, to, word, bits, now) {
    const { start, bytes, count } = this.messages
    for (let left = bits; left !== 0; left &= left - 1) {
      const message = word * 32 + 31 - Math.clz32(left & -left)
      const hops = Math.min(mostHops, this.#hops[from * count + message] + 1)
      this.#hops[to * count + message] = hops
      this.#measure.received(now - start[message], hops)
      this.#bytes.stored[to] += bytes[message]
      this.#bytes.received[to] += bytes[message]
      this.#bytes.sent[from] += bytes[message]
    }
  }
}
