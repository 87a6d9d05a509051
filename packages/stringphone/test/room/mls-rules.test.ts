// What a member with other software could send, made with the MLS library itself.
import { createCommit } from "ts-mls/createCommit.js"
import { createProposal } from "ts-mls/createMessage.js"
import { generateKeyPackage } from "ts-mls/keyPackage.js"
import { processPrivateMessage } from "ts-mls/processMessages.js"
import type { Proposal } from "ts-mls/proposal.js"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../src/bytes/index.js"
import { randomBytes } from "../../src/crypto/index.js"
import { apply, inspect, joinByExternalCommit, type Group } from "../../src/room/mls/group.js"
import { checkContext, checkPath, checkTree, effectsOf } from "../../src/room/mls/rules.js"
import { capabilities, configFor, internalsOf, settingsType } from "../../src/room/mls/state.js"
import {
  createGroupInfoWithExternalPubAndRatchetTree,
  defaultLifetime,
  encodeMlsMessage,
  joinGroupExternal,
  emptyPskIndex,
  type ClientState,
  type MLSMessage,
  type ProposalOrRef,
  type RatchetTree,
  type UpdatePath,
} from "../../src/room/mls/ts-mls.js"
import { accept, environment, groupOf, leaf, none } from "./mls-members.js"

const refused = (part: string): Error =>
  expect.objectContaining({
    code: "refused",
    message: expect.stringContaining(part) as string,
  }) as Error
const remove = (removed: number): Proposal => ({ proposalType: "remove", remove: { removed } })
const settings = (...types: number[]): Proposal => ({
  proposalType: "group_context_extensions",
  groupContextExtensions: {
    extensions: types.map((extensionType) => ({ extensionType, extensionData: none })),
  },
})
const init: Proposal = { proposalType: "external_init", externalInit: { kemOutput: none } }

async function setting() {
  const [alice, mallory] = (await groupOf("alice", "mallory", "carol")) as [Group, Group, Group]
  const { state, suite } = internalsOf(mallory)
  const credential = { credentialType: "basic" as const, identity: utf8("dave") }
  const keyPackage = await generateKeyPackage(credential, capabilities, defaultLifetime, [], suite)
  const add: Proposal = { proposalType: "add", add: { keyPackage: keyPackage.publicPackage } }
  const send = async (extraProposals: Proposal[], from: ClientState = state, cipherSuite = suite) =>
    (await createCommit({ state: from, cipherSuite }, { extraProposals })).commit
  return { alice, state, suite, add, send }
}

const received = (group: Group, message: MLSMessage): Promise<Group> =>
  apply(group, encodeMlsMessage(message), accept)

describe("commits of other software", () => {
  test("that add somebody", async () => {
    const { add, alice, send } = await setting()
    await expect(received(alice, await send([add]))).rejects.toThrow(refused("nothing else"))
  })

  test("that start the room anew, or do what nobody knows", async () => {
    const { alice, send } = await setting()
    const reinit: Proposal = {
      proposalType: "reinit",
      reinit: {
        groupId: none,
        version: "mls10",
        cipherSuite: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
        extensions: [],
      },
    }
    // A commit of these alone has no path: the kind of proposal is refused before that.
    await expect(received(alice, await send([reinit]))).rejects.toThrow(refused("nothing else"))
    const custom: Proposal = { proposalType: 0xf123, proposalData: none }
    await expect(received(alice, await send([custom]))).rejects.toThrow(refused("nothing else"))
  })

  test("that refer to proposals sent before", async () => {
    const { alice, state, suite } = await setting()
    const proposed = await createProposal(state, false, remove(2), suite)
    expect(() => inspect(encodeMlsMessage(proposed.message))).toThrow(
      expect.objectContaining({ code: "unexpected" }),
    )
    const { commit } = await createCommit({ state: proposed.newState, cipherSuite: suite })
    await expect(received(alice, commit)).rejects.toThrow(refused("not in the commit itself"))
  })

  test("that bring no new keys", async () => {
    const { alice, send } = await setting()
    // The library of itself makes none where settings alone change. (RFC 9420 §12.4: it should)
    const message = await send([settings(settingsType)])
    await expect(received(alice, message)).rejects.toThrow(refused("new keys"))
  })

  test("that are not encrypted", async () => {
    const { state, suite } = await setting()
    const { commit } = await createCommit(
      { state, cipherSuite: suite },
      { wireAsPublicMessage: true },
    )
    expect(() => inspect(encodeMlsMessage(commit))).toThrow(
      expect.objectContaining({ code: "unexpected" }),
    )
  })

  test("that make somebody else of their sender, or less capable", async () => {
    const { alice, send, state } = await setting()
    const own = state.ratchetTree[2]
    if (own?.nodeType !== "leaf") throw new Error("no leaf of our own")
    const changed = (change: Partial<typeof own.leaf>): ClientState => {
      const ratchetTree = state.ratchetTree.slice()
      ratchetTree[2] = { nodeType: "leaf", leaf: { ...own.leaf, ...change } as typeof own.leaf }
      return { ...state, ratchetTree }
    }
    const asAlice = changed({ credential: { credentialType: "basic", identity: utf8("alice") } })
    await expect(received(alice, await send([], asAlice))).rejects.toThrow(refused("somebody else"))
    const less = changed({ capabilities: { ...capabilities, credentials: [] } })
    await expect(received(alice, await send([], less))).rejects.toThrow(refused("can do something"))
  })

  test("whose keys are not those that they show; the library takes them", async () => {
    const { alice, send, state, suite } = await setting()
    const lying = {
      ...suite,
      hpke: {
        ...suite.hpke,
        exportPublicKey: async (key: Parameters<typeof suite.hpke.exportPublicKey>[0]) => {
          await suite.hpke.exportPublicKey(key)
          const other = await suite.hpke.deriveKeyPair(randomBytes(32))
          return suite.hpke.exportPublicKey(other.publicKey)
        },
      },
    }
    const message = await send([], state, lying)
    if (message.wireformat !== "mls_private_message") throw new Error("not encrypted")
    const internals = internalsOf(alice)
    const taken = await processPrivateMessage(
      internals.state,
      message.privateMessage,
      emptyPskIndex,
      internals.suite,
    )
    expect(taken.newState.groupContext.epoch).toBe(3n)
    await expect(received(alice, message)).rejects.toThrow(refused("that it shows"))
  })
})

