import { hex, PeerError, sameBytes, UsageError, utf8 } from "../bytes/index.js"
import { exchangePublicKey } from "../crypto/index.js"
import { makeCredential } from "./credential.js"
import type { Effects, HeardText, MemberFacts } from "./effects.js"
import { Member, type Seated } from "./member.js"
import * as mls from "./mls/group.js"
import { Newcomer, type OfferOf, roomEnvironment } from "./newcomer.js"
import type { RoomPorts } from "./ports.js"
import { Presence } from "./presence.js"
import { newRoomKey } from "./room-key.js"
import { seatByIdentity } from "./roster.js"
import { corruptRoom, decodeSaved, encodeSaved, type SavedLog, type SavedRoom } from "./saved.js"
import type { RoomTime } from "./time.js"
import { decodeRoomPacket, type RoomPacket } from "./wire/packet.js"
import { maxTextBytes } from "./wire/payload.js"
import { encodeSettings } from "./wire/settings.js"

/** Where we stand towards the room of this channel. */
export type RoomPhase = "outside" | "joining" | "member" | "removed" | "stranded"

export interface Founding {
  /** At most 64 bytes of UTF-8. */
  readonly title: string
  readonly isDeniable: boolean
}

/** Sent from our room, though not as its members: newcomers and captains talk with these. */
const attemptKinds: ReadonlySet<RoomPacket["kind"]> = new Set(["offer", "answer", "grant", "order"])
const maxSeenInLog = 48
/** [ROOM-6-3] */
const leaderlessSilences = 3
const comeBackMs = 30_000

/**
 * One room on one channel, without any I/O: bytes, presence and time come in, effects go out. Calls
 * must not overlap; when one throws, nothing but what its effects say has happened.
 */
export class Room {
  readonly #ports: RoomPorts
  readonly presence: Presence
  #member: Member | null = null
  #newcomer: Newcomer | null = null
  /** What we said on a branch that lost, until we are in again. */
  #stranded: Member | null = null
  #comeBackAt = 0
  #isRemoved = false
  /** Of another one, whose messages were seen on this channel. */
  #otherRoomId: Uint8Array | null = null

  constructor(ports: RoomPorts) {
    this.#ports = ports
    this.presence = new Presence(ports.hasPresence)
  }

