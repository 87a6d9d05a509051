// Our classic topics against a second implementation, in Python on libsodium, both ways.
import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { fromHex, hex } from "../../src/bytes/index.js"
import { cryptoEngine } from "../../src/crypto/index.js"
import { participantId, Topic } from "../../src/topic/classic/index.js"
import { validMessage } from "../property/classic-generators.js"
import { errorName, pair, secret, topicKey } from "../wire/fixtures.js"
import { requirePython, startPython } from "./python.js"

type Question = Readonly<Record<string, Uint8Array | string | null | string[]>>

interface Answer {
  readonly ok?: string | null
  readonly error?: string
}

const hasPython = requirePython("classic topics")

/** What ours says, in the same words: hexadecimal, `null`, or the error's name. */
function ours(run: () => Uint8Array | null): string {
  let value = ""
  const error = errorName(() => {
    const result = run()
    value = result === null ? "null" : hex(result)
  })
  return error === "none" ? value : error
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const [key, nonce] = [bytes(32), bytes(24)]

describe.skipIf(!hasPython)(`Python and ours (${cryptoEngine()})`, () => {
  const second = hasPython ? startPython<Question, Answer>("classic_topic.py") : null
  afterAll(() => second?.stop())
  const ask = async (question: Question) => {
    const { ok, error } = await second!.ask(question)
    return error ?? String(ok)
  }

  test("the same ID for the same key", async () => {
    await fc.assert(
      fc.asyncProperty(key, async (publicKey) => {
        expect(await ask({ do: "id", publicKey })).toBe(hex(participantId(publicKey)))
      }),
      { numRuns: 50 },
    )
  })

  test("the same bytes for the same message; each decodes the other's", async () => {
    await fc.assert(
      fc.asyncProperty(
        key,
        key,
        nonce,
        fc.uint8Array({ maxLength: 300 }),
        async (seed, k, n, payload) => {
          const sender = new Topic({ signingKeySeed: seed, topicKey: k, randomBytes: () => n })
          const receiver = new Topic({ topicKey: k, participants: [sender.publicKey] })
          const theirs = await ask({ do: "encode", seed, topicKey: k, nonce: n, payload })
          expect(hex(sender.encode(payload))).toBe(theirs)
          expect(receiver.decode(fromHex(theirs))).toEqual(payload)
          const question = {
            do: "decode",
            message: sender.encode(payload),
            topicKey: k,
            id: receiver.id,
            trusted: [hex(sender.publicKey)],
          }
          expect(await ask(question)).toBe(hex(payload))
        },
      ),
      { numRuns: 50 },
    )
  })

  test("the same introduction and reply; each takes the key from the other's", async () => {
    await fc.assert(
      fc.asyncProperty(
        key,
        key,
        key,
        key,
        key,
        nonce,
        async (joining, joinSecret, holding, holdSecret, k, n) => {
          const joiner = () =>
            new Topic({ signingKeySeed: joining, encryptionPrivateKey: joinSecret })
          const holder = new Topic({
            signingKeySeed: holding,
            encryptionPrivateKey: holdSecret,
            topicKey: k,
            randomBytes: () => n,
          })
          const intro = await ask({ do: "introduce", seed: joining, encryptionSecret: joinSecret })
          expect(hex(joiner().constructIntro())).toBe(intro)
          const reply = await ask({
            do: "reply",
            message: intro,
            seed: holding,
            topicKey: k,
            encryptionSecret: holdSecret,
            nonce: n,
          })
          expect(hex(holder.constructReply(fromHex(intro)))).toBe(reply)
          const topic = joiner()
          expect(topic.parseReply(fromHex(reply))).toBe(true)
          expect(topic.topicKey).toEqual(k)
          const question = {
            do: "parse",
            message: reply,
            id: topic.id,
            encryptionSecret: joinSecret,
          }
          expect(await ask(question)).toBe(hex(k))
        },
      ),
      { numRuns: 40 },
    )
  })

  const { alice, bob } = pair()
  const changed = fc
    .tuple(
      validMessage,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.integer({ min: -3, max: 3 }),
    )
    .map(([message, at, change, growth]) => {
      const wrong = new Uint8Array(Math.max(0, message.length + growth))
      wrong.set(message.subarray(0, wrong.length))
      if (wrong.length > 0) wrong[at % wrong.length] = (wrong[at % wrong.length] as number) ^ change
      return wrong
    })
  const received = fc.oneof(changed, validMessage)

  test("both give the same answer to right and altered messages", async () => {
    await fc.assert(
      fc.asyncProperty(received, fc.boolean(), async (message, hasKey) => {
        const topic = new Topic({
          signingKeySeed: secret(2),
          encryptionPrivateKey: secret(12),
          participants: [alice.publicKey],
          ...(hasKey && { topicKey }),
        })
        const theirs = await ask({
          do: "decode",
          message,
          topicKey: hasKey ? topicKey : null,
          id: bob.id,
          trusted: [hex(alice.publicKey)],
        })
        expect(ours(() => topic.decode(message))).toBe(theirs)
        if (!hasKey) return
        const question = { seed: secret(2), topicKey, encryptionSecret: secret(12) }
        const fixed = new Uint8Array(24)
        const replying = new Topic({
          signingKeySeed: secret(2),
          encryptionPrivateKey: secret(12),
          topicKey,
          randomBytes: () => fixed,
        })
        expect(ours(() => replying.constructReply(message))).toBe(
          await ask({ do: "reply", message, nonce: fixed, ...question }),
        )
        const joining = new Topic({ signingKeySeed: secret(2), encryptionPrivateKey: secret(12) })
        expect(ours(() => (joining.parseReply(message) ? joining.topicKey : null))).toBe(
          await ask({ do: "parse", message, id: bob.id, encryptionSecret: secret(12) }),
        )
      }),
      { numRuns: 250 },
    )
  })
})
