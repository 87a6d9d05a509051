import { MalformedMessageError } from "./errors.js"
import { type ParticipantId, participantId, type PublicKey } from "./keys.js"
import { decodeIntroduction, introductionType } from "./wire/introduction.js"
import { decodeReply, replyType } from "./wire/reply.js"
import { decodeSimple, simpleType } from "./wire/simple.js"

/** `s` simple, `i` introduction, `r` introduction reply. */
export type MessageType = "s" | "i" | "r"

/**
 * The bytes of one well-formed classic message, with names for their parts. Well-formed is not
 * verified: every part is only what the sender claims.
 *
 * @example
 * ```ts
 * const bob = new Topic()
 * const message = new Message(bob.constructIntro())
 * message.type // → 'i'
 * message.senderKey // bob.publicKey, if it is true what the message says
 * ```
 */
export class Message extends Uint8Array {
  /** `slice` and `subarray` give plain bytes: a part of a message is no message. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array
  }

  /** Copies `bytes`. @throws {MalformedMessageError} `malformed-message` */
  constructor(bytes: Uint8Array)
  /** As every array of bytes is made from its buffer: libraries that copy such arrays call this. */
  constructor(buffer: ArrayBufferLike, byteOffset?: number, length?: number)
  constructor(source: Uint8Array | ArrayBufferLike, byteOffset?: number, length?: number) {
    const bytes = ArrayBuffer.isView(source) ? source : viewOf(source, byteOffset, length)
    checkMessage(bytes)
    super(bytes)
  }

  get type(): MessageType {
    return String.fromCharCode(this[0] as number) as MessageType
  }

  /** 16 bytes. In `i` and `r` computed from the sender's key, in `s` as it is written there. */
  get senderId(): ParticipantId {
    return this.type === "s"
      ? (decodeSimple(this).senderId.slice() as ParticipantId)
      : participantId(this.senderKey) // [CLASSIC-2-2]
  }

  /** `i`, `r`: the Ed25519 key, 32 bytes. @throws {MalformedMessageError} for an `s`, which has none */
  get senderKey(): PublicKey {
    if (this.type === "s") throw this.#without("senderKey")
    const { signingKey } = this.type === "i" ? decodeIntroduction(this) : decodeReply(this)
    return signingKey.slice() as PublicKey
  }

  /** `r`: who asked, 16 bytes. @throws {MalformedMessageError} for other types */
  get recipientId(): ParticipantId {
    if (this.type !== "r") throw this.#without("recipientId")
    return decodeReply(this).recipientId.slice() as ParticipantId
  }

  /** `i`, `r`: the X25519 key, 32 bytes. @throws {MalformedMessageError} for other types */
  get encryptionKey(): Uint8Array {
    if (this.type === "s") throw this.#without("encryptionKey")
    const { encryptionKey } = this.type === "i" ? decodeIntroduction(this) : decodeReply(this)
    return encryptionKey.slice()
  }

  /** `r`: nonce ‖ box of the topic key, 72 bytes. @throws {MalformedMessageError} for other types */
  get encryptedTopicKey(): Uint8Array {
    if (this.type !== "r") throw this.#without("encryptedTopicKey")
    return decodeReply(this).encryptedTopicKey.slice()
  }

  /** `s`: nonce ‖ secretbox, 40 + n bytes. @throws {MalformedMessageError} for other types */
  get ciphertext(): Uint8Array {
    if (this.type !== "s") throw this.#without("ciphertext")
    return this.slice(81)
  }

  /** `s`, `i`: signature ‖ what it signs. @throws {MalformedMessageError} for an `r`: not signed */
  get signedPayload(): Uint8Array {
    if (this.type === "r") throw this.#without("signedPayload")
    return this.slice(this.type === "s" ? 1 : 33)
  }

  #without(field: string): MalformedMessageError {
    return new MalformedMessageError(`A message of type "${this.type}" has no ${field}.`)
  }
}

function viewOf(buffer: ArrayBufferLike, byteOffset?: number, length?: number): Uint8Array {
  try {
    return new Uint8Array(buffer, byteOffset, length)
  } catch {
    throw new MalformedMessageError("Malformed message: these are no bytes.")
  }
}

function checkMessage(bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) {
    throw new MalformedMessageError("Malformed message: these are no bytes.")
  }
  if (bytes.length === 0) throw new MalformedMessageError("Malformed message: it is empty.")
  // [CLASSIC-3-1]
  switch (bytes[0]) {
    case simpleType:
      decodeSimple(bytes)
      return
    case introductionType:
      decodeIntroduction(bytes)
      return
    case replyType:
      decodeReply(bytes)
      return
    default:
      throw new MalformedMessageError(
        `Malformed message: unknown type byte ${String(bytes[0])}, expected "s", "i" or "r".`,
      )
  }
}
