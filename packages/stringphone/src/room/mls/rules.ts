/**
 * What we ask of a tree and of a commit beyond RFC 9420: only what our own members make. It is
 * checked before the MLS library works on it, which takes some of it for granted.
 */
import { fromHex, hex, sameBytes, type PeerError } from "../../bytes/index.js"
import { malformed, refused } from "./failure.js"
import { suiteName } from "./provider.js"
import {
  capabilities,
  identityOf,
  leafAt,
  leafNodes,
  maxLeaves,
  roomIdBytes,
  settingsType,
} from "./state.js"
import {
  defaultLifetime,
  type GroupContext,
  type LeafNode,
  type Proposal,
  type ProposalOrRef,
  type RatchetTree,
  type UpdatePath,
} from "./ts-mls.js"
import type { GroupEnvironment } from "./types.js"

/** What a commit's proposals amount to. */
export interface Effects {
  readonly removed: readonly number[]
  readonly settings: Uint8Array | null
  readonly isExternal: boolean
}

/** @throws {PeerError} `refused` */
export function checkContext(context: GroupContext): void {
  const { cipherSuite, confirmedTranscriptHash, extensions, groupId, treeHash } = context
  if (cipherSuite !== suiteName) throw refused("it has another cipher suite")
  if (groupId.length !== roomIdBytes) throw refused("the room's ID is not 16 bytes")
  if (extensions.length !== 1 || extensions[0]?.extensionType !== settingsType) {
    throw refused("a room has its settings, and no other extension")
  }
  if (treeHash.length !== 32) throw refused("its tree hash is not 32 bytes")
  if (![0, 32].includes(confirmedTranscriptHash.length)) throw refused("its history has no hash")
}

/**
 * The library walks up from unmerged leaves without looking where they are, so that an invented one
 * could keep it busy for ever. There are none here, since nobody is added.
 *
 * @throws {PeerError} `refused`
 */
export function checkTree(tree: RatchetTree, environment: GroupEnvironment): void {
  if (tree.length > 2 * maxLeaves - 1) throw refused(`a room has at most ${maxLeaves} places`)
  const seen = new Set<string>()
  tree.forEach((node, at) => {
    if (node === undefined) return
    if ((node.nodeType === "leaf") !== (at % 2 === 0)) throw refused("a node is out of place")
    if (node.nodeType === "leaf") {
      checkLeaf(node.leaf, environment)
      checkUnseen(node.leaf.signaturePublicKey, seen)
    } else {
      if (node.parent.unmergedLeaves.length > 0) throw refused("somebody was added from outside")
    }
    const key = exchangeKeyOf(node)
    checkExchangeKey(key)
    checkUnseen(key, seen)
  })
}

/** @throws {PeerError} `refused` */
export function effectsOf(
  proposals: readonly ProposalOrRef[],
  tree: RatchetTree,
  committer: number | null,
): Effects {
  const inline = proposals.map((one) => {
    if (one.proposalOrRefType !== "proposal")
      throw refused("a proposal is not in the commit itself")
    return one.proposal
  })
  const removed = inline.flatMap((one) => (one.proposalType === "remove" ? [removedOf(one)] : []))
  const settings = inline.flatMap((one) =>
    one.proposalType === "group_context_extensions" ? [settingsIn(one)] : [],
  )
  const inits = inline.filter(({ proposalType }) => proposalType === "external_init")
  if (removed.length + settings.length + inits.length < inline.length) {
    throw refused("a commit may remove members and change settings, nothing else")
  }
  const isExternal = committer === null
  if (inits.length !== (isExternal ? 1 : 0)) throw refused("it is not clear where it comes from")
  if (settings.length > (isExternal ? 0 : 1)) throw refused("it changes settings more than it may")
  if (isExternal && removed.length > 1) throw refused("who joins may replace one leaf only")
  for (const index of removed) {
    if (leafAt(tree, index) === null) throw refused("who is to be removed is not in the room")
    if (index === committer) throw refused("nobody can remove themselves")
  }
  if (new Set(removed).size < removed.length) throw refused("somebody is removed twice")
  return { removed, settings: settings[0] ?? null, isExternal }
}

/**
 * @param tree before the commit
 * @throws {PeerError} `refused`
 */
