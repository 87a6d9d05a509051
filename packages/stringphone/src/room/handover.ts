import { sameBytes, UsageError } from "../bytes/index.js"
import { hasMajorityOfVotes } from "./commit-rules.js"
import type { Effects, MemberFacts } from "./effects.js"
import type { Member } from "./member.js"
import { type Seat, seatByLeaf } from "./roster.js"
import { signVote, verifyVote } from "./room-key.js"
import type { RoomTime } from "./time.js"
import type { CommitData } from "./wire/commit-data.js"
import { encodeSettings } from "./wire/settings.js"

interface HeardVote {
  readonly candidate: number
  readonly signature: Uint8Array
}

/** A vote that we gave: once for each epoch and term, also across restarts. */
export interface GivenVote {
  readonly epoch: number
  readonly term: number
  readonly candidate: number
}

const answerVoteMs = 2_000
const maxGiven = 64
const maxTermsOfVoter = 16
const maxTermStep = 64

/** How the room gets another captain: by vote, by abdication, by takeover. spec/room.md §7 */
export class Handover {
  readonly #member: Member
  /** Of this epoch, by term. */
  readonly #votes = new Map<number, Map<number, HeardVote>>()
  given: readonly GivenVote[] = []
  #round: { readonly term: number; readonly beganAt: number } | null = null
  /** We are captain, and were away, or the majority was, since the epoch began. */
  wasInterrupted = false

  constructor(member: Member) {
    this.#member = member
  }

  newEpoch(): void {
    this.#votes.clear()
    this.#round = null
    this.wasInterrupted = false
    // Of ended epochs too: a branch that loses brings us back to them.
    this.given = this.given.slice(-maxGiven)
  }

