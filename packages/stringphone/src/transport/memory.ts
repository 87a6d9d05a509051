import { ChannelError, UsageError } from "../bytes/index.js"
import { type Clock, systemClock } from "./clock.js"
import { type Delivery, type Faults, HostileNetwork } from "./faults.js"
import type { InboxLimits } from "./inbox.js"
import { MemoryTransport } from "./memory-transport.js"
import type { OutgoingMessage } from "./outbox.js"
import type { Transport } from "./port.js"
import { SeededRandom } from "./random.js"

export { type Clock, SimulatedClock } from "./clock.js"
export type { Faults } from "./faults.js"

/** How a network in memory behaves. */
export interface MemoryNetworkOptions {
  /** Of all chances; the same seed and the same calls give the same deliveries. Default 1. */
  readonly seed?: number
  /** For delays. Default: the platform's time. */
  readonly clock?: Clock
  /** Default: none; reliable, in order, in the next microtask. */
  readonly faults?: Faults
  /** Default 1 MiB. */
  readonly maxMessageBytes?: number
  /** How much may wait to be read at each transport; beyond it the oldest are dropped. */
  readonly inbox?: InboxLimits
}

/** One channel in memory, and the power over it that an attacker has. */
export interface MemoryNetwork {
  /** Comes to the channel. @throws {UsageError} `name-taken` */
  connect(name: string): Transport
  /** From now on. @throws {UsageError} `bad-faults` */
  setFaults(faults: Faults): void
  /**
   * Who is in different groups no longer hears each other: messages between them are lost. Those
   * in no group are together in one more.
   */
  partition(...groups: readonly (readonly string[])[]): void
  /** Ends the partition. */
  heal(): void
  /** Breaks one connection: its status is `reconnecting`, what it sends waits. */
  disconnect(name: string): void
  /** Brings it back. */
  reconnect(name: string): void
}

/**
 * A channel in memory, for tests and demonstrations.
 *
 * @throws {UsageError} `bad-faults`
 * @example
 * const clock = new SimulatedClock()
 * const network = createMemoryNetwork({ seed: 7, clock, faults: { drop: 0.1, reorder: 0.2 } })
 * const alice = network.connect("alice")
 * const bob = network.connect("bob")
 * await alice.send(bytes)
 * await clock.runUntilIdle()
 */
export function createMemoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new Network(options)
}

class Network implements MemoryNetwork {
  readonly #options: MemoryNetworkOptions
  readonly #clock: Clock
  readonly #hostile: HostileNetwork
  readonly #members = new Map<string, MemoryTransport>()
  readonly #offline = new Set<string>()
  /** When the last delivery of `sender → receiver` is due: later ones do not overtake it. */
  readonly #lastDue = new Map<string, number>()
  readonly #retained = new Map<string, { readonly bytes: Uint8Array; readonly from: string }>()
  #groups: readonly ReadonlySet<string>[] = []

  constructor(options: MemoryNetworkOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#hostile = new HostileNetwork(new SeededRandom(options.seed ?? 1), options.faults ?? {})
  }

  connect(name: string): Transport {
    if (this.#members.has(name)) {
      throw new UsageError("name-taken", `${name} is on this network already. Choose another name.`)
    }
    const member = new MemoryTransport(
      name,
      { maxMessageBytes: this.#options.maxMessageBytes, inbox: this.#options.inbox },
      {
        send: (message) => this.#send(name, message),
        present: () => [...this.#members.keys()].filter((other) => this.#hears(name, other)),
        leave: () =>
          this.#tellPresence(() => {
            this.#members.delete(name)
            this.#offline.delete(name)
          }),
      },
    )
    this.#tellPresence(() => this.#members.set(name, member))
    this.#giveRetained(name, member)
    return member
  }

  setFaults(faults: Faults): void {
    this.#hostile.faults = faults
  }

  partition(...groups: readonly (readonly string[])[]): void {
    this.#tellPresence(() => {
      this.#groups = groups.map((names) => new Set(names))
    })
  }

  heal(): void {
    this.partition()
  }

  disconnect(name: string): void {
    if (this.#offline.has(name)) return
    this.#tellPresence(() => this.#offline.add(name))
    this.#members.get(name)?.disconnected()
  }

  reconnect(name: string): void {
    if (!this.#offline.has(name)) return
    this.#tellPresence(() => this.#offline.delete(name))
    const member = this.#members.get(name)
    if (!member) return
    this.#giveRetained(name, member)
    member.reconnected()
  }

  async #send(from: string, { bytes, to, retain }: OutgoingMessage): Promise<void> {
    if (to !== undefined && !this.#members.has(to)) {
      throw new ChannelError("not-connected", `${to} is not connected (any more).`)
    }
    if (retain !== undefined) {
      this.#retained.delete(retain)
      if (bytes.length === 0) return
      this.#retained.set(retain, { bytes: Uint8Array.from(bytes), from })
    }
    for (const [name, member] of this.#members) {
      if (!this.#hears(name, from) || (to !== undefined && name !== to)) continue
      for (const delivery of this.#hostile.deliveries(bytes)) {
        this.#deliver(delivery, `${from} → ${name}`, () => {
          if (!this.#offline.has(name)) member.receive({ bytes: delivery.bytes, from })
        })
      }
    }
    this.#hostile.remember(Uint8Array.from(bytes))
  }

  /** The faults are the network's as for any message, but others' partitions are not in the way. */
  #giveRetained(name: string, member: MemoryTransport): void {
    for (const { bytes, from } of this.#retained.values()) {
      if (from === name) continue
      for (const delivery of this.#hostile.deliveries(bytes)) {
        this.#deliver(delivery, `retained → ${name}`, () => {
          if (this.#offline.has(name)) return
          member.receive({ bytes: delivery.bytes, from, retained: true })
        })
      }
    }
  }

  #deliver({ delayMs, reordered }: Delivery, way: string, arrive: () => void): void {
    const now = this.#clock.now()
    const due = reordered ? now + delayMs : Math.max(now + delayMs, this.#lastDue.get(way) ?? 0)
    if (!reordered) this.#lastDue.set(way, due)
    if (due > now) this.#clock.schedule(due - now, arrive)
    else queueMicrotask(arrive)
  }

  #hears(name: string, other: string): boolean {
    if (name === other || this.#offline.has(name) || this.#offline.has(other)) return false
    const group = this.#groups.findIndex((names) => names.has(name))
    return group === this.#groups.findIndex((names) => names.has(other))
  }

  /** Makes a change, and tells everyone whom they see come and go by it. */
  #tellPresence(change: () => void): void {
    const seen = (): Map<string, Set<string>> => {
      const names = [...this.#members.keys()]
      return new Map(
        names.map((name) => [name, new Set(names.filter((other) => this.#hears(name, other)))]),
      )
    }
    const before = seen()
    change()
    for (const [name, after] of seen()) {
      const known = before.get(name)
      if (!known) continue
      const member = this.#members.get(name)
      for (const who of known) if (!after.has(who)) member?.tell({ kind: "left", who })
      for (const who of after) if (!known.has(who)) member?.tell({ kind: "joined", who })
    }
  }
}
