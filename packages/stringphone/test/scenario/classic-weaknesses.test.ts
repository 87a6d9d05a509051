// Attacks that succeed against a classic topic, because its bytes allow them: spec/topic-classic.md
// §7. They are written down as tests so that nobody believes otherwise. The titles cite the threat.
import { describe, expect, test } from "vitest"
import { concat } from "../../src/bytes/index.js"
import {
  exchangePublicKey,
  openSecretbox,
  sealBox,
  sign,
  signingKeyPair,
} from "../../src/crypto/index.js"
import { Message, participantId, Topic } from "../../src/topic/classic/index.js"
import { encodeReply } from "../../src/topic/classic/wire/reply.js"
import { encodeSimple } from "../../src/topic/classic/wire/simple.js"
import { errorName, joiner, pair, payload, secret, topicKey } from "../wire/fixtures.js"

describe("from the document", () => {
  test("T1 replay: anyone repeats a message at any time — classic: succeeds", () => {
    const { alice, bob } = pair()
    const message = alice.encode("open the door")
    for (let time = 0; time < 3; time++) expect(bob.decode(message)).not.toBeNull()
    const restarted = pair().bob
    expect(restarted.decode(message)).not.toBeNull()
  })

  test("T2 no forward secrecy: who joins today reads the past — classic: succeeds", () => {
    const { alice } = pair()
    const past = alice.encode(payload)
    const late = new Topic({ topicKey, participants: [alice.publicKey] })
    expect(late.decode(past)).toEqual(payload)
  })

  test("T2 no forward secrecy: a stolen key opens every recording, without any identity — classic: succeeds", () => {
    const recording = pair().alice.encode(payload)
    const stolen = topicKey
    expect(openSecretbox(recording.subarray(105), recording.subarray(81, 105), stolen)).toEqual(
      payload,
    )
  })

  test("T2 no forward secrecy: a removed participant reads on — classic: succeeds", () => {
    const { alice, bob } = pair()
    alice.removeParticipant(bob.id)
    expect(bob.decode(alice.encode("Bob is gone"))).not.toBeNull()
    // Removing stops only what Bob says, not what he hears.
    expect(errorName(() => alice.decode(bob.encode("still here")))).toBe("UntrustedKeyError")
  })

  test("T3 naive: everyone with the topic key speaks as anyone — classic: succeeds", () => {
    const { alice, bob } = pair()
    const message = alice.encode("from Alice")
    message.set(participantId(secret(77)), 65)
    expect(bob.decode(message, { naive: true })).not.toBeNull()
  })
})

