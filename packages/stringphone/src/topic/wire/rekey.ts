import {
  concat,
  decodeAll,
  fromUtf8,
  type Reader,
  u16,
  u32,
  u48,
  u8,
  utf8,
} from "../../bytes/index.js"

/** One participant in a roster. */
export interface Participant {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Of the rekey key: the highest counts. */
  readonly serial: number
  /** X25519, 32 bytes: the next epoch secret is sealed to it. */
  readonly rekeyKey: Uint8Array
  /** 8 random bytes, new each time somebody is let in. */
  readonly joinId: Uint8Array
  readonly isAdmin: boolean
}

/** What a rekey message says, to participants only. */
export interface RekeyBody {
  /** 16 bytes. */
  readonly topicId: Uint8Array
  /** 32 bytes. */
  readonly requestKey: Uint8Array
  readonly epoch: number
  /** Commitment of the epoch that it follows, 32 bytes. */
  readonly parent: Uint8Array
  /** Milliseconds since 1970. */
  readonly madeMs: number
  readonly isPadded: boolean
  /** Ed25519, 32 bytes. */
  readonly signer: Uint8Array
  readonly name: string
  /** In the order in which they came. */
  readonly participants: readonly Participant[]
  /** Join IDs of those removed, newest last. */
  readonly tombstones: readonly Uint8Array[]
}

/** One slot: `hint` tells whose it is to that one alone. */
export interface Slot {
  /** 8 bytes. */
  readonly hint: Uint8Array
  /** 48 bytes. */
  readonly sealedSecret: Uint8Array
}

export interface RekeyMessage {
  readonly epoch: number
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array
  readonly slots: readonly Slot[]
  readonly sealedBody: Uint8Array
  /** Everything before the sealed body. */
  readonly outer: Uint8Array
}

export const rekeyType = 0x4b // K
export const maxParticipants = 1024
export const maxTombstones = 256
export const maxTopicNameBytes = 64

/**
 * The clear part of a rekey message, spec/topic.md §7. Admin → all.
 *
 *   0     1       5               37     39
 *   +-----+-------+---------------+------+-------------------------------+-------------+
 *   | 'K' | epoch | ephemeral key | n    | n × (hint 8 ‖ sealed secret 48) | sealed body |
 *   | u8  | u32   | 32 bytes      | u16  |                               |             |
 *   +-----+-------+---------------+------+-------------------------------+-------------+
 */
export function encodeRekeyOuter(
  message: Pick<RekeyMessage, "epoch" | "ephemeralKey" | "slots">,
): Uint8Array<ArrayBuffer> {
  const { ephemeralKey, epoch, slots } = message
  const encoded = slots.flatMap(({ hint, sealedSecret }) => [hint, sealedSecret])
  return concat(u8(rekeyType), u32(epoch), ephemeralKey, u16(slots.length), ...encoded)
}

/** @throws {PeerError} `malformed` */
export function decodeRekey(bytes: Uint8Array): RekeyMessage {
  return decodeAll(bytes, "rekey message", (r) => {
    r.expect(rekeyType, "type")
    const epoch = r.u32("epoch")
    const ephemeralKey = r.take(32, "ephemeral key")
    const count = r.u16("number of slots")
    if (count >= maxParticipants) throw r.fail("too many slots")
    const slots = Array.from({ length: count }, () => ({
      hint: r.take(8, "hint"),
      sealedSecret: r.take(48, "sealed secret"),
    }))
    const outer = bytes.subarray(0, bytes.length - r.remaining)
    return { epoch, ephemeralKey, slots, sealedBody: r.rest("sealed body", 16), outer }
  })
}

/** Body of a rekey message without its signature, spec/topic.md §7.3. */
export function encodeRekeyBody(body: RekeyBody): Uint8Array<ArrayBuffer> {
  const name = utf8(body.name)
  const participants = body.participants.map(encodeParticipant)
  return concat(
    body.topicId,
    body.requestKey,
    u32(body.epoch),
    body.parent,
    u48(body.madeMs),
    u8(body.isPadded ? 1 : 0),
    body.signer,
    u8(name.length),
    name,
    u16(participants.length),
    ...participants,
    u16(body.tombstones.length),
    ...body.tombstones,
  )
}

