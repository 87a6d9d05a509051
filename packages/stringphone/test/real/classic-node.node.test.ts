import { Buffer } from "node:buffer"
import { inspect } from "node:util"
import { describe, expect, test } from "vitest"
import {
  Message,
  Topic,
  UntrustedKeyError,
  verifyIntroduction,
} from "../../src/topic/classic/index.js"
import { secretForms, secretTopic, thrownByMistakes } from "../scenario/classic-secrets.js"
import { errorName, joiner, pair, payload, secret } from "../wire/fixtures.js"

describe("util.inspect", () => {
  test("shows no secret, however deep it looks", () => {
    const topic = secretTopic()
    const reply = topic.constructReply(new Topic().constructIntro())
    const deep = { depth: Infinity, showHidden: true, getters: true, maxArrayLength: Infinity }
    const text = [topic, { topic }, reply, ...thrownByMistakes()]
      .flatMap((value) => [inspect(value), inspect(value, deep)])
      .join("\n")
    for (const form of secretForms()) expect(text).not.toContain(form)
  })
})

describe("Buffer, which Node's sockets and files give", () => {
  const { alice, bob } = pair()

  test("is taken everywhere", () => {
    const stranger = joiner()
    const key = Buffer.from(bob.topicKey as Uint8Array)
    const topic = new Topic({
      signingKeySeed: Buffer.alloc(32, 9),
      topicKey: key,
      participants: [Buffer.from(alice.publicKey)],
    })
    expect(topic.decode(Buffer.from(alice.encode(payload)))).toEqual(payload)
    expect(bob.decode(topic.encode(Buffer.from("text")), { naive: true })).toEqual(
      Uint8Array.from(Buffer.from("text")),
    )
    const intro = Buffer.from(stranger.constructIntro())
    const reply = Buffer.from(topic.constructReply(intro))
    expect(stranger.parseReply(reply)).toBe(true)
    expect(stranger.topicKey).toEqual(bob.topicKey)
  })

  test("never comes back, nor does a view of it", () => {
    const message = Buffer.from(alice.encode(payload))
    const parts = new Message(message)
    const introduction = verifyIntroduction(Buffer.from(alice.constructIntro()))
    const given: Uint8Array[] = [
      parts,
      parts.senderId,
      parts.ciphertext,
      parts.slice(1),
      bob.decode(message) as Uint8Array,
      bob.encode(Buffer.from("text")),
      introduction.signingKey,
      introduction.signature,
      introduction.encryptionKey,
      untrustedId(message),
    ]
    for (const bytes of given) {
      expect(Buffer.isBuffer(bytes)).toBe(false)
      expect(bytes.buffer).not.toBe(message.buffer)
    }
    const before = given.map((bytes) => bytes.join())
    message.fill(0)
    expect(given.map((bytes) => bytes.join())).toEqual(before)
  })

  function untrustedId(message: Uint8Array): Uint8Array {
    try {
      joiner().decode(message)
    } catch (error) {
      if (error instanceof UntrustedKeyError) return error.senderId
    }
    throw new Error("nothing was thrown")
  }
})

describe("100 MiB", () => {
  const mib = 1 << 20

  test("junk is refused at once, and not copied", () => {
    const junk = new Uint8Array(100 * mib)
    const { bob } = pair()
    for (const [type, expected] of [
      ["s", "UntrustedKeyError"],
      ["i", "MalformedMessageError"],
      ["r", "MalformedMessageError"],
      ["x", "MalformedMessageError"],
    ] as const) {
      junk[0] = type.charCodeAt(0)
      const before = process.memoryUsage().arrayBuffers
      const start = performance.now()
      expect(errorName(() => bob.decode(junk))).toBe(expected)
      expect(errorName(() => bob.parseReply(junk))).toBe("MalformedMessageError")
      expect(performance.now() - start).toBeLessThan(500)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * mib)
    }
  })

  test("a right message decodes in bounded time and memory", () => {
    const { alice, bob } = pair()
    const message = alice.encode(new Uint8Array(100 * mib).fill(7))
    expect(message.length).toBe(100 * mib + 121)
    const before = process.memoryUsage().arrayBuffers
    const start = performance.now()
    const decoded = bob.decode(message)
    expect(performance.now() - start).toBeLessThan(15_000)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(250 * mib)
    expect(decoded?.length).toBe(100 * mib)
    expect(decoded?.at(-1)).toBe(7)
    message[message.length - 1] = 0
    expect(errorName(() => bob.decode(message))).toBe("BadSignatureError")
    bob.topicKey = secret(0)
    expect(errorName(() => bob.decode(message, { naive: true }))).toBe("DecryptionError")
  }, 60_000)
})
