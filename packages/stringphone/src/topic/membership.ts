import { hex, PeerError, sameBytes } from "../bytes/index.js"
import { type Epoch, includesBytes, participantIn, uniqueBytes } from "./epoch.js"
import { lateMs } from "./receiving-keys.js"
import { compareBytes, maxTombstones, type Participant, type RekeyBody } from "./wire/rekey.js"

/** Which epochs a participant has, and what other branches decided that this one does not know yet. */
export interface Membership {
  readonly current: Epoch
  /** For late messages; newest first. */
  readonly earlier: readonly Epoch[]
  /** Admins of the current epoch's parent, the senior first. Ed25519 keys. */
  readonly parentAdmins: readonly Uint8Array[]
  /** Join IDs of all of whose removal we know, in whichever branch; newest last. [TOPIC-7-8] */
  readonly removals: readonly Uint8Array[]
  /** Let in by another branch. */
  readonly pendingAdmissions: readonly Participant[]
  /** There is another branch as long as ours. */
  readonly isSplit: boolean
}

/** More epochs than this in five minutes are not waited for. */
const maxEarlier = 8
const maxRemovals = 1024
/** An admin must not use up the numbers that there are. [TOPIC-7-5] */
const maxEpochJump = 2 ** 16

/** The membership of who has just founded or joined. */
export function newMembership(current: Epoch): Membership {
  const { tombstones: removals } = current.body
  return {
    current,
    earlier: [],
    parentAdmins: [],
    removals,
    pendingAdmissions: [],
    isSplit: false,
  }
}

/** Without the keys to receive with, for who only sends. */
export function withoutSenders(membership: Membership): Membership {
  return { ...membership, current: { ...membership.current, senders: new Map() }, earlier: [] }
}

/** Join IDs in the current roster that were removed by another branch. */
export function pendingRemovals({ current, removals }: Membership): readonly Uint8Array[] {
  return current.body.participants
    .map(({ joinId }) => joinId)
    .filter((joinId) => includesBytes(removals, joinId))
}

/** Whether this key is an admin here and now. */
export function isAdmin({ current, removals }: Membership, publicKey: Uint8Array): boolean {
  const participant = participantIn(current.body, publicKey)
  return participant?.isAdmin === true && !includesBytes(removals, participant.joinId)
}

/** Whether two branches have to be merged by an admin. [TOPIC-7-7] */
export function needsMerge(membership: Membership): boolean {
  const { isSplit, pendingAdmissions } = membership
  return isSplit || pendingAdmissions.length > 0 || pendingRemovals(membership).length > 0
}

/**
 * What a genuine rekey message by `next.body.signer` makes of a membership, spec/topic.md §7.
 *
 * @returns `applied`: `next` is current now; otherwise it is noted, and another branch goes on.
 * @throws {PeerError} `old-rekey`, `not-an-admin`, `too-far-ahead`
 */
export function receiveEpoch(
  membership: Membership,
  next: Epoch,
  nowMs: number,
): { readonly membership: Membership; readonly applied: boolean } {
  const { current, earlier } = membership
  const { epoch, parent, signer } = next.body
  if ([current, ...earlier].some((one) => sameBytes(one.commitment, next.commitment))) throw old()
  if (epoch === current.body.epoch && sameBytes(parent, current.body.parent)) {
    return receiveSibling(membership, next, nowMs)
  }
  if (!isAdmin(membership, signer)) throw notAnAdmin() // [TOPIC-7-5]
  if (epoch - current.body.epoch > maxEpochJump) {
    throw new PeerError("too-far-ahead", "A rekey message is too far ahead to be believed.")
  }
  if (epoch > current.body.epoch) {
    return { membership: advance(membership, next, nowMs), applied: true }
  }
  if (epoch === current.body.epoch) {
    return { membership: { ...note(membership, next, nowMs), isSplit: true }, applied: false }
  }
  // A shorter branch, or long ago: its removals count at once, and nothing else of it. [TOPIC-7-10]
  const removals = known(membership.removals, next.body.tombstones)
  if (removals.length === membership.removals.length) throw old()
  return { membership: { ...membership, removals }, applied: false }
}

/** Drops epochs whose late messages waited long enough. */
export function forgetEarlier(membership: Membership, nowMs: number): Membership {
  const stays = ({ endedMs }: Epoch): boolean => endedMs === null || nowMs - endedMs < lateMs
  if (membership.earlier.every(stays)) return membership
  return { ...membership, earlier: membership.earlier.filter(stays) }
}

/** The next epoch, by us or by another admin. */
export function advance(membership: Membership, next: Epoch, nowMs: number): Membership {
  const { current } = membership
  const isChild = sameBytes(next.body.parent, current.commitment)
  const removals = known(membership.removals, next.body.tombstones)
  const others = isChild ? [] : current.body.participants
  return {
    current: next,
    earlier: earlierAfter(membership, next, nowMs),
    parentAdmins: isChild ? adminsOf(current.body) : [],
    removals,
    pendingAdmissions: admissionsLeft(next, removals, [...membership.pendingAdmissions, ...others]),
    isSplit: false,
  }
}

