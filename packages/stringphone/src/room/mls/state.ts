import { UsageError } from "../../bytes/index.js"
import { suiteName, suiteOn } from "./provider.js"
import {
  directPath,
  leafToNodeIndex,
  leafWidth,
  toLeafIndex,
  type CiphersuiteImpl,
  type ClientConfig,
  type ClientState,
  type Extension,
  type GroupContext,
  type LeafNode,
  type RatchetTree,
  type SecretTree,
} from "./ts-mls.js"
import type { GroupEnvironment, Leaf } from "./types.js"

export const roomIdBytes = 16
export const authenticatorBytes = 32
/** Bounds what a hostile tree costs; the sizes of a full one are still fine on a channel. */
export const maxLeaves = 1024
/** A message that crosses a commit, and the commits right behind it, still opens. */
export const retainedEpochs = 4
/** Messages of one sender that may overtake another one. */
export const retainedGenerations = 32
/** Lost messages of one sender in one epoch; each costs a hash. */
export const maxSkipped = 1000
/** Our extension of the GroupContext, from the range for private use (RFC 9420 §17.3). */
export const settingsType = 0xf1a0

/** An epoch that is over, as far as messages of it can still come in. */
export interface PastEpoch {
  readonly context: GroupContext
  readonly senderDataSecret: Uint8Array
  readonly ratchets: SecretTree
  /** A tree of leaves that have nothing but their signature keys. */
  readonly signers: RatchetTree
}

export interface Internals {
  readonly environment: GroupEnvironment
  readonly suite: CiphersuiteImpl
  /** Its own memory of former epochs is empty: it would keep whole trees. */
  readonly state: ClientState
  /** The oldest first; of a removed member, the last one it was in, too. */
  readonly past: readonly PastEpoch[]
}

let readInternals: (group: Group) => Internals

/** One member's view of one epoch. Immutable; holds secrets and shows none. */
export class Group {
  readonly #internals: Internals
  #leaves: readonly Leaf[] | null = null

  static {
    readInternals = (group) => group.#internals
  }

  /** Made by this module's functions alone. */
  constructor(internals: Internals) {
    this.#internals = internals
  }

  /** 16 bytes. */
  get roomId(): Uint8Array {
    return this.#internals.state.groupContext.groupId
  }

