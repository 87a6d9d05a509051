import { ChannelError, fromUtf8, UsageError, utf8 } from "../bytes/index.js"
import { type Clock, systemClock } from "./clock.js"
import { type Faults, HostileNetwork } from "./faults.js"
import { MemoryTextChannel } from "./memory-text-channel.js"
import type { OutgoingMessage } from "./outbox.js"
import { SeededRandom } from "./random.js"
import type { LeaveReason, TextChannel, TextChannelEvent } from "./text-channel.js"

/** What the server does to lines; who comes and goes it always tells truly and in order. */
export type LineFaults = Omit<Faults, "corrupt">

export interface MemoryTextChannelsOptions {
  /** Of all chances; the same seed and the same calls give the same deliveries. Default 1. */
  readonly seed?: number
  /** For delays. Default: the platform's time. */
  readonly clock?: Clock
  /** Default: none; each line arrives in the next microtask, in order. */
  readonly faults?: LineFaults
  /** Default 400 bytes. */
  readonly maxLineBytes?: number
  /** Default `#memory`. */
  readonly channel?: string
}

/** A line as the server sees it. */
export interface ServerLine {
  readonly from: string
  /** `null`: to the whole channel. */
  readonly to: string | null
  readonly text: string
}

/** One channel as an IRC server has it, and the power over it that the server has. */
export interface MemoryTextChannels {
  /** Everything that clients sent, in order: what a capture at the server holds. */
  readonly lines: readonly ServerLine[]
  /** Who is connected, in order of arrival. */
  readonly names: readonly string[]
  /** Comes to the channel. @throws {UsageError} `name-taken` */
  connect(name: string): TextChannel
  /** From now on. @throws {UsageError} `bad-faults` */
  setFaults(faults: LineFaults): void
  /** From now on, decides on each delivery; `null`: everything passes. */
  setFilter(passes: ((line: ServerLine, receiver: string) => boolean) | null): void
  /** The server invents a line, or repeats one; to all but `from`, or to `only` these. */
  inject(line: ServerLine, only?: readonly string[]): void
  /** Puts somebody out of the channel; its status is `closed` then. */
  kick(name: string): void
  /** Ends somebody's connection; others see it quit. Its status is `reconnecting`. */
  disconnect(name: string): void
  /** Brings it back. */
  reconnect(name: string): void
  /** From now on it goes by another name. @throws {UsageError} `name-taken` */
  rename(name: string, to: string): void
  /** Netsplit: who is in different groups loses each other; those in no group are in one more. */
  split(...groups: readonly (readonly string[])[]): void
  /** Ends the netsplit. */
  heal(): void
}

/**
 * A channel of lines in memory, as on an IRC server, for tests and demonstrations.
 *
 * @throws {UsageError} `bad-faults`
 * @example
 * const clock = new SimulatedClock()
 * const server = createMemoryTextChannels({ clock })
 * const alice = server.connect("alice")
 * const bob = server.connect("bob")
 * await alice.send("hello")
 * await clock.runUntilIdle()
 * server.kick("bob")
 */
export function createMemoryTextChannels(
  options: MemoryTextChannelsOptions = {},
): MemoryTextChannels {
  return new TextServer(options)
}

interface Seat {
  name: string
  readonly client: MemoryTextChannel
  isOnline: boolean
  /** When the last arrival is due: later ones do not overtake it. */
  lastDue: number
}

class TextServer implements MemoryTextChannels {
  readonly lines: ServerLine[] = []
  readonly #options: MemoryTextChannelsOptions
  readonly #clock: Clock
  readonly #hostile: HostileNetwork
  readonly #seats = new Set<Seat>()
  #groups: readonly ReadonlySet<Seat>[] = []
  #passes: ((line: ServerLine, receiver: string) => boolean) | null = null

  constructor(options: MemoryTextChannelsOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#hostile = new HostileNetwork(new SeededRandom(options.seed ?? 1), options.faults ?? {})
  }

