import { fromHex, sameBytes } from "../bytes/index.js"
import { keyText } from "./key-text.js"
import type { RoomTime } from "./time.js"

/** A text of the room, as far as its order is concerned. spec/room.md §5 */
export interface TranscriptEntry {
  /** 16 bytes. */
  readonly id: Uint8Array
  /** The sender's identity key, 32 bytes: it has another room key when it comes in anew. */
  readonly sender: Uint8Array
  readonly epoch: number
  /** IDs, 16 bytes each. */
  readonly parents: readonly Uint8Array[]
}

/** One of our own texts that is not certified yet. */
export interface OwnText {
  readonly id: Uint8Array
  /** Of the message that said it first; another than `id` once it was said again. */
  readonly firstId: Uint8Array
  readonly epoch: number
  readonly text: string
  /** Milliseconds since 1970. */
  readonly sentAt: number
}

/** A text that somebody knows and we do not. */
export interface Wanted {
  readonly id: Uint8Array
  /** Room key of the member whose message named it; `null`: the captain certified it. */
  readonly seenBy: Uint8Array | null
  readonly askedTimes: number
  readonly dueAt: number
}

const maxParents = 8
const maxEntries = 2_000
const maxSeen = 4_096
const maxWanted = 256
const maxSaid = 64
const maxKept = 500
const maxKeptBytes = 1_048_576
/** [ROOM-5-4] */
const firstAskMs = 2_000
const askAgainMs = 10_000
const maxAsks = 3

/** What was said, in the order that the messages themselves claim, and what of it we miss. */
export class Transcript {
  /** How many texts we have said. */
  ownNumber = 0
  readonly #entries = new Map<string, TranscriptEntry>()
  /** Known or certified, and ancestor of none that we know; in the order of arrival. */
  readonly #heads = new Map<string, Uint8Array>()
  readonly #parentsOfSome = new Set<string>()
  readonly #wanted = new Map<string, Wanted>()
  readonly #seen = new Set<string>()
  #seenSinceSaved: string[] = []
  #addedSinceSaved: TranscriptEntry[] = []
  #ownSinceSaved: OwnText[] = []
  #againSinceSaved: (readonly [string, Uint8Array])[] = []
  readonly #kept = new Map<string, Uint8Array>()
  readonly #again = new Map<string, Uint8Array>()
  #keptBytes = 0
  /** Not certified yet. */
  #own: OwnText[] = []
  /** The last of all that we said. */
  #said: OwnText[] = []
  /** Certified when epochs ended; what is before those that we do not know yet, shows when they come. */
  #certified: readonly Uint8Array[] = []

