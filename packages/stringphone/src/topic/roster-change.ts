import { hex, sameBytes, UsageError, utf8 } from "../bytes/index.js"
import { randomBytes } from "../crypto/index.js"
import { includesBytes, participantIn, uniqueBytes } from "./epoch.js"
import { isAdmin, type Membership, pendingRemovals } from "./membership.js"
import {
  maxParticipants,
  maxTombstones,
  maxTopicNameBytes,
  type Participant,
  type RekeyBody,
} from "./wire/rekey.js"

/** What somebody gives who is let in. */
export interface Admission {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly serial: number
  /** X25519, 32 bytes. */
  readonly rekeyKey: Uint8Array
  readonly isAdmin?: boolean
}

/** What the next epoch changes. Nothing: the key is rotated. */
export interface RosterChange {
  readonly admit?: readonly Admission[]
  /** Public keys, 32 bytes each. */
  readonly remove?: readonly Uint8Array[]
  readonly admins?: readonly { readonly publicKey: Uint8Array; readonly isAdmin: boolean }[]
  readonly name?: string
  readonly isPadded?: boolean
}

/** The newest rekey key of each, by public key in hexadecimal. */
export type RekeyKeys = ReadonlyMap<
  string,
  { readonly serial: number; readonly rekeyKey: Uint8Array }
>

/**
 * The body of the epoch that follows, spec/topic.md §7.3; it merges what other branches decided.
 *
 * @throws {UsageError} `not-an-admin`, `not-a-participant`, `last-admin`, `too-many-participants`,
 *   `bad-topic-name`
 */
export function nextBody(
  membership: Membership,
  signer: Uint8Array,
  change: RosterChange,
  announced: RekeyKeys,
  nowMs: number,
): RekeyBody {
  const { body, commitment } = membership.current
  if (!isAdmin(membership, signer)) {
    throw new UsageError("not-an-admin", "Only an admin can do this.")
  }
  const { admins = [], admit = [], name = body.name, remove = [] } = change
  checkTopicName(name)
  for (const publicKey of [...remove, ...admins.map((one) => one.publicKey)]) {
    if (
      !participantIn(body, publicKey) &&
      !admit.some((one) => sameBytes(one.publicKey, publicKey))
    ) {
      throw new UsageError("not-a-participant", "This key is not in this topic.")
    }
  }
  // Who is let in again, after a reset, is somebody new: the old membership ends.
  const replaced = [...remove, ...admit.map(({ publicKey }) => publicKey)]
  const pending = pendingRemovals(membership)
  const isGoing = ({ joinId, publicKey }: Participant): boolean =>
    includesBytes(replaced, publicKey) || includesBytes(pending, joinId)
  const staying = [...body.participants, ...membership.pendingAdmissions].filter((p) => !isGoing(p))
  const arriving = admit.map((one) => ({ isAdmin: false, ...one, joinId: randomBytes(8) }))
  // In the order in which they came: of admins, the senior first. [TOPIC-7-6]
  const participants = [...staying, ...arriving].map((one) => ({
    ...one,
    ...newer(one, announced.get(hex(one.publicKey))),
    isAdmin: admins.find((a) => sameBytes(a.publicKey, one.publicKey))?.isAdmin ?? one.isAdmin,
  }))
  if (!participants.some((one) => one.isAdmin)) {
    throw new UsageError("last-admin", "A topic needs an admin. Make somebody else admin first.")
  }
  if (participants.length > maxParticipants) {
    throw new UsageError("too-many-participants", `A topic has at most ${maxParticipants}.`)
  }
  const gone = body.participants.filter(isGoing).map(({ joinId }) => joinId)
  return {
    topicId: body.topicId,
    requestKey: body.requestKey,
    epoch: body.epoch + 1,
    parent: commitment,
    madeMs: nowMs,
    isPadded: change.isPadded ?? body.isPadded,
    signer,
    name,
    participants,
    tombstones: uniqueBytes([...body.tombstones, ...gone]).slice(-maxTombstones),
  }
}

/** @throws {UsageError} `bad-topic-name` */
export function checkTopicName(name: string): void {
  if (utf8(name).length > maxTopicNameBytes) {
    throw new UsageError(
      "bad-topic-name",
      `A topic's name has at most ${maxTopicNameBytes} bytes of UTF-8. Choose a shorter one.`,
    )
  }
}

function newer(
  one: { readonly serial: number; readonly rekeyKey: Uint8Array },
  announced: { readonly serial: number; readonly rekeyKey: Uint8Array } | undefined,
): { readonly serial: number; readonly rekeyKey: Uint8Array } {
  const { rekeyKey, serial } = announced && announced.serial > one.serial ? announced : one
  return { serial, rekeyKey }
}

/** Who came and who went, by public key. */
export function rosterChanges(
  before: RekeyBody,
  after: RekeyBody,
): { readonly added: readonly Uint8Array[]; readonly removed: readonly Uint8Array[] } {
  const keysOf = ({ participants }: RekeyBody): readonly Uint8Array[] =>
    participants.map(({ publicKey }) => publicKey)
  return {
    added: keysOf(after).filter((key) => !participantIn(before, key)),
    removed: keysOf(before).filter((key) => !participantIn(after, key)),
  }
}
