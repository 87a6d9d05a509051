import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../src/bytes/index.js"
import {
  openSecretbox,
  sealSecretbox,
  sign,
  signingKeyPair,
  verify,
} from "../../src/crypto/index.js"
import { Message, participantId, Topic } from "../../src/topic/classic/index.js"
import {
  decodeSimple,
  encodeSimple,
  simpleOverheadBytes,
} from "../../src/topic/classic/wire/simple.js"
import {
  errorName,
  flipped,
  joiner,
  pair,
  payload,
  secret,
  topicKey,
  unlike,
  viewAtOffset,
} from "./fixtures.js"

const { alice, bob } = pair()
const message = alice.encode(payload)

describe("encode", () => {
  test("the fields are where the diagram of §3.1 puts them", () => {
    expect(message.length).toBe(simpleOverheadBytes + payload.length)
    expect(message[0]).toBe("s".charCodeAt(0))
    expect(message.subarray(65, 81)).toEqual(participantId(alice.publicKey))
    expect(verify(message.subarray(1, 65), message.subarray(65), alice.publicKey)).toBe(true)
    expect(openSecretbox(message.subarray(105), message.subarray(81, 105), topicKey)).toEqual(
      payload,
    )
  })

  test("the wire functions alone give the same bytes", () => {
    const { secretKey } = signingKeyPair(secret(1))
    const nonce = message.subarray(81, 105)
    const box = sealSecretbox(payload, nonce, topicKey)
    const encoded = encodeSimple(alice.id, payload.length, {
      nonce: (out) => out.set(nonce),
      seal: (out) => out.set(box),
      sign: (toSign) => sign(toSign, secretKey),
    })
    expect(encoded).toEqual(message)
    const { signature, signed, senderId, nonce: found, box: rest } = decodeSimple(message)
    expect(concat(Uint8Array.of(0x73), signature, senderId, found, rest)).toEqual(message)
    expect(signed).toEqual(message.subarray(65))
  })

  test.each([0, 23, 25])(
    "a source of randomness that gives %i bytes for 24 is an error",
    (length) => {
      const careless = new Topic({ topicKey, randomBytes: () => new Uint8Array(length) })
      expect(() => careless.encode("x")).toThrow(/24 bytes/)
    },
  )

  test("the nonce comes from randomBytes and differs each time", () => {
    const lengths: number[] = []
    const topic = new Topic({
      topicKey,
      randomBytes: (length) => {
        lengths.push(length)
        return new Uint8Array(length).fill(lengths.length)
      },
    })
    expect(topic.encode("").subarray(81, 105)).toEqual(new Uint8Array(24).fill(1))
    expect(topic.encode("").subarray(81, 105)).toEqual(new Uint8Array(24).fill(2))
    expect(lengths).toEqual([24, 24])
    expect(alice.encode(payload)).not.toEqual(alice.encode(payload))
  })

  test("text is sent as UTF-8", () => {
    expect(bob.decode(alice.encode("žluťoučký 🐎"))).toEqual(utf8("žluťoučký 🐎"))
  })

  test.each([0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 65_535, 65_536, 1 << 20])(
    "%i bytes come back as they were",
    (length) => {
      const content = new Uint8Array(length).map((_, i) => i * 7)
      const encoded = alice.encode(content)
      expect(encoded.length).toBe(121 + length)
      const decoded = bob.decode(encoded)
      expect(decoded?.length).toBe(length)
      expect(decoded?.every((byte, i) => byte === ((i * 7) & 255))).toBe(true)
    },
  )
})

