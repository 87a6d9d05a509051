// What somebody learns who takes hubs away and reads their stores: of each envelope there, from which
// neighbour it came. The neighbour named most often is the best guess at its sender.

export class Observer {
  /** By message: how often which neighbour was named. @type {Map<number, Map<number, number>>} */
  #named = new Map()

  found(message, from) {
    const names = this.#named.get(message) ?? new Map()
    names.set(from, (names.get(from) ?? 0) + 1)
    this.#named.set(message, names)
  }

  /**
   * Shares of all messages: of which there was a copy, and whose sender was guessed.
   * @param {import("./messages.mjs").Messages} messages
   */
  result({ sender, count }) {
    let guessed = 0
    for (const [message, names] of this.#named) {
      const [[most]] = [...names].sort((a, b) => b[1] - a[1])
      if (most === sender[message]) guessed++
    }
    return { seenShare: this.#named.size / count, senderGuessedShare: guessed / count }
  }
}
