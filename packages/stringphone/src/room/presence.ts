import { hex } from "../bytes/index.js"
import type { RoomTime } from "./time.js"

/** Why a name is gone from the channel. */
export type Departure = "parted" | "kicked" | "quit" | "netsplit"

interface Gone {
  readonly sinceMs: number
  readonly why: Departure
}

/**
 * Who is here: what the channel says of names, and which member was heard under which. Nothing of it
 * is proof of anything. spec/room.md §2
 */
export class Presence {
  readonly #isTold: boolean
  readonly #names = new Set<string>()
  /** By room key. */
  readonly #nameOf = new Map<string, string>()
  readonly #heardAt = new Map<string, number>()
  readonly #gone = new Map<string, Gone>()

  /** `isTold`: the channel says who comes and goes. */
  constructor(isTold: boolean) {
    this.#isTold = isTold
  }

  get names(): readonly string[] {
    return [...this.#names]
  }

  joined(name: string): void {
    this.#names.add(name)
    for (const [member, bound] of this.#nameOf) if (bound === name) this.#gone.delete(member)
  }

  left(name: string, why: Departure, { now }: RoomTime): void {
    this.#names.delete(name)
    for (const [member, bound] of this.#nameOf) {
      if (bound === name) this.#gone.set(member, { sinceMs: now, why })
    }
  }

  renamed(from: string, to: string): void {
    if (this.#names.delete(from)) this.#names.add(to)
    for (const [member, bound] of this.#nameOf) if (bound === from) this.#nameOf.set(member, to)
  }

  /** Our connection ended: we know of nobody any more. */
  interrupted(): void {
    this.#names.clear()
  }

  /** A fresh message of this member came under that name. [ROOM-2-2] */
  heard(member: Uint8Array, name: string | null, { now }: RoomTime): void {
    const key = hex(member)
    this.#heardAt.set(key, now)
    this.#gone.delete(key)
    if (name === null) return
    for (const [other, bound] of this.#nameOf) {
      if (bound === name && other !== key) this.#nameOf.delete(other)
    }
    this.#nameOf.set(key, name)
    if (this.#isTold) this.#names.add(name)
  }

  nameOf(member: Uint8Array): string | null {
    const name = this.#nameOf.get(hex(member)) ?? null
    return name !== null && (!this.#isTold || this.#names.has(name)) ? name : null
  }

  heardAt(member: Uint8Array): number | null {
    return this.#heardAt.get(hex(member)) ?? null
  }

  /**
   * Where the channel tells, a member is here while its name is, or its own name is (`hint`, before it
   * said anything); elsewhere, while it was heard within `withinMs`.
   */
  isPresent(member: Uint8Array, hint: string, withinMs: number, { now }: RoomTime): boolean {
    const key = hex(member)
    if (!this.#isTold) return now - (this.#heardAt.get(key) ?? -Infinity) <= withinMs
    const name = this.#nameOf.get(key)
    return this.#names.has(name ?? hint)
  }

  /** Since when and why a member is away; `null`: it is here, or was never seen. */
  goneSince(member: Uint8Array): Gone | null {
    return this.#gone.get(hex(member)) ?? null
  }

  /** On the channel, and bound to no member of these. */
  strangers(members: readonly Uint8Array[], hints: readonly string[]): readonly string[] {
    const known = new Set(members.map((member, i) => this.#nameOf.get(hex(member)) ?? hints[i]))
    return [...this.#names].filter((name) => !known.has(name))
  }

  forget(member: Uint8Array): void {
    const key = hex(member)
    this.#nameOf.delete(key)
    this.#heardAt.delete(key)
    this.#gone.delete(key)
  }
}
