import { PeerError, sameBytes } from "../bytes/index.js"
import type { CommitFacts } from "./mls/group.js"
import { isMajority, type Seat, seatByIdentity, seatByKey, seatByLeaf } from "./roster.js"
import { verifyGrant, verifyVote } from "./room-key.js"
import { type CommitData, decodeCommitData } from "./wire/commit-data.js"
import { decodeCredential } from "./wire/credential.js"
import { decodeEntryData } from "./wire/entry-data.js"
import { decodeSettings, type RoomSettings } from "./wire/settings.js"
import type { CastVote } from "./wire/vote.js"

/** What a commit is measured against: the epoch that it ends. */
export interface RulesOf {
  readonly roomId: Uint8Array
  readonly epoch: number
  readonly auth8: Uint8Array
  readonly seats: readonly Seat[]
  readonly settings: RoomSettings
  /** We too have missed the captain for so long that a takeover is fair. [ROOM-7-6] */
  readonly isTakeoverFair: boolean
  /** A strict majority of votes elects; otherwise, in simulations, a single one. */
  readonly needsVotes: boolean
}

function refused(sentence: string): PeerError {
  return new PeerError("refused", sentence)
}

/**
 * A member's commit. spec/room.md §4
 * @throws {PeerError} `malformed`, `refused`, `takeover-refused`
 */
export function checkMemberCommit(
  facts: CommitFacts,
  rules: RulesOf,
): { readonly data: CommitData; readonly maker: Seat } {
  const { settings, seats } = rules
  const data = decodeCommitData(facts.associatedData)
  const committer = facts.committer === null ? null : seatByLeaf(seats, facts.committer)
  if (!committer) throw refused("A change of the room was made by nobody in it.")
  const isCaptain = sameBytes(committer.roomKey, settings.captainKey)
  const next = facts.settings === null ? null : decodeSettings(facts.settings)
  const removed = removedBy(data)
  if (!sameLeaves(facts.removed, removed)) {
    throw refused("A change of the room removes others than it says.") // [ROOM-4-1]
  }
  if (next && (next.title !== settings.title || next.isDeniable !== settings.isDeniable)) {
    throw refused("A change of the room alters what it may not alter.") // [ROOM-4-2]
  }
  switch (data.kind) {
    case "change":
      if (!isCaptain || next) throw refused("Only the captain may change the room.") // [ROOM-4-1]
      break
    case "abdication":
      if (!isCaptain || !isNext(next, settings, 1, 0) || !seatByKey(seats, next.captainKey)) {
        throw refused("An abdication was not the captain's, or names nobody in the room.")
      }
      break
    case "election":
      if (!next || !sameBytes(next.captainKey, committer.roomKey)) throw badElection()
      if (next.term <= settings.term || next.takeovers !== settings.takeovers) throw badElection()
      if (!hasMajorityOfVotes(data.votes, next.term, committer, rules)) throw badElection()
      break
    case "takeover":
      if (!isNext(next, settings, 0, 1) || !sameBytes(next.captainKey, committer.roomKey)) {
        throw refused("A takeover that is none was refused.")
      }
      if (!rules.isTakeoverFair) {
        throw new PeerError(
          "takeover-refused",
          "Somebody made itself captain although the captain is here. You stay with the captain.",
        ) // [ROOM-7-6]
      }
      break
  }
  return { data, maker: committer }
}

/**
 * The entry of a newcomer, by the grant in its associated data.
 * @throws {PeerError} `malformed`, `refused`
 */
export function checkEntry(facts: CommitFacts, rules: RulesOf, grantId: Uint8Array): void {
  const { joiner } = facts
  const data = decodeEntryData(facts.associatedData)
  if (!joiner || facts.settings) throw refused("An entry to the room is none.")
  if (!sameBytes(data.grantId, grantId)) throw refused("An entry names another grant.")
  const replaced = facts.removed[0] ?? null
  if (facts.removed.length > 1 || replaced !== data.formerLeaf) {
    throw refused("An entry removes others than its grant says.") // [ROOM-3-7]
  }
  const { identityKey } = decodeCredential(joiner.credential)
  const former = seatByIdentity(rules.seats, identityKey)
  if ((former?.leaf ?? null) !== data.formerLeaf) {
    throw refused("An entry takes another one's place, or a second one.") // [ROOM-1-4] [ROOM-3-9]
  }
  const granted = {
    roomId: rules.roomId,
    epoch: rules.epoch,
    grantId,
    roomKey: joiner.signatureKey,
    credential: joiner.credential,
    formerLeaf: data.formerLeaf,
  }
  if (!verifyGrant(granted, data.grantSignature, rules.settings.captainKey)) {
    throw refused("Somebody tried to enter without being let in by the captain.") // [ROOM-3-7]
  }
}

/** Who may vote in an epoch. */
export interface VotersOf extends Pick<RulesOf, "roomId" | "epoch" | "auth8" | "needsVotes"> {
  readonly seats: readonly Pick<Seat, "leaf" | "roomKey">[]
}

/** Votes of one term for one candidate, counted once for each voter. [ROOM-7-3] */
export function hasMajorityOfVotes(
  votes: readonly CastVote[],
  term: number,
  candidate: Pick<Seat, "roomKey">,
  { roomId, epoch, auth8, seats, needsVotes }: VotersOf,
): boolean {
  const voters = new Set<number>()
  for (const { leaf, signature } of votes) {
    const voter = seats.find((seat) => seat.leaf === leaf)
    const vote = { roomId, epoch, auth8, term, candidateKey: candidate.roomKey }
    if (voter && verifyVote(vote, signature, voter.roomKey)) voters.add(leaf)
  }
  return needsVotes ? isMajority(voters.size, seats.length) : voters.size > 0
}

export function removedBy(data: CommitData): readonly number[] {
  if (data.kind === "change") return data.removed.map(({ leaf }) => leaf)
  return data.kind === "takeover" ? data.removed : []
}

function isNext(
  next: RoomSettings | null,
  now: RoomSettings,
  terms: number,
  takeovers: number,
): next is RoomSettings {
  return next?.term === now.term + terms && next.takeovers === now.takeovers + takeovers
}

function sameLeaves(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === a.length
}

function badElection(): PeerError {
  return refused("Somebody claims to be elected captain without a majority of votes.") // [ROOM-7-3]
}
