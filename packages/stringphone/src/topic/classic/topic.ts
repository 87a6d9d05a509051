import { hex, sameBytes, UsageError, utf8 } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import {
  BadSignatureError,
  DecryptionError,
  IntroductionError,
  IntroductionReplyError,
  MalformedMessageError,
  MissingTopicKeyError,
  UntrustedKeyError,
} from "./errors.js"
import {
  generateSigningKeySeed,
  type ParticipantId,
  participantId,
  type PublicKey,
  takeKey,
  type TopicKey,
} from "./keys.js"
import { Message } from "./message.js"
import { decodeIntroduction, encodeIntroduction, type Introduction } from "./wire/introduction.js"
import { decodeReply, encodeReply } from "./wire/reply.js"
import { decodeSimple, encodeSimple, simpleType, type SimpleMessage } from "./wire/simple.js"

export interface TopicOptions {
  /** 32 bytes, our identity; a new one is made when absent, and is lost with this object. */
  readonly signingKeySeed?: Uint8Array
  /** 32 bytes; absent: encode and decode fail until {@link Topic.parseReply} gets it. */
  readonly topicKey?: Uint8Array
  /** Whom to trust: public keys (32 bytes), or what {@link Topic.participants} returned. */
  readonly participants?: Iterable<Uint8Array | { readonly publicKey: Uint8Array }>
  /**
   * 32 bytes, X25519, for introductions and replies; a new one is made when absent. Pass it to
   * open, after a restart, the reply to an introduction that was sent before.
   */
  readonly encryptionPrivateKey?: Uint8Array
  /** Where nonces and new keys come from; the operating system's generator when absent. */
  readonly randomBytes?: (length: number) => Uint8Array
}

export interface DecodeOptions {
  /** Decrypts without looking at sender and signature: anyone with the topic key may have sent it. */
  readonly naive?: boolean
  /** `null` instead of an {@link UntrustedKeyError} for senders who are not trusted. */
  readonly ignoreUntrusted?: boolean
}

export interface Participant {
  /** 16 bytes. */
  readonly id: ParticipantId
  /** 32 bytes, Ed25519. */
  readonly publicKey: PublicKey
}

/**
 * A classic topic as one participant sees it: encrypts and signs what goes out, verifies and
 * decrypts what comes in, byte for byte as the Python library does (spec/topic-classic.md).
 *
 * Classic topics have no protection against replay and no forward secrecy; see the threat model.
 *
 * @example
 * ```ts
 * const topicKey = generateTopicKey()
 * const alice = new Topic({ topicKey })
 * const bob = new Topic({ topicKey, participants: [alice.publicKey] })
 * bob.decode(alice.encode("Hi Bob!")) // the bytes of "Hi Bob!"
 * ```
 */
export class Topic {
  readonly #fillRandom: (out: Uint8Array) => void
  readonly #signingKey: Uint8Array
  readonly #publicKey: PublicKey
  readonly #id: ParticipantId
  readonly #participants = new Map<string, Participant>()
  #topicKey: TopicKey | null = null
  #encryptionPrivateKey: Uint8Array | null = null

  /** @throws {UsageError} `bad-key` when a key has the wrong length, `id-taken` as addParticipant */
  constructor(options: TopicOptions = {}) {
    const seed = takeKey(options.signingKeySeed ?? generateSigningKeySeed(), "signingKeySeed")
    const { publicKey, secretKey } = crypto.signingKeyPair(seed)
    const { randomBytes } = options
    this.#fillRandom = randomBytes
      ? (out) => out.set(takeKey(randomBytes(out.length), "randomBytes()", out.length))
      : crypto.fillRandom
    this.#signingKey = secretKey
    this.#publicKey = publicKey as PublicKey
    this.#id = participantId(publicKey)
    if (options.topicKey) this.topicKey = options.topicKey
    if (options.encryptionPrivateKey) {
      this.#encryptionPrivateKey = takeKey(options.encryptionPrivateKey, "encryptionPrivateKey")
    }
    for (const participant of options.participants ?? []) {
      this.addParticipant("publicKey" in participant ? participant.publicKey : participant)
    }
  }

  /** Our participant ID, 16 bytes. */
  get id(): ParticipantId {
    return this.#id.slice() as ParticipantId
  }