/** @throws {PeerError} `malformed` */
export function decodeRekeyBody(bytes: Uint8Array): {
  readonly body: RekeyBody
  /** 64 bytes, not checked yet. */
  readonly signature: Uint8Array
  readonly unsigned: Uint8Array
} {
  return decodeAll(bytes, "rekey body", (r) => {
    const body = readRekeyBody(r)
    const unsigned = bytes.subarray(0, bytes.length - r.remaining)
    return { body, unsigned, signature: r.take(64, "signature") }
  })
}

/** The body without its signature. */
export function readRekeyBody(r: Reader): RekeyBody {
  const body = {
    topicId: r.take(16, "topic ID").slice(),
    requestKey: r.take(32, "request key").slice(),
    epoch: r.u32("epoch"),
    parent: r.take(32, "parent").slice(),
    madeMs: r.u48("made at"),
    isPadded: readFlag(r, "options"),
    signer: r.take(32, "signer").slice(),
    name: readTopicName(r, "name"),
    participants: readParticipants(r),
    tombstones: readTombstones(r),
  }
  const isTombstone = ({ joinId }: Participant): boolean =>
    body.tombstones.some((tombstone) => compareBytes(tombstone, joinId) === 0)
  if (body.participants.some(isTombstone)) throw r.fail("a participant has a tombstone")
  const isFirst = body.parent.every((byte) => byte === 0)
  if (body.epoch === 0 || (body.epoch === 1) !== isFirst) throw r.fail("its parent can not be")
  return body
}

/** Byte by byte, the first difference counts. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Length u8 ‖ UTF-8, 0 to 64 bytes. */
export function readTopicName(r: Reader, field: string): string {
  const length = r.u8(`length of ${field}`)
  if (length > maxTopicNameBytes) throw r.fail(`${field} has more than ${maxTopicNameBytes} bytes`)
  const name = fromUtf8(r.take(length, field))
  if (name === null) throw r.fail(`${field} is not UTF-8`)
  return name
}

/** Public key 32, serial u48, rekey key 32, join ID 8, flags u8. */
export function encodeParticipant(participant: Participant): Uint8Array<ArrayBuffer> {
  const { isAdmin, joinId, publicKey, rekeyKey, serial } = participant
  return concat(publicKey, u48(serial), rekeyKey, joinId, u8(isAdmin ? 1 : 0))
}

export function readParticipant(r: Reader): Participant {
  return {
    publicKey: r.take(32, "public key").slice(),
    serial: r.u48("serial"),
    rekeyKey: r.take(32, "rekey key").slice(),
    joinId: r.take(8, "join ID").slice(),
    isAdmin: readFlag(r, "flags"),
  }
}

function readParticipants(r: Reader): readonly Participant[] {
  const count = r.u16("number of participants")
  if (count > maxParticipants) throw r.fail(`more than ${maxParticipants} participants`)
  const participants = Array.from({ length: count }, () => readParticipant(r))
  if (new Set(participants.map(({ publicKey }) => publicKey.join())).size < count) {
    throw r.fail("a participant is there twice")
  }
  if (!participants.some(({ isAdmin }) => isAdmin)) throw r.fail("there is no admin")
  if (new Set(participants.map(({ joinId }) => joinId.join())).size < count) {
    throw r.fail("a join ID is there twice")
  }
  return participants
}

function readTombstones(r: Reader): readonly Uint8Array[] {
  const count = r.u16("number of tombstones")
  if (count > maxTombstones) throw r.fail(`more than ${maxTombstones} tombstones`)
  const tombstones = Array.from({ length: count }, () => r.take(8, "tombstone").slice())
  if (new Set(tombstones.map((id) => id.join())).size < count)
    throw r.fail("a tombstone is there twice")
  return tombstones
}

function readFlag(r: Reader, field: string): boolean {
  const bits = r.u8(field)
  if (bits > 1) throw r.fail(`unknown bits in ${field}`)
  return bits === 1
}
