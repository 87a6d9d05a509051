import { hex, PeerError, sameBytes, UsageError } from "../bytes/index.js"
import { Branches } from "./branches.js"
import { Captaincy } from "./captaincy.js"
import { Chain, type WonBy } from "./chain.js"
import { checkEntry, checkMemberCommit, type RulesOf } from "./commit-rules.js"
import type { Effects, HeardText, MemberFacts } from "./effects.js"
import { Entries, type OrderedEntry } from "./entries.js"
import { Handover } from "./handover.js"
import * as mls from "./mls/group.js"
import type { RoomPorts } from "./ports.js"
import type { Presence } from "./presence.js"
import { Proofs } from "./proofs.js"
import {
  isMajority,
  type Seat,
  roomKeysOf,
  seatByKey,
  seatByLeaf,
  seatsNotIn,
  seatsOf,
} from "./roster.js"
import { type RoomKey, signBranch, verifyBranch } from "./room-key.js"
import type { SavedLog, SavedRoom } from "./saved.js"
import type { RoomTime } from "./time.js"
import { type OwnText, Transcript } from "./transcript.js"
import type { BranchProof } from "./wire/branch-proof.js"
import { encodeCommitPacket } from "./wire/commit.js"
import { type CommitData, encodeCommitData, type StepData } from "./wire/commit-data.js"
import { encodeMessagePacket, messageId } from "./wire/message.js"
import { deriveSlotKey, slotExporterLabel } from "./slot.js"
import { type FirstStep, WayBack } from "./way-back.js"
import type { RoomPacket } from "./wire/packet.js"
import { decodePayload, encodePayload, type PayloadBody, type RoomPayload } from "./wire/payload.js"
import { decodeSettings, type RoomSettings } from "./wire/settings.js"
import type { CastVote } from "./wire/vote.js"

export type PacketOf<K extends RoomPacket["kind"]> = Extract<RoomPacket, { readonly kind: K }>

/** What makes a member: its keys, and the group. */
export interface Seated {
  readonly group: mls.Group
  readonly roomKey: RoomKey
  /** X25519; only in a deniable room. */
  readonly roomExchangeSecret: Uint8Array | null
}

const maxEarly = 64
/** What nothing came to fit in so long was made up. */
const earlyMs = 90_000
/** A message that takes longer than this may be lost. */
const slowestMs = 5_000
const maxEarlyBytes = 16_384
const maxLost = 16
const maxKnown = 1_024
/** [ROOM-4-8] */
const keepKeysMs = 600_000

interface Early {
  readonly at: number
  readonly packet: RoomPacket
  readonly wire: Uint8Array
  readonly from: string | null
}

/** Being in a room: opens what comes, follows the changes, says what is to be said. */
export class Member {
  readonly ports: RoomPorts
  readonly presence: Presence
  readonly transcript: Transcript = new Transcript()
  readonly captaincy: Captaincy = new Captaincy(this)
  readonly handover: Handover = new Handover(this)
  readonly branches: Branches = new Branches(this)
  readonly proofs: Proofs = new Proofs(this)
  entries: Entries
  readonly roomKey: RoomKey
  readonly roomExchangeSecret: Uint8Array | null
  chain: Chain = new Chain()
  /** When we last heard the captain, or the epoch began. */
  captainHeardAt: number
  sentAt: number = -Infinity
  /** Messages sealed since the group was last saved whole. */
  sealedSinceSaved = 0
  /** Who removed us. */
  removedBy: { readonly by: MemberFacts; readonly reason: string } | null = null
  /** Members who came back from another branch: room keys in hexadecimal. */
  readonly returned: Set<string> = new Set()
  /** What came too early may fit now. */
  hasNewEpoch = false
  #group: mls.Group
  #settings: RoomSettings
  #seats: readonly Seat[]
  #early: readonly Early[] = []
  #epochBeganAt: number
  readonly #seatedAt: number
  #slotSecret: Uint8Array | null = null
  /** The ends of the last epochs, should the branch that began there lose. Never saved. [ROOM-7-5] */
  #ends: readonly { readonly group: mls.Group; readonly at: number; readonly isSpent: boolean }[] =
    []
  /** Epochs, by auth8 in hexadecimal, that began a branch that lost. */
  readonly #lost = new Set<string>()
  /** We made the step that lost: we must not make another one from the same epoch. [ROOM-7-5] */
  isSpent = false
  /** All who were here since this program started, by room key. */
  readonly #known = new Map<string, Seat>()