  /** The newest heads, at most eight: parents of what we send, and what a commit certifies. */
  get heads(): readonly Uint8Array[] {
    return [...this.#heads.values()].slice(-maxParents)
  }

  /** Those of a text that is said again, and the heads: who missed the first misses nothing by it. */
  parentsWith(before: readonly Uint8Array[]): readonly Uint8Array[] {
    const others = this.heads.filter((head) => !before.some((id) => sameBytes(id, head)))
    return [...before, ...others].slice(0, maxParents)
  }

  parentsOf(id: Uint8Array): readonly Uint8Array[] {
    return this.#entries.get(keyText(id))?.parents ?? []
  }

  isSeen(id: Uint8Array): boolean {
    return this.#seen.has(keyText(id))
  }

  isWanted(id: Uint8Array): boolean {
    return this.#wanted.has(keyText(id))
  }

  /** A message was opened: a repetition of it is dropped from now on. [ROOM-5-3] */
  see(id: Uint8Array): void {
    this.#see(keyText(id))
  }

  #see(key: string): void {
    if (this.#seen.has(key)) return
    limit(this.#seen.add(key), maxSeen)
    this.#seenSinceSaved.push(key)
  }

  /** In hexadecimal: for the log of what happened since the room was saved whole. */
  get seenSinceSaved(): readonly string[] {
    return this.#seenSinceSaved
  }

  /** Keeps the bytes of a message, for those who missed it. [ROOM-5-5] */
  keep(id: Uint8Array, encoded: Uint8Array): void {
    this.#kept.set(keyText(id), encoded)
    this.#keptBytes += encoded.length
    if (this.#kept.size <= maxKept && this.#keptBytes <= maxKeptBytes) return
    for (const [key, bytes] of this.#kept) {
      if (this.#kept.size <= maxKept && this.#keptBytes <= maxKeptBytes) break
      this.#kept.delete(key)
      this.#keptBytes -= bytes.length
    }
  }

  kept(id: Uint8Array): Uint8Array | null {
    return this.#kept.get(keyText(id)) ?? null
  }

  /** @returns whether it comes after one that was sent later. */
  add(entry: TranscriptEntry, own?: OwnText): { readonly isLate: boolean } {
    const key = keyText(entry.id)
    this.#see(key)
    limit(this.#entries.set(key, entry), maxEntries)
    this.#addedSinceSaved.push(entry)
    for (const parent of entry.parents) {
      const parentKey = keyText(parent)
      limit(this.#parentsOfSome.add(parentKey), maxSeen)
      this.#heads.delete(parentKey)
    }
    const isLate = this.#wanted.delete(key) || this.#parentsOfSome.has(key)
    if (!this.#parentsOfSome.has(key)) this.#heads.set(key, entry.id)
    if (own) {
      this.#ownSinceSaved.push(own)
      if (!sameBytes(own.id, own.firstId)) {
        this.#own = this.#own.filter(({ firstId }) => !sameBytes(firstId, own.firstId))
      }
      if (this.#own.push(own) > maxKept) this.#own.shift()
      if (this.#said.push(own) > maxSaid) this.#said.shift()
    }
    return { isLate }
  }

  /** Texts that `by` names and we do not have. Pulses name them too. */
  want(
    ids: readonly Uint8Array[],
    seenBy: Uint8Array | null,
    { now }: RoomTime,
  ): readonly Uint8Array[] {
    const missing = ids.filter(
      (id) => !this.#seen.has(keyText(id)) && !this.#wanted.has(keyText(id)),
    )
    for (const id of missing) {
      if (this.#wanted.size >= maxWanted) break
      this.#wanted.set(keyText(id), { id, seenBy, askedTimes: 0, dueAt: now + firstAskMs })
    }
    return missing
  }

  /** It will not come, or need not: known by another ID, or from before we came. */
  settle(id: Uint8Array): void {
    this.#wanted.delete(keyText(id))
    this.see(id)
  }

  /** What is to be asked for now, and what is given up. [ROOM-5-4] */
  due({ now }: RoomTime): { readonly ask: readonly Wanted[]; readonly lost: readonly Wanted[] } {
    const due = [...this.#wanted.values()].filter((wanted) => wanted.dueAt <= now)
    const lost = due.filter((wanted) => wanted.askedTimes >= maxAsks)
    const ask = due.filter((wanted) => wanted.askedTimes < maxAsks).slice(0, 16)
    for (const wanted of lost) this.settle(wanted.id)
    for (const wanted of ask) {
      const { askedTimes } = wanted
      const next = { ...wanted, askedTimes: askedTimes + 1, dueAt: now + askAgainMs }
      this.#wanted.set(keyText(wanted.id), next)
    }
    // What its sender said again is not missed.
    return { ask, lost: lost.filter(({ id }) => !this.#again.has(keyText(id))) }
  }

  get nextDueAt(): number {
    return Math.min(Infinity, ...[...this.#wanted.values()].map(({ dueAt }) => dueAt))
  }

  /** An epoch ended with these heads certified: own texts not at or before them are left behind. */
  endEpoch(certified: readonly Uint8Array[], time: RoomTime): void {
    this.#own = [...this.uncovered(certified)]
    for (const { id } of this.#own) this.#heads.delete(keyText(id))
    for (const id of certified) {
      const key = keyText(id)
      if (!this.#parentsOfSome.has(key)) this.#heads.set(key, id)
    }
    this.want(certified, null, time)
    this.#certified = [...this.#certified, ...certified].slice(-maxSaid)
  }

  /**
   * Own texts of ended epochs that nobody certified: they are said again. None, while it is not known
   * what was certified: who has come in since should not read what had arrived before. [ROOM-5-7]
   */
  leftBehind(epoch: number): readonly OwnText[] {
    this.#own = [...this.uncovered(this.#certified)]
    const isAwaited = [...this.#ancestors(this.#certified)].some((key) => this.#wanted.has(key))
    if (isAwaited) return []
    this.#certified = []
    return this.#own.filter((text) => text.epoch < epoch)
  }

  /** What came after this epoch was on a branch that lost. Ours is to be said again. */
  rewind(epoch: number): void {
    const kept = [...this.#entries.values()].filter((entry) => entry.epoch <= epoch)
    this.#heads.clear()
    this.#parentsOfSome.clear()
    for (const { parents } of kept) for (const id of parents) this.#parentsOfSome.add(keyText(id))
    for (const { id } of kept.slice(-maxSaid)) {
      if (!this.#parentsOfSome.has(keyText(id))) this.#heads.set(keyText(id), id)
    }
    this.#own = this.ownSince(epoch).map((own) => ({ ...own, epoch }))
    this.#certified = []
  }

  /** Our own texts that are not certified, and not at or before these heads. */
  uncovered(heads: readonly Uint8Array[]): readonly OwnText[] {
    const covered = this.#ancestors(heads)
    return this.#own.filter(({ id }) => !covered.has(keyText(id)))
  }

  /** Our own texts of this epoch and later, and those left behind: said again when our branch loses. */
  ownSince(epoch: number): readonly OwnText[] {
    const left = this.#own.filter((text) => text.epoch < epoch)
    return [...left, ...this.#said.filter((text) => text.epoch >= epoch)]
  }

  /** We begin here: what these name is before our time. */
  beginAt(heads: readonly Uint8Array[]): void {
    for (const id of heads) {
      this.see(id)
      this.#heads.set(keyText(id), id)
    }
  }

  isOwn(id: Uint8Array, ownIdentityKey: Uint8Array): boolean {
    const entry = this.#entries.get(keyText(id))
    return entry !== undefined && sameBytes(entry.sender, ownIdentityKey)
  }

  /**
   * A sender says one of its texts again. What another one said can nobody settle with that.
   * @returns whether it is news to us.
   */
  saidAgain(id: Uint8Array, sender: Uint8Array): boolean {
    const known = this.#entries.get(keyText(id))?.sender ?? this.#again.get(keyText(id))
    if (known && sameBytes(known, sender)) return false
    this.#again.set(keyText(id), sender)
    this.#againSinceSaved.push([keyText(id), sender])
    for (const [old] of this.#again) {
      if (this.#again.size <= maxWanted) break
      this.#again.delete(old)
    }
    this.#wanted.delete(keyText(id))
    return true
  }

  /** Whether this text of this sender was shown already, as said again. */
  isSaidAgain(id: Uint8Array, sender: Uint8Array): boolean {
    const again = this.#again.get(keyText(id))
    return again !== undefined && sameBytes(again, sender)
  }

  /** We come in anew: what we know already, and need not be shown. */
  inherit(former: Transcript): void {
    for (const [key, entry] of former.#entries) this.#entries.set(key, entry)
    for (const [key, sender] of former.#again) this.#again.set(key, sender)
    for (const key of former.#seen) this.#seen.add(key)
    for (const [key, bytes] of former.#kept) this.keep(fromHex(key), bytes)
  }

  /** For the store: what to know again after a restart. */
  snapshot(): TranscriptSnapshot {
    this.#seenSinceSaved = []
    this.#addedSinceSaved = []
    this.#ownSinceSaved = []
    this.#againSinceSaved = []
    return {
      ownNumber: this.ownNumber,
      heads: this.heads,
      seen: [...this.#seen].slice(-1_024),
      entries: [...this.#entries.values()].slice(-128),
      own: [...this.#own],
      said: [...this.#said],
      again: [...this.#again],
      wanted: [...this.#wanted.values()],
      certified: this.#certified,
    }
  }

  /** For the log: what came since then. */
  additions(): TranscriptAdditions {
    return {
      ownNumber: this.ownNumber,
      seen: this.#seenSinceSaved,
      entries: this.#addedSinceSaved,
      own: this.#ownSinceSaved,
      again: this.#againSinceSaved,
      wanted: [...this.#wanted.values()],
      certified: this.#certified,
    }
  }

  restore({ heads, own, said, ...saved }: TranscriptSnapshot): void {
    this.#restore(saved)
    this.#heads.clear()
    for (const id of heads) this.#heads.set(keyText(id), id)
    this.#own = [...own]
    this.#said = [...said]
  }

  restoreAdditions({ own, ...saved }: TranscriptAdditions): void {
    this.#restore(saved)
    this.#own = [...this.#own, ...own]
    this.#said = [...this.#said, ...own].slice(-maxSaid)
  }

  #restore(saved: Omit<TranscriptAdditions, "own">): void {
    const { ownNumber, seen, entries, again, wanted, certified } = saved
    this.ownNumber = ownNumber
    this.#certified = certified
    this.#wanted.clear()
    for (const entry of entries) this.add(entry)
    for (const id of seen) this.see(fromHex(id))
    for (const [key, sender] of again) this.#again.set(key, sender)
    for (const one of wanted) this.#wanted.set(keyText(one.id), { ...one, askedTimes: 0, dueAt: 0 })
  }

  #ancestors(ids: readonly Uint8Array[]): ReadonlySet<string> {
    const found = new Set<string>()
    const open = ids.map(keyText)
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      if (found.has(key)) continue
      found.add(key)
      open.push(...(this.#entries.get(key)?.parents ?? []).map(keyText))
    }
    return found
  }
}

/** What a log has of it. */
export interface TranscriptAdditions {
  readonly ownNumber: number
  /** IDs in hexadecimal. */
  readonly seen: readonly string[]
  readonly entries: readonly TranscriptEntry[]
  readonly own: readonly OwnText[]
  /** What was shown as said again: ID in hexadecimal, identity key of the sender. */
  readonly again: readonly (readonly [string, Uint8Array])[]
  readonly wanted: readonly Wanted[]
  /** Not wholly known yet. */
  readonly certified: readonly Uint8Array[]
}

export interface TranscriptSnapshot extends TranscriptAdditions {
  readonly heads: readonly Uint8Array[]
  readonly said: readonly OwnText[]
}

/** The oldest go, many at a time: Maps and Sets look through all that they lost from their front. */
function limit(all: Set<string> | Map<string, unknown>, size: number): void {
  if (all.size <= size * 1.125) return
  for (const key of all.keys()) {
    all.delete(key)
    if (all.size <= size) return
  }
}
