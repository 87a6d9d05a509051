import {
  concat,
  decodeAll,
  fromUtf8,
  type Reader,
  u32,
  u48,
  u8,
  UsageError,
  utf8,
} from "../../bytes/index.js"
import { openIdentityCard } from "../../identity/index.js"

/** Who somebody says to be. Only the keys are proven, and by the card alone. */
export interface PeerProfile {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** X25519, 32 bytes. */
  readonly exchangePublicKey: Uint8Array
  /** The identity card as it came, 129 bytes; its signature is right. */
  readonly card: Uint8Array
  /** Suggested by an unknown, 0 to 64 bytes in UTF-8: show it as such. */
  readonly name: string
}

/** What a joiner tells of itself, spec/topic.md §9. */
export interface JoinerProfile extends PeerProfile {
  /** Of the rekey key. */
  readonly serial: number
  /** X25519, 32 bytes: what the epoch secret is sealed to. */
  readonly rekeyKey: Uint8Array
}

/** What a host tells of itself and the topic. */
export interface HostProfile extends PeerProfile {
  /** 16 bytes. */
  readonly topicId: Uint8Array
  /** The host's epoch when it said so. */
  readonly epoch: number
  /** 0 to 64 bytes in UTF-8; suggested by an unknown, too. */
  readonly topicName: string
}

/** Of a joiner's profile, what does not follow from its identity. */
export type JoinerFields = Pick<JoinerProfile, "name" | "serial" | "rekeyKey">
/** Of a host's profile, what does not follow from its identity. */
export type HostFields = Pick<HostProfile, "name" | "topicId" | "epoch" | "topicName">

const cardBytes = 129
const maxNameBytes = 64
/** The shortest and the longest that can be. */
export const joinerProfileBytes = { min: 168, max: 232 } as const
export const hostProfileBytes = { min: 151, max: 279 } as const

/**
 * Joiner's profile, spec/topic.md §9.
 *
 *   0      129      135         167
 *   +------+--------+-----------+-------------+
 *   | card | serial | rekey key | name        |
 *   | 129  | u48    | 32 bytes  | u8 ‖ 0 … 64 |
 *   +------+--------+-----------+-------------+
 *
 * @param card 129 bytes
 * @throws {UsageError} `bad-name`, `bad-key`
 */
export function encodeJoinerProfile(
  card: Uint8Array,
  { name, rekeyKey, serial }: JoinerFields,
): Uint8Array<ArrayBuffer> {
  if (rekeyKey.length !== 32) {
    throw new UsageError("bad-key", "A rekey key has 32 bytes.")
  }
  return concat(card, u48(serial), rekeyKey, nameField(name))
}

/** @throws {PeerError} `malformed`, `bad-signature` */
export function openJoinerProfile(bytes: Uint8Array): JoinerProfile {
  return decodeAll(bytes, "joiner's profile", (r) => {
    const card = r.take(cardBytes, "card").slice()
    const serial = r.u48("serial")
    const rekeyKey = r.take(32, "rekey key").slice()
    return { ...keysOf(card), card, serial, rekeyKey, name: readName(r, "name") }
  })
}

/**
 * Host's profile, spec/topic.md §9.
 *
 *   0      129        145     149
 *   +------+----------+-------+-------------+-------------+
 *   | card | topic ID | epoch | topic name  | name        |
 *   | 129  | 16 bytes | u32   | u8 ‖ 0 … 64 | u8 ‖ 0 … 64 |
 *   +------+----------+-------+-------------+-------------+
 *
 * @param card 129 bytes
 * @throws {UsageError} `bad-name`, `bad-topic-id`
 */
export function encodeHostProfile(
  card: Uint8Array,
  { epoch, name, topicId, topicName }: HostFields,
): Uint8Array<ArrayBuffer> {
  if (topicId.length !== 16) throw new UsageError("bad-topic-id", "A topic ID has 16 bytes.")
  return concat(card, topicId, u32(epoch), nameField(topicName), nameField(name))
}

/** @throws {PeerError} `malformed`, `bad-signature` */
export function openHostProfile(bytes: Uint8Array): HostProfile {
  return decodeAll(bytes, "host's profile", (r) => {
    const card = r.take(cardBytes, "card").slice()
    const topicId = r.take(16, "topic ID").slice()
    const epoch = r.u32("epoch")
    const topicName = readName(r, "topic name")
    return { ...keysOf(card), card, topicId, epoch, topicName, name: readName(r, "name") }
  })
}

function keysOf(card: Uint8Array): Pick<PeerProfile, "publicKey" | "exchangePublicKey"> {
  const { exchangePublicKey, publicKey } = openIdentityCard(card)
  return { publicKey, exchangePublicKey }
}

function nameField(name: string): Uint8Array<ArrayBuffer> {
  const bytes = utf8(name)
  if (bytes.length > maxNameBytes) {
    throw new UsageError("bad-name", `The name "${name}" is longer than 64 bytes. Shorten it.`)
  }
  return concat(u8(bytes.length), bytes)
}

function readName(r: Reader, field: string): string {
  const length = r.u8(`length of ${field}`)
  if (length > maxNameBytes) throw r.fail(`${field} has ${length} bytes, at most 64 are allowed`)
  const name = fromUtf8(r.take(length, field))
  if (name === null) throw r.fail(`${field} is not UTF-8`)
  return name
}
