import { concat, type RandomBytes, UsageError } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import { type Packet, signedBytes, type Unsigned } from "./packet.js"
import type { Introduction } from "./wire/introduction.js"
import type { KeyTransport } from "./wire/key-transport.js"
import type { RoomJoin } from "./wire/room-join.js"
import type { RoomMessage } from "./wire/room-message.js"

/** Who signs: an identity, without the label that our own protocols put in front. */
export interface PacketSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** @returns Ed25519 signature, 64 bytes, over just these bytes */
  sign(message: Uint8Array): Uint8Array
}

/**
 * The signer of an identity, from its seed; classic packets are signed without a label.
 * @param identitySeed 32 bytes
 * @throws {UsageError} `bad-key`
 */
export function packetSigner(identitySeed: Uint8Array): PacketSigner {
  requireKey(identitySeed, "identitySeed")
  const { publicKey, secretKey } = crypto.signingKeyPair(identitySeed)
  return { publicKey, sign: (message) => crypto.sign(message, secretKey) }
}

/** Tells one person our identity key. */
export function signIntroduction(signer: PacketSigner): Introduction {
  return signed(signer, { kind: "introduction", identityKey: signer.publicKey })
}

/** Asks the captain to let us in; room message keys will be sealed to this key. */
export function signRoomJoin(signer: PacketSigner, roomPrivateKey: Uint8Array): RoomJoin {
  requireKey(roomPrivateKey, "roomPrivateKey")
  const participantKey = crypto.exchangePublicKey(roomPrivateKey)
  return signed(signer, { kind: "room-join", identityKey: signer.publicKey, participantKey })
}

/** What a captain puts into a key transport. All keys have 32 bytes. */
export interface KeyTransportContent {
  readonly roomMessageKey: Uint8Array
  /** X25519. Ours makes a fresh one each time. [FLUTE-4.3-4] */
  readonly transportPrivateKey: Uint8Array
  /** 1 to 4,294,967,295, higher each time. */
  readonly counter: number
  /** Room participant keys of everyone who stays, at least one. */
  readonly participantKeys: readonly Uint8Array[]
}

/**
 * Seals a room message key to all members, and signs.
 *
 * @param random asked for 24 bytes for each member, in their order
 * @throws {UsageError} `bad-key`, `bad-counter`, `no-members`; `bad-key` also when a participant key
 *   is of low order
 */
export function sealRoomMessageKey(
  signer: PacketSigner,
  content: KeyTransportContent,
  random: RandomBytes,
): KeyTransport {
  const { roomMessageKey, transportPrivateKey, counter, participantKeys } = content
  requireKey(roomMessageKey, "roomMessageKey")
  requireKey(transportPrivateKey, "transportPrivateKey")
  if (!Number.isInteger(counter) || counter < 1 || counter > 0xffffffff) {
    throw new UsageError("bad-counter", "A key counter is a whole number from 1 to 4294967295.")
  }
  if (participantKeys.length === 0) {
    throw new UsageError("no-members", "A key transport needs at least one member.")
  }
  const cells = participantKeys.map((participantKey) => {
    requireKey(participantKey, "participantKeys")
    const nonce = random(24)
    const box = crypto.sealBox(roomMessageKey, nonce, participantKey, transportPrivateKey)
    if (!box) throw new UsageError("bad-key", "A participant key is of low order. Leave it out.")
    return concat(nonce, box)
  })
  return signed(signer, {
    kind: "key-transport",
    captainIdentityKey: signer.publicKey,
    captainTransportKey: crypto.exchangePublicKey(transportPrivateKey),
    counter,
    cells,
  })
}

/** Whether room message keys can be sealed to this key: it is not of low order. [FLUTE-4.2-3] */
export function isUsableParticipantKey(participantKey: Uint8Array): boolean {
  return crypto.exchange(anyPrivateKey, participantKey) !== null
}

const anyPrivateKey = new Uint8Array(32).fill(1)

/**
 * The room message key, by trial of each cell.
 *
 * @param roomPrivateKey X25519, 32 bytes
 * @returns 32 bytes, or `null`: not for us
 * @throws {UsageError} `bad-key`
 */
export function openRoomMessageKey(
  { captainTransportKey, cells }: KeyTransport,
  roomPrivateKey: Uint8Array,
): Uint8Array | null {
  requireKey(roomPrivateKey, "roomPrivateKey")
  for (const cell of cells) {
    const [nonce, box] = [cell.subarray(0, 24), cell.subarray(24)]
    const key = crypto.openBox(box, nonce, captainTransportKey, roomPrivateKey)
    if (key) return key
  }
  return null
}

/**
 * Encrypts for everyone who has the room message key, and signs.
 *
 * @param random asked for 24 bytes
 * @throws {UsageError} `bad-key`
 */
export function sealRoomMessage(
  signer: PacketSigner,
  plaintext: Uint8Array,
  roomMessageKey: Uint8Array,
  random: RandomBytes,
): RoomMessage {
  requireKey(roomMessageKey, "roomMessageKey")
  const nonce = random(24)
  const box = crypto.sealSecretbox(plaintext, nonce, roomMessageKey)
  return signed(signer, { kind: "room-message", nonce, box })
}

/**
 * @param roomMessageKey 32 bytes
 * @returns the plaintext, or `null`: not this key. Who said it, {@link verifyPacket} tells.
 * @throws {UsageError} `bad-key`
 */
export function openRoomMessage(
  { nonce, box }: RoomMessage,
  roomMessageKey: Uint8Array,
): Uint8Array | null {
  requireKey(roomMessageKey, "roomMessageKey")
  return crypto.openSecretbox(box, nonce, roomMessageKey)
}

function signed<P extends Packet>(signer: PacketSigner, packet: Unsigned<P>): P {
  return { ...packet, signature: signer.sign(signedBytes(packet)) } as unknown as P
}

function requireKey(key: Uint8Array, name: string): void {
  if (!(key instanceof Uint8Array) || key.length !== 32) {
    throw new UsageError("bad-key", `\`${name}\` must be a Uint8Array of 32 bytes.`)
  }
}
