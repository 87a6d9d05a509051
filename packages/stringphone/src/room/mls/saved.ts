import { concat, decodeAll, u16, u32, u8, UsageError, type Reader } from "../../bytes/index.js"
import {
  configFor,
  Group,
  internalsOf,
  leafNodes,
  maxLeaves,
  signersTree,
  spent,
  suiteFor,
  type PastEpoch,
} from "./state.js"
import {
  decodeGroupContext,
  decodeKeySchedule,
  decodeRatchetTree,
  encodeGroupContext,
  encodeKeySchedule,
  encodeRatchetTree,
  type GenerationSecret,
  type PrivateKeyPath,
  type RatchetTree,
  type SecretTree,
} from "./ts-mls.js"
import type { GroupEnvironment } from "./types.js"

const format = 1

/**
 * A group for a store; it holds every secret of ours in plain.
 *
 *   +---------+------------+-----------+-----------+-----------+-----------+-----------+
 *   | format  | is removed | context   | keys      | tree      | confirm.  | signing   |
 *   | u8 = 1  | u8         | u32 ‖ MLS | u32 ‖ MLS | u32 ‖ MLS | u32 ‖ tag | u32 ‖ key |
 *   +---------+------------+-----------+-----------+-----------+-----------+-----------+
 *   +--------------+---------------------------+-----------+-----------+--------------+
 *   | own leaf u32 | u16 × (node u32 ‖ key 32) | ratchets  | past u8 × | past epoch … |
 *   +--------------+---------------------------+-----------+-----------+--------------+
 *
 * Past epoch: context, sender data secret (both u32 ‖ bytes), node count u32, u16 × (leaf u32 ‖
 * signature key 32), ratchets. Ratchets: u16 × (leaf u32 ‖ application ‖ handshake). Of a past
 * epoch nothing is left of the handshake.
 */
export function encodeGroup(group: Group): Uint8Array {
  const { past, state } = internalsOf(group)
  return concat(
    u8(format),
    u8(group.isRemoved ? 1 : 0),
    counted(encodeGroupContext(state.groupContext)),
    counted(encodeKeySchedule(state.keySchedule)),
    counted(encodeRatchetTree(state.ratchetTree)),
    counted(state.confirmationTag),
    counted(state.signaturePrivateKey),
    encodePrivatePath(state.privatePath),
    encodeRatchets(state.secretTree),
    u8(past.length),
    ...past.map(encodePast),
  )
}

/** @throws {UsageError} `bad-group`: these are not bytes of `encodeGroup`. */
export function decodeGroup(bytes: Uint8Array, environment: GroupEnvironment): Group {
  try {
    return decodeAll(Uint8Array.from(bytes), "saved group", (r) => readGroup(r, environment), bad)
  } catch (error) {
    throw error instanceof UsageError ? error : bad("The saved group can not be read.", error)
  }
}

function readGroup(r: Reader, environment: GroupEnvironment): Group {
  r.expect(format, "format")
  const isRemoved = r.u8("is removed") === 1
  const groupContext = whole(decodeGroupContext(readCounted(r), 0))
  const keySchedule = whole(decodeKeySchedule(readCounted(r), 0))
  const ratchetTree = whole(decodeRatchetTree(readCounted(r), 0))
  const confirmationTag = readCounted(r)
  const signaturePrivateKey = readCounted(r)
  const privatePath = readPrivatePath(r)
  const secretTree = readRatchets(r)
  const past = readList(r.u8("past epochs"), () => readPast(r))
  return new Group({
    environment,
    suite: suiteFor(environment),
    past,
    state: {
      groupContext,
      keySchedule,
      ratchetTree,
      confirmationTag,
      signaturePrivateKey,
      privatePath,
      secretTree,
      unappliedProposals: {},
      historicalReceiverData: new Map(),
      groupActiveState: { kind: isRemoved ? "removedFromGroup" : "active" },
      clientConfig: configFor(environment),
    },
  })
}

