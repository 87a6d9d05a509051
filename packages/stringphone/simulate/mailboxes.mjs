// When mail is delivered that hubs store: mailboxes look at once, or from time to time, and then see what is
// still there.

export class Mailboxes {
  #lookSeconds
  #delivered
  /** Of each node: by message, when its mailbox looks next. @type {Map<number, { at: number, hops: number }>[]} */
  #waiting

  /**
   * @param {number} nodes
   * @param {number} lookSeconds 0: at once
   * @param {(message: number, at: number, hops: number) => void} delivered
   */
  constructor(nodes, lookSeconds, delivered) {
    this.#lookSeconds = lookSeconds
    this.#delivered = delivered
    this.#waiting = Array.from({ length: lookSeconds === 0 ? 0 : nodes }, () => new Map())
  }

  stored(node, message, hops, now) {
    const every = this.#lookSeconds
    if (every === 0) return this.#delivered(message, now, hops)
    // Not all at the same time.
    const offset = (node * 7_919) % every
    const at = Math.ceil((now - offset) / every) * every + offset
    this.#waiting[node].set(message, { at, hops })
  }

  dropped(node, message, now) {
    const waiting = this.#waiting[node]?.get(message)
    if (waiting === undefined) return
    this.#waiting[node].delete(message)
    if (waiting.at < now) this.#delivered(message, waiting.at, waiting.hops)
  }

  /** All that is still there counts as dropped now. */
  end(now) {
    this.#waiting.forEach((waiting, node) => {
      for (const message of waiting.keys()) this.dropped(node, message, now)
    })
  }
}