  get phase(): RoomPhase {
    if (this.#stranded) return "stranded"
    if (this.#member) return "member"
    if (this.#newcomer && !this.#newcomer.isProbe) return "joining"
    return this.#isRemoved ? "removed" : "outside"
  }

  /** Another room than ours was seen on this channel. */
  get hasOtherRoom(): boolean {
    const id = this.#otherRoomId
    return id !== null && !(this.#member && sameBytes(id, this.#member.roomId))
  }

  /** `null` unless we are in. */
  get member(): Member | null {
    return this.#member
  }

  get isAsked(): boolean {
    return this.#newcomer?.hasAsked ?? false
  }

  /** Founds a room with us as captain. @throws {UsageError} `in-room`, `bad-title` */
  async found({ title, isDeniable }: Founding, time: RoomTime, out: Effects): Promise<void> {
    this.#requireOutside()
    if (utf8(title).length > 64) {
      throw new UsageError("bad-title", "A title has at most 64 bytes. Choose a shorter one.")
    }
    const { identity, ownName, randomBytes } = this.#ports
    const roomId = randomBytes(16)
    const roomKey = newRoomKey(randomBytes(32))
    const roomExchangeSecret = isDeniable ? randomBytes(32) : null
    const credential = makeCredential(identity, {
      roomId,
      roomKey: roomKey.publicKey,
      ownName,
      isDeniable,
      ...(roomExchangeSecret && { roomExchangeKey: exchangePublicKey(roomExchangeSecret) }),
    })
    const captainKey = roomKey.publicKey
    const settings = encodeSettings({ isDeniable, captainKey, term: 0, takeovers: 0, title })
    const own = { signatureSeed: roomKey.seed, credential }
    const environment = roomEnvironment(this.#ports, roomId, isDeniable)
    const group = await mls.createGroup({ roomId, own, settings }, environment)
    this.#newcomer = null
    this.#isRemoved = false
    this.#member = this.#seat({ group, roomKey, roomExchangeSecret }, time)
    out.saveAll()
    out.tell({ kind: "captain", captain: this.#member.own, how: "start" })
  }

  /** Asks to be let in. @throws {UsageError} `in-room` */
  join(onlyCaptain: Uint8Array | null, time: RoomTime, out: Effects): void {
    this.#requireOutside()
    const accepts = ({ captain }: OfferOf): boolean =>
      !onlyCaptain || sameBytes(captain, onlyCaptain)
    this.#newcomer = new Newcomer(this.#ports, accepts, time, out)
  }

  /** Looks whether somebody leads a room here; the answer is `isRoomOffered`. */
  probe(time: RoomTime, out: Effects): void {
    this.#requireOutside()
    this.#newcomer = new Newcomer(this.#ports, () => true, time, out, true)
  }

  get isRoomOffered(): boolean {
    return this.#newcomer?.hasOffers ?? false
  }

  stopJoining(): void {
    this.#newcomer = null
  }

  /** Says a text. @throws {UsageError} `not-in-room`, `text-too-long`, `split` */
  async say(text: string, time: RoomTime, out: Effects): Promise<HeardText> {
    const member = this.requireMember()
    // Three bytes for each at the most: most texts need not be encoded to know it.
    if (text.length * 3 > maxTextBytes && utf8(text).length > maxTextBytes) {
      throw new UsageError("text-too-long", "A message has at most 65,536 bytes. Send it in parts.")
    }
    if (member.branches.split?.isBlocking) {
      throw new UsageError("split", member.branches.split.explanation)
    }
    return member.say(text, time, out)
  }

  /** Tells the captain, and forgets the room. */
  async leave(time: RoomTime, out: Effects): Promise<void> {
    const member = this.requireMember()
    const isAlone = member.seats.length === 1
    if (member.isCaptain && !member.isSpent && !isAlone && member.hasMajority(time)) {
      const here = member.seats.some(
        (seat) => seat.leaf !== member.own.leaf && member.isPresent(seat, time),
      )
      if (here) await member.handover.abdicate(null, time, out)
    }
    if (!isAlone) await member.send({ kind: "leave" }, time, out)
    this.forget()
    out.saveAll()
  }

  /** As if we had never been here. */
  forget(): void {
    this.#member = null
    this.#newcomer = null
    this.#stranded = null
    this.#isRemoved = false
  }

  /** Captain: hands the room over. @throws {UsageError} `not-captain`, `no-such-member`, `no-successor` */
  async abdicate(identityKey: Uint8Array | null, time: RoomTime, out: Effects): Promise<void> {
    const member = this.requireMember()
    const successor = identityKey && seatByIdentity(member.seats, identityKey)
    if (identityKey && !successor) {
      throw new UsageError("no-such-member", "Nobody in this room has that key.")
    }
    await member.handover.abdicate(successor, time, out)
  }

  /**
   * Something came in. What is wrong about it is told, and nothing is lost by it.
   */
  async receive(
    bytes: Uint8Array,
    from: string | null,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    try {
      const packet = decodeRoomPacket(bytes)
      if (packet) await this.#receive(packet, bytes, from, time, out)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#refused(error, bytes, out)
    }
    await this.#settle(time, out)
  }

  async tick(time: RoomTime, out: Effects): Promise<void> {
    if (this.#stranded && !this.#newcomer && time.now >= this.#comeBackAt) {
      this.#comeBack(this.#stranded, time, out)
    }
    this.#newcomer?.tick(time, out)
    await this.#member?.tick(time, out)
    await this.#settle(time, out)
  }

  /** We are back on the channel: what did we miss? */
  async returned(time: RoomTime, out: Effects): Promise<void> {
    const member = this.#member
    if (!member || member.seats.length === 1) return
    member.branches.tell(time, out)
    await member.send({ kind: "pulse", branch: null }, time, out)
  }

  /** Our own connection was interrupted. */
  interrupted(): void {
    this.presence.interrupted()
    if (this.#member) this.#member.handover.wasInterrupted = true
  }

  requireMember(): Member {
    if (this.#member) return this.#member
    throw new UsageError(
      "not-in-room",
      "You are in no room here, so nothing was sent. Start one, or join.",
    )
  }

  /** The whole room, for the store. `null`: there is none. */
  save(): Uint8Array | null {
    const member = this.#member
    if (!member) return null
    member.sealedSinceSaved = 0
    const saved: SavedRoom = {
      version: 1,
      group: mls.encodeGroup(member.group),
      roomSeed: member.roomKey.seed,
      roomExchangeSecret: member.roomExchangeSecret,
      isDeniable: member.settings.isDeniable,
      roomId: member.roomId,
      transcript: member.transcript.snapshot(),
      chain: member.chain.records,
      given: member.handover.given,
      former: member.captaincy.former,
      banned: member.captaincy.banned,
      proven: member.proofs.proven,
      isSpent: member.isSpent,
      lost: member.lost,
    }
    return encodeSaved(saved)
  }

  /** What happened since. `null`: so much that all of it is to be saved. */
  saveLog(): Uint8Array | null {
    const member = this.#member
    if (!member || member.transcript.seenSinceSaved.length > maxSeenInLog) return null
    const log: SavedLog = {
      version: 1,
      epoch: member.epoch,
      sealed: member.sealedSinceSaved,
      transcript: member.transcript.additions(),
      given: member.handover.given,
    }
    return encodeSaved(log)
  }

  /**
   * Goes on as the same member. Keys that the log says are used up are never used again.
   * @throws {ChannelError} `room-corrupt`, `room-newer`
   */
  async restore(encoded: Uint8Array, encodedLog: Uint8Array | null, time: RoomTime): Promise<void> {
    const saved = decodeSaved<SavedRoom>(encoded)
    const log = encodedLog ? decodeSaved<SavedLog>(encodedLog) : null
    let member: Member
    try {
      const environment = roomEnvironment(this.#ports, saved.roomId, saved.isDeniable)
      let group = mls.decodeGroup(saved.group, environment)
      const isLogOfIt = log?.epoch === group.epoch
      for (let i = 0; isLogOfIt && i < log.sealed; i++) {
        group = (await mls.seal(group, new Uint8Array(0), new Uint8Array(0))).group
      }
      const { roomExchangeSecret } = saved
      const roomKey = newRoomKey(saved.roomSeed)
      member = this.#seat({ group, roomKey, roomExchangeSecret }, time)
      member.restore(saved, isLogOfIt ? log : null)
      // What was burnt above is burnt for good only once it is saved again.
      member.sealedSinceSaved = isLogOfIt ? log.sealed : 0
    } catch (cause) {
      throw corruptRoom(cause)
    }
    this.#member = member
  }

  #seat(seated: Seated, time: RoomTime): Member {
    return new Member(this.#ports, this.presence, seated, time)
  }

  async #receive(
    packet: RoomPacket,
    bytes: Uint8Array,
    from: string | null,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    if (this.#newcomer && attemptKinds.has(packet.kind)) {
      await this.#newcomer.receive(packet, from, time, out)
      if (!this.#member) return
    }
    const member = this.#member
    if ("roomId" in packet) {
      if (!member || !sameBytes(packet.roomId, member.roomId)) {
        this.#otherRoomId = packet.roomId
        return
      }
    }
    await member?.receive(packet, bytes, from, time, out)
  }

  /** What follows from what happened: we are in, we are out, or we lost the others. */
  async #settle(time: RoomTime, out: Effects): Promise<void> {
    await this.#arrive(time, out)
    const member = this.#member
    if (!member) return
    if (member.removedBy) {
      const { by, reason } = member.removedBy
      this.#member = null
      this.#isRemoved = true
      out.saveAll()
      out.tell({ kind: "removed", by })
      if (reason === "absent") this.#comeBack(member, time, out) // [ROOM-4-6]
      return
    }
    if (member.branches.strandedSince !== null) {
      return this.#look(member, time, out) // [ROOM-3-9]
    }
    if (member.hasNewEpoch) {
      member.hasNewEpoch = false
      await member.retryEarly(time, out)
      await this.#settle(time, out)
    }
  }

  /** Into the same room, led by somebody whom we have seen in it, or know. */
  #comeBack(member: Member, time: RoomTime, out: Effects): void {
    this.#stranded = member
    this.#isRemoved = false
    const isKnown = (captain: Uint8Array): boolean =>
      member.wasHere(captain) || this.#isContact(captain)
    const accepts = ({ roomId, captain }: OfferOf): boolean =>
      sameBytes(roomId, member.roomId) && isKnown(captain)
    this.#newcomer = new Newcomer(this.#ports, accepts, time, out)
  }

  /**
   * Others seem to be ahead, and nobody helps; anybody can feign that, so we stay where we are until
   * somebody whom we know lets us in there. [ROOM-6-3]
   */
  #look(member: Member, time: RoomTime, out: Effects): void {
    member.branches.strandedSince = null
    if (this.#newcomer) return
    const { settings } = member
    const { wonBy } = member.branches
    const own = member.captain?.identityKey ?? null
    // Nobody can be let in to a branch that nobody leads: the one that is led goes on.
    const silentMs = member.handover.silentMs(time) ?? 0
    const isLeaderless = silentMs >= leaderlessSilences * this.#ports.timing.silenceMs
    const accepts = ({ roomId, captain, term, epoch }: OfferOf): boolean =>
      sameBytes(roomId, member.roomId) &&
      (isLeaderless ||
        term > settings.term ||
        (term === settings.term && epoch > member.epoch) ||
        // Of the branch that won; our own captain answers, too.
        (wonBy !== null && term === settings.term && !(own && sameBytes(captain, own)))) &&
      !member.captaincy.banned.includes(hex(captain)) &&
      (seatByIdentity(member.seats, captain) !== null ||
        member.captaincy.former.includes(hex(captain)) ||
        this.#isContact(captain))
    this.#newcomer = new Newcomer(this.#ports, accepts, time, out)
  }

  #isContact(identityKey: Uint8Array): boolean {
    return ["verified", "trusted"].includes(this.#ports.standing(identityKey))
  }

  async #arrive(time: RoomTime, out: Effects): Promise<void> {
    const arrival = this.#newcomer?.arrival
    if (!arrival) return
    const stranded = this.#stranded ?? this.#member
    // Where the branches parted is not known to who was not shown it: it says all again.
    const since = this.#stranded ? (stranded?.branches.strandedSince ?? stranded?.epoch ?? 0) : 0
    if (arrival.kind !== "entered") {
      this.#newcomer = null
      if (this.#member) return
      // Whoever was in a room asks again and again, unless it is declined; who never was, is told.
      if (stranded && arrival.kind === "no-room") this.#comeBackAt = time.now + comeBackMs
      else {
        this.#stranded = null
        out.tell(arrival)
      }
      return
    }
    this.#newcomer = null
    this.#stranded = null
    this.#isRemoved = false
    const member = this.#seat(arrival.seated, time)
    this.#member = member
    if (stranded && sameBytes(stranded.roomId, member.roomId)) member.inherit(stranded)
    member.transcript.beginAt(arrival.heads)
    if (member.captain) this.presence.heard(member.captain.roomKey, null, time)
    if (arrival.isCaptainProven && member.captain) {
      member.proofs.prove([hex(member.captain.roomKey)])
    }
    out.saveAll()
    out.tell({ kind: "entered" })
    if (stranded) {
      out.tell({ kind: "healed" })
      // What changed while we were away from them, as far as we see. [ROOM-6-3]
      const { captain, seats } = member
      for (const seat of stranded.seats) {
        const isHere = seatByIdentity(seats, seat.identityKey) !== null
        if (captain && !isHere)
          out.tell({ kind: "left", member: seat, by: captain, reason: "absent" })
      }
      const before = stranded.captain
      const isOther = !before || !captain || !sameBytes(before.identityKey, captain.identityKey)
      if (captain && isOther) out.tell({ kind: "captain", captain, how: "takeover" })
    }
    await member.send({ kind: "pulse", branch: null }, time, out)
    if (member.settings.isDeniable) await member.proofs.proveToAll(time, out)
    if (stranded && sameBytes(stranded.roomId, member.roomId)) {
      await member.sayAgain(stranded.transcript.ownSince(since), time, out)
    }
  }

  #refused(error: PeerError, encoded: Uint8Array, out: Effects): void {
    if (error.code === "own-message" || error.code === "wrong-epoch") return
    const member = this.#member
    if (error.code === "takeover-refused" && member) {
      out.tell({ kind: "split", with: null, explanation: error.message })
    }
    out.tell({ kind: "rejected", error, encoded })
  }

  #requireOutside(): void {
    if (this.#member || this.#stranded) {
      throw new UsageError("in-room", "You are in a room here already. Leave it first.")
    }
  }
}

/** Who in the room has this identity key; `null`: nobody. */
export function memberByIdentity(member: Member, identityKey: Uint8Array): MemberFacts | null {
  return seatByIdentity(member.seats, identityKey)
}