  constructor(ports: RoomPorts, presence: Presence, seated: Seated, time: RoomTime) {
    this.ports = ports
    this.presence = presence
    this.roomKey = seated.roomKey
    this.roomExchangeSecret = seated.roomExchangeSecret
    this.#group = seated.group
    this.#settings = decodeSettings(seated.group.settings)
    this.#seats = seatsOf(seated.group.leaves)
    this.#know()
    this.captainHeardAt = time.now
    this.#epochBeganAt = time.now
    this.#seatedAt = time.now
    this.entries = this.#newEntries()
    const nothing = { step: [], maker: null, kind: null, votes: [] }
    this.chain = this.chain.advanced(nothing, this.#record())
  }

  get group(): mls.Group {
    return this.#group
  }
  get settings(): RoomSettings {
    return this.#settings
  }
  get seats(): readonly Seat[] {
    return this.#seats
  }
  get roomId(): Uint8Array {
    return this.#group.roomId
  }
  get epoch(): number {
    return this.#group.epoch
  }
  get auth8(): Uint8Array {
    return this.#group.authenticator.slice(0, 8)
  }
  get epochBeganAt(): number {
    return this.#epochBeganAt
  }
  get own(): Seat {
    return seatByLeaf(this.#seats, this.#group.ownIndex) as Seat
  }
  /** `null`: the captain was removed by a takeover that we only heard of. */
  get captain(): Seat | null {
    return seatByKey(this.#seats, this.#settings.captainKey)
  }
  get isCaptain(): boolean {
    return sameBytes(this.own.roomKey, this.#settings.captainKey)
  }

  rules(time: RoomTime): RulesOf {
    const { roomId, epoch, auth8, seats, settings } = this
    const isTakeoverFair = this.handover.isTakeoverFair(time)
    return { roomId, epoch, auth8, seats, settings, isTakeoverFair, needsVotes: this.needsVotes }
  }

  /** Always, but in simulations of other rules. */
  get needsVotes(): boolean {
    return (this.ports.quorum ?? "votes") === "votes"
  }

  isPresent(seat: Seat, time: RoomTime): boolean {
    if (seat.leaf === this.#group.ownIndex) return true
    return this.presence.isPresent(seat.roomKey, seat.ownName, this.ports.timing.silenceMs, time)
  }

  /** [ROOM-4-3] */
  hasMajority(time: RoomTime): boolean {
    if (this.ports.quorum === "none") return true
    // Who said goodbye is not missed. [ROOM-4-3]
    const staying = this.#seats.filter((seat) => !this.captaincy.isLeaving(seat))
    const present = staying.filter((seat) => this.isPresent(seat, time))
    return isMajority(present.length, staying.length)
  }

  /** Says a text. */
  async say(text: string, time: RoomTime, out: Effects): Promise<HeardText> {
    const left = this.transcript.leftBehind(this.epoch)
    if (left.length > 0) await this.sayAgain(left, time, out)
    const id = await this.#send({ kind: "text", text }, time, out, (id) => ({
      id,
      firstId: id,
      epoch: this.epoch,
      text,
      sentAt: time.wall,
    }))
    return this.#heard(this.own, id, text, time.wall, { isLate: false })
  }

  /** Says once more what ended epochs did not take with them. [ROOM-5-7] */
  async #sayOwnAgain(time: RoomTime, out: Effects): Promise<void> {
    await this.sayAgain(this.transcript.leftBehind(this.epoch), time, out)
  }

  async sayAgain(own: readonly OwnText[], time: RoomTime, out: Effects): Promise<void> {
    for (const { id, firstId, text, sentAt } of own) {
      const body = { kind: "again", id: firstId, originalSentAt: sentAt, text } as const
      const toOwn = (again: Uint8Array): OwnText => ({
        id: again,
        firstId,
        epoch: this.epoch,
        text,
        sentAt,
      })
      await this.#send(body, time, out, toOwn, this.transcript.parentsOf(id))
    }
  }

  async send(body: PayloadBody, time: RoomTime, out: Effects): Promise<void> {
    await this.#send(body, time, out)
  }

  async receive(
    packet: RoomPacket,
    wire: Uint8Array,
    from: string | null,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    switch (packet.kind) {
      case "message":
        return this.#message(packet, wire, from, time, out)
      case "commit":
        return this.#commit(packet, wire, from, time, out)
      case "entry":
      case "order":
        return this.#entryOrOrder(packet, wire, from, time, out)
      case "behind":
        return this.branches.asked(packet, from, time, out)
      case "claim":
        return this.branches.claimed(packet, time, out)
      case "knock":
      case "request":
        return this.captaincy.receive(packet, from, time, out)
      default:
        return
    }
  }

  async tick(time: RoomTime, out: Effects): Promise<void> {
    this.#ends = this.#ends.filter(({ at }) => time.now - at <= keepKeysMs)
    if (time.now - this.#epochBeganAt > keepKeysMs)
      this.#group = mls.forget(this.#group, this.epoch)
    const { ask, lost } = this.transcript.due(time)
    if (ask.length > 0) await this.send({ kind: "ask", ids: ask.map(({ id }) => id) }, time, out)
    for (const { seenBy } of lost.slice(0, 1)) {
      const seat = (seenBy && seatByKey(this.#seats, seenBy)) ?? this.captain
      if (seat) out.tell({ kind: "gap", seenBy: seat, missing: lost.length })
    }
    const isAlone = this.#seats.length === 1
    const isDue = time.now - this.sentAt >= this.ports.timing.pulseMs
    const mustPulse = (this.isCaptain || !this.ports.hasPresence) && isDue
    if (!isAlone && (mustPulse || this.branches.mustPulse)) {
      this.branches.mustPulse = false
      await this.send({ kind: "pulse", branch: null }, time, out)
    }
    this.#early = this.#early.filter(({ at }) => time.now - at < earlyMs)
    this.branches.tick(time, out)
    // One who catches up does not say it in every epoch on the way.
    await this.#sayOwnAgain(time, out)
    await this.proofs.tick(time, out)
    if (this.isCaptain) await this.captaincy.tick(time, out)
    else await this.handover.tick(time, out)
  }

  /** Makes a change of the room, and begins the next epoch with it. */
  async commit(
    data: CommitData,
    changes: mls.Changes,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    if (this.isSpent) {
      throw new UsageError("split", "The room went on without you; wait until you have caught up.")
    }
    const made = await mls.commit(this.#group, changes, encodeCommitData(data))
    const wire = encodeCommitPacket(made.message)
    out.send(wire)
    await this.#advance(made.group, [wire], data, this.own, time, out)
  }

  /** The slot of this grant: all members know its key. [ROOM-3-6] */
  async slotKey(grantId: Uint8Array): Promise<Uint8Array> {
    const empty = new Uint8Array(0)
    this.#slotSecret ??= await mls.exportSecret(this.#group, slotExporterLabel, empty, 32)
    return deriveSlotKey(this.#slotSecret, grantId)
  }

  /** An entry that the captain put in order. [ROOM-3-8] */
  async enter(
    { entry, orderWire, heads }: OrderedEntry,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    const rules = this.rules(time)
    const group = await mls.apply(this.#group, entry.message, (facts) =>
      checkEntry(facts, rules, entry.grantId),
    )
    const captain = this.captain
    if (!captain) throw new PeerError("refused", "There is no captain who could let anybody in.")
    await this.#advance(
      group,
      [entry.wire, orderWire],
      { kind: "entry", heads },
      captain,
      time,
      out,
    )
  }

  /** Tries once more what came too early. What does not fit any longer is dropped. */
  async retryEarly(time: RoomTime, out: Effects): Promise<void> {
    const early = this.#early
    this.#early = []
    for (const { packet, wire, from } of early) {
      try {
        await this.receive(packet, wire, from, time, out)
      } catch (error) {
        if (!(error instanceof PeerError)) throw error
      }
    }
  }

  /** What we knew before we had to come in anew. */
  inherit(former: Member): void {
    this.transcript.inherit(former.transcript)
    const { wonBy } = former.branches
    if (wonBy) this.chain = this.chain.inherited(former.chain, wonBy)
  }

  /** As it was when it was saved, and what the log adds. */
  restore(saved: SavedRoom, log: SavedLog | null): void {
    this.transcript.restore(saved.transcript)
    this.chain = new Chain(saved.chain)
    this.captaincy.former = saved.former
    this.captaincy.banned = saved.banned
    this.proofs.prove(saved.proven)
    this.handover.given = log?.given ?? saved.given
    this.handover.wasInterrupted = true
    this.isSpent = saved.isSpent
    for (const auth of saved.lost) this.#lost.add(auth)
    if (log) this.transcript.restoreAdditions(log.transcript)
  }

  /** How much is kept that anybody may have sent; each has its bound. @internal */
  get held(): Readonly<Record<"early" | "entries" | "orders" | "newcomers" | "votes", number>> {
    return {
      early: this.#early.length,
      ...this.entries.pending,
      newcomers: this.captaincy.held,
      votes: this.handover.held,
    }
  }

  get lost(): readonly string[] {
    return [...this.#lost].slice(-maxLost)
  }

  get hasEarly(): boolean {
    return this.#early.length > 0
  }

  async #send(
    body: PayloadBody,
    { now, wall }: RoomTime,
    out: Effects,
    ownText?: (id: Uint8Array) => OwnText,
    before: readonly Uint8Array[] = [],
  ): Promise<Uint8Array> {
    const isText = ownText !== undefined
    const number = this.transcript.ownNumber + (isText ? 1 : 0)
    const parents = this.transcript.parentsWith(before)
    const payload = encodePayload({ ...body, number, sentAt: wall, parents })
    const sealed = await mls.seal(this.#group, payload, this.auth8)
    this.#group = sealed.group
    this.sealedSinceSaved++
    this.sentAt = now
    const wire = encodeMessagePacket(sealed.message)
    const id = messageId(wire)
    this.transcript.ownNumber = number
    if (isText) {
      const entry = { id, sender: this.own.identityKey, epoch: this.epoch, parents }
      this.transcript.add(entry, ownText(id))
      this.transcript.keep(id, wire)
    } else this.transcript.see(id)
    out.saveLog()
    out.send(wire)
    return id
  }

  async #message(
    packet: PacketOf<"message">,
    wire: Uint8Array,
    from: string | null,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    const id = messageId(wire)
    if (this.transcript.isSeen(id)) return this.branches.repeated(id) // [ROOM-5-3]
    const record = this.chain.at(packet.epoch)
    // Or it is of a time before ours: then we have been here only for a moment.
    const isOld = !record && packet.epoch < this.epoch
    const isSettled = time.now - this.#seatedAt >= this.ports.timing.silenceMs
    if (record ? !sameBytes(record.auth8, packet.data) : isOld && isSettled) {
      return this.branches.sawOther(time, out) // [ROOM-5-8]
    }
    if (packet.epoch > this.epoch)
      return this.#tooEarly({ at: time.now, packet, wire, from }, time, out)
    const wasWanted = this.transcript.isWanted(id)
    const opened = await mls.open(this.#group, packet.mls)
    const seat = seatByKey(this.#seats, opened.signatureKey)
    if (!seat && !wasWanted) return // [ROOM-5-6]
    this.#group = opened.group
    const payload = decodePayload(opened.payload)
    const sender = seat ?? this.#known.get(hex(opened.signatureKey))
    if (!sender) return
    if (seat && !wasWanted && packet.epoch === this.epoch) {
      this.presence.heard(seat.roomKey, from, time)
      this.branches.heard(seat.roomKey, time)
      if (sameBytes(seat.roomKey, this.#settings.captainKey)) this.captainHeardAt = time.now
    }
    this.transcript.want(payload.parents, sender.roomKey, time)
    out.saveLog()
    await this.#payload(payload, { id, wire, sender, epoch: packet.epoch }, time, out)
  }

  async #payload(
    payload: RoomPayload,
    message: {
      readonly id: Uint8Array
      readonly wire: Uint8Array
      readonly sender: MemberFacts
      readonly epoch: number
    },
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    const { id, wire, sender, epoch } = message
    const { parents } = payload
    if (payload.kind === "text" || payload.kind === "again") {
      const entry = { id, sender: sender.identityKey, epoch, parents }
      const { isLate } = this.transcript.add(entry)
      this.transcript.keep(id, wire)
      const isAgain = payload.kind === "again"
      // [ROOM-5-7] Only its own texts can somebody say again: with another's ID it is a new one.
      if (isAgain && !this.transcript.saidAgain(payload.id, sender.identityKey)) return
      if (!isAgain && this.transcript.isSaidAgain(id, sender.identityKey)) return
      const sentAt = isAgain ? payload.originalSentAt : payload.sentAt
      // What is news to us so long after it was said, was said where we did not hear it.
      const isOld = time.wall - sentAt >= this.ports.timing.silenceMs / 2
      const isFromOtherSide = isAgain && (isOld || this.returned.has(hex(sender.roomKey)))
      const heard = this.#heard(sender, id, payload.text, sentAt, {
        isLate: isLate || isAgain,
        isFromOtherSide,
        epoch,
      })
      out.tell({ kind: "message", message: heard })
      return
    }
    this.transcript.see(id)
    switch (payload.kind) {
      case "pulse":
        if (payload.branch) this.#proven(payload.branch, epoch)
        return this.#repeatMissed(sender, parents, time)
      case "vote":
        return this.handover.voted(payload, sender, epoch, time, out)
      case "ask":
        return this.branches.askedFor(payload.ids, time)
      case "leave":
        return this.captaincy.left(sender)
      case "proof":
        return this.proofs.received(payload.proofs, sender)
    }
  }

  /** What the captain does not have after a while did not reach it. [ROOM-5-5] */
  #repeatMissed(sender: MemberFacts, heads: readonly Uint8Array[], time: RoomTime): void {
    if (!sameBytes(sender.roomKey, this.#settings.captainKey)) return
    const missed = this.transcript
      .uncovered(heads)
      .filter(({ sentAt }) => time.wall - sentAt >= slowestMs)
    this.branches.askedFor(
      missed.slice(-16).map(({ id }) => id),
      time,
    )
  }

  /** [ROOM-7-1] */
  #proven(proof: BranchProof, epoch: number): void {
    const before = this.chain.at(epoch - 1)
    const now = this.chain.at(epoch)
    const key = before?.roomKeys[proof.leaf]
    if (!before || !now || !key || !sameBytes(proof.auth8, now.auth8)) return
    if (verifyBranch({ roomId: this.roomId, from: before.epoch, ...proof }, key)) {
      this.chain = this.chain.proven(before.epoch, proof)
    }
  }

  async #commit(
    packet: PacketOf<"commit">,
    wire: Uint8Array,
    from: string | null,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    if (packet.epoch < this.epoch) return this.branches.offered(packet, wire, time, out)
    if (packet.epoch > this.epoch)
      return this.#tooEarly({ at: time.now, packet, wire, from }, time, out)
    const rules = this.rules(time)
    const checked: { readonly data: CommitData; readonly maker: Seat }[] = []
    const group = await mls.apply(this.#group, packet.mls, (facts) => {
      checked.push(checkMemberCommit(facts, rules))
    })
    for (const { data, maker } of checked) {
      await this.#advance(group, [wire], data, maker, time, out)
    }
  }

  async #entryOrOrder(
    packet: PacketOf<"entry"> | PacketOf<"order">,
    wire: Uint8Array,
    from: string | null,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    if (packet.epoch < this.epoch) return this.branches.offered(packet, wire, time, out)
    if (packet.epoch > this.epoch)
      return this.#tooEarly({ at: time.now, packet, wire, from }, time, out)
    if (packet.kind === "entry" && this.isCaptain) {
      return this.captaincy.entry(packet, wire, time, out)
    }
    const ordered = await this.entries.receive(packet, wire)
    if (ordered) await this.enter(ordered, time, out)
  }

  #tooEarly(early: Early, time: RoomTime, out: Effects): void {
    if (early.wire.length <= maxEarlyBytes) {
      this.#early = [...this.#early, early].slice(-maxEarly)
    }
    this.branches.behind(time, out)
  }

  /** The next epoch. */
  async #advance(
    group: mls.Group,
    step: readonly Uint8Array[],
    data: StepData,
    maker: Seat,
    time: RoomTime,
    out: Effects,
    isWayBack = false,
  ): Promise<void> {
    const before = this.#seats
    const captainBefore = this.#settings.captainKey
    const ended = this.epoch
    if (this.#lost.has(hex(group.authenticator.slice(0, 8)))) return // It would lose once more.
    const isSpent = this.isSpent || maker.leaf === this.#group.ownIndex
    const end = { group: this.#group, at: time.now, isSpent }
    this.#ends = [...this.#ends, end].slice(-mls.retainedEpochs)
    this.isSpent = false
    this.#group = group
    out.saveAll()
    const reasonOf = reasons(data)
    if (group.isRemoved) {
      this.removedBy = { by: maker, reason: reasonOf(this.#group.ownIndex) }
      return
    }
    this.#begin(time)
    const votes: readonly CastVote[] = data.kind === "election" ? data.votes : []
    const { kind } = data
    const made = { step, maker: maker.leaf, kind, votes }
    this.chain = this.chain.advanced(made, this.#record())
    this.#tellChanges(before, maker, reasonOf, out)
    // Who has just come in is here, and so is who let them in, though nothing was heard of them yet.
    for (const seat of [maker, ...this.#seats]) {
      const isNew = !seatByKey(before, seat.roomKey) || seat === maker
      if (isNew) this.presence.heard(seat.roomKey, null, time)
    }
    if (!sameBytes(captainBefore, this.#settings.captainKey) && this.captain) {
      const how = data.kind === "election" ? "vote" : data.kind
      if (how === "vote" || how === "abdication" || how === "takeover") {
        out.tell({ kind: "captain", captain: this.captain, how })
      }
    }
    this.transcript.endEpoch(data.heads, time)
    if (sameBytes(maker.roomKey, this.own.roomKey)) await this.#prove(data.kind, ended, time, out)
    if (!this.hasEarly && !isWayBack) await this.#sayOwnAgain(time, out)
  }

  #newEntries(): Entries {
    const { roomId, epoch } = this
    const { captainKey } = this.#settings
    return new Entries({ roomId, epoch, captainKey, slotKey: (id) => this.slotKey(id) })
  }

  /** All that depends on the epoch. */
  #begin(time: RoomTime): void {
    this.#settings = decodeSettings(this.#group.settings)
    this.#seats = seatsOf(this.#group.leaves, this.#seats)
    this.#know()
    this.#slotSecret = null
    this.entries = this.#newEntries()
    this.#epochBeganAt = time.now
    this.captainHeardAt = time.now
    this.hasNewEpoch = true
    this.handover.newEpoch()
    this.branches.newEpoch()
    this.captaincy.newEpoch()
  }

  /** The way to the branch that won. `null`: it parted from ours too long ago. [ROOM-7-5] */
  wayBack(claim: WonBy): WayBack | null {
    const end = this.#ends.find(({ group }) => group.epoch === claim.from)
    if (!end || this.#lost.has(hex(claim.proof.auth8))) return null
    return new WayBack(claim, () => mls.rewind(this.#group, end.group), this.needsVotes)
  }

  /**
   * Back to where the branches part, and the first step to the one that won. [ROOM-7-5]
   * @returns `false`: it is too long ago by now
   */
  async goBack(step: FirstStep, from: number, time: RoomTime, out: Effects): Promise<boolean> {
    const end = this.#ends.find(({ group }) => group.epoch === from)
    const lost = this.chain.at(from + 1)
    if (!end || !lost) return false
    const before = this.#seats
    this.#lost.add(hex(lost.auth8))
    this.isSpent = end.isSpent
    this.#ends = this.#ends.filter(({ group }) => group.epoch < from)
    this.#group = mls.rewind(this.#group, end.group)
    this.chain = this.chain.rewound(from)
    this.transcript.rewind(from)
    this.#begin(time)
    this.#tellChanges(before, this.captain ?? this.own, () => "absent", out)
    await this.#advance(step.group, step.wires, step.data, step.maker, time, out, true)
    if (this.removedBy) return true
    out.tell({ kind: "healed" })
    this.branches.tell(time, out)
    return true
  }

  /** [ROOM-4-5] */
  async #prove(
    kind: CommitData["kind"] | "entry",
    from: number,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    const { roomId, auth8, settings } = this
    const leaf = this.#group.ownIndex
    const facts = { step: kind, leaf, auth8, term: settings.term }
    const signature = signBranch({ roomId, from, ...facts }, this.roomKey.seed)
    const branch: BranchProof = { ...facts, signature }
    this.chain = this.chain.proven(from, branch)
    await this.send({ kind: "pulse", branch }, time, out)
  }

  #tellChanges(
    before: readonly Seat[],
    maker: Seat,
    reasonOf: (leaf: number) => "left" | "removed" | "absent",
    out: Effects,
  ): void {
    const gone = seatsNotIn(before, this.#seats)
    const come = seatsNotIn(this.#seats, before)
    for (const seat of gone) {
      this.presence.forget(seat.roomKey)
      const replaced = come.find((other) => sameBytes(other.identityKey, seat.identityKey))
      if (replaced) this.returned.add(hex(replaced.roomKey))
      else {
        const reason = reasonOf(seat.leaf)
        this.captaincy.remember(seat.identityKey, reason)
        out.tell({ kind: "left", member: seat, by: maker, reason })
      }
    }
    for (const seat of come) {
      this.proofs.cameIn(seat)
      this.captaincy.remember(seat.identityKey, null)
      if (!this.returned.has(hex(seat.roomKey))) out.tell({ kind: "joined", member: seat })
    }
  }

  #heard(
    from: MemberFacts,
    id: Uint8Array,
    text: string,
    sentAt: number,
    how: { readonly isLate: boolean; readonly isFromOtherSide?: boolean; readonly epoch?: number },
  ): HeardText {
    const { isLate, isFromOtherSide = false, epoch = this.epoch } = how
    const isOwn = sameBytes(from.roomKey, this.own.roomKey)
    return { from, isOwn, id, text, epoch, sentAt, isLate, isFromOtherSide }
  }

  /** Somebody with this identity has been in the room since this program started. */
  wasHere(identityKey: Uint8Array): boolean {
    return [...this.#known.values()].some((seat) => sameBytes(seat.identityKey, identityKey))
  }

  #know(): void {
    for (const seat of this.#seats) this.#known.set(hex(seat.roomKey), seat)
    for (const [key] of this.#known) {
      if (this.#known.size <= maxKnown) break
      this.#known.delete(key)
    }
  }

  #record(): {
    readonly epoch: number
    readonly auth8: Uint8Array
    readonly roomKeys: readonly (Uint8Array | null)[]
    readonly captainKey: Uint8Array
    readonly term: number
  } {
    const { captainKey, term } = this.#settings
    const { epoch, auth8 } = this
    return { epoch, auth8, roomKeys: roomKeysOf(this.#seats), captainKey, term }
  }
}

function reasons(
  data: CommitData | { readonly kind: "entry" },
): (leaf: number) => "left" | "removed" | "absent" {
  if (data.kind === "takeover") return () => "absent"
  if (data.kind !== "change") return () => "removed"
  const byLeaf = new Map(data.removed.map(({ leaf, reason }) => [leaf, reason]))
  return (leaf) => byLeaf.get(leaf) ?? "removed"
}
