import { base64url, hex } from "../../src/bytes/index.js"
import { Topic } from "../../src/topic/classic/index.js"

/** Secrets whose bytes are easy to find: 160, 161, … in each, from another start. */
const secrets = [0xa0, 0xb0, 0xc0].map((start) =>
  Uint8Array.from({ length: 32 }, (_, i) => (start * 7 + i * 11) & 255),
)
const [topicKey, signingKeySeed, encryptionPrivateKey] = secrets as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

export function secretTopic(): Topic {
  return new Topic({ topicKey, signingKeySeed, encryptionPrivateKey })
}

/** Pieces of every secret as hexadecimal, decimal and base64url text. */
export function secretForms(): string[] {
  return secrets.flatMap((secret) => {
    const start = secret.slice(0, 9)
    return [
      hex(start),
      start.join(","),
      base64url(start),
      start.join(", "),
      hex(start).replace(/..(?!$)/g, "$& "),
    ]
  })
}

/** Everything that can go wrong with these secrets in hand. */
export function thrownByMistakes(): Error[] {
  const topic = secretTopic()
  const stranger = new Topic({ topicKey })
  const twice = (bytes: Uint8Array) => Uint8Array.from([...bytes, ...bytes])
  const message = stranger.encode("hello")
  const wrong = Uint8Array.from(message)
  wrong[120] = (wrong[120] as number) ^ 1
  const otherKey = new Topic({ signingKeySeed }).constructIntro()
  otherKey[50] = (otherKey[50] as number) ^ 1
  const mistakes = [
    () => new Topic({ topicKey: twice(topicKey) }),
    () => new Topic({ signingKeySeed: twice(signingKeySeed) }),
    () => new Topic({ encryptionPrivateKey: twice(encryptionPrivateKey) }),
    () => topic.addParticipant(twice(topicKey)),
    () => topic.decode(message),
    () => topic.decode(wrong, { naive: true }),
    () => topic.decode(topicKey),
    () => topic.decode(new Topic().constructIntro()),
    () => topic.constructReply(otherKey),
    () => topic.parseReply(topicKey),
    () => new Topic({ signingKeySeed }).encode("hello"),
  ]
  return mistakes.map((mistake) => {
    try {
      mistake()
    } catch (error) {
      if (error instanceof Error) return error
    }
    throw new Error(`no mistake: ${String(mistake)}`)
  })
}
