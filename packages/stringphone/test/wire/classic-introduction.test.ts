import { describe, expect, test } from "vitest"
import { concat } from "../../src/bytes/index.js"
import { exchangePublicKey, sign, signingKeyPair, verify } from "../../src/crypto/index.js"
import { Message, participantId, verifyIntroduction } from "../../src/topic/classic/index.js"
import {
  decodeIntroduction,
  encodeIntroduction,
} from "../../src/topic/classic/wire/introduction.js"
import points from "../vectors/crypto/x25519-low-order.json" with { type: "json" }
import { fromHex } from "../../src/bytes/index.js"
import { errorName, flipped, joiner, pair, secret, unlike, viewAtOffset } from "./fixtures.js"

const bob = joiner()
const { alice } = pair()
const introduction = bob.constructIntro()

test("a message can be copied as libraries copy arrays of bytes: from its buffer", () => {
  const copy = new Message(introduction.buffer.slice(0), introduction.byteOffset, 129)
  expect(copy).toEqual(introduction)
  for (const [offset, length] of [
    [0, 128],
    [1, 128],
    [200, 1],
  ]) {
    expect(() => new Message(introduction.buffer, offset, length)).toThrow(/Malformed/)
  }
})

describe("encode", () => {
  test("the fields are where the diagram of §3.2 puts them", () => {
    expect(introduction.length).toBe(129)
    expect(introduction[0]).toBe("i".charCodeAt(0))
    expect(introduction.slice(1, 33)).toEqual(bob.publicKey)
    expect(introduction.slice(97)).toEqual(exchangePublicKey(secret(13)))
    expect(verify(introduction.slice(33, 97), introduction.slice(97), bob.publicKey)).toBe(true)
  })

  test("the wire functions alone give the same bytes", () => {
    const encryptionKey = exchangePublicKey(secret(13))
    const signature = sign(encryptionKey, signingKeyPair(secret(3)).secretKey)
    const parts = { signingKey: bob.publicKey, signature, encryptionKey }
    expect(encodeIntroduction(parts)).toEqual(Uint8Array.from(introduction))
    expect(decodeIntroduction(introduction)).toEqual(parts)
  })
})

describe("decode", () => {
  test("a view at an odd offset", () => {
    expect(errorName(() => alice.decode(viewAtOffset(introduction)))).toBe("IntroductionError")
    expect(verifyIntroduction(viewAtOffset(introduction)).signingKey).toEqual(bob.publicKey)
    expect(alice.constructReply(viewAtOffset(introduction)).recipientId).toEqual(bob.id)
  })

  test("every truncation, one byte and 1 MiB too many", () => {
    for (let length = 0; length < 129; length++) expectMalformed(introduction.slice(0, length))
    expectMalformed(concat(introduction, Uint8Array.of(0)))
    expectMalformed(concat(introduction, new Uint8Array(1 << 20)))
  })

  test("another type, other 129 bytes", () => {
    const other = Uint8Array.from(introduction)
    other[0] = "r".charCodeAt(0)
    expectMalformed(other)
    other[0] = "s".charCodeAt(0) // Long enough for a simple message of 8 bytes from a stranger.
    expect(errorName(() => alice.decode(other))).toBe("UntrustedKeyError")
    expect(errorName(() => alice.constructReply(other))).toBe("MalformedMessageError")
  })

  const regions = [
    ["type", [0, 1], "MalformedMessageError", "MalformedMessageError"],
    ["signing key", [1, 33], "IntroductionError", "BadSignatureError"],
    ["signature", [33, 97], "IntroductionError", "BadSignatureError"],
    ["encryption key", [97, 129], "IntroductionError", "BadSignatureError"],
  ] as const

  test.each(regions)("every bit of the %s flipped", (_, region, decoded, answered) => {
    const decode = (bit: number) => errorName(() => alice.decode(flipped(introduction, bit)))
    expect(unlike(region, decoded, decode)).toEqual([])
    const answer = (bit: number) =>
      errorName(() => alice.constructReply(flipped(introduction, bit)))
    expect(unlike(region, answered, answer)).toEqual([])
    const check = (bit: number) => errorName(() => verifyIntroduction(flipped(introduction, bit)))
    expect(unlike(region, answered, check)).toEqual([])
  })

  test("without a topic key there is nothing to do, nor for our own", () => {
    expect(joiner().decode(pair().bob.constructIntro())).toBeNull()
    expect(bob.decode(introduction)).toBeNull()
    expect(errorName(() => bob.constructReply(introduction))).toBe("MissingTopicKeyError")
  })

  test("a signed encryption key of low order gets no reply [CLASSIC-3.2-4]", () => {
    const { secretKey, publicKey } = signingKeyPair(secret(3))
    for (const { point } of points.lowOrder) {
      const encryptionKey = fromHex(point)
      const signature = sign(encryptionKey, secretKey)
      const forged = encodeIntroduction({ signingKey: publicKey, signature, encryptionKey })
      expect(errorName(() => alice.constructReply(forged))).toBe("MalformedMessageError")
    }
  })
})

test("Message names the parts and has none of the other types", () => {
  expect(introduction.type).toBe("i")
  expect(introduction.senderKey).toEqual(bob.publicKey)
  expect(introduction.senderId).toEqual(participantId(bob.publicKey))
  expect(introduction.encryptionKey).toEqual(exchangePublicKey(secret(13)))
  expect(introduction.signedPayload).toEqual(introduction.slice(33))
  for (const field of ["recipientId", "encryptedTopicKey", "ciphertext"] as const) {
    expect(errorName(() => introduction[field])).toBe("MalformedMessageError")
  }
})

test("verifyIntroduction gives parts of their own", () => {
  const input = Uint8Array.from(introduction)
  const parts = verifyIntroduction(input)
  input.fill(0)
  expect(parts.signingKey).toEqual(bob.publicKey)
})

function expectMalformed(bytes: Uint8Array): void {
  expect(errorName(() => alice.decode(bytes))).toBe("MalformedMessageError")
  expect(errorName(() => new Message(bytes))).toBe("MalformedMessageError")
  expect(errorName(() => alice.constructReply(bytes))).toBe("MalformedMessageError")
  expect(errorName(() => verifyIntroduction(bytes))).toBe("MalformedMessageError")
}
