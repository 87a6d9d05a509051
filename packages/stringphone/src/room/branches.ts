import { hex, sameBytes } from "../bytes/index.js"
import type { EpochRecord, WonBy } from "./chain.js"
import { hasMajorityOfVotes } from "./commit-rules.js"
import type { Effects, MemberFacts } from "./effects.js"
import type { Member, PacketOf } from "./member.js"
import { Pauses } from "./pauses.js"
import { seatByKey } from "./roster.js"
import { signBranch, verifyBranch } from "./room-key.js"
import type { RoomTime } from "./time.js"
import type { WayBack } from "./way-back.js"
import { encodeBehind } from "./wire/behind.js"
import type { BranchProof, BranchStep } from "./wire/branch-proof.js"
import { encodeClaim } from "./wire/claim.js"

/** [ROOM-6-1] */
const askEveryMs = 5_000
const maxAsks = 3
const minPulseMs = 5_000
const minuteMs = 60_000
const maxAnswersToOne = 3
const maxAnswers = 6
/** Whoever missed more comes in anew for less. */
const maxAnswerBytes = 32_768
const maxRepeats = 3

const wentOn =
  "The room went on without you while the network was split. You are being let in again; what you said meanwhile is said again."

/** A split that needs a person, or that is being healed. */
export interface Split {
  readonly with: MemberFacts | null
  readonly explanation: string
  /** Nothing is said until a person decides. [ROOM-7-5] */
  readonly isBlocking: boolean
}

/** Members who are behind, who missed something, or who are on another branch. spec/room.md §6, §7 */
export class Branches {
  readonly #member: Member
  split: Split | null = null
  /** We can not follow, or our branch lost: the epoch after which we left the room's. */
  strandedSince: number | null = null
  wonBy: WonBy | null = null
  /** To the branch that is said to have won, until its first step has come. */
  #way: { readonly back: WayBack; readonly asked: number; readonly askedAt: number } | null = null
  #askedAt = -Infinity
  #asked = 0
  #unanswered = 0
  /** Somebody needs to hear that we are in its epoch. */
  mustPulse = false
  #heardAt = -Infinity
  /** When, by room key. */
  readonly #heard = new Map<string, number>()
  #claimedAt = -Infinity
  readonly #answers: { readonly at: number; readonly to: string; readonly bytes: number }[] = []
  /** Messages that we are about to say once more, by ID. */
  readonly #waiting = new Set<string>()
  readonly #repeats = new Map<string, number[]>()
  readonly #due = new Pauses<() => void>()

  constructor(member: Member) {
    this.#member = member
  }

  newEpoch(): void {
    this.#asked = 0
    this.#unanswered = 0
    this.#heard.clear()
    if (this.split && !this.split.isBlocking) this.split = null
  }

