import { PeerError, sameBytes, UsageError } from "../../bytes/index.js"
import { onPeerBytes, refused } from "./failure.js"
import { publicKeyOf } from "./provider.js"
import { checkPath, effectsOf } from "./rules.js"
import {
  identityOf,
  internalsOf,
  leafAt,
  memberInternals,
  nextGroup,
  removedGroup,
  settingsExtension,
  type Group,
  type Internals,
} from "./state.js"
import { stateAfter } from "./step.js"
import {
  applyProposals,
  createConfirmationTag,
  createContentCommitSignature,
  createSecretTree,
  createUpdatePath,
  emptyPskIndex,
  getCommitSecret,
  initializeEpoch,
  leafWidth,
  mergePrivateKeyPaths,
  nextEpochContext,
  pathToPathSecrets,
  protect,
  toLeafIndex,
  toNodeIndex,
  toPrivateKeyPath,
  treeHashRoot,
  unprotectPrivateMessage,
  unprotectPublicMessage,
  updateLeafKey,
  type ClientState,
  type PrivateMessage,
  type ProposalOrRef,
  type PublicMessage,
} from "./ts-mls.js"
import type { Changes, CheckCommit } from "./types.js"
import { checkEpoch, checkRoom, decodeMessage, encodeMessage } from "./wire.js"

/**
 * A commit of our own, encrypted to the epoch's members, always with new keys for us. The group is
 * the next epoch's; nobody else is in it until they apply the message.
 *
 * The library's own `createCommit` brings no new keys when settings alone change, and seals them to
 * the wrong context when members are removed as well. (ts-mls 1.6.4)
 *
 * @throws {UsageError} `removed`, `bad-member`
 */
export async function commit(
  group: Group,
  { remove = [], settings }: Changes,
  associatedData: Uint8Array,
): Promise<{ readonly group: Group; readonly message: Uint8Array }> {
  const internals = memberInternals(group)
  const { state, suite } = internals
  const own = toLeafIndex(state.privatePath.leafIndex)
  checkRemovable(remove, state)
  const proposals = proposalsOf(remove, settings)
  const { tree: treeBefore } = await applyProposals(
    state,
    proposals,
    own,
    emptyPskIndex,
    true,
    suite,
  )
  const context =
    settings === undefined
      ? state.groupContext
      : { ...state.groupContext, extensions: [settingsExtension(Uint8Array.from(settings))] }
  const signKey = state.signaturePrivateKey
  const updated = await createUpdatePath(treeBefore, own, context, signKey, suite)
  const [tree, path, pathSecrets] = updated
  const privatePath = mergePrivateKeyPaths(
    updateLeafKey(state.privatePath, await suite.hpke.exportPrivateKey(updated[3])),
    await toPrivateKeyPath(pathToPathSecrets(pathSecrets), own, suite),
  )
  const top = pathSecrets.at(-1)
  const commitSecret =
    top === undefined
      ? new Uint8Array(32)
      : await getCommitSecret(tree, toNodeIndex(top.nodeIndex), top.secret, suite.kdf)
  const { framedContent, signature } = await createContentCommitSignature(
    state.groupContext,
    "mls_private_message",
    { proposals, path },
    { senderType: "member", leafIndex: own },
    associatedData,
    signKey,
    suite.signature,
  )
  const groupContext = await nextEpochContext(
    context,
    "mls_private_message",
    framedContent,
    signature,
    await treeHashRoot(tree, suite.hash),
    state.confirmationTag,
    suite.hash,
  )
  const { encryptionSecret, keySchedule } = await initializeEpoch(
    state.keySchedule.initSecret,
    commitSecret,
    groupContext,
    new Uint8Array(32),
    suite.kdf,
  )
  const confirmationTag = await createConfirmationTag(
    keySchedule.confirmationKey,
    groupContext.confirmedTranscriptHash,
    suite.hash,
  )
  const { privateMessage } = await protect(
    state.keySchedule.senderDataSecret,
    associatedData,
    state.groupContext,
    state.secretTree,
    { ...framedContent, auth: { contentType: "commit", signature, confirmationTag } },
    own,
    state.clientConfig.paddingConfig,
    suite,
  )
  const next: ClientState = {
    ...state,
    groupContext,
    keySchedule,
    secretTree: await createSecretTree(leafWidth(tree.length), encryptionSecret, suite.kdf),
    ratchetTree: tree,
    privatePath,
    confirmationTag,
  }
  return {
    group: nextGroup(internals, next),
    message: encodeMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage }),
  }
}

/**
 * Applies another member's commit, or a newcomer's, to the current epoch. Where it removes us, the
 * group returned says so, and can only open what was sent before.
 *
 * @param check sees what the commit does after its signature was verified, and throws to refuse it.
 * @throws {PeerError} `malformed`, `unexpected`, `not-authentic`, `refused`, `own-message`;
 *   `wrong-epoch` (`WrongEpoch`, which has the epoch); what `check` throws.
 */
