import { hex, PeerError, sameBytes } from "../bytes/index.js"
import { type Epoch, includesBytes, participantIn, uniqueBytes } from "./epoch.js"
import { lateMs } from "./receiving-keys.js"
import { compareBytes, maxTombstones, type Participant, type RekeyBody } from "./wire/rekey.js"

/** Which epochs a participant has, and what other branches decided that this one does not know yet. */
export interface Membership {
  readonly current: Epoch
  /** For late messages; newest first. */
  readonly earlier: readonly Epoch[]
  /** Admins of the current epoch's parent, who may make another child of it. Ed25519 keys. */
  readonly parentAdmins: readonly Uint8Array[]
  /** Join IDs in the current roster that have a tombstone elsewhere. [TOPIC-7-8] */
  readonly pendingRemovals: readonly Uint8Array[]
  /** Let in by another branch. */
  readonly pendingAdmissions: readonly Participant[]
}

/** More epochs than this in five minutes are not waited for. */
const maxEarlier = 8

/** The membership of who has just founded or joined. */
export function newMembership(current: Epoch): Membership {
  return { current, earlier: [], parentAdmins: [], pendingRemovals: [], pendingAdmissions: [] }
}

/** Whether this key is an admin here and now. */
export function isAdmin({ current, pendingRemovals }: Membership, publicKey: Uint8Array): boolean {
  const participant = participantIn(current.body, publicKey)
  return participant?.isAdmin === true && !includesBytes(pendingRemovals, participant.joinId)
}

/** Whether two branches have to be merged by an admin. [TOPIC-7-7] */
export function needsMerge({ pendingAdmissions, pendingRemovals }: Membership): boolean {
  return pendingAdmissions.length > 0 || pendingRemovals.length > 0
}

/**
 * What a genuine rekey message by `next.body.signer` makes of a membership, spec/topic.md §7.
 *
 * @returns `applied`: `next` is current now; otherwise it is noted, and another branch goes on.
 * @throws {PeerError} `old-rekey`, `not-an-admin`
 */
export function receiveEpoch(
  membership: Membership,
  next: Epoch,
  nowMs: number,
): { readonly membership: Membership; readonly applied: boolean } {
  const { current, earlier, parentAdmins } = membership
  const { epoch, parent, signer } = next.body
  if ([current, ...earlier].some((one) => sameBytes(one.commitment, next.commitment))) throw old()
  if (epoch > current.body.epoch) {
    if (!isAdmin(membership, signer)) throw notAnAdmin() // [TOPIC-7-5]
    return { membership: advance(membership, next, nowMs), applied: true }
  }
  if (epoch < current.body.epoch) throw old() // [TOPIC-7-10]
  const isSibling = sameBytes(parent, current.body.parent)
  const mayBranch = isSibling ? includesBytes(parentAdmins, signer) : isAdmin(membership, signer)
  if (!mayBranch && !(isSibling && isAdmin(membership, signer))) throw notAnAdmin()
  if (isSibling && beats(next, current)) {
    return { membership: turnTo(membership, next, nowMs), applied: true } // [TOPIC-7-6]
  }
  return { membership: note(membership, next, nowMs), applied: false }
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
  return {
    current: next,
    earlier: earlierAfter(membership, next, nowMs),
    parentAdmins: isChild ? adminsOf(current.body) : [],
    pendingRemovals: removalsLeft(next, [
      ...membership.pendingRemovals,
      ...current.body.tombstones,
    ]),
    pendingAdmissions: admissionsLeft(next, [
      ...membership.pendingAdmissions,
      ...(isChild ? [] : current.body.participants),
    ]),
  }
}

/** Of two children of one epoch the other one wins. */
function turnTo(membership: Membership, winner: Epoch, nowMs: number): Membership {
  const { current: loser, parentAdmins } = membership
  return {
    current: winner,
    earlier: earlierAfter(membership, winner, nowMs),
    parentAdmins,
    pendingRemovals: removalsLeft(
      winner,
      [...membership.pendingRemovals, ...loser.body.tombstones],
      winner.body.signer,
    ),
    pendingAdmissions: admissionsLeft(winner, [
      ...membership.pendingAdmissions,
      ...loser.body.participants,
    ]),
  }
}

/** Another branch that we do not turn to: its decisions are remembered until they are merged. */
function note(membership: Membership, loser: Epoch, nowMs: number): Membership {
  const { current } = membership
  const isSibling = sameBytes(loser.body.parent, current.body.parent)
  const sameRemovals = loser.body.tombstones.length === current.body.tombstones.length
  const ended = { ...loser, endedMs: nowMs }
  return {
    ...membership,
    earlier: sameRemovals
      ? [ended, ...membership.earlier].slice(0, maxEarlier)
      : membership.earlier,
    pendingRemovals: removalsLeft(
      current,
      [...membership.pendingRemovals, ...loser.body.tombstones],
      isSibling ? current.body.signer : undefined,
    ),
    pendingAdmissions: admissionsLeft(current, [
      ...membership.pendingAdmissions,
      ...loser.body.participants,
    ]),
  }
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

/** Removals that this epoch does not know; its signer stays when it won a tie. */
function removalsLeft(
  { body }: Epoch,
  removals: readonly Uint8Array[],
  spared?: Uint8Array,
): readonly Uint8Array[] {
  const present = body.participants.filter(
    ({ publicKey }) => !spared || !sameBytes(publicKey, spared),
  )
  const ids = present.map(({ joinId }) => joinId)
  return uniqueBytes(removals.filter((id) => includesBytes(ids, id)))
}

/** Who is in another branch, not in this one, and was not removed by it as far as it remembers. */
function admissionsLeft(
  { body }: Epoch,
  participants: readonly Participant[],
): readonly Participant[] {
  // An epoch that may have forgotten tombstones does not show who was never removed.
  if (body.tombstones.length >= maxTombstones) return []
  const left = participants.filter(
    ({ joinId, publicKey }) =>
      !includesBytes(body.tombstones, joinId) && !participantIn(body, publicKey),
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
  return new PeerError(
    "not-an-admin",
    "A rekey message is by somebody who is no admin of this topic. Nothing was changed.",
  )
}
