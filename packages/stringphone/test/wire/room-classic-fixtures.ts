import { utf8 } from "../../src/bytes/index.js"
import {
  encodePacket,
  type Packet,
  packetSigner,
  sealRoomMessage,
  sealRoomMessageKey,
  signIntroduction,
  signRoomJoin,
} from "../../src/room/classic/index.js"
import { exchangePublicKey } from "../../src/crypto/index.js"
import { secret } from "./fixtures.js"

/** Random bytes that are known: 24 times 1, 24 times 2 … */
export function countingRandom(): (length: number) => Uint8Array {
  let next = 0
  return (length) => new Uint8Array(length).fill(++next)
}

export const alice = packetSigner(secret(1))
export const bob = packetSigner(secret(2))
export const bobsRoomKey = secret(12)
export const carolsRoomKey = secret(13)
export const roomMessageKey = secret(0x55)
export const text = utf8("Hi Bob!")

const content = {
  roomMessageKey,
  transportPrivateKey: secret(11),
  counter: 0x01020304,
  participantKeys: [exchangePublicKey(bobsRoomKey), exchangePublicKey(carolsRoomKey)],
}

export const introduction = signIntroduction(bob)
export const roomJoin = signRoomJoin(bob, bobsRoomKey)
export const keyTransport = sealRoomMessageKey(alice, content, countingRandom())
export const roomMessage = sealRoomMessage(bob, text, roomMessageKey, countingRandom())

/** Each kind, who signed it, and how many bytes it has. */
export const packets: readonly {
  readonly packet: Packet
  readonly signer: Uint8Array
  readonly bytes: number
}[] = [
  { packet: introduction, signer: bob.publicKey, bytes: 96 },
  { packet: roomJoin, signer: bob.publicKey, bytes: 128 },
  { packet: keyTransport, signer: alice.publicKey, bytes: 132 + 2 * 72 },
  { packet: roomMessage, signer: bob.publicKey, bytes: 104 + 7 },
]

export const texts = packets.map(({ packet }) => encodePacket(packet))
