import { sameBytes } from "../bytes/index.js"
import { exchange } from "../crypto/index.js"
import { pairSlot, tagAt, tagsOf } from "./chain.js"
import type { Invited } from "./doors.js"
import type { SlotKey } from "./envelope.js"
import { invitationSlot, invitationTags } from "./first-contact.js"
import { expectedCount, type Pair, periodIn, windowSize } from "./pair.js"
import { type KnownTag, TagBook } from "./tag-book.js"
import { type EnvelopeParts, headerBytes, shapeOf, slotBytes } from "./wire/envelope.js"

/** Where a pair stays while it changes. */
export interface Held {
  pair: Pair
}

/** Whom a tag is of. */
export type TagOwner = Held | Invited

/** All whose tags may come. */
interface Owners {
  readonly held: readonly Held[]
  readonly invitations: readonly Invited[]
}

/**
 * The tags that may come. They are computed when the first envelope is looked at: all else does without,
 * and a thousand contacts have two hundred thousand.
 */
export class ExpectedTags {
  readonly #owners: () => Owners
  readonly #tags = new TagBook<TagOwner>()
  #isFilled = false

  constructor(owners: () => Owners) {
    this.#owners = owners
  }

  get size(): number {
    this.#fill()
    return this.#tags.size
  }

  /** Whether an envelope has a tag that may be ours. */
  isIn(envelope: Uint8Array): boolean {
    this.#fill()
    const { slotCount } = shapeOf(envelope) ?? { slotCount: 0 }
    for (let i = 0; i < slotCount; i++) {
      if (this.#tags.find(envelope, headerBytes + i * slotBytes).length > 0) return true
    }
    return false
  }

  /** Whose this slot may be, with the key that goes with its tag. */
  find(
    slot: Uint8Array,
    envelope: EnvelopeParts,
  ): readonly (KnownTag<TagOwner> & { readonly key: Uint8Array })[] {
    this.#fill()
    return this.#tags.find(slot, 0).flatMap((known) => {
      const made = slotOf(known, envelope)
      return made && sameBytes(slot.subarray(0, 16), made.tag) ? [{ ...known, key: made.key }] : []
    })
  }

  /** The tags of a pair's period, from this number on. */
  addPair(held: Held, period: number, from: number = 0): void {
    const one = periodIn(held.pair, period)
    if (one && this.#isFilled) this.#add(tagsOf(one.chain), from, expectedCount(one), held, period)
  }

  removePair(held: Held, period: number): void {
    const one = periodIn(held.pair, period)
    if (one && this.#isFilled) this.#remove(tagsOf(one.chain), expectedCount(one), held)
  }

  addInvited(invited: Invited): void {
    if (this.#isFilled) this.#add(invitationTags(invited.secret), 0, windowSize, invited, 0)
  }

  removeInvited(invited: Invited): void {
    if (this.#isFilled) this.#remove(invitationTags(invited.secret), windowSize, invited)
  }

  #fill(): void {
    if (this.#isFilled) return
    this.#isFilled = true
    const { held, invitations } = this.#owners()
    for (const one of held) {
      for (const { period } of one.pair.receiving) this.addPair(one, period)
    }
    for (const invited of invitations) this.addInvited(invited)
  }

  #add(tags: Uint8Array, from: number, until: number, owner: TagOwner, period: number): void {
    for (let number = from; number < until; number++) {
      this.#tags.add(tagAt(tags, number), { owner, period, number })
    }
  }

  #remove(tags: Uint8Array, until: number, owner: TagOwner): void {
    for (let number = 0; number < until; number++) this.#tags.remove(tagAt(tags, number), owner)
  }
}

/** `null`: its period is over, or the envelope's key is none. */
function slotOf(
  { owner, period, number }: KnownTag<TagOwner>,
  { ephemeralKey }: EnvelopeParts,
): SlotKey | null {
  if ("pair" in owner) {
    const one = periodIn(owner.pair, period)
    return one && pairSlot(tagsOf(one.chain), number, ephemeralKey)
  }
  const shared = exchange(owner.prekeySecret, ephemeralKey)
  return shared && invitationSlot(invitationTags(owner.secret), number, ephemeralKey, shared)
}
