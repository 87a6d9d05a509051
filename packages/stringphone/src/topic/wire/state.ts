import { concat, decodeAll, type Reader, u16, u32, u48, u8 } from "../../bytes/index.js"
import type { Epoch, Sender } from "../epoch.js"
import type { Membership } from "../membership.js"
import type { KeptKey, ReceivingChain } from "../receiving-keys.js"
import type { SendingChain } from "../sending-keys.js"
import type { RekeyKeyPair } from "../slot.js"
import { exchangePublicKey } from "../../crypto/index.js"
import {
  encodeParticipant,
  encodeRekeyBody,
  type Participant,
  readParticipant,
  readRekeyBody,
} from "./rekey.js"

/** All that a participant keeps of a topic, but for what it sends with. Secret. */
export interface SavedState {
  /** Whose it is: Ed25519, 32 bytes. */
  readonly owner: Uint8Array
  readonly isRemoved: boolean
  readonly membership: Membership
  readonly latestRekey: Uint8Array
  readonly rekeyKeys: readonly RekeyKeyPair[]
  readonly announced: readonly Announced[]
  /** Whom we saw removed: Ed25519, 32 bytes each. */
  readonly removed: readonly Uint8Array[]
}

export interface Announced {
  readonly publicKey: Uint8Array
  readonly serial: number
  readonly rekeyKey: Uint8Array
}

/** What is sent with; several processes of one identity share it. Secret. */
export interface SavedSending {
  /** Of the epoch, 32 bytes. */
  readonly commitment: Uint8Array
  readonly chain: SendingChain
  /** How many counters were used, if it was closed in order. */
  readonly used: number | null
}

const version = 1

/** Not on the wire: the lengths of lists are in front, fields as in spec/topic.md. */
export function encodeState(state: SavedState): Uint8Array<ArrayBuffer> {
  const { current, earlier, isSplit, parentAdmins, pendingAdmissions, removals } = state.membership
  return concat(
    u8(version),
    state.owner,
    u8(state.isRemoved ? 1 : 0),
    u32(state.latestRekey.length),
    state.latestRekey,
    ...encodeList(state.rekeyKeys, ({ secretKey, serial, usedMs }) =>
      concat(u48(serial), secretKey, u48(usedMs ?? 0)),
    ),
    ...encodeList(state.announced, ({ publicKey, rekeyKey, serial }) =>
      concat(publicKey, u48(serial), rekeyKey),
    ),
    ...encodeList(state.removed, (key) => key),
    ...encodeList(parentAdmins, (key) => key),
    ...encodeList(removals, (id) => id),
    u8(isSplit ? 1 : 0),
    ...encodeList(pendingAdmissions, encodeParticipant),
    ...encodeList([current, ...earlier], encodeEpoch),
  )
}

/** @throws {PeerError} `malformed` */
export function decodeState(bytes: Uint8Array): SavedState {
  return decodeAll(bytes, "topic state", (r) => {
    r.expect(version, "version")
    const owner = r.take(32, "owner").slice()
    const isRemoved = r.u8("removed") === 1
    const latestRekey = r.take(r.u32("length of rekey message"), "rekey message").slice()
    const rekeyKeys = readList(r, readRekeyKey)
    const announced = readList(r, () => ({
      publicKey: r.take(32, "public key").slice(),
      serial: r.u48("serial"),
      rekeyKey: r.take(32, "rekey key").slice(),
    }))
    const removed = readList(r, () => r.take(32, "removed").slice())
    const parentAdmins = readList(r, () => r.take(32, "admin").slice())
    const removals = readList(r, () => r.take(8, "join ID").slice())
    const isSplit = r.u8("split") === 1
    const pendingAdmissions: readonly Participant[] = readList(r, readParticipant)
    const [current, ...earlier] = readList(r, readEpoch)
    if (!current) throw r.fail("it has no epoch")
    const membership = { current, earlier, parentAdmins, removals, pendingAdmissions, isSplit }
    return { owner, isRemoved, membership, latestRekey, rekeyKeys, announced, removed }
  })
}

export function encodeSending({ chain, commitment, used }: SavedSending): Uint8Array<ArrayBuffer> {
  const counters = used === null ? 0 : used + 1
  return concat(u8(version), commitment, chain.chainKey, u32(chain.block), u48(counters))
}

/** @throws {PeerError} `malformed` */
export function decodeSending(bytes: Uint8Array): SavedSending {
  return decodeAll(bytes, "topic sending state", (r) => {
    r.expect(version, "version")
    const commitment = r.take(32, "commitment").slice()
    const chain = { chainKey: r.take(32, "chain key").slice(), block: r.u32("block") }
    const counters = r.u48("used")
    return { commitment, chain, used: counters === 0 ? null : counters - 1 }
  })
}

function encodeEpoch({ body, commitment, endedMs, ownTag, senders }: Epoch): Uint8Array {
  const encodedBody = encodeRekeyBody(body)
  return concat(
    u32(encodedBody.length),
    encodedBody,
    commitment,
    u48(endedMs ?? 0),
    u32(ownTag),
    ...encodeList([...senders.values()], encodeSender),
  )
}

function readEpoch(r: Reader): Epoch {
  const encodedBody = r.take(r.u32("length of body"), "body")
  const body = decodeAll(encodedBody, "rekey body", readRekeyBody)
  const commitment = r.take(32, "commitment").slice()
  const endedMs = r.u48("ended at") || null
  const ownTag = r.u32("own tag")
  const senders = readList(r, readSender)
  return { body, commitment, endedMs, ownTag, senders: new Map(senders.map((s) => [s.tag, s])) }
}

function encodeSender(sender: Sender): Uint8Array {
  const { chain, falseJumps, guard, joinId, mustAnswer, publicKey, tag } = sender
  return concat(
    publicKey,
    joinId,
    u32(tag),
    u8(falseJumps),
    u8(mustAnswer ? 1 : 0),
    guard,
    chain.chainKey,
    u32(chain.block),
    u48(chain.counters),
    ...encodeList(chain.kept, ({ first, key, passedMs, size }) =>
      concat(u32(first), u16(size), u48(passedMs), key),
    ),
  )
}

function readSender(r: Reader): Sender {
  const [publicKey, joinId] = [r.take(32, "public key").slice(), r.take(8, "join ID").slice()]
  const [tag, falseJumps] = [r.u32("tag"), r.u8("false jumps")]
  const mustAnswer = r.u8("must answer") === 1
  const guard = r.take(8, "guard").slice()
  const chainKey = r.take(32, "chain key").slice()
  const [block, counters] = [r.u32("block"), r.u48("counters")]
  const kept: readonly KeptKey[] = readList(r, () => ({
    first: r.u32("first counter"),
    size: r.u16("size"),
    passedMs: r.u48("passed at"),
    key: r.take(32, "kept key").slice(),
  }))
  const chain: ReceivingChain = { chainKey, block, counters, kept }
  return { publicKey, joinId, tag, guard, falseJumps, mustAnswer, chain }
}

function readRekeyKey(r: Reader): RekeyKeyPair {
  const serial = r.u48("serial")
  const secretKey = r.take(32, "rekey key").slice()
  const usedMs = r.u48("used at") || null
  return { serial, secretKey, publicKey: exchangePublicKey(secretKey), usedMs }
}

function encodeList<T>(items: readonly T[], encode: (item: T) => Uint8Array): Uint8Array[] {
  return [u16(items.length), ...items.map(encode)]
}

function readList<T>(r: Reader, read: (r: Reader) => T): readonly T[] {
  return Array.from({ length: r.u16("length of list") }, () => read(r))
}
