import type { TransportEvent } from "../port.js"
import type { TextChannel, TextChannelEvent } from "../text-channel.js"

type Change = Extract<TextChannelEvent, { readonly kind: "joined" | "left" | "renamed" }>

/**
 * Tells who comes and goes, each change once, and who is there already: as soon as somebody listens,
 * and after each reconnection what changed meanwhile.
 */
export class Presence {
  readonly #channel: TextChannel
  readonly #emit: (event: TransportEvent) => void
  readonly #told = new Set<string>()
  #isHeard = false
  #isStopped = false

  constructor(channel: TextChannel, emit: (event: TransportEvent) => void) {
    this.#channel = channel
    this.#emit = emit
  }

  /** Somebody listens. Not at once: it may need what `onEvent` gives it. */
  tell(): void {
    if (this.#isHeard) return
    this.#isHeard = true
    queueMicrotask(() => this.opened())
  }

  /** The channel is open (again). */
  opened(): void {
    if (!this.#isHeard || this.#isStopped || this.#channel.status !== "open") return
    const { ownName } = this.#channel
    const here = new Set(this.#channel.names.filter((name) => name !== ownName))
    for (const who of [...this.#told]) {
      if (!here.has(who)) this.#left({ kind: "left", who })
    }
    for (const who of here) this.#joined(who)
  }

  hear(event: Change): void {
    if (!this.#isHeard) return
    switch (event.kind) {
      case "joined":
        return this.#joined(event.who)
      case "left":
        return this.#left({ kind: "left", who: event.who, reason: event.reason })
      case "renamed":
        if (event.isSelf) return
        if (!this.#told.delete(event.who)) return this.#joined(event.to)
        this.#told.add(event.to)
        this.#emit({ kind: "renamed", who: event.who, to: event.to })
    }
  }

  stop(): void {
    this.#isStopped = true
  }

  #joined(who: string): void {
    if (this.#told.has(who)) return
    this.#told.add(who)
    this.#emit({ kind: "joined", who })
  }

  #left(event: Extract<TransportEvent, { readonly kind: "left" }>): void {
    if (this.#told.delete(event.who)) this.#emit(event)
  }
}