  /** Our Ed25519 key, 32 bytes: give it to those who should trust us. */
  get publicKey(): PublicKey {
    return this.#publicKey.slice() as PublicKey
  }

  /** The topic key, 32 bytes, or `null`. Secret: store it, never print it. */
  get topicKey(): TopicKey | null {
    return this.#topicKey && (this.#topicKey.slice() as TopicKey)
  }

  set topicKey(topicKey: Uint8Array | null) {
    this.#topicKey = topicKey === null ? null : takeKey(topicKey, "topicKey")
  }

  /**
   * Trusts this key from now on.
   * @throws {UsageError} `bad-key`; `id-taken` when another trusted key has the same participant ID
   */
  addParticipant(publicKey: Uint8Array): void {
    const key = takeKey<PublicKey>(publicKey, "publicKey")
    const id = participantId(key)
    const known = this.#participants.get(hex(id)) // [CLASSIC-2-3]
    if (known && !sameBytes(known.publicKey, key)) {
      throw new UsageError("id-taken", "Another trusted key has the same participant ID.")
    }
    this.#participants.set(hex(id), { id, publicKey: key })
  }

  /** Trusts this participant (ID, 16 bytes) no longer. @returns whether it was trusted before. */
  removeParticipant(id: Uint8Array): boolean {
    return this.#participants.delete(hex(takeKey(id, "id", 16)))
  }

  /** The trusted participant of this ID (16 bytes), or `null`. */
  participant(id: Uint8Array): Participant | null {
    const known = this.#participants.get(hex(takeKey(id, "id", 16)))
    return known ? copyOf(known) : null
  }