  /** Others are in an epoch that we do not have. */
  behind({ now }: Pick<RoomTime, "now">, out: Effects): void {
    const pause = askEveryMs * 2 ** Math.min(this.#asked, 4)
    if (now - this.#askedAt < (this.#asked === 0 ? askEveryMs : pause)) return
    // Anybody can feign a later epoch. Who hears members of its own is not left behind. [ROOM-6-3]
    const quietMs = now - Math.max(this.#heardAt, this.#member.epochBeganAt)
    if (this.#heardAt >= this.#askedAt) this.#unanswered = 0
    const isLeft = this.#unanswered >= maxAsks && quietMs >= this.#member.ports.timing.silenceMs
    if (isLeft || this.#asked >= maxAsks) {
      this.strandedSince = this.#member.epoch
      this.#asked = 0
      this.#unanswered = 0
      return
    }
    this.#asked++
    this.#unanswered++
    this.tell({ now }, out)
  }

  /** A member of our epoch was heard. */
  heard(roomKey: Uint8Array, { now }: RoomTime): void {
    this.#heardAt = now
    this.#heard.set(hex(roomKey), now)
  }

  /** A message is of our epoch's number, and not of our epoch: who sent it shall say why. */
  sawOther(time: RoomTime, out: Effects): void {
    this.behind(time, out)
  }

  tick(time: RoomTime, out: Effects): void {
    if (this.#member.hasEarly) this.behind(time, out)
    this.#insist(time, out)
    for (const run of this.#due.take(time)) run()
    for (const bytes of this.#ready.splice(0)) out.send(bytes.bytes, bytes.to)
  }

  readonly #ready: { readonly bytes: Uint8Array; readonly to: string | null }[] = []

  /** Somebody says what it has. */
  asked(packet: PacketOf<"behind">, from: string | null, time: RoomTime, out: Effects): void {
    const member = this.#member
    const [newest] = packet.epochs
    if (!newest) return
    const ours = member.chain.at(newest.epoch)
    if (ours && sameBytes(ours.auth8, newest.auth8)) {
      if (newest.epoch === member.epoch) return this.#reassure(time)
      if (!this.#mayAnswer(from ?? "", time)) return
      const packets = member.chain.since(newest.epoch)
      const size = packets.reduce((sum, { length }) => sum + length, 0)
      const spent = this.#answers.reduce((sum, { bytes }) => sum + bytes, 0)
      if (spent + size > maxAnswerBytes) return
      this.#answers.push({ at: time.now, to: from ?? "", bytes: size })
      const answer = (): void => {
        for (const bytes of packets) this.#ready.push({ bytes, to: from })
      }
      if (member.isCaptain) answer()
      else this.#due.add(this.#pause(2_000, 6_000), time, answer)
      for (const { bytes, to } of this.#ready.splice(0)) out.send(bytes, to)
      return
    }
    const common = member.chain.lastCommon(packet.epochs)
    if (!common) return
    if (common.epoch === member.epoch) this.behind(time, out)
    else this.#claim(common, time, out) // [ROOM-6-4]
  }

  /** Whoever asks from our own epoch is not behind: one of us says something. [ROOM-6-3] */
  #reassure(time: RoomTime): void {
    if (time.now - this.#member.sentAt < minPulseMs) return
    this.#due.add(this.#pause(1_000, 4_000), time, () => {
      // One of them may be the one who asks; the other one has answered.
      const since = [...this.#heard.values()].filter((at) => at >= time.now)
      this.mustPulse = since.length < 2
    })
  }

  /** Somebody says why its branch began as it did. [ROOM-7-4] */
  claimed({ from, proof, votes }: PacketOf<"claim">, time: RoomTime, out: Effects): void {
    const member = this.#member
    const parted = member.chain.at(from)
    const next = member.chain.after(from)
    const key = parted?.roomKeys[proof.leaf]
    if (!parted || !next || !key || sameBytes(next.auth8, proof.auth8)) return
    if (!verifyBranch({ roomId: member.roomId, from, ...proof }, key)) return
    const maker = seatByKey(member.seats, key)
    if (proof.step === "witness") return this.#witnessed(maker, parted, time, out)
    const isCaptains = sameBytes(key, parted.captainKey)
    const isElected =
      proof.step === "election" &&
      hasMajorityOfVotes(
        votes,
        proof.term,
        { roomKey: key },
        {
          roomId: member.roomId,
          epoch: from,
          auth8: parted.auth8,
          seats: seatsOfRecord(parted),
          needsVotes: member.needsVotes,
        },
      )
    if (!isCaptains && !isElected && proof.step !== "takeover") return
    // An election alone makes a term; the others carry the one before, or the next by abdication.
    const mostTerm = proof.step === "abdication" ? parted.term + 1 : parted.term
    if (!isElected && proof.term > mostTerm) return
    this.#compare(parted, next, { from, proof, votes }, maker, time, out)
  }

  /** Somebody missed these. [ROOM-5-5] */
  askedFor(ids: readonly Uint8Array[], time: RoomTime): void {
    const member = this.#member
    for (const id of ids) {
      const bytes = member.transcript.kept(id)
      const repeats = (this.#repeats.get(hex(id)) ?? []).filter((at) => time.now - at < minuteMs)
      if (!bytes || repeats.length >= maxRepeats) continue
      this.#repeats.set(hex(id), [...repeats, time.now])
      if (this.#repeats.size > 500) this.#repeats.clear()
      const isOwn = member.transcript.isOwn(id, member.own.identityKey)
      const pause = isOwn ? 0 : this.#pause(1_000, 4_000)
      this.#waiting.add(hex(id))
      this.#due.add(pause, time, () => {
        if (this.#waiting.delete(hex(id))) this.#ready.push({ bytes, to: null })
      })
    }
  }

  /** Somebody else said it once more: one is enough. */
  repeated(id: Uint8Array): void {
    this.#waiting.delete(hex(id))
  }

  /** A person has decided to stay. */
  dismiss(): void {
    this.split = null
  }

  #compare(
    parted: EpochRecord,
    next: Pick<EpochRecord, "term">,
    claim: WonBy,
    maker: MemberFacts | null,
    time: RoomTime,
    out: Effects,
  ): void {
    const theirs = claim.proof
    const ours = { term: next.term, step: parted.kind, leaf: parted.maker ?? Infinity }
    if (ours.leaf === theirs.leaf && theirs.step !== "election") {
      const explanation =
        "The captain showed different rooms to different members. Compare the digits with the others over the telephone, and meet in a new room without this captain."
      const { captainKey } = this.#member.settings
      const isBlocking = sameBytes(captainKey, parted.roomKeys[theirs.leaf] ?? captainKey)
      this.#split({ with: maker, explanation, isBlocking }, out) // [ROOM-7-5]
      return this.#claim(parted, time, out)
    }
    if (isBefore(theirs, ours)) {
      if (!this.#lookBack(claim, time, out)) {
        this.#strand(claim)
        this.#split({ with: maker, explanation: wentOn, isBlocking: false }, out)
      }
    } else this.#claim(parted, time, out)
  }

  /** @returns `false`: we have no way back to where the branches part */
  #lookBack(claim: WonBy, time: RoomTime, out: Effects): boolean {
    // What was claimed first is looked for first: otherwise claims could take turns for ever.
    if (this.#way) return true
    const back = this.#member.wayBack(claim)
    if (!back) return false
    this.#way = { back, asked: 1, askedAt: time.now }
    this.tell(time, out, back.from)
    return true
  }

  /** An epoch that ended has a step that we did not take. [ROOM-7-5] */
  async offered(
    packet: PacketOf<"commit" | "entry" | "order">,
    wire: Uint8Array,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    const { back } = this.#way ?? {}
    const step = await back?.take(packet, wire)
    if (!back || !step) return
    this.#way = null
    if (await this.#member.goBack(step, back.from, time, out)) {
      this.#split({ with: step.maker, explanation: wentOn, isBlocking: false }, out)
    } else this.#strand(back.claim)
  }

  /** Asks again for the step, and gives up: there may be none. */
  #insist(time: RoomTime, out: Effects): void {
    if (!this.#way) return
    const { back, asked, askedAt } = this.#way
    if (time.now - askedAt < askEveryMs * asked) return
    if (asked >= maxAsks) {
      this.#way = null
      return this.#strand(back.claim)
    }
    this.#way = { back, asked: asked + 1, askedAt: time.now }
    this.tell(time, out, back.from)
  }

  /** To the other branch only by its captain, who has to let us in. */
  #strand(claim: WonBy): void {
    this.strandedSince = claim.from
    this.wonBy = claim
  }

  #witnessed(maker: MemberFacts | null, parted: EpochRecord, time: RoomTime, out: Effects): void {
    if (!this.split) {
      const explanation =
        "Members see different rooms under one captain: its changes did not reach all alike. Compare the digits, and ask the captain for a new epoch."
      this.#split({ with: maker, explanation, isBlocking: false }, out)
    }
    this.#claim(parted, time, out)
  }

  #split(split: Split, out: Effects): void {
    if (this.split?.isBlocking) return
    const isNews = this.split?.explanation !== split.explanation
    this.split = split
    if (isNews) out.tell({ kind: "split", with: split.with, explanation: split.explanation })
  }

  /** Why our branch began as it did; without the maker's word, our own. */
  #claim(parted: EpochRecord, { now }: RoomTime, out: Effects): void {
    const member = this.#member
    const next = member.chain.after(parted.epoch)
    if (!next || now - this.#claimedAt < askEveryMs) return
    this.#claimedAt = now
    const proof = parted.proof ?? this.#witness(parted, next)
    if (!proof) return
    const { roomId } = member
    const votes = proof.step === "election" ? parted.votes : []
    out.send(encodeClaim({ roomId, from: parted.epoch, proof, votes }))
  }

  #witness(parted: EpochRecord, next: Pick<EpochRecord, "auth8" | "term">): BranchProof | null {
    const member = this.#member
    const { roomKey } = member.own
    const leaf = parted.roomKeys.findIndex((key) => key && sameBytes(key, roomKey))
    if (leaf < 0) return null
    const facts = { step: "witness" as const, leaf, auth8: next.auth8, term: next.term }
    const from = parted.epoch
    const signature = signBranch({ roomId: member.roomId, from, ...facts }, member.roomKey.seed)
    return { ...facts, signature }
  }

  /** Says what we have (until an epoch): who has more, sends it. */
  tell({ now }: Pick<RoomTime, "now">, out: Effects, until: number = Infinity): void {
    this.#askedAt = now
    const { roomId, chain } = this.#member
    out.send(encodeBehind({ roomId, epochs: chain.told(until) }))
  }

  #mayAnswer(to: string, { now }: RoomTime): boolean {
    const recent = this.#answers.filter(({ at }) => now - at < minuteMs)
    this.#answers.splice(0, Infinity, ...recent)
    const isTooMuch =
      recent.length >= maxAnswers ||
      recent.filter((answer) => answer.to === to).length >= maxAnswersToOne
    return !isTooMuch
  }

  #pause(fromMs: number, toMs: number): number {
    const [byte = 0] = this.#member.ports.randomBytes(1)
    return fromMs + ((toMs - fromMs) * byte) / 255
  }
}

/** Whether the first branch wins. [ROOM-7-5] */
function isBefore(
  a: Pick<BranchProof, "term" | "leaf"> & { readonly step: BranchStep | null },
  b: Pick<BranchProof, "term" | "leaf"> & { readonly step: BranchStep | null },
): boolean {
  if (a.term !== b.term) return a.term > b.term
  const rank = (step: BranchStep | null): number =>
    step === "election" ? 0 : step === "takeover" ? 2 : 1
  return rank(a.step) === rank(b.step) ? a.leaf < b.leaf : rank(a.step) < rank(b.step)
}

function seatsOfRecord({
  roomKeys,
}: EpochRecord): readonly { readonly leaf: number; readonly roomKey: Uint8Array }[] {
  return roomKeys.flatMap((roomKey, leaf) => (roomKey ? [{ leaf, roomKey }] : []))
}
