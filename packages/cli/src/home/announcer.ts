/**
 * Sends the newest state, one message at a time: while the channel makes us wait, what would have
 * been said meanwhile is not queued but left out.
 */
export class Announcer {
  readonly #send: () => Promise<void>
  #wanted = false
  #busy = false

  /** @param send handles its own failures */
  constructor(send: () => Promise<void>) {
    this.#send = send
  }

  announce(): void {
    this.#wanted = true
    if (!this.#busy) void this.#run()
  }

  async #run(): Promise<void> {
    this.#busy = true
    while (this.#wanted) {
      this.#wanted = false
      await this.#send()
    }
    this.#busy = false
  }
}
