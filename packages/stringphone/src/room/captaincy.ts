import { hex, PeerError, sameBytes, UsageError } from "../bytes/index.js"
import {
  answerKnock,
  type AttemptKeys,
  attemptOf,
  openRequest,
  sealAnswer,
  sealGrant,
  sealOffer,
} from "./attempt.js"
import type { Asking, Effects, MemberFacts } from "./effects.js"
import { notCaptain } from "./handover.js"
import type { Member, PacketOf } from "./member.js"
import * as mls from "./mls/group.js"
import { type Seat, seatByIdentity, seatByKey } from "./roster.js"
import { signGrant, signOrder } from "./room-key.js"
import { entryHash, openEntry, sealOrder } from "./slot.js"
import type { RoomTime } from "./time.js"
import type { RemovalReason } from "./wire/commit-data.js"
import { encodeSettings } from "./wire/settings.js"

/** [ROOM-3-2] */
const maxAttempts = 32
const attemptLifeMs = 120_000
const maxOffers = 5
const offersWithinMs = 10_000
/** A slot is open so long, and longer for what is to be carried to the newcomer. [ROOM-3-10] */
const slotMs = 30_000
const slowBytesPerMs = 0.2
const requestPauseMs = 2_000
const kickedMs = 5_000
const maxFormer = 256
const maxDeniable = 32

interface Newcomer {
  readonly keys: AttemptKeys
  readonly name: string | null
  readonly touchedAt: number
  /** When its last request was looked at: each costs signatures and an answer. */
  readonly askedAt: number
  readonly request: {
    readonly roomKey: Uint8Array
    readonly credential: Uint8Array
    readonly identityKey: Uint8Array
    readonly ownName: string
    readonly proof: Uint8Array | null
  } | null
  readonly isAdmitted: boolean
}

interface Slot {
  readonly newcomer: string
  readonly grantId: Uint8Array
  readonly slotKey: Uint8Array
  readonly until: number
}

/** What the captain does: lets in, removes, and puts all changes in order. spec/room.md §3, §4 */
export class Captaincy {
  readonly #member: Member
  readonly #newcomers = new Map<string, Newcomer>()
  readonly #leaving = new Set<string>()
  readonly #removing = new Map<string, RemovalReason>()
  readonly #missingSince = new Map<string, number>()
  #offeredAt: readonly number[] = []
  #slot: Slot | null = null
  /** Identities removed as absent, in hexadecimal: they need not be asked about. [ROOM-4-6] */
  former: readonly string[] = []
  /** Identities removed on purpose: they come back only if a person says so. [ROOM-4-6] */
  banned: readonly string[] = []

  constructor(member: Member) {
    this.#member = member
  }

  /** @internal */
  get held(): number {
    return this.#newcomers.size
  }

  /** Who waits for a person's decision. */
  get asking(): readonly Asking[] {
    return [...this.#newcomers].flatMap(([id, { request, name, isAdmitted }]) =>
      request && !isAdmitted
        ? [{ id, channelName: name, identityKey: request.identityKey, ownName: request.ownName }]
        : [],
    )
  }