describe("decode", () => {
  test("does not change its input and gives bytes of its own", () => {
    const input = Uint8Array.from(message)
    const decoded = bob.decode(input) as Uint8Array
    decoded.fill(0)
    expect(input).toEqual(message)
    expect(decoded.constructor).toBe(Uint8Array)
    expect(decoded.buffer).not.toBe(input.buffer)
  })

  test("a view at an odd offset", () => {
    expect(bob.decode(viewAtOffset(message))).toEqual(payload)
    expect(new Message(viewAtOffset(message))).toEqual(new Message(message))
  })

  test("every truncation", () => {
    for (let length = 0; length < message.length; length++) {
      const cut = message.subarray(0, length)
      const expected = length < 121 ? "MalformedMessageError" : "BadSignatureError"
      expect([length, errorName(() => bob.decode(cut))]).toEqual([length, expected])
    }
  })

  test("one trailing byte becomes part of the box, so the signature is wrong", () => {
    expect(errorName(() => bob.decode(concat(message, Uint8Array.of(0))))).toBe("BadSignatureError")
  })

  const regions = [
    ["type", [0, 1], "MalformedMessageError", "MalformedMessageError"],
    ["signature", [1, 65], "BadSignatureError", "none"],
    ["sender ID", [65, 81], "UntrustedKeyError", "none"],
    ["nonce", [81, 105], "BadSignatureError", "DecryptionError"],
    ["secretbox", [105, message.length], "BadSignatureError", "DecryptionError"],
  ] as const

  test.each(regions)("every bit of the %s flipped", (_, region, strict) => {
    expect(
      unlike(region, strict, (bit) => errorName(() => bob.decode(flipped(message, bit)))),
    ).toEqual([])
  })

  test.each(regions)("every bit of the %s flipped, naive", (_, region, __, naive) => {
    const decode = (bit: number) =>
      errorName(() => bob.decode(flipped(message, bit), { naive: true }))
    expect(unlike(region, naive, decode)).toEqual([])
  })

  test("every bit flipped, without a key: nothing but a missing key or a wrong message", () => {
    const stranger = joiner()
    stranger.addParticipant(alice.publicKey)
    expect(errorName(() => stranger.decode(message))).toBe("MissingTopicKeyError")
    const decode = (bit: number) => errorName(() => stranger.decode(flipped(message, bit)))
    for (const [, region, strict] of regions) expect(unlike(region, strict, decode)).toEqual([])
  })

  test("the type byte is not signed: with 32 bytes of payload one bit makes an `s` an `r`", () => {
    const long = alice.encode(new Uint8Array(32))
    expect(flipped(long, 0)[0]).toBe("r".charCodeAt(0))
    expect(bob.decode(flipped(long, 0))).toBeNull() // Bob has a key: no reply concerns him.
    expect(errorName(() => joiner().decode(flipped(long, 0)))).toBe("IntroductionReplyError")
    expect(joiner().parseReply(flipped(long, 0))).toBe(false) // It names nobody.
  })

  test("every other type byte", () => {
    for (let type = 0; type < 256; type++) {
      if ("sir".includes(String.fromCharCode(type))) continue
      const other = Uint8Array.from(message)
      other[0] = type
      expect(errorName(() => bob.decode(other))).toBe("MalformedMessageError")
    }
  })

  test("nothing at all", () => {
    expect(errorName(() => bob.decode(new Uint8Array(0)))).toBe("MalformedMessageError")
    expect(errorName(() => new Message(new Uint8Array(0)))).toBe("MalformedMessageError")
  })

  test("1 MiB of zeros behind a type byte", () => {
    const junk = new Uint8Array(1 << 20)
    expect(errorName(() => bob.decode(junk))).toBe("MalformedMessageError")
    junk[0] = 0x73
    expect(errorName(() => bob.decode(junk))).toBe("UntrustedKeyError")
    expect(bob.decode(junk, { ignoreUntrusted: true })).toBeNull()
    expect(errorName(() => bob.decode(junk, { naive: true }))).toBe("DecryptionError")
  })
})

describe("the order of the checks [CLASSIC-3.1-5]", () => {
  const own = pair().bob.encode("mine")

  test("our own message is nothing, even naive, altered or without a key", () => {
    expect(bob.decode(own)).toBeNull()
    expect(bob.decode(own, { naive: true })).toBeNull()
    expect(bob.decode(flipped(own, own.length * 8 - 1))).toBeNull()
    expect(new Topic({ signingKeySeed: secret(2) }).decode(own)).toBeNull()
  })

  test("a stranger is refused before the signature, the signature before the key", () => {
    const stranger = joiner()
    expect(errorName(() => stranger.decode(flipped(message, 8)))).toBe("UntrustedKeyError")
    stranger.addParticipant(alice.publicKey)
    expect(errorName(() => stranger.decode(flipped(message, 8)))).toBe("BadSignatureError")
    expect(errorName(() => stranger.decode(message))).toBe("MissingTopicKeyError")
    stranger.topicKey = secret(9)
    expect(errorName(() => stranger.decode(message))).toBe("DecryptionError")
    stranger.topicKey = topicKey
    expect(stranger.decode(message)).toEqual(payload)
  })

  test("an untrusted sender's ID is in the error, as bytes of its own", () => {
    const input = viewAtOffset(message)
    try {
      joiner().decode(input)
      expect.unreachable()
    } catch (error) {
      const { senderId } = error as { senderId: Uint8Array }
      input.fill(0)
      expect(senderId).toEqual(alice.id)
      expect(senderId.constructor).toBe(Uint8Array)
    }
  })
})

describe("Message", () => {
  const parts = new Message(message)

  test("names the parts, each as bytes of its own", () => {
    expect(parts.type).toBe("s")
    expect(parts.senderId).toEqual(alice.id)
    expect(parts.ciphertext).toEqual(message.slice(81))
    expect(parts.signedPayload).toEqual(message.slice(1))
    for (const part of [parts.senderId, parts.ciphertext, parts.signedPayload]) {
      expect(part.constructor).toBe(Uint8Array)
      expect(part.buffer).not.toBe(parts.buffer)
    }
  })

  test("has no part of the other types", () => {
    for (const field of [
      "senderKey",
      "recipientId",
      "encryptionKey",
      "encryptedTopicKey",
    ] as const) {
      expect(errorName(() => parts[field])).toBe("MalformedMessageError")
    }
  })

  test("is a copy, and what is cut from it is plain", () => {
    const input = Uint8Array.from(message)
    const copy = new Message(input)
    input.fill(0)
    expect(Uint8Array.from(copy)).toEqual(message)
    expect(copy.slice(0, 3).constructor).toBe(Uint8Array)
    expect(copy.subarray(0, 3).constructor).toBe(Uint8Array)
    expect(copy.map(() => 0).constructor).toBe(Uint8Array)
  })
})