  /** @internal */
  get held(): number {
    return [...this.#votes.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** How long the captain was not heard; `null`: we are it. */
  silentMs({ now }: RoomTime): number | null {
    return this.#member.isCaptain ? null : now - this.#member.captainHeardAt
  }

  /** We too have missed the captain. [ROOM-7-6] */
  isTakeoverFair(time: RoomTime): boolean {
    const silentMs = this.silentMs(time)
    return silentMs === null ? this.wasInterrupted : silentMs >= this.#member.ports.timing.silenceMs
  }

  async tick(time: RoomTime, out: Effects): Promise<void> {
    const { timing } = this.#member.ports
    if ((this.silentMs(time) ?? 0) < timing.silenceMs) {
      this.#round = null
      return
    }
    const isOver = this.#round && time.now - this.#round.beganAt >= timing.silenceMs / 2
    if (this.#round && !isOver) return
    const last = this.#lastTerm()
    await this.#vote(this.#round || !this.#hasVotes(last) ? last + 1 : last, time, out)
  }

  async voted(
    vote: { readonly term: number; readonly candidate: number; readonly signature: Uint8Array },
    sender: MemberFacts,
    epoch: number,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    const member = this.#member
    const { term, candidate, signature } = vote
    const seat = seatByLeaf(member.seats, candidate)
    if (epoch !== member.epoch || term <= member.settings.term || !seat) return
    if (term > this.#lastTerm() + maxTermStep) return // Made up: after the highest one nobody could be elected.
    const { roomId, auth8 } = member
    const signed = { roomId, epoch, auth8, term, candidateKey: seat.roomKey }
    if (!verifyVote(signed, signature, sender.roomKey)) return
    this.#count(term, sender.leaf, { candidate, signature })
    if (member.isCaptain) {
      if (time.now - member.sentAt < answerVoteMs) return
      return member.send({ kind: "pulse", branch: null }, time, out) // [ROOM-7-2]
    }
    const isSilent = (this.silentMs(time) ?? 0) >= member.ports.timing.silenceMs / 2
    if (!isSilent) return
    await this.#vote(term, time, out)
    await this.#takeOffice(term, time, out)
  }

  /** [ROOM-7-8] */
  async abdicate(successor: Seat | null, time: RoomTime, out: Effects): Promise<void> {
    const member = this.#member
    if (!member.isCaptain) throw notCaptain()
    const next =
      successor ??
      member.seats.find(
        (seat) => seat.leaf !== member.group.ownIndex && member.isPresent(seat, time),
      )
    if (!next || next.leaf === member.group.ownIndex) {
      throw new UsageError("no-successor", "Nobody else is here who could be captain.")
    }
    const { settings } = member
    const changed = { ...settings, captainKey: next.roomKey, term: settings.term + 1 }
    await this.#commit(
      { kind: "abdication", heads: member.transcript.heads },
      changed,
      [],
      time,
      out,
    )
  }

  /** [ROOM-7-6] */
  async takeOver(time: RoomTime, out: Effects): Promise<void> {
    const member = this.#member
    const { settings, timing } = { settings: member.settings, timing: member.ports.timing }
    const silentMs = this.silentMs(time)
    if (silentMs === null ? member.hasMajority(time) : silentMs < timing.silenceMs) {
      throw new UsageError(
        "captain-is-there",
        silentMs === null
          ? "You are captain, and a majority is here: nothing is to be taken over."
          : `The captain was heard ${Math.round(silentMs / 1000)} s ago. A takeover is possible after ${Math.round(timing.silenceMs / 1000)} s of silence.`,
      )
    }
    const removed = member.seats.filter((seat) => !member.isPresent(seat, time))
    const leaves = removed.map(({ leaf }) => leaf)
    const { takeovers } = settings
    const changed = { ...settings, captainKey: member.own.roomKey, takeovers: takeovers + 1 }
    const { heads } = member.transcript
    await this.#commit({ kind: "takeover", heads, removed: leaves }, changed, leaves, time, out)
  }

  async #vote(term: number, time: RoomTime, out: Effects): Promise<void> {
    const member = this.#member
    if (!member.hasMajority(time)) return // It could not be won, and goes on talking. [ROOM-7-7]
    this.#round = { term, beganAt: time.now }
    const { epoch, roomId, auth8 } = member
    if (this.given.some((vote) => vote.epoch === epoch && vote.term === term)) return
    const candidate = this.#candidate(term, time)
    if (!candidate) return
    this.given = [...this.given, { epoch, term, candidate: candidate.leaf }]
    const signed = { roomId, epoch, auth8, term, candidateKey: candidate.roomKey }
    const signature = signVote(signed, member.roomKey.seed)
    this.#count(term, member.group.ownIndex, { candidate: candidate.leaf, signature })
    const silent = Math.round((this.silentMs(time) ?? 0) / 1000)
    const explanation = `The captain was not heard for ${silent} s. Members vote for another one.`
    out.tell({ kind: "election", candidate, explanation })
    out.saveLog()
    await member.send({ kind: "vote", term, candidate: candidate.leaf, signature }, time, out)
    await this.#takeOffice(term, time, out)
  }

  /** The first candidate that we heard of, or else the first of those present. [ROOM-7-2] */
  #candidate(term: number, time: RoomTime): Seat | null {
    const member = this.#member
    const { captainKey, term: current } = member.settings
    const present = member.seats.filter(
      (seat) => !sameBytes(seat.roomKey, captainKey) && member.isPresent(seat, time),
    )
    const [first] = this.#votes.get(term)?.values() ?? []
    const named = first ? present.find(({ leaf }) => leaf === first.candidate) : undefined
    return named ?? present[(term - current - 1) % Math.max(1, present.length)] ?? null
  }

  /** [ROOM-7-3] */
  async #takeOffice(term: number, time: RoomTime, out: Effects): Promise<void> {
    const member = this.#member
    if (member.isSpent) return
    const { ownIndex } = member.group
    const votes = [...(this.#votes.get(term) ?? [])]
      .filter(([, vote]) => vote.candidate === ownIndex)
      .map(([leaf, { signature }]) => ({ leaf, signature }))
    if (!hasMajorityOfVotes(votes, term, member.own, member.rules(time))) return
    const changed = { ...member.settings, captainKey: member.own.roomKey, term }
    const { heads } = member.transcript
    await this.#commit({ kind: "election", heads, votes }, changed, [], time, out)
  }

  async #commit(
    data: CommitData,
    settings: Member["settings"],
    remove: readonly number[],
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    await this.#member.commit(data, { settings: encodeSettings(settings), remove }, time, out)
  }

  #count(term: number, voter: number, vote: HeardVote): void {
    const ofTerm = this.#votes.get(term) ?? new Map<number, HeardVote>()
    if (ofTerm.has(voter)) return
    // Each voter has its own bound: nobody takes the others' place.
    const terms = [...this.#votes.keys()].filter((other) => this.#votes.get(other)?.has(voter))
    if (terms.length >= maxTermsOfVoter) {
      const [oldest = term] = terms
      this.#votes.get(oldest)?.delete(voter)
      if (this.#votes.get(oldest)?.size === 0) this.#votes.delete(oldest)
    }
    this.#votes.set(term, ofTerm.set(voter, vote))
  }

  #lastTerm(): number {
    const given = this.given.map(({ term }) => term)
    return Math.max(this.#member.settings.term, this.#round?.term ?? 0, ...given)
  }

  #hasVotes(term: number): boolean {
    return (this.#votes.get(term)?.size ?? 0) > 0 || this.given.some((vote) => vote.term === term)
  }
}

export function notCaptain(): UsageError {
  return new UsageError("not-captain", "Only the captain can do that.")
}