describe("the effects of proposals", async () => {
  const [alice] = await groupOf("alice", "bob", "carol")
  const { ratchetTree } = internalsOf(alice as Group).state
  const of = (committer: number | null, ...proposals: Proposal[]) =>
    effectsOf(
      proposals.map((proposal) => ({ proposalOrRefType: "proposal", proposal })),
      ratchetTree,
      committer,
    )

  test("of a member's commit", () => {
    expect(of(1)).toEqual({ removed: [], settings: null, isExternal: false })
    expect(of(1, remove(2), remove(0)).removed).toEqual([2, 0])
    expect(of(1, settings(settingsType)).settings).toEqual(none)
    expect(() => of(1, remove(1))).toThrow(refused("themselves"))
    expect(() => of(1, remove(2), remove(2))).toThrow(refused("twice"))
    for (const index of [3, 4, 7, 2 ** 31, 2 ** 32 - 1]) {
      expect(() => of(1, remove(index))).toThrow(refused("not in the room"))
    }
    expect(() => of(1, settings(settingsType), settings(settingsType))).toThrow(
      refused("more than"),
    )
    expect(() => of(1, settings(settingsType, 0xf1a1))).toThrow(refused("no other extension"))
    expect(() => of(1, settings(0xf1a1))).toThrow(refused("no other extension"))
    expect(() => of(1, settings())).toThrow(refused("no other extension"))
    expect(() => of(1, init)).toThrow(refused("where it comes from"))
  })

  test("of a newcomer's commit", () => {
    expect(of(null, init)).toEqual({ removed: [], settings: null, isExternal: true })
    expect(of(null, remove(1), init).removed).toEqual([1])
    expect(() => of(null)).toThrow(refused("where it comes from"))
    expect(() => of(null, init, init)).toThrow(refused("where it comes from"))
    expect(() => of(null, init, remove(1), remove(2))).toThrow(refused("one leaf"))
    expect(() => of(null, init, settings(settingsType))).toThrow(refused("settings"))
    expect(() => of(null, init, remove(3))).toThrow(refused("not in the room"))
  })

  test("of references and of every other kind", () => {
    const psk = { proposalType: "psk" } as unknown as Proposal
    const update = { proposalType: "update" } as unknown as Proposal
    for (const other of [psk, update]) {
      expect(() => of(1, other)).toThrow(refused("nothing else"))
      expect(() => of(null, init, other)).toThrow(refused("nothing else"))
    }
    const reference: ProposalOrRef = { proposalOrRefType: "reference", reference: none }
    expect(() => effectsOf([reference], ratchetTree, 1)).toThrow(refused("itself"))
  })
})

