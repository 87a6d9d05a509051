import { describe, expect, test } from "vitest"
import { concat, fromHex } from "../../src/bytes/index.js"
import { exchangePublicKey, openBox } from "../../src/crypto/index.js"
import { Message, participantId, Topic } from "../../src/topic/classic/index.js"
import { decodeReply, encodeReply } from "../../src/topic/classic/wire/reply.js"
import points from "../vectors/crypto/x25519-low-order.json" with { type: "json" }
import {
  errorName,
  flipped,
  joiner,
  pair,
  secret,
  topicKey,
  unlike,
  viewAtOffset,
} from "./fixtures.js"

const { alice } = pair()
const reply = alice.constructReply(joiner().constructIntro())

describe("encode", () => {
  test("the fields are where the diagram of §3.3 puts them", () => {
    expect(reply.length).toBe(153)
    expect(reply[0]).toBe("r".charCodeAt(0))
    expect(reply.slice(1, 17)).toEqual(participantId(joiner().publicKey))
    expect(reply.slice(89, 121)).toEqual(exchangePublicKey(secret(11)))
    expect(reply.slice(121)).toEqual(alice.publicKey)
    const opened = openBox(
      reply.slice(41, 89),
      reply.slice(17, 41),
      reply.slice(89, 121),
      secret(13),
    )
    expect(opened).toEqual(topicKey)
  })

  test("the wire functions alone give the same bytes", () => {
    const parts = decodeReply(reply)
    expect(encodeReply(parts)).toEqual(Uint8Array.from(reply))
    expect(parts.encryptedTopicKey).toEqual(reply.slice(17, 89))
  })

  test("needs a topic key", () => {
    const intro = pair().bob.constructIntro()
    expect(errorName(() => joiner().constructReply(intro))).toBe("MissingTopicKeyError")
  })
})

describe("decode and parseReply", () => {
  test("a view at an odd offset", () => {
    const bob = joiner()
    expect(errorName(() => bob.decode(viewAtOffset(reply)))).toBe("IntroductionReplyError")
    expect(bob.parseReply(viewAtOffset(reply))).toBe(true)
    expect(bob.topicKey).toEqual(topicKey)
  })

  test("every truncation, one byte and 1 MiB too many", () => {
    for (let length = 0; length < 153; length++) expectMalformed(reply.slice(0, length))
    expectMalformed(concat(reply, Uint8Array.of(0)))
    expectMalformed(concat(reply, new Uint8Array(1 << 20)))
  })

  /** `parseReply`'s answer, or the error's name. Bits 255 of an X25519 key are ignored, RFC 7748 §5. */
  const regions = [
    ["recipient ID", [1, 17], "false"],
    ["nonce", [17, 41], "DecryptionError"],
    ["box", [41, 89], "DecryptionError"],
    ["encryption key", [89, 120], "DecryptionError"],
    ["signing key", [121, 153], "true"],
  ] as const

  test.each(regions)("every bit of the %s flipped", (_, region, expected) => {
    expect(unlike(region, expected, (bit) => parsed(flipped(reply, bit)))).toEqual([])
    const decode = (bit: number) => errorName(() => joiner().decode(flipped(reply, bit)))
    expect(unlike(region, "IntroductionReplyError", decode)).toEqual([])
  })

  test("the last byte of the encryption key: seven bits count, the eighth is ignored", () => {
    for (let bit = 120 * 8; bit < 120 * 8 + 7; bit++) {
      expect(parsed(flipped(reply, bit))).toBe("DecryptionError")
    }
    expect(parsed(flipped(reply, 120 * 8 + 7))).toBe("true")
  })

  test("every bit of the type flipped", () => {
    expect(unlike([0, 1], "MalformedMessageError", (bit) => parsed(flipped(reply, bit)))).toEqual(
      [],
    )
    // "r" and "s" differ in one bit, and 153 bytes are a simple message of 32.
    const decode = (bit: number) => errorName(() => joiner().decode(flipped(reply, bit)))
    expect(decode(0)).toBe("UntrustedKeyError")
    for (let bit = 1; bit < 8; bit++) expect(decode(bit)).toBe("MalformedMessageError")
  })

  test("an encryption key of low order opens nothing", () => {
    for (const { point } of points.lowOrder) {
      const forged = Uint8Array.from(reply)
      forged.set(fromHex(point), 89)
      expect(parsed(forged)).toBe("DecryptionError")
    }
  })

  test("with a topic key, or meant for another, it is nothing", () => {
    expect(pair().bob.decode(reply)).toBeNull()
    expect(pair().bob.parseReply(reply)).toBe(false)
    const other = new Topic({ encryptionPrivateKey: secret(13) })
    expect(other.parseReply(reply)).toBe(false)
    expect(other.topicKey).toBeNull()
  })

  test("our own reply is nothing", () => {
    expect(new Topic({ signingKeySeed: secret(1) }).decode(reply)).toBeNull()
  })

  test("a wrong reply leaves the state as it was, and the right one still works", () => {
    const bob = joiner()
    expect(errorName(() => bob.parseReply(flipped(reply, 50 * 8)))).toBe("DecryptionError")
    expect(bob.topicKey).toBeNull()
    expect(bob.parseReply(reply)).toBe(true)
    expect(bob.topicKey).toEqual(topicKey)
    expect(bob.participants()).toEqual([])
    expect(bob.parseReply(reply)).toBe(false)
  })

  test("after a restart with the same encryption key the reply still opens, without it not", () => {
    expect(joiner().parseReply(reply)).toBe(true)
    const forgetful = new Topic({ signingKeySeed: secret(3) })
    expect(errorName(() => forgetful.parseReply(reply))).toBe("DecryptionError")
  })
})

test("Message names the parts and has none of the other types", () => {
  expect(reply.type).toBe("r")
  expect(reply.senderKey).toEqual(alice.publicKey)
  expect(reply.senderId).toEqual(alice.id)
  expect(reply.recipientId).toEqual(joiner().id)
  expect(reply.encryptionKey).toEqual(exchangePublicKey(secret(11)))
  expect(reply.encryptedTopicKey).toEqual(reply.slice(17, 89))
  for (const field of ["ciphertext", "signedPayload"] as const) {
    expect(errorName(() => reply[field])).toBe("MalformedMessageError")
  }
})

function parsed(bytes: Uint8Array): string {
  const bob = joiner()
  let answer = ""
  const error = errorName(() => (answer = String(bob.parseReply(bytes))))
  expect(bob.topicKey === null).toBe(answer !== "true")
  return error === "none" ? answer : error
}

function expectMalformed(bytes: Uint8Array): void {
  expect(errorName(() => joiner().decode(bytes))).toBe("MalformedMessageError")
  expect(errorName(() => new Message(bytes))).toBe("MalformedMessageError")
  expect(errorName(() => joiner().parseReply(bytes))).toBe("MalformedMessageError")
}
