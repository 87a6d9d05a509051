import { hex, PeerError, type RandomBytes, sameBytes, UsageError } from "../bytes/index.js"
import { exchange, exchangePublicKey, hash, labelled } from "../crypto/index.js"
import { encodeIdentityCard, type Identity, openIdentityCard } from "../identity/index.js"
import { checkProof, proveContent } from "./authorship.js"
import { lives, longestLifeDays, maxDaysAhead, periodOf } from "./day.js"
import { type Invited, isOver, newInvited, newPrekey, type Prekey } from "./doors.js"
import { expiryDay, openBody, openSlot, sealEnvelope, shapeFor, type SlotKey } from "./envelope.js"
import { ExpectedTags, type Held } from "./expected-tags.js"
import { invitationSlotFor, invitationTags, trialSlot, trialSlotFor } from "./first-contact.js"
import {
  came,
  expectedCount,
  keptPeriods,
  largestLeap,
  moveOn,
  moveSending,
  newPair,
  type Pair,
  periodIn,
  takeSendingSlot,
  wantedPeriods,
  windowSize,
} from "./pair.js"
import { rootOfOwner, rootOfWriter } from "./root.js"
import { decodeSaved, encodeSaved } from "./saved.js"
import { type Address, addressText, encodeAddress } from "./wire/address.js"
import {
  type Authorship,
  type Content,
  type ContentKind,
  decodeContent,
  encodeContent,
  type Introduction,
  type NamedFile,
  type ReadContent,
} from "./wire/content.js"
import { type EnvelopeParts, readEnvelope } from "./wire/envelope.js"

/** What is to be written. */
export interface Draft {
  /** Identity keys of those with whom there is a pair, or addresses. */
  readonly to: readonly (Uint8Array | Address)[]
  readonly kind?: ContentKind
  readonly text: string
  readonly files?: readonly NamedFile[]
  readonly authorship?: Authorship
  /** Days. */
  readonly life?: number
  readonly replyTo?: Uint8Array | null
  readonly wantsReceipt?: boolean
}

export interface Written {
  readonly messageId: Uint8Array
  readonly day: number
  readonly receiverKeys: readonly Uint8Array[]
  /** One for all with whom we have a pair, and one for each who does not know us yet. */
  readonly envelopes: readonly Uint8Array[]
}

export interface Opened extends Omit<Content, "introduction"> {
  /** 32 bytes: of all that it says. */
  readonly digest: Uint8Array
  /** How it was recognised: by a pair, by our invitation, or because it is to our public address. */
  readonly via: "pair" | "invitation" | "address"
  /** Its sender was not known before. */
  readonly isFirst: boolean
}

/** Periods: as long as a prekey may be kept. [MAILBOX-3-2] */
const oldestIntroduction = 9
/** Strangers who have written and were not answered: more can not fill our memory. */
const mostStrangers = 256
/** Pairs with one person; more than two come only of lost devices. */
const mostWithOne = 4
/** Days for which a deleted pair is not begun again by its own old letters. [MAILBOX-3-8] */
const goneDays = 70
/** Days for which a letter is known to have been shown: as long as its keys may be there. [MAILBOX-4-4] */
const rememberedDays = 70

/**
 * One person's mail, without any I/O: envelopes, days and random bytes come in, envelopes and letters
 * come out. It changes in place: save it before what it made is given away. spec/mailbox.md
 */
export class Mailbox {
  readonly #identity: Identity
  readonly #random: RandomBytes
  #held: readonly Held[] = []
  #prekeys: readonly Prekey[] = []
  #invitations: readonly Invited[] = []
  /** What names a letter → the day until which it is remembered. */
  readonly #seen = new Map<string, number>()
  /** Pairs that a person deleted, and the day until which that is remembered. */
  readonly #gone = new Map<string, number>()
  readonly #tags = new ExpectedTags(() => ({ held: this.#held, invitations: this.#invitations }))
  /** The latest period that we believe in. [MAILBOX-3-6] */
  #known: number
  /** More tags are known now: what was looked at before may be ours. Whoever searches again clears it. [MAILBOX-2-5] */
  hasNewTags = false

