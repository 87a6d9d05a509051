import { PeerError, sameBytes } from "../../bytes/index.js"
import { malformed, refused, WrongEpoch } from "./failure.js"
import {
  decodeMlsMessage,
  encodeMlsMessage,
  type GroupInfo,
  type MLSMessage,
  type PrivateMessage,
  type PublicMessage,
} from "./ts-mls.js"
import type { Inspected } from "./types.js"

/** Far beyond any message of ours; a bound for hostile ones. */
export const maxMessageBytes = 1_048_576

export type Decoded =
  | {
      readonly kind: "application"
      readonly message: PrivateMessage
      readonly header: Inspected
    }
  | {
      readonly kind: "commit"
      readonly message: PrivateMessage
      readonly header: Inspected
    }
  | {
      readonly kind: "external-commit"
      readonly message: PublicMessage
      readonly header: Inspected
    }

/** @throws {PeerError} `malformed`; `unexpected`: MLS, but nothing that a room sends. */
export function decodeMessage(bytes: Uint8Array): Decoded {
  const found = decodeWhole(bytes)
  if (found.wireformat === "mls_private_message") {
    const message = found.privateMessage
    if (message.contentType === "proposal") throw unexpected()
    const kind = message.contentType
    return { kind, message, header: headerOf(kind, message) }
  }
  if (found.wireformat === "mls_public_message") {
    const message = found.publicMessage
    const isExternal = message.content.sender.senderType === "new_member_commit"
    if (!isExternal || message.content.contentType !== "commit") throw unexpected()
    return {
      kind: "external-commit",
      message,
      header: headerOf("external-commit", message.content),
    }
  }
  throw unexpected()
}

/** @throws {PeerError} `malformed`, `unexpected` */
export function decodeGroupInfo(bytes: Uint8Array): GroupInfo {
  const found = decodeWhole(bytes)
  if (found.wireformat !== "mls_group_info") throw unexpected()
  epochOf(found.groupInfo.groupContext.epoch)
  return found.groupInfo
}

export function encodeMessage(message: MLSMessage): Uint8Array {
  return encodeMlsMessage(message)
}

/** @throws {PeerError} `refused`: it is of another room */
export function checkRoom(header: Inspected, roomId: Uint8Array): void {
  if (!sameBytes(header.roomId, roomId)) throw refused("it belongs to another room")
}

export function checkEpoch(header: Inspected, epoch: number): void {
  if (header.epoch !== epoch) throw new WrongEpoch(header.epoch, epoch)
}

/**
 * The library takes bytes behind the end, lengths in more bytes than they need and other spellings;
 * a message has exactly one here. Decoded is a copy, since the result holds on to views of it.
 */
function decodeWhole(bytes: Uint8Array): MLSMessage {
  if (bytes.length > maxMessageBytes) throw malformed(`more than ${maxMessageBytes} bytes`)
  const copy = new Uint8Array(bytes)
  let found: MLSMessage | undefined
  let isExact: boolean
  try {
    found = decodeMlsMessage(copy, 0)?.[0]
    if (found === undefined) throw malformed("it is cut off or has unknown parts")
    isExact =
      found.wireformat === "mls_private_message"
        ? lengthOf(found.privateMessage) === copy.length
        : sameBytes(encodeMlsMessage(found), copy)
  } catch (error) {
    throw malformed("it can not be read", error)
  }
  if (!isExact) throw malformed("it is not written as it should be")
  return found
}

/**
 * How long a PrivateMessage is in an MLSMessage (RFC 9420 §6). All else in it has one spelling, so
 * that only the right one has this length; writing all of it again takes as long as reading it.
 */
function lengthOf(message: PrivateMessage): number {
  const { authenticatedData, ciphertext, encryptedSenderData, groupId } = message
  const fixed = 2 + 2 + 8 + 1
  return [groupId, authenticatedData, encryptedSenderData, ciphertext].reduce(
    (sum, { length }) => sum + (length < 64 ? 1 : length < 16_384 ? 2 : 4) + length,
    fixed,
  )
}

function headerOf(
  kind: Inspected["kind"],
  from: Pick<PrivateMessage, "authenticatedData" | "epoch" | "groupId">,
): Inspected {
  const { authenticatedData: associatedData, epoch, groupId: roomId } = from
  return { roomId, epoch: epochOf(epoch), kind, associatedData }
}

function epochOf(epoch: bigint): number {
  if (epoch > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed("its epoch can not be that high")
  return Number(epoch)
}

function unexpected(): PeerError {
  return new PeerError("unexpected", "This MLS message is of a kind that rooms do not use.")
}