export function checkPath(
  path: UpdatePath | undefined,
  tree: RatchetTree,
  committer: number | null,
  removed: readonly number[],
  environment: GroupEnvironment,
): UpdatePath {
  if (path === undefined) throw refused("a commit must bring new keys")
  const { leafNode } = path
  checkLeaf(leafNode, environment)
  for (const [index, leaf] of leafNodes(tree)) {
    const stays = index !== committer && !removed.includes(index)
    if (stays && sameBytes(leaf.signaturePublicKey, leafNode.signaturePublicKey)) throw usedTwice()
  }
  if (committer !== null) {
    const before = leafAt(tree, committer)
    const isSame =
      before !== null &&
      sameBytes(before.signaturePublicKey, leafNode.signaturePublicKey) &&
      sameBytes(identityOf(before), identityOf(leafNode))
    if (!isSame) throw refused("a member may not become somebody else")
  } else if (tree.length >= 2 * maxLeaves - 1) {
    const count = [...leafNodes(tree)].length - removed.length
    if (count >= maxLeaves) throw refused("the room is full")
  }
  const known = tree.flatMap((node) => (node === undefined ? [] : [exchangeKeyOf(node)]))
  for (const key of [leafNode.hpkePublicKey, ...path.nodes.map((node) => node.hpkePublicKey)]) {
    checkExchangeKey(key)
    if (known.some((one) => sameBytes(one, key))) throw usedTwice()
    known.push(key)
  }
  return path
}

function checkLeaf(leaf: LeafNode, { isCredentialValid }: GroupEnvironment): void {
  if (leaf.credential.credentialType !== "basic") throw refused("a leaf has no basic credential")
  if (leaf.signaturePublicKey.length !== 32) throw refused("a signature key is not 32 bytes")
  if (leaf.extensions.length > 0 || !hasOurCapabilities(leaf)) {
    throw refused("a leaf says that it can do something else")
  }
  if (leaf.leafNodeSource === "update") throw refused("a leaf was not made by a commit")
  if (leaf.leafNodeSource === "key_package") {
    const { notAfter, notBefore } = leaf.lifetime
    if (notBefore !== defaultLifetime.notBefore || notAfter !== defaultLifetime.notAfter) {
      throw refused("a leaf would expire")
    }
  }
  if (!isCredentialValid(identityOf(leaf), leaf.signaturePublicKey)) {
    throw refused("a credential is not its leaf's own")
  }
}

function hasOurCapabilities({ capabilities: found }: LeafNode): boolean {
  return JSON.stringify(listsOf(found)) === ownLists
}

function listsOf(one: LeafNode["capabilities"]): readonly unknown[] {
  return [one.versions, one.ciphersuites, one.extensions, one.proposals, one.credentials]
}

const ownLists = JSON.stringify(listsOf(capabilities))

function removedOf(proposal: Extract<Proposal, { proposalType: "remove" }>): number {
  return proposal.remove.removed
}

function settingsIn(
  proposal: Extract<Proposal, { proposalType: "group_context_extensions" }>,
): Uint8Array {
  const [settings, ...others] = proposal.groupContextExtensions.extensions
  if (settings?.extensionType !== settingsType || others.length > 0) {
    throw refused("a room has its settings, and no other extension")
  }
  return settings.extensionData
}

function checkUnseen(key: Uint8Array, seen: Set<string>): void {
  const text = hex(key)
  if (seen.has(text)) throw usedTwice()
  seen.add(text)
}

function usedTwice(): PeerError {
  return refused("a key is used twice")
}

function exchangeKeyOf(node: NonNullable<RatchetTree[number]>): Uint8Array {
  return node.nodeType === "leaf" ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey
}

/** @throws {PeerError} `refused`, `malformed` */
export function checkExchangeKey(key: Uint8Array): void {
  if (key.length !== 32) throw malformed("a key is not 32 bytes")
  const masked = Uint8Array.from(key)
  masked[31] = (masked[31] as number) & 0x7f
  // Nobody could encrypt to it: one member could block everybody's commits.
  if (lowOrder.some((point) => sameBytes(point, masked))) throw refused("a key is of low order")
}

/** All of X25519's points of low order, with the top bit cleared. */
const lowOrder = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map(fromHex)
