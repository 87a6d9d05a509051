// Invariant: any bytes give a value, null, or one of the seven named errors; the topic is unchanged on throw.

/** Also what the unit test and the property test check; `classic` is the module under test. */
export function classicDecodeTarget(classic) {
  const { Message, Topic, verifyIntroduction } = classic
  const named = new Set([
    classic.MalformedMessageError,
    classic.UntrustedKeyError,
    classic.BadSignatureError,
    classic.DecryptionError,
    classic.IntroductionError,
    classic.IntroductionReplyError,
    classic.MissingTopicKeyError,
  ])
  const seed = (byte) => new Uint8Array(32).fill(byte)
  const topicKey = seed(0x55)
  const alice = new Topic({ signingKeySeed: seed(1), topicKey })
  const bob = {
    signingKeySeed: seed(2),
    encryptionPrivateKey: seed(12),
    participants: [alice.publicKey],
  }
  const topics = [new Topic({ ...bob, topicKey }), new Topic(bob)]
  const getters = [
    "type",
    "senderId",
    "senderKey",
    "recipientId",
    "encryptionKey",
    "encryptedTopicKey",
    "ciphertext",
    "signedPayload",
  ]

  const snapshot = (topic) =>
    String([
      topic.topicKey,
      ...topic.participants().flatMap(({ id, publicKey }) => [id, publicKey]),
    ])

  function attempt(what, topic, run, expected) {
    const before = snapshot(topic)
    let value
    try {
      value = run()
    } catch (error) {
      if (!named.has(error?.constructor)) throw new Error(`${what} threw`, { cause: error })
      if (typeof error.code !== "string")
        throw new Error(`${what} threw without a code`, { cause: error })
      if (snapshot(topic) !== before)
        throw new Error(`${what} threw and changed the topic`, { cause: error })
      return
    }
    if (!expected(value)) throw new Error(`${what} gave ${String(value)}`)
    if (what !== "parseReply" && snapshot(topic) !== before) {
      throw new Error(`${what} changed the topic`)
    }
  }

  const isBytes = (value) => value instanceof Uint8Array
  const isBytesOrNull = (value) => value === null || isBytes(value)

  return (bytes) => {
    const original = Uint8Array.from(bytes)
    for (const topic of topics) {
      for (const options of [{}, { naive: true }, { ignoreUntrusted: true }]) {
        attempt("decode", topic, () => topic.decode(bytes, options), isBytesOrNull)
      }
      attempt("constructReply", topic, () => topic.constructReply(bytes), isBytes)
      attempt(
        "parseReply",
        topic,
        () => topic.parseReply(bytes),
        (v) => typeof v === "boolean",
      )
    }
    if (topics[1].topicKey) topics[1].topicKey = null // A right reply was among the inputs.
    const [topic] = topics
    attempt(
      "verifyIntroduction",
      topic,
      () => verifyIntroduction(bytes),
      (v) => isBytes(v.signingKey),
    )
    attempt("Message", topic, () => new Message(bytes), isBytes)
    for (const getter of getters) {
      const isValue = (value) => isBytes(value) || /^[sir]$/.test(value)
      attempt(getter, topic, () => new Message(bytes)[getter], isValue)
    }
    if (original.some((byte, i) => byte !== bytes[i])) throw new Error("the input was changed")
  }
}
