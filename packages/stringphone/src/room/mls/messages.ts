import { PeerError } from "../../bytes/index.js"
import { onPeerBytes, refused, WrongEpoch } from "./failure.js"
import {
  Group,
  internalsOf,
  leafAt,
  maxSkipped,
  memberInternals,
  type Internals,
  type PastEpoch,
} from "./state.js"
import {
  createApplicationMessage,
  decryptSenderData,
  mlsExporter,
  unprotectPrivateMessage,
  type PrivateMessage,
} from "./ts-mls.js"
import type { Inspected, Opened } from "./types.js"
import { checkRoom, decodeMessage, encodeMessage } from "./wire.js"

/**
 * A secret that all members of the epoch have alike, and nobody else (RFC 9420 §8.5).
 * @throws {UsageError} `removed`
 */
export async function exportSecret(
  group: Group,
  label: string,
  context: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  const { state, suite } = memberInternals(group)
  return mlsExporter(state.keySchedule.exporterSecret, label, context, length, suite)
}

/**
 * An application message. Save the new group before the message is sent: the old one would use the
 * same key again.
 *
 * @param associatedData is sent in the clear, and authenticated.
 * @throws {UsageError} `removed`
 */
export async function seal(
  group: Group,
  payload: Uint8Array,
  associatedData: Uint8Array,
): Promise<{ readonly group: Group; readonly message: Uint8Array }> {
  const internals = memberInternals(group)
  const { state, suite } = internals
  const sealed = await createApplicationMessage(state, payload, suite, associatedData)
  const { privateMessage } = sealed
  return {
    group: new Group({ ...internals, state: sealed.newState }),
    message: encodeMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage }),
  }
}

/**
 * Reads a header; checks nothing but the form.
 * @throws {PeerError} `malformed`; `unexpected`: MLS, but of a kind that rooms do not use.
 */
export function inspect(message: Uint8Array): Inspected {
  return decodeMessage(message).header
}

/**
 * Opens an application message of the current or of a retained epoch.
 *
 * @throws {PeerError} `malformed`, `unexpected`, `not-authentic`, `refused`; `wrong-epoch`
 *   (`WrongEpoch`, which has the epoch); `own-message`; `replayed`: opened before, or overtaken by
 *   too many; `too-far-ahead`: too many of this sender's are missing.
 */
export async function open(
  group: Group,
  message: Uint8Array,
): Promise<Opened & { readonly group: Group }> {
  const decoded = decodeMessage(message)
  checkRoom(decoded.header, group.roomId)
  if (decoded.kind !== "application") throw refused("it carries no text")
  const internals = internalsOf(group)
  const { epoch } = decoded.header
  const from = epochKeys(group, epoch)
  const opened = await onPeerBytes("not-authentic", "A room message does not open.", () =>
    openWith(internals, from, decoded.message),
  )
  return { ...opened.content, epoch, group: withRatchets(internals, epoch, opened.ratchets) }
}

/** Drops the keys of all epochs before this one; their messages can not be opened any more. */
export function forget(group: Group, beforeEpoch: number): Group {
  const internals = internalsOf(group)
  const past = internals.past.filter(({ context }) => Number(context.epoch) >= beforeEpoch)
  return new Group({ ...internals, past })
}

/**
 * The group as it was before: an earlier one, which has to know what was opened since. Whoever made a
 * commit in that epoch must not make another one: it would use the same keys.
 */
export function rewind(group: Group, before: Group): Group {
  const internals = internalsOf(before)
  const later = new Map(
    internalsOf(group).past.map(({ context, ratchets }) => [context.epoch, ratchets]),
  )
  const past = internals.past.map((one) => ({
    ...one,
    ratchets: later.get(one.context.epoch) ?? one.ratchets,
  }))
  const opened = later.get(internals.state.groupContext.epoch)
  const secretTree = internals.state.secretTree.map((node, i) => ({
    ...node,
    application: opened?.[i]?.application ?? node.application,
  }))
  return new Group({ ...internals, past, state: { ...internals.state, secretTree } })
}

function epochKeys(group: Group, epoch: number): PastEpoch {
  const { past, state } = internalsOf(group)
  const found = past.find(({ context }) => Number(context.epoch) === epoch)
  if (found !== undefined) return found
  if (epoch !== group.epoch || group.isRemoved) throw new WrongEpoch(epoch, group.epoch)
  return {
    context: state.groupContext,
    senderDataSecret: state.keySchedule.senderDataSecret,
    ratchets: state.secretTree,
    signers: state.ratchetTree,
  }
}

async function openWith(
  internals: Internals,
  epoch: PastEpoch,
  message: PrivateMessage,
): Promise<{
  readonly content: Omit<Opened, "epoch">
  readonly ratchets: PastEpoch["ratchets"]
}> {
  const { state, suite } = internals
  const { context, ratchets, senderDataSecret, signers } = epoch
  const { content, tree } = await unprotectPrivateMessage(
    senderDataSecret,
    message,
    ratchets,
    signers,
    context,
    state.clientConfig.keyRetentionConfig,
    suite,
  ).catch(async (error: unknown) => {
    throw (await knownFailure(internals, epoch, message)) ?? error
  })
  const { sender } = content.content
  const leaf = sender.senderType === "member" ? leafAt(signers, sender.leafIndex) : null
  if (content.content.contentType !== "application" || sender.senderType !== "member") {
    throw refused("it carries no text")
  }
  if (leaf === null) throw refused("its sender was not in the room")
  // Not even with an old copy of our own ratchet: it says nothing that we did not know.
  if (sender.leafIndex === state.privatePath.leafIndex) throw ownMessage()
  return {
    content: {
      sender: sender.leafIndex,
      signatureKey: leaf.signaturePublicKey,
      payload: content.content.applicationData,
      associatedData: message.authenticatedData,
    },
    ratchets: tree,
  }
}

/** Why a message did not open, where that can be told from its sender and number; or `null`. */
async function knownFailure(
  { state, suite }: Internals,
  { ratchets, senderDataSecret, signers }: PastEpoch,
  message: PrivateMessage,
): Promise<PeerError | null> {
  const sender = await decryptSenderData(message, senderDataSecret, suite)
  if (sender === undefined) return null
  if (sender.leafIndex === state.privatePath.leafIndex) return ownMessage()
  const ratchet = ratchets[sender.leafIndex * 2]?.application
  if (leafAt(signers, sender.leafIndex) === null || ratchet === undefined) {
    return refused("its sender was not in the room")
  }
  const ahead = sender.generation - ratchet.generation
  if (ahead > maxSkipped) {
    return new PeerError("too-far-ahead", "Too many messages of its sender are missing.")
  }
  const isUsed = ahead < 0 && ratchet.unusedGenerations[sender.generation] === undefined
  return isUsed ? new PeerError("replayed", "This message came before, or comes too late.") : null
}

function ownMessage(): PeerError {
  return new PeerError("own-message", "This is a message of your own.")
}

function withRatchets(internals: Internals, epoch: number, ratchets: PastEpoch["ratchets"]): Group {
  const { past, state } = internals
  const isPast = past.some(({ context }) => Number(context.epoch) === epoch)
  if (!isPast) return new Group({ ...internals, state: { ...state, secretTree: ratchets } })
  return new Group({
    ...internals,
    past: past.map((one) => (Number(one.context.epoch) === epoch ? { ...one, ratchets } : one)),
  })
}
