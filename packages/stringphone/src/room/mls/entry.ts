import { sameBytes, UsageError } from "../../bytes/index.js"
import { signingKeyPair } from "../../crypto/index.js"
import { malformed, onPeerBytes, refused } from "./failure.js"
import { checkContext, checkExchangeKey, checkTree } from "./rules.js"
import {
  capabilities,
  configFor,
  firstGroup,
  leafAt,
  leavesOf,
  memberInternals,
  roomIdBytes,
  settingsExtension,
  settingsOf,
  suiteFor,
  type Group,
} from "./state.js"
import {
  createGroup as createMlsGroup,
  createGroupInfoWithExternalPubAndRatchetTree,
  defaultLifetime,
  encodeRatchetTree,
  generateKeyPackageWithKey,
  joinGroupExternal,
  ratchetTreeFromExtension,
  type CiphersuiteImpl,
  type ClientConfig,
  type GroupInfo,
  type RatchetTree,
} from "./ts-mls.js"
import type { GroupEnvironment, JoinOptions, Leaf, OwnLeaf } from "./types.js"
import { decodeGroupInfo, encodeMessage } from "./wire.js"

/**
 * A group of one, epoch 0.
 * @throws {UsageError} `bad-room-id`
 */
export async function createGroup(
  founding: {
    /** 16 bytes, fresh. */
    readonly roomId: Uint8Array
    readonly own: OwnLeaf
    readonly settings: Uint8Array
  },
  environment: GroupEnvironment,
): Promise<Group> {
  const { own, roomId, settings } = founding
  if (roomId.length !== roomIdBytes) throw new UsageError("bad-room-id", "A room ID is 16 bytes.")
  const suite = suiteFor(environment)
  const { privatePackage, publicPackage } = await keyPackage(own, suite)
  const state = await createMlsGroup(
    Uint8Array.from(roomId),
    publicPackage,
    privatePackage,
    [settingsExtension(Uint8Array.from(settings))],
    suite,
    configFor(environment),
  )
  return firstGroup(state, suite, environment)
}

/**
 * What a newcomer needs to join this epoch: public keys and names, no secrets, signed by us.
 * @throws {UsageError} `removed`
 */
export async function groupInfo(group: Group): Promise<Uint8Array> {
  const { state, suite } = memberInternals(group)
  const info = await createGroupInfoWithExternalPubAndRatchetTree(state, [], suite)
  return encodeMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo: info })
}

/** Who a room's description says is in it. Nothing of it is verified. @throws {PeerError} `malformed` */
export function leavesOfGroupInfo(info: Uint8Array): readonly Leaf[] {
  return leavesOf(treeOf(decodeGroupInfo(info)))
}

/**
 * Joins by a commit of our own. The group is ours once the others take the message; until then it
 * is a guess, and another commit of the same epoch makes it void.
 *
 * @param associatedData of the message: why they should let us in.
 * @throws {PeerError} `malformed`, `unexpected`, `refused`, `not-authentic`
 */
export async function joinByExternalCommit(
  info: Uint8Array,
  own: OwnLeaf,
  associatedData: Uint8Array,
  options: JoinOptions,
  environment: GroupEnvironment,
): Promise<{ readonly group: Group; readonly message: Uint8Array }> {
  const decoded = decodeGroupInfo(info)
  checkContext(decoded.groupContext)
  const tree = treeOf(decoded)
  checkTree(tree, environment)
  const { groupContext, signer } = decoded
  if (leafAt(tree, signer) === null) throw refused("its signer is not in the room")
  options.check({
    leaves: leavesOf(tree),
    roomId: groupContext.groupId,
    epoch: Number(groupContext.epoch),
    settings: settingsOf(groupContext),
    signer,
  })
  const former = options.replaces === undefined ? null : leafAt(tree, options.replaces)
  if (options.replaces !== undefined && former === null) throw refused("you are not in it")
  if (former !== null && tree.length === 1) throw refused("nobody else is left in it")
  const suite = suiteFor(environment)
  const config = configFor(environment)
  const { privatePackage, publicPackage } = await keyPackage(own, suite)
  const { newState, publicMessage } = await onPeerBytes(
    "not-authentic",
    "The room's description is not authentic; ask for another one.",
    () =>
      joinGroupExternal(
        decoded,
        publicPackage,
        privatePackage,
        former !== null,
        suite,
        undefined,
        former === null ? config : replacing(former.signaturePublicKey, config),
        Uint8Array.from(associatedData),
      ),
  )
  const message = encodeMessage({
    version: "mls10",
    wireformat: "mls_public_message",
    publicMessage,
  })
  const state = { ...newState, clientConfig: config }
  return { group: firstGroup(state, suite, environment), message }
}

/** Leaves are good until their member is removed: there is no clock here. */
function keyPackage(
  own: OwnLeaf,
  suite: CiphersuiteImpl,
): ReturnType<typeof generateKeyPackageWithKey> {
  const { publicKey, secretKey } = signingKeyPair(own.signatureSeed)
  return generateKeyPackageWithKey(
    { credentialType: "basic", identity: Uint8Array.from(own.credential) },
    capabilities,
    defaultLifetime,
    [],
    { publicKey, signKey: secretKey },
    suite,
  )
}

/** The library finds the leaf that is replaced by asking which one is the newcomer's. */
function replacing(signatureKey: Uint8Array, config: ClientConfig): ClientConfig {
  return {
    ...config,
    keyPackageEqualityConfig: {
      ...config.keyPackageEqualityConfig,
      compareKeyPackageToLeafNode: (_, leaf) => sameBytes(leaf.signaturePublicKey, signatureKey),
    },
  }
}

function treeOf(info: GroupInfo): RatchetTree {
  const [externalKey, tree, ...others] = info.extensions
  const hasOurs =
    externalKey?.extensionType === "external_pub" && tree?.extensionType === "ratchet_tree"
  if (!hasOurs || others.length > 0) throw refused("a room is described by its key and its tree")
  checkExchangeKey(externalKey.extensionData)
  let found: RatchetTree | undefined
  try {
    found = ratchetTreeFromExtension(info)
    if (found !== undefined && sameBytes(encodeRatchetTree(found), tree.extensionData)) return found
  } catch (error) {
    throw malformed("its tree can not be read", error)
  }
  throw malformed("its tree is not written as it should be")
}