  get epoch(): number {
    return Number(this.#internals.state.groupContext.epoch)
  }

  /** 32 bytes that all members have alike who agree on everything so far (RFC 9420 §8.7). */
  get authenticator(): Uint8Array {
    return this.#internals.state.keySchedule.epochAuthenticator
  }

  /** In the order of their indexes. Of a removed member: as it was with them. */
  get leaves(): readonly Leaf[] {
    return (this.#leaves ??= leavesOf(this.#internals.state.ratchetTree))
  }

  get ownIndex(): number {
    return this.#internals.state.privatePath.leafIndex
  }

  get settings(): Uint8Array {
    return settingsOf(this.#internals.state.groupContext)
  }

  /** Removed members can still open messages of the epochs they were in. */
  get isRemoved(): boolean {
    return this.#internals.state.groupActiveState.kind === "removedFromGroup"
  }
}

export function internalsOf(group: Group): Internals {
  return readInternals(group)
}

/** @throws {UsageError} `removed` */
export function memberInternals(group: Group): Internals {
  if (group.isRemoved) throw new UsageError("removed", "You are no longer in this room.")
  return readInternals(group)
}

/** A group at its beginning: founded, or just joined. */
export function firstGroup(
  state: ClientState,
  suite: CiphersuiteImpl,
  environment: GroupEnvironment,
): Group {
  return new Group({ environment, suite, past: [], state: tidy(state) })
}

/** The epoch after `before`, which stays readable for a while. */
export function nextGroup(before: Internals, state: ClientState): Group {
  return new Group({ ...before, past: withPast(before), state: tidy(state) })
}

/** A removed member knows nothing of the epoch that follows. */
export function removedGroup(before: Internals): Group {
  const none = new Uint8Array(0)
  const state: ClientState = {
    ...before.state,
    signaturePrivateKey: none,
    keySchedule: {
      senderDataSecret: none,
      exporterSecret: none,
      externalSecret: none,
      confirmationKey: none,
      membershipKey: none,
      resumptionPsk: none,
      epochAuthenticator: before.state.keySchedule.epochAuthenticator,
      initSecret: none,
    },
    secretTree: [],
    privatePath: { ...before.state.privatePath, privateKeys: {} },
    groupActiveState: { kind: "removedFromGroup" },
  }
  return new Group({ ...before, past: withPast(before), state })
}

export function settingsExtension(settings: Uint8Array): Extension {
  return { extensionType: settingsType, extensionData: settings }
}

export function settingsOf(context: GroupContext): Uint8Array {
  const found = context.extensions.find(({ extensionType }) => extensionType === settingsType)
  return found?.extensionData ?? new Uint8Array(0)
}

export function leavesOf(tree: RatchetTree): readonly Leaf[] {
  return [...leafNodes(tree)].map(([index, leaf]) => ({
    index,
    signatureKey: leaf.signaturePublicKey,
    credential: leaf.credential.credentialType === "basic" ? identityOf(leaf) : new Uint8Array(0),
  }))
}

export function identityOf({ credential }: LeafNode): Uint8Array {
  return "identity" in credential ? credential.identity : new Uint8Array(0)
}

export function leafAt(tree: RatchetTree, index: number): LeafNode | null {
  const node = tree[index * 2]
  return node?.nodeType === "leaf" ? node.leaf : null
}

export function* leafNodes(tree: RatchetTree): Generator<readonly [number, LeafNode]> {
  for (let node = 0; node < tree.length; node += 2) {
    const leaf = leafAt(tree, node / 2)
    if (leaf !== null) yield [node / 2, leaf]
  }
}

/** What every member's leaf says it can do. [One who said less could block everybody's joins.] */
export const capabilities: LeafNode["capabilities"] = {
  versions: ["mls10"],
  ciphersuites: [suiteName],
  extensions: [settingsType],
  proposals: [],
  credentials: ["basic"],
}

export function configFor({ isCredentialValid }: GroupEnvironment): ClientConfig {
  return {
    keyRetentionConfig: {
      retainKeysForGenerations: retainedGenerations,
      // The library's own memory, which is emptied each time: it must not tidy up in it.
      retainKeysForEpochs: 2,
      maximumForwardRatchetSteps: maxSkipped,
    },
    // No clock here: leaves are good until their member is removed.
    lifetimeConfig: { maximumTotalLifetime: 0n, validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: {
      compareKeyPackages: () => false,
      compareKeyPackageToLeafNode: () => false,
    },
    // Payloads come padded, or not, as their sender wants.
    paddingConfig: { kind: "alwaysPad", paddingLength: 0 },
    authService: {
      validateCredential: async (credential, signatureKey) =>
        "identity" in credential && isCredentialValid(credential.identity, signatureKey),
    },
  }
}

export function suiteFor(environment: GroupEnvironment): CiphersuiteImpl {
  return suiteOn(environment.randomBytes)
}

/** A tree that can verify signatures, and nothing else. */
export function signersTree(length: number, keys: ReadonlyMap<number, Uint8Array>): RatchetTree {
  const none = new Uint8Array(0)
  const tree: RatchetTree = new Array<undefined>(length).fill(undefined)
  for (const [index, signaturePublicKey] of keys) {
    const leaf: LeafNode = {
      hpkePublicKey: none,
      signaturePublicKey,
      credential: { credentialType: "basic", identity: none },
      capabilities,
      leafNodeSource: "commit",
      parentHash: none,
      extensions: [],
      signature: none,
    }
    tree[index * 2] = { nodeType: "leaf", leaf }
  }
  return tree
}

/** The keys of a ratchet that will not be used any more. */
export const spent: SecretTree[number]["handshake"] = {
  secret: new Uint8Array(0),
  generation: 0,
  unusedGenerations: {},
}

function withPast({ past, state }: Internals): readonly PastEpoch[] {
  const { groupContext, keySchedule, ratchetTree, secretTree } = state
  const ratchets: SecretTree = []
  secretTree.forEach(({ application }, node) => {
    ratchets[node] = { application, handshake: spent }
  })
  const keys = new Map([...leafNodes(ratchetTree)].map(([i, leaf]) => [i, leaf.signaturePublicKey]))
  const signers = signersTree(ratchetTree.length, keys)
  const { senderDataSecret } = keySchedule
  return [...past, { context: groupContext, senderDataSecret, ratchets, signers }].slice(
    -retainedEpochs,
  )
}

/** Drops what the library keeps without a use for it. */
function tidy(state: ClientState): ClientState {
  const { privatePath, ratchetTree, secretTree } = state
  const own = leafToNodeIndex(toLeafIndex(privatePath.leafIndex))
  const ownNodes = [own, ...directPath(own, leafWidth(ratchetTree.length))]
  const privateKeys: Record<number, Uint8Array> = {}
  for (const node of ownNodes) {
    const key = privatePath.privateKeys[node]
    // Blank nodes have no key; the old one could open what was sent to it before.
    if (key !== undefined && ratchetTree[node] !== undefined) privateKeys[node] = key
  }
  // Ratchets of inner nodes and of free leaves: nobody ever sends with them.
  const ratchets: SecretTree = []
  for (const [index] of leafNodes(ratchetTree)) {
    const ratchet = secretTree[index * 2]
    if (ratchet !== undefined) ratchets[index * 2] = ratchet
  }
  return {
    ...state,
    historicalReceiverData: new Map(),
    privatePath: { ...privatePath, privateKeys },
    secretTree: ratchets,
  }
}
