import { hash, withLabelled } from "../../crypto/index.js"
import { messageIdBytes } from "./heads.js"
import {
  applicationContent,
  decodeFramedMls,
  encodeFramedMls,
  type FramedMls,
} from "./mls-framing.js"

export const messageType = 0x6d // m

/**
 * Message, spec/room.md §5. Member → all.
 *
 * @param mls a PrivateMessage of content type application, in an MLSMessage
 * @throws {TypeError} when it is something else
 */
export function encodeMessagePacket(mls: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeFramedMls(messageType, applicationContent, mls)
}

/** @throws {PeerError} `malformed` */
export function decodeMessagePacket(bytes: Uint8Array): FramedMls {
  return decodeFramedMls(bytes, messageType, applicationContent, "message")
}

/** 16 bytes, of the message as on the channel. [ROOM-5-1] */
export function messageId(wireBytes: Uint8Array): Uint8Array {
  return withLabelled("room message", [wireBytes], hash).slice(0, messageIdBytes)
}