describe("from the protocol", () => {
  test("T4 reorder, delay, drop: the receiver can not tell — classic: succeeds", () => {
    const { alice, bob } = pair()
    const [on, , off] = ["lamp on", "lost", "lamp off"].map((text) => alice.encode(text))
    expect(bob.decode(off as Uint8Array)).not.toBeNull()
    expect(bob.decode(on as Uint8Array)).not.toBeNull()
  })

  test("T5 unsigned reply: a false topic key under a trusted signer's name — classic: succeeds", () => {
    const { alice } = pair()
    const bob = joiner()
    bob.addParticipant(alice.publicKey)
    const intro = bob.constructIntro()
    // Mallory has no secret of anyone: the channel showed him the introduction and Alice's key.
    const nonce = secret(0).subarray(0, 24)
    const box = sealBox(secret(66), nonce, intro.encryptionKey, secret(99)) as Uint8Array
    const forged = new Message(
      encodeReply({
        recipientId: intro.senderId,
        encryptedTopicKey: concat(nonce, box),
        encryptionKey: exchangePublicKey(secret(99)),
        signingKey: alice.publicKey,
      }),
    )
    expect(forged.senderKey).toEqual(alice.publicKey)
    expect(bob.parseReply(forged)).toBe(true)
    expect(bob.topicKey).toEqual(secret(66))
    // Mallory reads what Bob now sends, until Bob fails to open a message of Alice.
    const message = bob.encode("secret")
    expect(
      openSecretbox(message.subarray(105), message.subarray(81, 105), secret(66)),
    ).not.toBeNull()
    expect(errorName(() => bob.decode(alice.encode(payload)))).toBe("DecryptionError")
  })

  test("T6 first reply wins: the right one comes too late — classic: succeeds", () => {
    const bob = joiner()
    const mallory = new Topic({ topicKey: secret(66) })
    const intro = bob.constructIntro()
    expect(bob.parseReply(mallory.constructReply(intro))).toBe(true)
    expect(bob.parseReply(pair().alice.constructReply(intro))).toBe(false)
    expect(bob.topicKey).toEqual(secret(66))
  })

  test("T7 introduction replay: a recorded one is answered again, in any topic — classic: succeeds", () => {
    const bob = joiner()
    const intro = bob.constructIntro()
    expect(Uint8Array.from(bob.constructIntro())).toEqual(Uint8Array.from(intro)) // Always the same.
    const elsewhere = new Topic({ topicKey: secret(88) })
    const reply = elsewhere.constructReply(intro)
    // Bob asked in one topic, and gets the key of another without noticing.
    expect(bob.parseReply(reply)).toBe(true)
    expect(bob.topicKey).toEqual(secret(88))
  })

  test("T8 no binding: a message is valid in every topic and channel with that key — classic: succeeds", () => {
    const { alice } = pair()
    const inTheKitchen = new Topic({ topicKey, participants: [alice.publicKey] })
    const inTheGarage = new Topic({ topicKey, participants: [alice.publicKey] })
    const message = alice.encode("switch on")
    expect(inTheKitchen.decode(message)).not.toBeNull()
    expect(inTheGarage.decode(message)).not.toBeNull()
  })

  test("T9 signature stripped: a participant signs another's ciphertext as its own — classic: succeeds", () => {
    const { alice, bob } = pair()
    // Carol is trusted and does not even need the topic key.
    const carol = signingKeyPair(secret(4))
    bob.addParticipant(carol.publicKey)
    const message = alice.encode("I, the sender, owe you 10")
    const stolen = encodeSimple(participantId(carol.publicKey), message.length - 121, {
      nonce: (out) => out.set(message.subarray(81, 105)),
      seal: (out) => out.set(message.subarray(105)),
      sign: (signed) => sign(signed, carol.secretKey),
    })
    expect(bob.decode(stolen)).toEqual(bob.decode(message))
    expect(new Message(stolen).senderId).not.toEqual(alice.id)
  })

  test("T10 no new key: a participant with a key never takes another — classic: succeeds", () => {
    const { bob } = pair()
    const renewed = new Topic({ topicKey: secret(67) })
    expect(bob.parseReply(renewed.constructReply(bob.constructIntro()))).toBe(false)
    expect(bob.topicKey).toEqual(topicKey)
  })

  test("T11 lasting encryption key: it serves all peers, and one theft opens all replies — classic: succeeds", () => {
    const { alice } = pair()
    const bob = joiner()
    const first = alice.constructReply(bob.constructIntro())
    const second = alice.constructReply(new Topic().constructIntro())
    expect(first.encryptionKey).toEqual(second.encryptionKey)
    // Whoever recorded the reply and later takes Bob's encryption key has the topic key.
    const thief = new Topic({ signingKeySeed: secret(3), encryptionPrivateKey: secret(13) })
    expect(thief.parseReply(first)).toBe(true)
  })

  test("T12 no padding, constant IDs: everyone sees who speaks and how much — classic: succeeds", () => {
    const { alice, bob } = pair()
    const watcher = (message: Uint8Array) =>
      [new Message(message).senderId, message.length - 121] as const
    expect(watcher(alice.encode("yes"))).toEqual([alice.id, 3])
    expect(watcher(bob.encode("no"))).toEqual([bob.id, 2])
  })

  test("T13 nothing to compare: an introduction is swapped on the way — classic: succeeds", () => {
    const { alice } = pair()
    const mallory = new Topic()
    const swapped = mallory.constructIntro() // Bob's never arrives.
    alice.addParticipant(swapped.senderKey)
    expect(mallory.parseReply(alice.constructReply(swapped))).toBe(true)
    expect(mallory.topicKey).toEqual(topicKey)
  })

  test("T14 unsigned type byte: a simple message of 32 bytes becomes a reply — classic: succeeds", () => {
    const message = pair().alice.encode(secret(0))
    message[0] = "r".charCodeAt(0)
    expect(new Message(message).type).toBe("r")
    expect(errorName(() => joiner().decode(message))).toBe("IntroductionReplyError")
  })
})

describe("closed in ours, the bytes unchanged", () => {
  test("a wrong key under another's ID: the ID is recomputed [CLASSIC-2-2]", () => {
    const { alice } = pair()
    const mallory = new Topic({ topicKey })
    const bob = new Topic({ topicKey, participants: [{ publicKey: mallory.publicKey }] })
    expect(bob.participants().map(({ id }) => id)).toEqual([mallory.id])
    expect(errorName(() => bob.decode(alice.encode(payload)))).toBe("UntrustedKeyError")
  })

  test("an introduction whose encryption key was replaced gets no reply [CLASSIC-3.2-3]", () => {
    const intro = Uint8Array.from(joiner().constructIntro())
    intro.set(exchangePublicKey(secret(99)), 97)
    expect(errorName(() => pair().alice.constructReply(intro))).toBe("BadSignatureError")
  })
})