  constructor(identity: Identity, today: number, random: RandomBytes) {
    this.#identity = identity
    this.#random = random
    this.#known = periodOf(today)
  }

  /** @throws {ChannelError} `mailbox-corrupt`, `mailbox-newer` */
  static restore(saved: Uint8Array, identity: Identity, random: RandomBytes): Mailbox {
    const { knownPeriod, pairs, prekeys, invitations, seen, gone } = decodeSaved(saved)
    const mailbox = new Mailbox(identity, knownPeriod * 7, random)
    mailbox.#prekeys = prekeys
    mailbox.#invitations = invitations
    for (const pair of pairs) mailbox.#hold(pair)
    for (const [name, day] of seen) mailbox.#seen.set(name, day)
    for (const [name, day] of gone) mailbox.#gone.set(name, day)
    return mailbox
  }

  /** Secret: for a sealed store only. */
  save(): Uint8Array {
    return encodeSaved({
      version: 1,
      knownPeriod: this.#known,
      pairs: this.pairs,
      prekeys: this.#prekeys,
      invitations: this.#invitations,
      seen: [...this.#seen],
      gone: [...this.#gone],
    })
  }

  get pairs(): readonly Pair[] {
    return this.#held.map(({ pair }) => pair)
  }
  get invitations(): readonly Invited[] {
    return this.#invitations
  }
  /** The latest period that we believe in; keys older than four periods before it are gone. */
  get knownPeriod(): number {
    return this.#known
  }
  /** How many tags may come. */
  get tagCount(): number {
    return this.#tags.size
  }
  /** Each envelope is tried with public prekeys. */
  get hasPublicAddress(): boolean {
    return this.#prekeys.length > 0
  }
  /** The last address for everybody, as text, while it is valid. */
  openPublicAddress(today: number): { readonly text: string; readonly lastDay: number } | null {
    const prekey = this.#prekeys.findLast(({ lastDay }) => lastDay >= today)
    return prekey ? { text: this.#publicText(prekey), lastDay: prekey.lastDay } : null
  }

  /**
   * Days have passed: keys move on, and old ones are gone for good. To be called before all else on a
   * new day.
   *
   * @returns `leapt`: the clock says much more than before; nothing is deleted and nothing can be written
   * until mail of that time comes, or `confirmDate`. [MAILBOX-3-6]
   */
  move(today: number): "moved" | "leapt" {
    const period = periodOf(today)
    // Whoever has no keys yet has nothing to lose by a clock that was ahead.
    const hasKeys = this.#held.length + this.#invitations.length + this.#prekeys.length > 0
    if (!hasKeys) this.#known = Math.min(this.#known, period)
    const hasLeapt = this.hasLeapt(today)
    if (!hasLeapt) this.#known = Math.max(this.#known, period)
    this.#prekeys = this.#prekeys.filter((one) => hasLeapt || !isOver(one, today))
    for (const invited of this.#invitations.filter((one) => !hasLeapt && isOver(one, today))) {
      this.#closeInvitation(invited)
    }
    this.#moveAllOn(Math.max(period, this.#known))
    if (hasLeapt) return "leapt"
    for (const names of [this.#seen, this.#gone]) {
      for (const [name, day] of names) if (day < today) names.delete(name)
    }
    return "moved"
  }

  /** The clock says much more than when we last knew it to be right. */
  hasLeapt(today: number): boolean {
    return periodOf(today) > this.#known + largestLeap
  }

  /** A person says that the date is right. */
  confirmDate(today: number): void {
    this.#known = Math.max(this.#known, periodOf(today))
    this.move(today)
  }

  /** A new invitation for one person, as text. [MAILBOX-5-1] */
  invite(lastDay: number): string {
    const invited = newInvited(lastDay, this.#random)
    this.#invitations = [...this.#invitations, invited]
    this.#tags.addInvited(invited)
    return addressText(encodeAddress(invited, this.#identity))
  }

  /**
   * The address for everybody, as text; a new one when the last one's half is over.
   * @throws {UsageError} `clock-leapt`
   */
  publicAddress(today: number): string {
    if (this.move(today) === "leapt") throw clockLeapt()
    const isFresh = (one: Prekey): boolean => one.lastDay - today >= longestLifeDays / 2
    const prekey = this.#prekeys.find(isFresh) ?? newPrekey(today + longestLifeDays, this.#random)
    if (!this.#prekeys.includes(prekey)) this.#prekeys = [...this.#prekeys, prekey]
    return this.#publicText(prekey)
  }

  /** Forgets all public prekeys: nobody can write to the address any more, and nothing is tried. */
  closePublicAddress(): void {
    this.#prekeys = []
  }

  /** Deletes all keys shared with somebody. @returns whether there were any */
  forget(peerKey: Uint8Array): boolean {
    const gone = this.#held.filter(({ pair }) => sameBytes(pair.peerKey, peerKey))
    for (const held of gone) {
      this.#letGo(held)
      this.#gone.set(nameOf(held.pair), this.#known * 7 + goneDays)
    }
    const own = this.#invitations.filter(({ usedBy }) => usedBy && sameBytes(usedBy, peerKey))
    for (const invited of own) this.#closeInvitation(invited)
    return gone.length > 0
  }

  /** The pair that is written to. [MAILBOX-3-7] */
  pairWith(peerKey: Uint8Array): Pair | null {
    return this.#heldWith(peerKey)?.pair ?? null
  }

  /**
   * @throws {UsageError} `no-receiver`, `no-pair`, `expired-address`, `own-address`, `bad-address`, `too-large`,
   * `too-many-receivers`, `bad-file-name`, `anonymous-needs-address`, `bad-life`, `clock-leapt`
   */
  write(draft: Draft, today: number): Written {
    if (this.move(today) === "leapt") throw clockLeapt()
    const { authorship = "deniable", life = 14, to } = draft
    if (to.length === 0) throw new UsageError("no-receiver", "Say to whom the letter is.")
    if (to.length > 64)
      throw new UsageError("too-many-receivers", "A letter has at most 64 receivers.")
    if (!lives.some((one) => one === life)) {
      throw new UsageError("bad-life", `A letter is carried for ${lives.join(", ")} days.`)
    }
    const date = Math.max(today, this.#known * 7)
    if (date + maxDaysAhead > 65_535) throw wrongDate()
    const receiverKeys = distinct(to.map(keyOf))
    const content: Content = {
      kind: draft.kind ?? "mail",
      messageId: this.#random(16),
      writtenDay: date,
      authorship,
      introduction: null,
      replyTo: draft.replyTo ?? null,
      wantsReceipt: draft.wantsReceipt ?? false,
      senderKey: authorship === "anonymous" ? null : this.#identity.publicKey,
      receiverKeys,
      text: draft.text,
      files: draft.files ?? [],
    }
    // Nothing is used up, and nobody met, by a letter that can not be sealed.
    const introductionBytes = 196
    shapeFor(encodeContent(content).length + introductionBytes + 64 + 16 * to.length, to.length)
    const day = expiryDay(date, life, this.#random)
    const envelopes =
      authorship === "anonymous"
        ? to.map((receiver) => this.#writeAnonymous(content, receiver, day, date))
        : this.#writeKnown(content, to, day, date)
    return { messageId: content.messageId, day, receiverKeys, envelopes }
  }

  /** Whether it may be for us, by its tags alone. */
  isOurs(bytes: Uint8Array): boolean {
    return this.#tags.isIn(bytes)
  }

  /**
   * Opens what is for us.
   *
   * @returns `null`: it is not for us, or it came before
   * @throws {PeerError} it is for us and wrong: `wrong-key`, `altered`, `malformed`, `wrong-proof`,
   * `not-addressed-to-us`, `wrong-sender`, `no-introduction`, `invitation-used`, `wrong-date`
   */
  open(bytes: Uint8Array, today: number): Opened | null {
    const envelope = readEnvelope(bytes)
    if (!envelope) return null
    for (const slot of envelope.slots) {
      for (const { owner, period, number, key } of this.#tags.find(slot, envelope)) {
        const contentKey = openSlot(envelope, slot, key)
        if (!contentKey) continue
        const content = contentOf(envelope, contentKey)
        return "pair" in owner
          ? this.#fromPair(content, owner, period, number, today)
          : this.#fromInvited(content, owner, today)
      }
    }
    return this.#tryPrekeys(envelope, today)
  }

  #publicText({ publicKey, lastDay }: Prekey): string {
    return addressText(encodeAddress({ prekey: publicKey, lastDay, secret: null }, this.#identity))
  }

  #writeKnown(
    content: Content,
    to: readonly (Uint8Array | Address)[],
    day: number,
    date: number,
  ): readonly Uint8Array[] {
    // Nothing is begun with anybody before all addresses are known to be good.
    const found = content.receiverKeys.map((key) => this.#pairFor(key, to, date))
    const helds = found.map((one) => ("pair" in one ? one : this.#hold(one)))
    const keys = helds.map(({ pair }) => pair.authorshipKey)
    const ephemeral = this.#random(32)
    const shared = helds.filter(({ pair }) => !pair.first)
    const others = helds.flatMap((held, place) =>
      this.#otherPairs(held, date).map((other) => ({ other, place })),
    )
    const introduced = helds
      .filter(({ pair }) => pair.first)
      .map((held) => this.#sealFor(held, content, keys, day))
    // The device of one of two pairs may be lost: both are written to, and the reader shows one letter.
    const again = others.map(({ other, place }) =>
      this.#sealFor(
        other,
        content,
        keys.map((key, i) => (i === place ? other.pair.authorshipKey : key)),
        day,
      ),
    )
    if (shared.length === 0) return [...introduced, ...again]
    const ephemeralKey = exchangePublicKey(ephemeral)
    const slots = shared.map((held) => this.#takeSlot(held, ephemeralKey))
    const proven = proveContent(content, this.#identity, keys)
    return [...introduced, ...again, sealEnvelope(proven, day, ephemeral, slots, this.#random)]
  }

  /** An envelope for one of a pair alone: who does not know us yet is told who we are. */
  #sealFor(held: Held, content: Content, keys: readonly Uint8Array[], day: number): Uint8Array {
    const { first } = held.pair
    if (!first) {
      const slotOf = (secret: Uint8Array): SlotKey =>
        this.#takeSlot(held, exchangePublicKey(secret))
      return this.#sealAlone(content, keys, day, slotOf)
    }
    const { introduction, secret, used } = first
    held.pair = { ...held.pair, first: { ...first, used: used + 1 } }
    return this.#sealAlone({ ...content, introduction }, keys, day, (ephemeral) =>
      firstSlot(introduction.prekey, secret, used, ephemeral),
    )
  }

  /** An envelope with one slot, which is made with the secret of the ephemeral key. */
  #sealAlone(
    content: Content,
    keys: readonly Uint8Array[],
    day: number,
    slotOf: (ephemeralSecret: Uint8Array) => SlotKey,
  ): Uint8Array {
    const secret = this.#random(32)
    const slot = slotOf(secret)
    const proven = proveContent(content, this.#identity, keys)
    return sealEnvelope(proven, day, secret, [slot], this.#random)
  }

  #takeSlot(held: Held, ephemeralKey: Uint8Array): SlotKey {
    const { pair, slot } = takeSendingSlot(held.pair, this.#known, ephemeralKey)
    held.pair = pair
    return slot
  }

  /** Pairs with the same person, under which mail came lately or may come. [MAILBOX-3-7] */
  #otherPairs(held: Held, today: number): readonly Held[] {
    return this.#held.filter(
      (other) =>
        other !== held &&
        sameBytes(other.pair.peerKey, held.pair.peerKey) &&
        (other.pair.first
          ? other.pair.firstPeriod >= this.#known - keptPeriods
          : today - other.pair.lastMailDay <= maxDaysAhead),
    )
  }

  #writeAnonymous(
    content: Content,
    receiver: Uint8Array | Address,
    day: number,
    today: number,
  ): Uint8Array {
    if (receiver instanceof Uint8Array || receiver.secret) {
      throw new UsageError(
        "anonymous-needs-address",
        "An anonymous letter goes to a public address: a contact or an invitation would say who wrote it.",
      )
    }
    checkAddress(receiver, today)
    const alone = { ...content, receiverKeys: [receiver.identityKey] }
    return this.#sealAlone(alone, [], day, (ephemeral) =>
      firstSlot(receiver.prekey, null, 0, ephemeral),
    )
  }

  /** The pair with a receiver; one that begins with this letter, if need be. */
  #pairFor(key: Uint8Array, to: readonly (Uint8Array | Address)[], today: number): Held | Pair {
    const known = this.#heldWith(key)
    const address = to.find(
      (one): one is Address => !(one instanceof Uint8Array) && sameBytes(one.identityKey, key),
    )
    const first = known?.pair.first
    const isBegun = this.#held.some(
      ({ pair }) => address && pair.begunBy && sameBytes(pair.begunBy, address.prekey),
    )
    const isUsedUp = known && first && known.pair.firstPeriod < this.#known - keptPeriods
    // A new address may be of a new device, which does not have the keys of before.
    if (known && !isUsedUp && (!address || isBegun)) return known
    if (!address && isUsedUp) {
      throw new UsageError(
        "expired-address",
        "Nobody has answered for weeks, and the address that you wrote to is used up. Ask for a new one.",
      )
    }
    if (!address) {
      throw new UsageError(
        "no-pair",
        "There are no keys with this contact yet. Write to its address or invitation once, or invite it.",
      )
    }
    if (sameBytes(key, this.#identity.publicKey)) {
      throw new UsageError("own-address", "That is your own address. Give it to others.")
    }
    checkAddress(address, today)
    return this.#begin(address)
  }

  #begin({ identityKey, exchangeKey, prekey, secret }: Address): Pair {
    const { publicKey, exchangePublicKey: ownExchangeKey } = this.#identity
    const freshSecret = this.#random(32)
    const freshKey = exchangePublicKey(freshSecret)
    const root = rootOfWriter(this.#identity, freshSecret, {
      writerKey: publicKey,
      writerExchangeKey: ownExchangeKey,
      freshKey,
      ownerKey: identityKey,
      ownerExchangeKey: exchangeKey,
      prekey,
      secret,
    })
    if (!root) throw badAddress()
    const firstPeriod = this.#known
    const introduction = {
      identityKey: publicKey,
      exchangeKey: ownExchangeKey,
      cardSignature: this.#identity.card().slice(-64),
      freshKey,
      prekey,
      firstPeriod,
    }
    const pair = newPair(root, publicKey, identityKey, firstPeriod, {
      hasSecret: secret !== null,
      first: { introduction, secret, used: 0 },
      lastMailDay: firstPeriod * 7,
    })
    return moveOn(pair, wantedPeriods(this.#known, this.#known))
  }

  #fromPair(
    content: ReadContent,
    held: Held,
    period: number,
    number: number,
    today: number,
  ): Opened | null {
    const { pair } = held
    if (!content.senderKey || !sameBytes(content.senderKey, pair.peerKey)) throw wrongSender() // [MAILBOX-4-3]
    if (content.introduction) {
      throw new PeerError("no-introduction", "A letter introduces somebody who is known already.")
    }
    checkProof(content, this.#identity.publicKey, pair.authorshipKey)
    const before = periodIn(pair, period)
    held.pair = came(pair, period, number, today)
    if (before) this.#tags.addPair(held, period, expectedCount(before))
    // A contact and our clock agree that it is so late. [MAILBOX-3-6]
    const agreed = Math.min(period, periodOf(today))
    if (agreed > this.#known) {
      this.#known = agreed
      this.#moveAllOn(Math.max(agreed, periodOf(today)))
    }
    this.#expireInvitationOf(pair.peerKey, today)
    if (before && number > before.highest) this.hasNewTags = true
    return this.#shown(content, { via: "pair", isFirst: false }, today)
  }

  #fromInvited(content: ReadContent, invited: Invited, today: number): Opened | null {
    const { introduction } = content
    if (!introduction || !sameBytes(introduction.prekey, invited.prekey)) throw noIntroduction()
    const { usedBy, prekeySecret, secret } = invited
    if (usedBy && !sameBytes(usedBy, introduction.identityKey)) {
      throw new PeerError("invitation-used", "Somebody else has already come with this invitation.")
    }
    const met = this.#meet(content, prekeySecret, secret, today)
    if (!met) return null
    this.#replaceInvited(invited, { usedBy: introduction.identityKey })
    return this.#shown(content, { via: "invitation", ...met }, today)
  }

  /** [MAILBOX-2-4] */
  #tryPrekeys(envelope: EnvelopeParts, today: number): Opened | null {
    for (const { secret, publicKey } of this.#prekeys) {
      const shared = exchange(secret, envelope.ephemeralKey)
      if (!shared) continue
      const { tag, key } = trialSlot(envelope.ephemeralKey, publicKey, shared)
      for (const slot of envelope.slots) {
        if (!sameBytes(slot.subarray(0, 16), tag)) continue
        const contentKey = openSlot(envelope, slot, key)
        if (!contentKey) continue
        const content = contentOf(envelope, contentKey)
        if (content.authorship === "anonymous" && !content.introduction) {
          checkProof(content, this.#identity.publicKey, null)
          return this.#shown(content, { via: "address", isFirst: true }, today)
        }
        if (!content.introduction || !sameBytes(content.introduction.prekey, publicKey))
          throw noIntroduction()
        const met = this.#meet(content, secret, null, today)
        return met && this.#shown(content, { via: "address", ...met }, today)
      }
    }
    return null
  }

  /** Somebody introduces itself: the pair with it, once its proof holds. [MAILBOX-3-2] */
  #meet(
    content: ReadContent,
    prekeySecret: Uint8Array,
    secret: Uint8Array | null,
    today: number,
  ): Pick<Opened, "isFirst"> | null {
    const introduction = content.introduction
    if (!introduction || !content.senderKey) throw noIntroduction()
    const { identityKey, exchangeKey, freshKey, prekey, firstPeriod } = introduction
    const { publicKey, exchangePublicKey: ownExchangeKey } = this.#identity
    checkCard(introduction)
    if (!sameBytes(identityKey, content.senderKey) || sameBytes(identityKey, publicKey))
      throw wrongSender()
    const now = Math.max(this.#known, periodOf(today))
    // Of a clock that leapt nobody knows whether it is right.
    const isOfTime = [this.#known, now].some(
      (period) => firstPeriod >= period - oldestIntroduction && firstPeriod <= period + 1,
    )
    if (!isOfTime) {
      throw new PeerError(
        "wrong-date",
        "A first letter has a date that is weeks off; its writer's clock may be wrong.",
      )
    }
    const root = rootOfOwner(this.#identity, prekeySecret, {
      writerKey: identityKey,
      writerExchangeKey: exchangeKey,
      freshKey,
      ownerKey: publicKey,
      ownerExchangeKey: ownExchangeKey,
      prekey,
      secret,
    })
    if (!root) throw new PeerError("malformed", "A first letter has a key that is none.")
    const pair = newPair(root, publicKey, identityKey, firstPeriod, {
      hasSecret: secret !== null,
      first: null,
      lastMailDay: today,
    })
    checkProof(content, publicKey, pair.authorshipKey)
    if (this.#gone.has(nameOf(pair))) return null // [MAILBOX-3-8]
    const isKnown = this.#held.some((held) =>
      sameBytes(held.pair.authorshipKey, pair.authorshipKey),
    )
    const isFirst = !this.#held.some((held) => sameBytes(held.pair.peerKey, identityKey))
    if (!isKnown) {
      this.#hold(moveOn(pair, wantedPeriods(this.#known, now)))
      this.hasNewTags = true
    }
    return { isFirst }
  }

  /** Once. [MAILBOX-4-4] */
  #shown(content: ReadContent, how: Pick<Opened, "via" | "isFirst">, today: number): Opened | null {
    const { messageId, senderKey, digest } = content
    const { kind } = content
    if (kind === "nothing" || (kind === "receipt" && how.via !== "pair")) return null
    const name = hex(senderKey ?? digest) + hex(messageId)
    if (this.#seen.has(name)) return null
    this.#seen.set(name, Math.max(today, this.#known * 7 + 7) + rememberedDays)
    const { writtenDay, authorship, replyTo, wantsReceipt, receiverKeys, text, files } = content
    const letter = { kind, messageId, senderKey, receiverKeys, text, files, digest }
    return { ...letter, writtenDay, authorship, replyTo, wantsReceipt, ...how }
  }

  #hold(pair: Pair): Held {
    const held: Held = { pair }
    this.#held = [...this.#held, held]
    for (const { period } of pair.receiving) this.#tags.addPair(held, period)
    const isStranger = ({ pair: one }: Held): boolean =>
      !one.hasSecret && !one.first && !one.hasWritten
    const isSame = (one: Held): boolean => sameBytes(one.pair.peerKey, pair.peerKey)
    this.#letGoOldest(this.#held.filter(isStranger), mostStrangers)
    this.#letGoOldest(this.#held.filter(isSame), mostWithOne)
    return held
  }

  #letGoOldest(of: readonly Held[], most: number): void {
    const oldest = [...of].sort((a, b) => a.pair.lastMailDay - b.pair.lastMailDay)
    for (const held of oldest.slice(0, Math.max(0, of.length - most))) this.#letGo(held)
  }

  #letGo(held: Held): void {
    for (const { period } of held.pair.receiving) this.#tags.removePair(held, period)
    this.#held = this.#held.filter((one) => one !== held)
  }

  #heldWith(peerKey: Uint8Array): Held | null {
    const all = this.#held.filter(({ pair }) => sameBytes(pair.peerKey, peerKey))
    const open = all.filter(({ pair }) => !pair.first)
    // While nobody has answered, the latest introduction is to the address that may still be there.
    return open.sort((a, b) => (isBefore(a.pair, b.pair) ? -1 : 1))[0] ?? all.at(-1) ?? null
  }

  #moveAllOn(now: number): void {
    const wanted = wantedPeriods(this.#known, now)
    for (const held of this.#held) this.#moveOn(held, wanted)
  }

  #moveOn(held: Held, wanted: readonly number[]): void {
    const before = held.pair
    const pair = moveOn(before, wanted)
    const ended = before.receiving.filter(({ period }) => !periodIn(pair, period))
    const begun = pair.receiving.filter(({ period }) => !periodIn(before, period))
    for (const { period } of ended) this.#tags.removePair(held, period)
    held.pair = moveSending(pair, this.#known)
    for (const { period } of begun) this.#tags.addPair(held, period)
    if (begun.length > 0) this.hasNewTags = true
  }

  /** Letters that introduce their writer may still come; new ones do not. [MAILBOX-3-1] */
  #expireInvitationOf(peerKey: Uint8Array, today: number): void {
    for (const one of this.#invitations) {
      const isTheirs = one.usedBy !== null && sameBytes(one.usedBy, peerKey)
      if (isTheirs && one.lastDay > today) this.#replaceInvited(one, { lastDay: today })
    }
  }

  #replaceInvited(invited: Invited, changes: Partial<Invited>): void {
    const changed = { ...invited, ...changes }
    this.#tags.removeInvited(invited)
    this.#invitations = this.#invitations.map((one) => (one === invited ? changed : one))
    this.#tags.addInvited(changed)
  }

  #closeInvitation(invited: Invited): void {
    this.#tags.removeInvited(invited)
    this.#invitations = this.#invitations.filter((one) => one !== invited)
  }
}

/** For somebody who does not know us yet. @throws {UsageError} `bad-address` */
function firstSlot(
  prekey: Uint8Array,
  invitation: Uint8Array | null,
  used: number,
  ephemeral: Uint8Array,
): SlotKey {
  const slot = invitation
    ? invitationSlotFor(invitationTags(invitation), used % windowSize, ephemeral, prekey)
    : trialSlotFor(ephemeral, prekey)
  if (!slot) throw badAddress()
  return slot
}

/** Names a pair, and tells nothing of it. */
function nameOf({ authorshipKey }: Pair): string {
  return hex(hash(labelled("mailbox pair", authorshipKey)))
}

/** Whether the first of two open ones is written to. [MAILBOX-3-7] */
function isBefore(a: Pair, b: Pair): boolean {
  if (a.hasSecret !== b.hasSecret) return a.hasSecret
  if (a.firstPeriod !== b.firstPeriod) return a.firstPeriod > b.firstPeriod
  return nameOf(a) < nameOf(b)
}

/** [MAILBOX-1-5] */
function contentOf(envelope: EnvelopeParts, contentKey: Uint8Array): ReadContent {
  const content = decodeContent(openBody(envelope, contentKey))
  const life = envelope.expiryDay - content.writtenDay
  if (life >= 0 && life <= longestLifeDays) return content
  throw new PeerError(
    "wrong-date",
    "A letter is older or younger than its envelope, and was not shown.",
  )
}

/** The two keys of an introduction belong together. @throws {PeerError} of the card */
function checkCard({ identityKey, exchangeKey, cardSignature }: Introduction): void {
  const signature = cardSignature
  openIdentityCard(
    encodeIdentityCard({ publicKey: identityKey, exchangePublicKey: exchangeKey, signature }),
  )
}

function keyOf(receiver: Uint8Array | Address): Uint8Array {
  return receiver instanceof Uint8Array ? receiver : receiver.identityKey
}

function distinct(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  return keys.filter((key, i) => keys.findIndex((other) => sameBytes(other, key)) === i)
}

function checkAddress({ lastDay }: Address, today: number): void {
  if (today <= lastDay) return
  throw new UsageError("expired-address", "This address is no longer valid. Ask for a new one.")
}

function badAddress(): UsageError {
  return new UsageError(
    "bad-address",
    "This address holds a key that is none. Ask for it once more.",
  )
}

function wrongSender(): PeerError {
  return new PeerError(
    "wrong-sender",
    "A letter names another sender than the one whose keys it came with.",
  )
}

function noIntroduction(): PeerError {
  return new PeerError("no-introduction", "A first letter does not say properly who wrote it.")
}

function wrongDate(): UsageError {
  return new UsageError("wrong-date", "The clock of this device says a year after 2149. Set it.")
}

function clockLeapt(): UsageError {
  return new UsageError(
    "clock-leapt",
    "The clock of this device says weeks more than when it last looked. If the date is right, confirm it; otherwise set the clock.",
  )
}