export async function apply(group: Group, message: Uint8Array, check: CheckCommit): Promise<Group> {
  const decoded = decodeMessage(message)
  checkRoom(decoded.header, group.roomId)
  if (decoded.kind === "application") throw refused("it is no commit")
  checkEpoch(decoded.header, group.epoch)
  const internals = memberInternals(group)
  return decoded.kind === "external-commit"
    ? applyJoiners(internals, decoded.message, check)
    : applyMembers(internals, decoded.message, check)
}

/** Only the library's work: what `check` throws must come out as it is. */
function authentic<T>(work: () => Promise<T>): Promise<T> {
  const sentence = "A change of the room is not authentic, or does not fit this room."
  return onPeerBytes("not-authentic", sentence, work)
}

async function applyMembers(
  internals: Internals,
  message: PrivateMessage,
  check: CheckCommit,
): Promise<Group> {
  const { environment, state, suite } = internals
  const { content } = await authentic(() =>
    unprotectPrivateMessage(
      state.keySchedule.senderDataSecret,
      message,
      state.secretTree,
      state.ratchetTree,
      state.groupContext,
      state.clientConfig.keyRetentionConfig,
      suite,
    ),
  )
  const { sender, ...commit } = content.content
  if (sender.senderType !== "member" || commit.contentType !== "commit") throw refused("no commit")
  const committer = sender.leafIndex
  if (committer === state.privatePath.leafIndex) {
    throw new PeerError("own-message", "This is a change of your own.")
  }
  const { path, proposals } = commit.commit
  const { removed, settings } = effectsOf(proposals, state.ratchetTree, committer)
  const checked = checkPath(path, state.ratchetTree, committer, removed, environment)
  const { authenticatedData: associatedData } = message
  check({ committer, joiner: null, removed, settings, associatedData })
  if (removed.includes(state.privatePath.leafIndex)) return removedGroup(internals)
  return entered(internals, await authentic(() => stateAfter(internals, content, checked)))
}

async function applyJoiners(
  internals: Internals,
  message: PublicMessage,
  check: CheckCommit,
): Promise<Group> {
  const { environment, state, suite } = internals
  const { content } = message
  if (content.contentType !== "commit") throw refused("no commit")
  const { removed } = effectsOf(content.commit.proposals, state.ratchetTree, null)
  const path = checkPath(content.commit.path, state.ratchetTree, null, removed, environment)
  const authenticated = await authentic(() =>
    unprotectPublicMessage(
      state.keySchedule.membershipKey,
      state.groupContext,
      state.ratchetTree,
      message,
      suite,
    ),
  )
  const joiner = {
    signatureKey: path.leafNode.signaturePublicKey,
    credential: identityOf(path.leafNode),
  }
  const { authenticatedData: associatedData } = content
  check({ committer: null, joiner, removed, settings: null, associatedData })
  if (removed.includes(state.privatePath.leafIndex)) return removedGroup(internals)
  return entered(internals, await authentic(() => stateAfter(internals, authenticated, path)))
}

/**
 * The library does not compare the keys we derive with those that everybody sees; a committer could
 * hand different people different ones. (RFC 9420 §7.5)
 */
function entered(before: Internals, state: ClientState): Group {
  const group = nextGroup(before, state)
  const { privatePath, ratchetTree } = internalsOf(group).state
  for (const [at, secretKey] of Object.entries(privatePath.privateKeys)) {
    if (before.state.privatePath.privateKeys[Number(at)] === secretKey) continue
    const node = ratchetTree[Number(at)]
    const shown = node?.nodeType === "parent" ? node.parent.hpkePublicKey : null
    if (shown === null || !sameBytes(shown, publicKeyOf(secretKey))) {
      throw refused("its keys are not those that it shows")
    }
  }
  return group
}

function checkRemovable(remove: readonly number[], state: ClientState): void {
  const own = state.privatePath.leafIndex
  const isFine =
    new Set(remove).size === remove.length &&
    remove.every((index) => index !== own && leafAt(state.ratchetTree, index) !== null)
  if (!isFine) throw new UsageError("bad-member", "Only other members can be removed, each once.")
}

function proposalsOf(remove: readonly number[], settings: Uint8Array | undefined): ProposalOrRef[] {
  const proposals: ProposalOrRef[] = remove.map((removed) => ({
    proposalOrRefType: "proposal",
    proposal: { proposalType: "remove", remove: { removed } },
  }))
  if (settings !== undefined) {
    proposals.push({
      proposalOrRefType: "proposal",
      proposal: {
        proposalType: "group_context_extensions",
        groupContextExtensions: { extensions: [settingsExtension(Uint8Array.from(settings))] },
      },
    })
  }
  return proposals
}
