/**
 * The one file that imports the MLS library, module by module: its index would bring WebCrypto's
 * HPKE along. What is used here is all that another library would have to offer.
 */
export type { AuthenticatedContent } from "ts-mls/authenticatedContent.js"
export {
  createGroup,
  applyProposals,
  nextEpochContext,
  throwIfDefined,
  validateLeafNodeCredentialAndKeyUniqueness,
  validateLeafNodeUpdateOrCommit,
  type ClientState,
} from "ts-mls/clientState.js"
export type { ClientConfig } from "ts-mls/clientConfig.js"
export {
  applyUpdatePathSecret,
  createGroupInfoWithExternalPubAndRatchetTree,
  joinGroupExternal,
} from "ts-mls/createCommit.js"
export { createApplicationMessage } from "ts-mls/createMessage.js"
export type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js"
export { deriveSecret } from "ts-mls/crypto/kdf.js"
export type { Extension } from "ts-mls/extension.js"
export {
  createConfirmationTag,
  createContentCommitSignature,
  verifyConfirmationTag,
} from "ts-mls/framedContent.js"
export { decodeGroupContext, encodeGroupContext, type GroupContext } from "ts-mls/groupContext.js"
export { ratchetTreeFromExtension, type GroupInfo } from "ts-mls/groupInfo.js"
export { generateKeyPackageWithKey } from "ts-mls/keyPackage.js"
export {
  decodeKeySchedule,
  encodeKeySchedule,
  initializeEpoch,
  mlsExporter,
} from "ts-mls/keySchedule.js"
export type { LeafNode } from "ts-mls/leafNode.js"
export { defaultLifetime } from "ts-mls/lifetime.js"
export { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from "ts-mls/message.js"
export { protect, unprotectPrivateMessage } from "ts-mls/messageProtection.js"
export { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js"
export { getCommitSecret, pathToPathSecrets, pathToRoot } from "ts-mls/pathSecrets.js"
export {
  mergePrivateKeyPaths,
  toPrivateKeyPath,
  updateLeafKey,
  type PrivateKeyPath,
} from "ts-mls/privateKeyPath.js"
export { decryptSenderData, type PrivateMessage } from "ts-mls/privateMessage.js"
export type { Proposal } from "ts-mls/proposal.js"
export type { ProposalOrRef } from "ts-mls/proposalOrRefType.js"
export { emptyPskIndex } from "ts-mls/pskIndex.js"
export type { PublicMessage } from "ts-mls/publicMessage.js"
export {
  addLeafNode,
  decodeRatchetTree,
  encodeRatchetTree,
  type RatchetTree,
} from "ts-mls/ratchetTree.js"
export {
  createSecretTree,
  type GenerationSecret,
  type SecretTree,
  type SecretTreeNode,
} from "ts-mls/secretTree.js"
export { treeHashRoot } from "ts-mls/treeHash.js"
export {
  directPath,
  leafToNodeIndex,
  leafWidth,
  root,
  toLeafIndex,
  toNodeIndex,
  type LeafIndex,
} from "ts-mls/treemath.js"
export { applyUpdatePath, createUpdatePath, type UpdatePath } from "ts-mls/updatePath.js"
