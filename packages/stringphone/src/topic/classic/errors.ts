import { PeerError, UsageError } from "../../bytes/index.js"

/** The bytes are no classic message of the kind that was needed: too short, too long, wrong type. */
export class MalformedMessageError extends PeerError {
  override readonly name = "MalformedMessageError"
  constructor(message: string) {
    super("malformed-message", message)
  }
}

/** Signed by a participant that this topic does not trust; the message was not decrypted. */
export class UntrustedKeyError extends PeerError {
  override readonly name = "UntrustedKeyError"
  /** 16 bytes, as the message claims it. */
  readonly senderId: Uint8Array
  constructor(senderId: Uint8Array) {
    super(
      "untrusted-key",
      "The sender is not a trusted participant. Pair with it first, or add its public key.",
    )
    this.senderId = senderId
  }
}

/** Signature and content do not belong together: altered on the way, or forged. */
export class BadSignatureError extends PeerError {
  override readonly name = "BadSignatureError"
  constructor(what: string) {
    super(
      "bad-signature",
      `The signature of the ${what} is wrong. It was altered or forged: drop it.`,
    )
  }
}

/** The content does not open: another topic key, or not meant for this encryption key. */
export class DecryptionError extends PeerError {
  override readonly name = "DecryptionError"
  constructor(message: string) {
    super("decryption-failed", message)
  }
}

/** The message is an introduction: somebody asks for the topic key. Nothing was trusted or sent. */
export class IntroductionError extends PeerError {
  override readonly name = "IntroductionError"
  constructor() {
    super(
      "introduction",
      "The message is an introduction. Check its sender's key before constructReply() and addParticipant().",
    )
  }
}

/** The message is the reply to an introduction: somebody offers a topic key. It was not taken. */
export class IntroductionReplyError extends PeerError {
  override readonly name = "IntroductionReplyError"
  constructor() {
    super(
      "introduction-reply",
      "The message is a reply to an introduction. Check its sender's key before parseReply().",
    )
  }
}

/** This needs the topic key, and the topic has none yet. */
export class MissingTopicKeyError extends UsageError {
  override readonly name = "MissingTopicKeyError"
  constructor() {
    super(
      "missing-topic-key",
      "This topic has no key yet. Pass `topicKey`, or get one with constructIntro() and parseReply().",
    )
  }
}