  get names(): readonly string[] {
    return [...this.#seats].filter(({ isOnline }) => isOnline).map(({ name }) => name)
  }

  connect(name: string): TextChannel {
    this.#requireFree(name)
    const client = new MemoryTextChannel(name, {
      address: `memory:${this.#options.channel ?? "#memory"}`,
      maxLineBytes: this.#options.maxLineBytes ?? 400,
      send: (message) => this.#send(seat, message),
      part: () => this.#tellPresence("parted", () => this.#seats.delete(seat)),
    })
    const seat: Seat = { name, client, isOnline: true, lastDue: 0 }
    this.#tellPresence("quit", () => this.#seats.add(seat))
    client.arrive(this.#namesFor(seat))
    return client
  }

  setFaults(faults: LineFaults): void {
    this.#hostile.faults = faults
  }

  setFilter(passes: ((line: ServerLine, receiver: string) => boolean) | null): void {
    this.#passes = passes
  }

  inject(line: ServerLine, only?: readonly string[]): void {
    for (const seat of this.#seats) {
      const isMeant = only ? only.includes(seat.name) : seat.name !== line.from
      if (isMeant && seat.isOnline && (line.to ?? seat.name) === seat.name) {
        this.#tell(seat, eventOf(line))
      }
    }
  }

  kick(name: string): void {
    const seat = this.#seat(name)
    this.#tellPresence("kicked", () => this.#seats.delete(seat))
    seat.client.hear({ kind: "left", who: name, reason: "kicked" })
    seat.client.end(new ChannelError("kicked", "We were put out of the channel."))
  }

  disconnect(name: string): void {
    const seat = this.#seat(name)
    if (!seat.isOnline) return
    this.#tellPresence("quit", () => (seat.isOnline = false))
    seat.client.lose()
  }

  reconnect(name: string): void {
    const seat = this.#seat(name)
    if (seat.isOnline) return
    this.#tellPresence("quit", () => (seat.isOnline = true))
    seat.client.return(this.#namesFor(seat))
  }

  rename(name: string, to: string): void {
    this.#requireFree(to)
    const seat = this.#seat(name)
    const hearing = [...this.#seats].filter((other) => other === seat || this.#hears(other, seat))
    seat.name = to
    for (const other of hearing) {
      this.#tell(other, { kind: "renamed", who: name, to, isSelf: other === seat })
    }
  }

  split(...groups: readonly (readonly string[])[]): void {
    this.#tellPresence("netsplit", () => {
      this.#groups = groups.map((names) => new Set(names.map((name) => this.#seat(name))))
    })
  }

  heal(): void {
    this.split()
  }

  async #send(from: Seat, { bytes, to }: OutgoingMessage): Promise<void> {
    const line = { from: from.name, to: to ?? null, text: fromUtf8(bytes) ?? "" }
    const receivers = [...this.#seats].filter((seat) => this.#hears(seat, from))
    if (to !== undefined && !receivers.some(({ name }) => name === to)) {
      throw new ChannelError("not-connected", `${to} is not on this channel (any more).`)
    }
    this.lines.push(line)
    for (const seat of receivers) {
      if (to !== undefined && seat.name !== to) continue
      if (this.#passes && !this.#passes(line, seat.name)) continue
      for (const delivery of this.#hostile.deliveries(packed(line))) {
        const event = eventOf(unpacked(delivery.bytes))
        this.#tell(seat, event, delivery.delayMs, delivery.reordered)
      }
    }
    if (to === undefined) this.#hostile.remember(packed(line))
  }

  #tell(seat: Seat, event: TextChannelEvent, delayMs = 0, isReordered = false): void {
    const now = this.#clock.now()
    const due = isReordered ? now + delayMs : Math.max(now + delayMs, seat.lastDue)
    if (!isReordered) seat.lastDue = due
    const arrive = (): void => seat.client.hear(event)
    if (due > now) this.#clock.schedule(due - now, arrive)
    else queueMicrotask(arrive)
  }

  #namesFor(seat: Seat): string[] {
    const others = [...this.#seats].filter((other) => other === seat || this.#hears(seat, other))
    return others.map(({ name }) => name)
  }

  #hears(seat: Seat, other: Seat): boolean {
    if (seat === other || !seat.isOnline || !other.isOnline) return false
    const groupOf = (one: Seat): number => this.#groups.findIndex((group) => group.has(one))
    return groupOf(seat) === groupOf(other)
  }

  #seat(name: string): Seat {
    for (const seat of this.#seats) if (seat.name === name) return seat
    throw new UsageError("no-such-name", `${name} is not on this channel. Connect it first.`)
  }

  #requireFree(name: string): void {
    if ([...this.#seats].some((seat) => seat.name === name)) {
      throw new UsageError("name-taken", `${name} is on this channel already. Choose another name.`)
    }
  }

  /** Makes a change, and tells everyone whom they see come and go by it. */
  #tellPresence(reason: LeaveReason, change: () => void): void {
    const seen = (seat: Seat): Set<Seat> =>
      new Set([...this.#seats].filter((other) => this.#hears(seat, other)))
    const before = new Map([...this.#seats].map((seat) => [seat, seen(seat)]))
    change()
    for (const [seat, known] of before) {
      if (!seat.isOnline || !this.#seats.has(seat)) continue
      const now = seen(seat)
      for (const who of known) {
        if (!now.has(who)) this.#tell(seat, { kind: "left", who: who.name, reason })
      }
      for (const who of now) {
        if (!known.has(who)) this.#tell(seat, { kind: "joined", who: who.name })
      }
    }
  }
}

function eventOf({ from, to, text }: ServerLine): TextChannelEvent {
  return { kind: "line", from, text, isPrivate: to !== null }
}

/** Sender and text together, so that what is replayed keeps its sender. */
function packed(line: ServerLine): Uint8Array {
  return utf8(JSON.stringify(line))
}

function unpacked(bytes: Uint8Array): ServerLine {
  return JSON.parse(fromUtf8(bytes) ?? "") as ServerLine
}