describe("trees and paths", async () => {
  const [alice] = await groupOf("alice", "bob", "carol")
  const { groupContext, ratchetTree: tree } = internalsOf(alice as Group).state
  const bob = tree[2]
  const root = tree[3]
  if (bob?.nodeType !== "leaf" || root?.nodeType !== "parent")
    throw new Error("not a tree of three")
  const checked = (at: number, node: RatchetTree[number]) => () => {
    const changed = tree.slice()
    changed[at] = node
    checkTree(changed, environment)
  }
  const leafWith = (change: object): typeof bob => ({ ...bob, leaf: { ...bob.leaf, ...change } })

  test("a tree", () => {
    checkTree(tree, environment)
    expect(checked(2, root)).toThrow(refused("out of place"))
    expect(checked(3, bob)).toThrow(refused("out of place"))
    const unmerged = { ...root, parent: { ...root.parent, unmergedLeaves: [4e9] } }
    expect(checked(3, unmerged)).toThrow(refused("added from outside"))
    expect(checked(6, bob)).toThrow(refused("used twice"))
    const sameKey = leafWith({ hpkePublicKey: root.parent.hpkePublicKey })
    expect(checked(2, sameKey)).toThrow(refused("used twice"))
    expect(checked(2, leafWith({ hpkePublicKey: new Uint8Array(32) }))).toThrow(
      refused("low order"),
    )
    expect(checked(2, leafWith({ hpkePublicKey: none }))).toThrow(/32 bytes/)
    expect(checked(2, leafWith({ signaturePublicKey: none }))).toThrow(refused("32 bytes"))
    expect(checked(2, leafWith({ leafNodeSource: "update" }))).toThrow(refused("by a commit"))
    const expiring = { leafNodeSource: "key_package", lifetime: { notBefore: 0n, notAfter: 9n } }
    expect(checked(2, leafWith(expiring))).toThrow(refused("expire"))
    const x509 = { credential: { credentialType: "x509", certificates: [] } }
    expect(checked(2, leafWith(x509))).toThrow(refused("basic credential"))
    const extension = { extensionType: 1, extensionData: none }
    expect(checked(2, leafWith({ extensions: [extension] }))).toThrow(refused("something else"))
    expect(() => checkTree(new Array<undefined>(2048).fill(undefined), environment)).toThrow(
      refused("1024"),
    )
  })

  test("a context", () => {
    checkContext(groupContext)
    const wrong: Partial<typeof groupContext>[] = [
      { cipherSuite: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519" },
      { groupId: none },
      { extensions: [] },
      { extensions: [...groupContext.extensions, ...groupContext.extensions] },
      { treeHash: none },
      { confirmedTranscriptHash: new Uint8Array(31) },
    ]
    for (const change of wrong) {
      expect(() => checkContext({ ...groupContext, ...change })).toThrow(
        expect.objectContaining({ code: "refused" }),
      )
    }
  })

  test("a path", () => {
    const fresh = (): Uint8Array => randomBytes(32)
    const path = (change: object = {}, keys = [fresh(), fresh()]): UpdatePath => ({
      leafNode: {
        ...bob.leaf,
        leafNodeSource: "commit",
        parentHash: none,
        hpkePublicKey: fresh(),
        ...change,
      },
      nodes: keys.map((hpkePublicKey) => ({ hpkePublicKey, encryptedPathSecret: [] })),
    })
    const check = (one: UpdatePath | undefined, committer: number | null, removed: number[] = []) =>
      checkPath(one, tree, committer, removed, environment)
    check(path(), 1)
    check(path({ signaturePublicKey: fresh() }), null)
    check(path(), null, [1])
    expect(() => check(undefined, 1)).toThrow(refused("new keys"))
    expect(() => check(path(), null)).toThrow(refused("used twice"))
    expect(() => check(path(), 0)).toThrow(refused("used twice"))
    expect(() => check(path(), 0, [1])).toThrow(refused("somebody else"))
    expect(() => check(path({ signaturePublicKey: fresh() }), 1)).toThrow(refused("somebody else"))
    const { hpkePublicKey } = bob.leaf
    expect(() => check(path({ hpkePublicKey }), 1)).toThrow(refused("used twice"))
    expect(() => check(path({}, [hpkePublicKey]), 1)).toThrow(refused("used twice"))
    const same = fresh()
    expect(() => check(path({}, [same, same]), 1)).toThrow(refused("used twice"))
    expect(() => check(path({}, [new Uint8Array(32)]), 1)).toThrow(refused("low order"))
  })
})

test("a room where somebody was added is refused by whoever wants to join", async () => {
  const { add, state, suite } = await setting()
  const { newState } = await createCommit({ state, cipherSuite: suite }, { extraProposals: [add] })
  const root = newState.ratchetTree[3]
  expect(root?.nodeType === "parent" && root.parent.unmergedLeaves).toEqual([3])
  const info = await createGroupInfoWithExternalPubAndRatchetTree(newState, [], suite)
  const bytes = encodeMlsMessage({
    version: "mls10",
    wireformat: "mls_group_info",
    groupInfo: info,
  })
  const joining = joinByExternalCommit(bytes, leaf("x"), none, { check: accept }, environment)
  await expect(joining).rejects.toThrow(refused("added from outside"))
})

test("why nobody is added: the library refuses a valid tree where somebody was", async () => {
  const members = await groupOf("a", "b", "c", "d", "e", "f", "g")
  const { state, suite } = internalsOf(members[0] as Group)
  const credential = { credentialType: "basic" as const, identity: utf8("h") }
  const package_ = async () =>
    generateKeyPackage(credential, capabilities, defaultLifetime, [], suite)
  const { publicPackage: keyPackage } = await package_()
  const add: Proposal = { proposalType: "add", add: { keyPackage } }
  const added = await createCommit({ state, cipherSuite: suite }, { extraProposals: [add] })
  // New keys for the root, where the added leaf is merged, and not for the nodes below it.
  const after = await createCommit({ state: added.newState, cipherSuite: suite })
  const info = await createGroupInfoWithExternalPubAndRatchetTree(after.newState, [], suite)
  const { privatePackage, publicPackage } = await package_()
  const config = configFor(environment)
  await expect(
    joinGroupExternal(info, publicPackage, privatePackage, false, suite, undefined, config),
  ).rejects.toThrow("unmerged_leaves")
})
