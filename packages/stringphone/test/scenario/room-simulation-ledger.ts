// What an all-knowing observer writes down during a run, and finds wrong with it.
import { hex, sameBytes } from "../../src/bytes/index.js"
import type { HeardText, Member, Room } from "../../src/room/index.js"
import { decodeRoomPacket } from "../../src/room/index.js"
import type { Group } from "../../src/room/mls/group.js"
import { internalsOf } from "../../src/room/mls/state.js"
import { decryptSenderData } from "../../src/room/mls/ts-mls.js"
import { decodeMessage } from "../../src/room/mls/wire.js"
import { messageId } from "../../src/room/wire/message.js"

/** One epoch of one branch: known by the first 8 bytes of its authenticator, in hexadecimal. */
interface Branching {
  readonly epoch: number
  /** Room keys, and the identities they belong to. */
  readonly roster: ReadonlyMap<string, string>
  readonly children: Set<string>
  parent: string | null
}

type SenderData = NonNullable<Awaited<ReturnType<typeof decryptSenderData>>>

interface Said {
  readonly text: string
  readonly by: string
  readonly auth: string
}

export interface Forks {
  readonly forks: number
  /** Of these, such where the side that lost had gone on for more than one epoch. */
  readonly deepForks: number
  readonly deepest: number
}

export class Ledger {
  readonly violations: string[] = []
  readonly epochs = new Map<string, Branching>()
  /** By text. */
  readonly said = new Map<string, Said>()
  /** Whom a text was shown to, by text. */
  readonly shown = new Map<string, Map<string, number>>()
  /** Who sent which message first. By its ID. */
  readonly #senders = new Map<string, { readonly by: string; readonly auth: string }>()
  readonly #commits = new Map<string, string>()
  readonly #generations = new Map<string, string>()
  /** Where each room key was last. */
  readonly #last = new Map<string, string>()

  wrong(what: string): void {
    if (this.violations.length < 20) this.violations.push(what)
  }