function encodePast({ context, ratchets, senderDataSecret, signers }: PastEpoch): Uint8Array {
  const leaves = [...leafNodes(signers)]
  return concat(
    counted(encodeGroupContext(context)),
    counted(senderDataSecret),
    u32(signers.length),
    u16(leaves.length),
    ...leaves.flatMap(([index, leaf]) => [u32(index), leaf.signaturePublicKey]),
    encodeRatchets(ratchets),
  )
}

function readPast(r: Reader): PastEpoch {
  const context = whole(decodeGroupContext(readCounted(r), 0))
  const senderDataSecret = readCounted(r)
  const length = r.u32("nodes")
  if (length > 2 * maxLeaves) throw r.fail("it has too many nodes")
  const keys = readList(
    r.u16("signers"),
    () => [r.u32("leaf"), r.take(32, "signature key")] as const,
  )
  const signers: RatchetTree = signersTree(length, new Map(keys))
  return { context, senderDataSecret, signers, ratchets: readRatchets(r) }
}

function encodePrivatePath({ leafIndex, privateKeys }: PrivateKeyPath): Uint8Array {
  const keys = Object.entries(privateKeys)
  const encoded = keys.flatMap(([node, key]) => [u32(Number(node)), key])
  return concat(u32(leafIndex), u16(keys.length), ...encoded)
}

function readPrivatePath(r: Reader): PrivateKeyPath {
  const leafIndex = r.u32("own leaf")
  const keys = readList(r.u16("own keys"), () => [r.u32("node"), r.take(32, "key")] as const)
  return { leafIndex, privateKeys: Object.fromEntries(keys) }
}

function encodeRatchets(ratchets: SecretTree): Uint8Array {
  const parts: Uint8Array[] = []
  let count = 0
  ratchets.forEach(({ application, handshake }, node) => {
    count++
    parts.push(u32(node / 2), encodeRatchet(application), encodeRatchet(handshake))
  })
  return concat(u16(count), ...parts)
}

function readRatchets(r: Reader): SecretTree {
  const ratchets: SecretTree = []
  for (let left = r.u16("ratchets"); left > 0; left--) {
    const node = r.u32("leaf") * 2
    ratchets[node] = { application: readRatchet(r), handshake: readRatchet(r) }
  }
  return ratchets
}

/** u8 = 0, or u8 = 1 ‖ generation u32 ‖ secret 32 ‖ u16 × (generation u32 ‖ secret 32) */
function encodeRatchet(ratchet: GenerationSecret): Uint8Array {
  if (ratchet.secret.length === 0) return u8(0)
  const kept = Object.entries(ratchet.unusedGenerations)
  const { generation, secret } = ratchet
  const encoded = kept.flatMap(([at, key]) => [u32(Number(at)), key])
  return concat(u8(1), u32(generation), secret, u16(kept.length), ...encoded)
}

function readRatchet(r: Reader): GenerationSecret {
  if (r.u8("ratchet") === 0) return spent
  const generation = r.u32("generation")
  const secret = r.take(32, "secret")
  const kept = readList(r.u16("kept"), () => [r.u32("generation"), r.take(32, "secret")] as const)
  return { generation, secret, unusedGenerations: Object.fromEntries(kept) }
}

function readList<T>(count: number, read: () => T): T[] {
  return Array.from({ length: count }, read)
}

function counted(bytes: Uint8Array): Uint8Array {
  return concat(u32(bytes.length), bytes)
}

function readCounted(r: Reader): Uint8Array {
  return r.take(r.u32("length"), "part")
}

function whole<T>(decoded: readonly [T, number] | undefined): T {
  if (decoded === undefined) throw bad("The saved group can not be read.")
  return decoded[0]
}

function bad(message: string, cause?: unknown): UsageError {
  return new UsageError("bad-group", `${message} It was not saved by this version.`, { cause })
}