  newEpoch(): void {
    this.#slot = null
    const { seats } = this.#member
    for (const [id, { request }] of this.#newcomers) {
      if (request && seatByKey(seats, request.roomKey)) this.#newcomers.delete(id)
    }
    for (const key of [...this.#leaving, ...this.#removing.keys(), ...this.#missingSince.keys()]) {
      if (seats.some(({ roomKey }) => hex(roomKey) === key)) continue
      this.#leaving.delete(key)
      this.#removing.delete(key)
      this.#missingSince.delete(key)
    }
  }

  /** Somebody is out, or in again (`null`). */
  remember(identityKey: Uint8Array, reason: RemovalReason | null): void {
    const key = hex(identityKey)
    this.former = this.former.filter((other) => other !== key)
    this.banned = this.banned.filter((other) => other !== key)
    if (reason === "absent") this.former = [...this.former, key].slice(-maxFormer)
    if (reason === "removed") this.banned = [...this.banned, key].slice(-maxFormer)
  }

  isLeaving({ roomKey }: MemberFacts): boolean {
    return this.#leaving.has(hex(roomKey))
  }

  /** A member says that it leaves for good. All remember it: the captain may change. */
  left(sender: MemberFacts): void {
    this.#leaving.add(hex(sender.roomKey))
  }

  receive(
    packet: PacketOf<"knock"> | PacketOf<"request">,
    from: string | null,
    time: RoomTime,
    out: Effects,
  ): void {
    if (!this.#member.isCaptain) return
    if (packet.kind === "knock") this.#knock(packet, from, time, out)
    else this.#request(packet, from, time, out)
  }

  /** @throws {UsageError} `no-such-request` */
  async admit(id: string, time: RoomTime, out: Effects): Promise<void> {
    const newcomer = this.#asked(id)
    this.#newcomers.set(id, { ...newcomer, isAdmitted: true })
    await this.tick(time, out)
  }

  /** @throws {UsageError} `no-such-request` */
  decline(id: string, reason: string, out: Effects): void {
    const newcomer = this.#asked(id)
    this.#newcomers.delete(id)
    this.#answer(newcomer, "declined", reason, out)
  }

  /** @throws {UsageError} `not-captain`, `no-such-member`, `no-majority` */
  async remove(identityKey: Uint8Array, time: RoomTime, out: Effects): Promise<void> {
    const member = this.#member
    if (!member.isCaptain) throw notCaptain()
    const seat = seatByIdentity(member.seats, identityKey)
    if (!seat || seat.leaf === member.group.ownIndex) {
      throw new UsageError("no-such-member", "Nobody in this room has that key.")
    }
    this.#requireMajority(time)
    this.#removing.set(hex(seat.roomKey), "removed")
    await this.#change(time, out)
  }

  /** @throws {UsageError} `not-captain`, `no-majority` */
  async rotate(time: RoomTime, out: Effects): Promise<void> {
    if (!this.#member.isCaptain) throw notCaptain()
    this.#requireMajority(time)
    await this.#change(time, out)
  }

  async tick(time: RoomTime, out: Effects): Promise<void> {
    const member = this.#member
    const { timing } = member.ports
    for (const [id, { touchedAt }] of this.#newcomers) {
      if (time.now - touchedAt > attemptLifeMs && this.#slot?.newcomer !== id) {
        this.#newcomers.delete(id)
      }
    }
    if (member.isSpent) return
    if (!member.hasMajority(time)) {
      member.handover.wasInterrupted = true
      return // [ROOM-4-3]
    }
    this.#noteMissing(time)
    if (this.#due(time).length > 0) return this.#change(time, out)
    if (this.#slot && time.now >= this.#slot.until) {
      this.#newcomers.delete(this.#slot.newcomer)
      return this.#change(time, out) // [ROOM-3-10]
    }
    const isOld = time.now - member.epochBeganAt >= timing.rotateMs
    if (!this.#slot && isOld && member.seats.length > 1) {
      return this.#change(time, out)
    }
    if (!this.#slot) await this.#grantNext(time, out)
  }

  /** A newcomer enters; we say that it counts. [ROOM-3-8] */
  async entry(
    packet: PacketOf<"entry">,
    wire: Uint8Array,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    const member = this.#member
    const slot = this.#slot
    if (!slot || !sameBytes(slot.grantId, packet.grantId)) return
    const message = openEntry(slot.slotKey, packet)
    const { roomId, epoch, roomKey } = member
    const { heads } = member.transcript
    const { grantId } = slot
    const order = { roomId, epoch, grantId, commitHash: entryHash(message), heads }
    const signature = signOrder(order, roomKey.seed)
    const fields = { commitHash: order.commitHash, heads, signature }
    const header = { roomId, epoch, grantId }
    const sealed = sealOrder(slot.slotKey, header, fields, member.ports.randomBytes(24))
    const at = out.sends.length
    await member.enter({ entry: { wire, message, grantId }, orderWire: sealed, heads }, time, out)
    // Before what we say in the new epoch: who does not have the order can not read that.
    out.sends.splice(at, 0, { bytes: sealed, to: null })
  }

  #knock(packet: PacketOf<"knock">, from: string | null, { now }: RoomTime, out: Effects): void {
    const member = this.#member
    const recent = this.#offeredAt.filter((at) => now - at < offersWithinMs)
    if (recent.length >= maxOffers) return // [ROOM-3-2]
    const id = hex(attemptOf(packet.key))
    const known = this.#newcomers.get(id)
    if (!known && this.#newcomers.size >= maxAttempts) {
      // Who only knocked gives way: strangers can knock as often as they like.
      const idle = [...this.#newcomers].find(([, { request }]) => request === null)
      if (!idle) return
      this.#newcomers.delete(idle[0])
    }
    // Who knocks again has not got our offer.
    const keys = known?.keys ?? answerKnock(packet.key, member.ports.randomBytes(32))
    if (!keys) return
    this.#offeredAt = [...recent, now]
    const newcomer = {
      keys,
      name: from,
      touchedAt: now,
      askedAt: -Infinity,
      request: null,
      isAdmitted: false,
    }
    if (!known) this.#newcomers.set(id, newcomer)
    const { roomId, epoch, settings, roomKey } = member
    const credential = this.#ownCredential()
    const captainLeaf = member.group.ownIndex
    const fields = { roomId, epoch, settings: encodeSettings(settings), captainLeaf, credential }
    out.send(sealOffer(keys, fields, roomKey.seed, member.ports.randomBytes(24)), from)
  }

  #request(packet: PacketOf<"request">, from: string | null, time: RoomTime, out: Effects): void {
    const member = this.#member
    const id = hex(packet.attempt)
    const known = this.#newcomers.get(id)
    if (!known) return
    const { roomId, settings } = member
    if (time.now - known.askedAt < requestPauseMs) return
    const opened = openRequest(known.keys, { roomId, isDeniable: settings.isDeniable }, packet)
    if (!opened) return
    const { fields, credential } = opened
    const { identityKey, ownName } = credential
    if (!member.proofs.isGenuine(fields.proof, credential, fields.roomKey)) {
      throw new PeerError(
        "bad-proof",
        "Somebody asks to be let in under a name that is not theirs.",
      )
    }
    // A member that lost its state counts among those who are here, or it might never come in again.
    const seat = seatByIdentity(member.seats, identityKey)
    if (seat) member.presence.heard(seat.roomKey, from, time)
    const { roomKey, proof } = fields
    const request = { roomKey, credential: fields.credential, identityKey, ownName, proof }
    const newcomer = { ...known, name: from, touchedAt: time.now, askedAt: time.now, request }
    const isNews = known.request === null || !sameBytes(known.request.identityKey, identityKey)
    const admission = member.ports.admission(identityKey)
    const isFormer = this.former.includes(hex(identityKey)) || seat !== null
    if (admission === "revoked") {
      this.#newcomers.delete(id)
      return this.#answer(newcomer, "declined", "You are not let in.", out) // [ROOM-3-4]
    }
    if (settings.isDeniable && member.seats.length >= maxDeniable) {
      this.#newcomers.delete(id)
      return this.#answer(newcomer, "full", "", out) // [ROOM-9-4]
    }
    const isBanned = this.banned.includes(hex(identityKey))
    // Who was let in was this one, and no other.
    const isSame = known.request !== null && sameBytes(known.request.identityKey, identityKey)
    const isAdmitted =
      (known.isAdmitted && isSame) || (!isBanned && (admission === "admit" || isFormer))
    this.#newcomers.set(id, { ...newcomer, isAdmitted })
    if (this.#slot?.newcomer !== id) this.#answer(newcomer, "waiting", "", out)
    if (isNews && !isAdmitted) {
      out.tell({ kind: "request", request: { id, channelName: from, identityKey, ownName } })
    }
  }

  async #grantNext(time: RoomTime, out: Effects): Promise<void> {
    const member = this.#member
    const next = [...this.#newcomers].find(([, { isAdmitted, request }]) => isAdmitted && request)
    if (!next?.[1].request) return
    const [id, { keys, name, request }] = next
    const { roomKey, credential, identityKey } = request
    const { roomId, epoch, ports } = member
    const grantId = ports.randomBytes(16)
    const formerLeaf = seatByIdentity(member.seats, identityKey)?.leaf ?? null
    const grant = { roomId, epoch, grantId, roomKey, credential, formerLeaf }
    const groupInfo = await mls.groupInfo(member.group)
    const slotKey = await member.slotKey(grantId)
    const lifeMs = slotMs + groupInfo.length / slowBytesPerMs
    const fields = {
      grantId,
      slotKey,
      lifeSeconds: Math.min(65_535, Math.ceil(lifeMs / 1000)),
      grantSignature: signGrant(grant, member.roomKey.seed),
      proof: member.proofs.proofFor(request.credential, roomKey),
      groupInfo,
    }
    this.#slot = { newcomer: id, grantId, slotKey, until: time.now + lifeMs }
    out.send(sealGrant(keys, fields, ports.randomBytes(24)), name)
  }

  async #change(time: RoomTime, out: Effects): Promise<void> {
    const removed = this.#due(time)
    const { heads } = this.#member.transcript
    this.#slot = null
    await this.#member.commit(
      { kind: "change", heads, removed },
      { remove: removed.map(({ leaf }) => leaf) },
      time,
      out,
    )
  }

  /** [ROOM-4-4] */
  #due({ now }: RoomTime): readonly { readonly leaf: number; readonly reason: RemovalReason }[] {
    const member = this.#member
    const reasonFor = (seat: Seat): RemovalReason | null => {
      const key = hex(seat.roomKey)
      if (this.#removing.has(key)) return this.#removing.get(key) ?? null
      if (this.#leaving.has(key)) return "left"
      const gone = member.presence.goneSince(seat.roomKey)
      if (gone?.why === "netsplit") return null
      if (gone?.why === "kicked" && now - gone.sinceMs >= kickedMs) return "removed"
      const since = gone?.sinceMs ?? this.#missingSince.get(key)
      return since !== undefined && now - since >= member.ports.timing.absentMs ? "absent" : null
    }
    return member.seats.flatMap((seat) => {
      const reason = seat.leaf === member.group.ownIndex ? null : reasonFor(seat)
      return reason ? [{ leaf: seat.leaf, reason }] : []
    })
  }

  #noteMissing(time: RoomTime): void {
    for (const seat of this.#member.seats) {
      const key = hex(seat.roomKey)
      if (this.#member.isPresent(seat, time)) this.#missingSince.delete(key)
      else if (!this.#missingSince.has(key)) this.#missingSince.set(key, time.now)
    }
  }

  #ownCredential(): Uint8Array {
    const { group } = this.#member
    const leaf = group.leaves.find(({ index }) => index === group.ownIndex)
    return leaf?.credential ?? new Uint8Array(0)
  }

  #answer(
    { keys, name }: Newcomer,
    answer: "waiting" | "declined" | "full",
    reason: string,
    out: Effects,
  ): void {
    const nonce = this.#member.ports.randomBytes(24)
    out.send(sealAnswer(keys, { answer, reason }, nonce), name)
  }

  #asked(id: string): Newcomer {
    if (!this.#member.isCaptain) throw notCaptain()
    const newcomer = this.#newcomers.get(id)
    if (newcomer?.request) return newcomer
    throw new UsageError("no-such-request", "Nobody asks with that name (any more).")
  }

  #requireMajority(time: RoomTime): void {
    if (this.#member.hasMajority(time)) return
    throw new UsageError(
      "no-majority",
      "Less than half of the members are here, so the room can not be changed. Wait for them, or take over with those who are here.",
    )
  }
}
