import { refused } from "./failure.js"
import type { Internals } from "./state.js"
import {
  addLeafNode,
  applyProposals,
  applyUpdatePath,
  applyUpdatePathSecret,
  createSecretTree,
  deriveSecret,
  emptyPskIndex,
  initializeEpoch,
  leafToNodeIndex,
  leafWidth,
  mergePrivateKeyPaths,
  nextEpochContext,
  pathToRoot,
  root,
  throwIfDefined,
  toLeafIndex,
  toNodeIndex,
  toPrivateKeyPath,
  treeHashRoot,
  validateLeafNodeCredentialAndKeyUniqueness,
  validateLeafNodeUpdateOrCommit,
  verifyConfirmationTag,
  type AuthenticatedContent,
  type ClientState,
  type GroupContext,
  type LeafIndex,
  type RatchetTree,
  type UpdatePath,
} from "./ts-mls.js"

/**
 * The epoch that somebody else's commit begins (RFC 9420 §12.4.2). Its signature was verified, and
 * its path and proposals passed our rules. The library's own `processPrivateMessage` would decrypt
 * and verify all of it once more, and hash the whole tree twice. (ts-mls 1.6.4)
 */
export async function stateAfter(
  { state, suite }: Pick<Internals, "state" | "suite">,
  { auth, content, wireformat }: AuthenticatedContent,
  path: UpdatePath,
): Promise<ClientState> {
  const { sender } = content
  if (content.contentType !== "commit" || auth.contentType !== "commit") throw refused("no commit")
  const member = sender.senderType === "member" ? toLeafIndex(sender.leafIndex) : undefined
  const { proposals } = content.commit
  const applied = await applyProposals(state, proposals, member, emptyPskIndex, false, suite)
  const { additionalResult: result, pskSecret } = applied
  if (result.kind === "reinit") throw refused("it starts the room anew")
  const isExternal = result.kind === "externalCommit"
  const committer = isExternal ? result.newMemberLeafIndex : member
  if (committer === undefined) throw refused("it is not clear where it comes from")

  const { authService } = state.clientConfig
  const { leafNode } = path
  throwIfDefined(
    await validateLeafNodeUpdateOrCommit(
      leafNode,
      committer,
      state.groupContext,
      authService,
      suite.signature,
    ),
  )
  throwIfDefined(
    await validateLeafNodeCredentialAndKeyUniqueness(applied.tree, leafNode, committer),
  )

  const before = isExternal ? addLeafNode(applied.tree, leafNode)[0] : applied.tree
  const tree = await applyUpdatePath(before, committer, path, suite.hash, isExternal)
  const treeHash = await treeHashRoot(tree, suite.hash)
  const context =
    !isExternal && result.extensions.length > 0
      ? { ...state.groupContext, extensions: result.extensions }
      : state.groupContext
  const sealedTo = { ...context, treeHash, epoch: context.epoch + 1n }
  const opened = await openPath({ state, suite }, tree, committer, path, sealedTo, isExternal)

  const groupContext = await nextEpochContext(
    context,
    wireformat,
    content,
    auth.signature,
    treeHash,
    state.confirmationTag,
    suite.hash,
  )
  const { encryptionSecret, joinerSecret, keySchedule } = await initializeEpoch(
    isExternal ? result.externalInitSecret : state.keySchedule.initSecret,
    opened.commitSecret,
    groupContext,
    pskSecret,
    suite.kdf,
  )
  const { confirmationTag } = auth
  const isConfirmed = await verifyConfirmationTag(
    keySchedule.confirmationKey,
    confirmationTag,
    groupContext.confirmedTranscriptHash,
    suite.hash,
  )
  if (!isConfirmed) throw refused("it leads to another epoch than it says")
  const secretTree = await createSecretTree(leafWidth(tree.length), encryptionSecret, suite.kdf)
  // Fresh, and nobody else's: they are not needed any more.
  for (const secret of [opened.commitSecret, joinerSecret, encryptionSecret]) secret.fill(0)
  return {
    ...state,
    confirmationTag,
    groupContext,
    keySchedule,
    privatePath: opened.privatePath,
    ratchetTree: tree,
    secretTree,
  }
}

/** Our keys of the path, from what was sealed to us. */
async function openPath(
  { state, suite }: Pick<Internals, "state" | "suite">,
  tree: RatchetTree,
  committer: LeafIndex,
  path: UpdatePath,
  context: GroupContext,
  isExternal: boolean,
): Promise<{
  readonly privatePath: ClientState["privatePath"]
  readonly commitSecret: Uint8Array
}> {
  const { privatePath } = state
  // Nothing is sealed to who has just come in.
  const without = isExternal ? [leafToNodeIndex(committer)] : []
  const found = await applyUpdatePathSecret(
    tree,
    privatePath,
    committer,
    context,
    path,
    without,
    suite,
  )
  const secrets = await pathToRoot(tree, toNodeIndex(found.nodeIndex), found.pathSecret, suite.kdf)
  const rootSecret = secrets[root(leafWidth(tree.length))]
  if (rootSecret === undefined) throw refused("its path does not lead to the root")
  const own = await toPrivateKeyPath(secrets, privatePath.leafIndex, suite)
  return {
    privatePath: mergePrivateKeyPaths(privatePath, own),
    commitSecret: await deriveSecret(rootSecret, "path", suite.kdf),
  }
}