  /** Follows somebody's room through its epochs. */
  track(room: Room): void {
    const { member } = room
    if (!member) return
    const key = hex(member.own.roomKey)
    const auth = hex(member.auth8)
    if (this.#last.get(key) === auth) return
    this.#last.set(key, auth)
    const known = this.epochs.get(auth)
    const roster = new Map(member.seats.map((seat) => [hex(seat.roomKey), hex(seat.identityKey)]))
    if (!known) {
      this.epochs.set(auth, { epoch: member.epoch, roster, children: new Set(), parent: null })
    } else if ([...known.roster].join() !== [...roster].join()) {
      this.wrong(`epoch ${member.epoch} ${auth} has two rosters`)
    }
    const records = member.chain.records
    for (let i = records.length - 1; i > 0; i--) {
      const [parent, child] = [hex(records[i - 1]!.auth8), hex(records[i]!.auth8)]
      this.epochs.get(parent)?.children.add(child)
      const branching = this.epochs.get(child)
      if (branching && !branching.parent) branching.parent = parent
    }
  }

  say(room: Room, text: string): void {
    const member = room.member as Member
    this.said.set(text, { text, by: hex(member.own.roomKey), auth: hex(member.auth8) })
  }

  /** Somebody sent this, or what somebody else had sent once more. */
  async sent(by: string, room: Room, before: Group | null, wire: Uint8Array): Promise<void> {
    const packet = decodeRoomPacket(wire)
    const { member } = room
    if (packet?.kind === "message") {
      const id = hex(messageId(wire))
      if (this.#senders.has(id)) return
      this.#senders.set(id, { by, auth: hex(packet.data) })
      if (!member) return // It left with this, and has forgotten its keys.
      const groups = [member.group, before].flatMap((group) => group ?? [])
      await this.#generation(groups, packet.mls, packet.epoch, id)
    } else if ((packet?.kind === "commit" || packet?.kind === "order") && member) {
      const wireHex = hex(wire)
      if (this.#commits.has(wireHex)) return
      this.#commits.set(wireHex, by)
      const auth = hex(member.chain.at(packet.epoch)?.auth8 ?? new Uint8Array(0))
      const step = `${auth} ${hex(member.own.roomKey)}`
      if (this.#commits.has(step)) this.wrong(`${by} made two steps from epoch ${packet.epoch}`)
      this.#commits.set(step, wireHex)
    }
  }

  /** No two messages are sealed with one key. */
  async #generation(
    groups: readonly Group[],
    mls: Uint8Array,
    epoch: number,
    id: string,
  ): Promise<void> {
    const decoded = decodeMessage(mls)
    if (decoded.kind !== "application") return
    let data: SenderData | undefined
    for (const group of groups) {
      const { past, state, suite } = internalsOf(group)
      const old = past.find(({ context }) => Number(context.epoch) === epoch)
      const secret = old?.senderDataSecret ?? state.keySchedule.senderDataSecret
      data ??= await decryptSenderData(decoded.message, secret, suite).catch(() => undefined)
    }
    if (!data) return this.wrong(`a message of epoch ${epoch} has no sender`)
    const auth = hex(decoded.message.authenticatedData)
    const key = `${auth} ${data.leafIndex} ${data.generation}`
    if (this.#generations.has(key)) this.wrong(`key ${key} of epoch ${epoch} was used twice`)
    this.#generations.set(key, id)
  }

  /** Whoever left, or lost its room with its program, has forgotten what it was shown. */
  forgot(name: string): void {
    for (const shown of this.shown.values()) shown.delete(name)
  }

  /** A text was shown to somebody. */
  showed(to: string, identity: string, { from, id, text }: HeardText): void {
    const sent = this.#senders.get(hex(id))
    const said = this.said.get(text)
    if (!sent || !said) return this.wrong(`${to} was shown what nobody said: ${text}`)
    const { roster } = this.epochs.get(sent.auth) ?? { roster: new Map<string, string>() }
    const readers = [...roster.values()]
    if (!readers.includes(identity)) this.wrong(`${to} read ${text} outside of its roster`)
    if (!roster.has(hex(from.roomKey))) this.wrong(`${text} is by somebody outside of its roster`)
    if (!text.startsWith(`${sent.by} `)) {
      this.wrong(`${to} was shown ${text}, which ${sent.by} sent`)
    }
    const shown = this.shown.get(text) ?? new Map<string, number>()
    this.shown.set(text, shown)
    shown.set(to, (shown.get(to) ?? 0) + 1)
    if (shown.get(to) === 2) this.wrong(`${to} was shown ${text} twice`)
  }

  /** Texts that this member ought to know, and does not. */
  missing(name: string, room: Room, stayed: ReadonlySet<string>): readonly string[] {
    const { member } = room
    if (!member) return []
    const key = hex(member.own.roomKey)
    return [...this.said.values()].flatMap(({ text, by, auth }) => {
      const { roster } = this.epochs.get(auth) as Branching
      const isOurs = by === key || text.startsWith(`${name} `)
      if (isOurs || !stayed.has(text.split(" ")[0]!)) return []
      if (!roster.has(key) || this.shown.get(text)?.has(name)) return []
      return [text]
    })
  }

  isAncestor(auth: string, of: string): boolean {
    for (let at: string | null = of; at; at = this.epochs.get(at)?.parent ?? null) {
      if (at === auth) return true
    }
    return false
  }

  forks(): Forks {
    const depth = new Map<string, number>()
    const byEpoch = [...this.epochs].sort(([, a], [, b]) => b.epoch - a.epoch)
    let [forks, deepForks, deepest] = [0, 0, 0]
    for (const [auth, { children }] of byEpoch) {
      const depths = [...children].map((child) => depth.get(child) ?? 1).sort((a, b) => b - a)
      depth.set(auth, (depths[0] ?? 0) + 1)
      const [, lost = 0] = depths
      if (lost > 0) forks++
      if (lost > 1) deepForks++
      deepest = Math.max(deepest, lost)
    }
    return { forks, deepForks, deepest }
  }
}

/** Two members are in one and the same epoch. */
export function isSameEpoch(a: Room, b: Room): boolean {
  return Boolean(a.member && b.member && sameBytes(a.member.auth8, b.member.auth8))
}