  /** Everyone we trust, in the order in which they were added. */
  participants(): readonly Participant[] {
    return [...this.#participants.values()].map(copyOf)
  }

  /**
   * Encrypts and signs a message for everyone in the topic.
   *
   * @param payload n bytes, or text that is sent as UTF-8
   * @returns 121 + n bytes
   * @throws {MissingTopicKeyError}
   */
  encode(payload: string | Uint8Array): Uint8Array {
    const topicKey = this.#requireTopicKey()
    const plaintext = typeof payload === "string" ? utf8(payload) : payload
    return encodeSimple(this.#id, plaintext.length, {
      nonce: this.#fillRandom, // [CLASSIC-3.1-4]
      seal: (box, nonce) => crypto.sealSecretbox(plaintext, nonce, topicKey, box),
      sign: (signed) => crypto.sign(signed, this.#signingKey),
    })
  }

  /**
   * Verifies and decrypts a message.
   *
   * @returns the payload, or `null` when there is nothing to do: our own message, a stranger's with
   *   `ignoreUntrusted`, an introduction while we have no key to give, a reply while we need none
   * @throws {UntrustedKeyError} {@link BadSignatureError} {@link DecryptionError}
   *   {@link IntroductionError} {@link IntroductionReplyError} {@link MalformedMessageError}
   *   {@link MissingTopicKeyError}
   */
  decode(message: Uint8Array, options: DecodeOptions = {}): Uint8Array | null {
    // Simple messages, the many, are decoded once and not copied.
    if (message[0] === simpleType) return this.#decodeSimple(decodeSimple(message), options)
    const { type, senderId } = new Message(message)
    if (sameBytes(senderId, this.#id)) return null
    if (type === "i" && this.#topicKey) throw new IntroductionError()
    if (type === "r" && !this.#topicKey) throw new IntroductionReplyError()
    return null
  }

  /** In the order of [CLASSIC-3.1-5]. */
  #decodeSimple(message: SimpleMessage, options: DecodeOptions): Uint8Array | null {
    if (sameBytes(message.senderId, this.#id)) return null
    if (!options.naive) {
      const sender = this.#participants.get(hex(message.senderId))
      if (!sender) {
        if (options.ignoreUntrusted) return null
        throw new UntrustedKeyError(Uint8Array.from(message.senderId))
      }
      if (!crypto.verify(message.signature, message.signed, sender.publicKey)) {
        throw new BadSignatureError("message")
      }
    }
    const plaintext = crypto.openSecretbox(message.box, message.nonce, this.#requireTopicKey())
    if (plaintext === null) {
      throw new DecryptionError(
        "The message does not open with our topic key. Its sender uses another one: join again.",
      )
    }
    return plaintext
  }

  /** An introduction, 129 bytes: asks everyone in the topic for its key. */
  constructIntro(): Message {
    const encryptionKey = crypto.exchangePublicKey(this.#encryptionKey())
    const signature = crypto.sign(encryptionKey, this.#signingKey)
    return new Message(
      encodeIntroduction({ signingKey: this.#publicKey, signature, encryptionKey }),
    )
  }

  /**
   * Answers an introduction. This gives its sender **the topic key**, and so every message of the
   * topic. Decide first, by comparing keys, that it is who you think.
   *
   * @returns a reply, 153 bytes
   * @throws {MissingTopicKeyError}
   * @throws {MalformedMessageError} when it is no introduction
   * @throws {BadSignatureError} when its signing key did not sign its encryption key
   */
  constructReply(introduction: Uint8Array): Message {
    const topicKey = this.#requireTopicKey()
    const { signingKey, encryptionKey } = verifyIntroduction(introduction) // [CLASSIC-3.2-3]
    const nonce = this.#random(24)
    const privateKey = this.#encryptionKey()
    const box = crypto.sealBox(topicKey, nonce, encryptionKey, privateKey)
    if (box === null) {
      // [CLASSIC-3.2-4]
      throw new MalformedMessageError("The introduction's encryption key is unusable.")
    }
    const encryptedTopicKey = new Uint8Array(72)
    encryptedTopicKey.set(nonce)
    encryptedTopicKey.set(box, 24)
    return new Message(
      encodeReply({
        recipientId: participantId(signingKey), // [CLASSIC-2-2]
        encryptedTopicKey,
        encryptionKey: crypto.exchangePublicKey(privateKey),
        signingKey: this.#publicKey,
      }),
    )
  }

  /**
   * Takes the topic key out of a reply. Nothing in a classic reply proves who sent it: until a
   * message of a participant you trust decodes, the key may be anybody's.
   *
   * @returns `true` when the key was taken; `false` when we have one already or are not meant
   * @throws {MalformedMessageError} when it is no reply
   * @throws {DecryptionError} when it does not open with our encryption key
   */
  parseReply(reply: Uint8Array): boolean {
    const { recipientId, encryptedTopicKey, encryptionKey } = decodeReply(reply)
    if (this.#topicKey || !sameBytes(recipientId, this.#id)) return false // [CLASSIC-3.3-4]
    const nonce = encryptedTopicKey.subarray(0, 24)
    const box = encryptedTopicKey.subarray(24)
    const topicKey = crypto.openBox(box, nonce, encryptionKey, this.#encryptionKey())
    if (topicKey === null) {
      throw new DecryptionError(
        "The reply does not open with our encryption key. Send a new introduction.",
      )
    }
    this.#topicKey = topicKey as TopicKey
    return true
  }

  #random(length: number): Uint8Array {
    const out = new Uint8Array(length)
    this.#fillRandom(out)
    return out
  }

  #requireTopicKey(): TopicKey {
    if (this.#topicKey === null) throw new MissingTopicKeyError()
    return this.#topicKey
  }

  #encryptionKey(): Uint8Array {
    this.#encryptionPrivateKey ??= this.#random(32) // [CLASSIC-2-5]
    return this.#encryptionPrivateKey
  }
}

function copyOf({ id, publicKey }: Participant): Participant {
  return { id: id.slice() as ParticipantId, publicKey: publicKey.slice() as PublicKey }
}

/**
 * Checks that an introduction's signing key signed its encryption key. It proves possession of the
 * key, not that it is new: a classic introduction can be recorded and repeated.
 *
 * @returns its parts, copied
 * @throws {MalformedMessageError}
 * @throws {BadSignatureError}
 */
export function verifyIntroduction(bytes: Uint8Array): Introduction {
  const introduction = decodeIntroduction(Uint8Array.from(bytes))
  const { signingKey, signature, encryptionKey } = introduction
  if (!crypto.verify(signature, encryptionKey, signingKey)) {
    // [CLASSIC-3.2-2]
    throw new BadSignatureError("introduction")
  }
  return introduction
}