/** Two children of one epoch: all must choose the same. [TOPIC-7-6] */
function receiveSibling(
  membership: Membership,
  next: Epoch,
  nowMs: number,
): { readonly membership: Membership; readonly applied: boolean } {
  const { current, parentAdmins } = membership
  // Who did not see the parent takes the admins that it knows.
  const admins = parentAdmins.length > 0 ? parentAdmins : adminsOf(current.body)
  const rankOf = ({ body }: Epoch): number => admins.findIndex((key) => sameBytes(key, body.signer))
  if (rankOf(next) < 0) throw notAnAdmin()
  const weRemoveIt = removesSignerOf(current, next)
  const itRemovesUs = removesSignerOf(next, current)
  if (weRemoveIt && !(itRemovesUs && rankOf(next) < rankOf(current))) throw notAnAdmin()
  if (itRemovesUs) {
    // Nothing counts of what a removed admin did, not even removals: it may be a thief's.
    const removals = membership.removals.filter(
      (id) =>
        !includesBytes(current.body.tombstones, id) || includesBytes(next.body.tombstones, id),
    )
    return { membership: turnTo({ ...membership, removals }, next, nowMs, []), applied: true }
  }
  if (!beats(next, current)) return { membership: note(membership, next, nowMs), applied: false }
  const { participants } = current.body
  return { membership: turnTo(membership, next, nowMs, participants), applied: true }
}

function turnTo(
  membership: Membership,
  winner: Epoch,
  nowMs: number,
  others: readonly Participant[],
): Membership {
  const removals = known(membership.removals, winner.body.tombstones)
  return {
    current: winner,
    earlier: earlierAfter(membership, winner, nowMs),
    parentAdmins: membership.parentAdmins,
    removals,
    pendingAdmissions: admissionsLeft(winner, removals, [
      ...membership.pendingAdmissions,
      ...others,
    ]),
    isSplit: false,
  }
}

/** Another branch that we do not turn to: its decisions are remembered until they are merged. */
function note(membership: Membership, loser: Epoch, nowMs: number): Membership {
  const { current } = membership
  const sameRemovals = loser.body.tombstones.length === current.body.tombstones.length
  const ended = { ...loser, endedMs: nowMs }
  const removals = known(membership.removals, loser.body.tombstones)
  return {
    ...membership,
    earlier: sameRemovals
      ? [ended, ...membership.earlier].slice(0, maxEarlier)
      : membership.earlier,
    removals,
    pendingAdmissions: admissionsLeft(current, removals, [
      ...membership.pendingAdmissions,
      ...loser.body.participants,
    ]),
  }
}

/** Whether one epoch takes its power from the admin who made the other: removes or demotes it. */
function removesSignerOf(one: Epoch, other: Epoch): boolean {
  return participantIn(one.body, other.body.signer)?.isAdmin !== true
}

/** No grace for what was before a removal. [TOPIC-7-9] */
function earlierAfter(
  { current, earlier }: Membership,
  next: Epoch,
  nowMs: number,
): readonly Epoch[] {
  const removes = next.body.tombstones.some((id) => !includesBytes(current.body.tombstones, id))
  return removes ? [] : [{ ...current, endedMs: nowMs }, ...earlier].slice(0, maxEarlier)
}

function known(
  removals: readonly Uint8Array[],
  tombstones: readonly Uint8Array[],
): readonly Uint8Array[] {
  return uniqueBytes([...removals, ...tombstones]).slice(-maxRemovals)
}

/** Who is in another branch, not in this one, and was not removed as far as we know. */
function admissionsLeft(
  { body }: Epoch,
  removals: readonly Uint8Array[],
  participants: readonly Participant[],
): readonly Participant[] {
  // An epoch that may have forgotten tombstones does not show who was never removed.
  if (body.tombstones.length >= maxTombstones) return []
  const left = participants.filter(
    ({ joinId, publicKey }) => !includesBytes(removals, joinId) && !participantIn(body, publicKey),
  )
  return [...new Map(left.map((one) => [hex(one.publicKey), one])).values()]
}

function beats(candidate: Epoch, current: Epoch): boolean {
  const removals = candidate.body.tombstones.length - current.body.tombstones.length
  return removals !== 0 ? removals > 0 : compareBytes(candidate.commitment, current.commitment) < 0
}

function adminsOf(body: RekeyBody): readonly Uint8Array[] {
  return body.participants.filter((one) => one.isAdmin).map(({ publicKey }) => publicKey)
}

function old(): PeerError {
  return new PeerError("old-rekey", "A rekey message of an epoch that is over.")
}

function notAnAdmin(): PeerError {
  return new PeerError("not-an-admin", "A rekey message is by somebody who is no admin.")
}
