import { concat, hex } from "stringphone/bytes"
import { generateTopicKey, Message, Topic } from "stringphone/topic/classic"
import { describe as suite, expect, it } from "vitest"
import { describe, type Description } from "../src/lib/describe.ts"

const alice = new Topic({ topicKey: generateTopicKey() })
const bob = new Topic()
const simple = alice.encode("Hi Bob!")
const introduction = bob.constructIntro()
const reply = alice.constructReply(introduction)

function field(description: Description, name: string): string {
  return hex(description.fields.find((one) => one.name === name)?.bytes ?? new Uint8Array())
}

suite("describe", () => {
  it.each([
    ["a simple message", simple],
    ["an empty one", alice.encode("")],
    ["an introduction", introduction],
    ["a reply", reply],
    ["something else", Uint8Array.of(1, 2, 3)],
  ])("names every byte of %s once, in order", (_, bytes) => {
    const { fields } = describe(bytes)
    expect(hex(concat(...fields.map((one) => one.bytes)))).toBe(hex(bytes))
    let at = 0
    for (const one of fields) {
      expect(one.at).toBe(at)
      expect(one.note).not.toBe("")
      at += one.bytes.length
    }
  })

  it("agrees with the library on a simple message", () => {
    const message = new Message(simple)
    const described = describe(simple)
    expect(field(described, "sender ID")).toBe(hex(message.senderId))
    expect(field(described, "nonce") + field(described, "secretbox")).toBe(hex(message.ciphertext))
    expect(field(described, "signature")).toBe(hex(message.signedPayload.subarray(0, 64)))
  })

  it("agrees with the library on an introduction", () => {
    const described = describe(introduction)
    expect(field(described, "signing key")).toBe(hex(introduction.senderKey))
    expect(field(described, "encryption key")).toBe(hex(introduction.encryptionKey))
    expect(field(described, "signature")).toBe(hex(introduction.signedPayload.subarray(0, 64)))
  })

  it("agrees with the library on a reply", () => {
    const described = describe(reply)
    expect(field(described, "recipient ID")).toBe(hex(reply.recipientId))
    expect(field(described, "encrypted topic key")).toBe(hex(reply.encryptedTopicKey))
    expect(field(described, "encryption key")).toBe(hex(reply.encryptionKey))
    expect(field(described, "signing key")).toBe(hex(reply.senderKey))
  })

  it.each([simple, introduction, reply].map((bytes) => [bytes]))(
    "takes every cut of a message for what it is, and never throws",
    (bytes) => {
      for (let length = 0; length < bytes.length; length++) {
        const { fields, problem } = describe(bytes.subarray(0, length))
        // A simple message may be cut anywhere behind its tag, and is still well-formed.
        if (problem === null) expect([bytes[0], length >= 121]).toEqual([0x73, true])
        else expect(fields.length).toBe(length === 0 ? 0 : 1)
      }
    },
  )
})
