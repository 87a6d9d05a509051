// The weaknesses of classic topics that ours do not have. Each test is one row of the design's list;
// it runs the attack on both: on classic it succeeds (classic-weaknesses.test.ts), on ours it does not.
import { describe, expect, test } from "vitest"
import { concat, fromUtf8, utf8 } from "../../src/bytes/index.js"
import {
  exchangePublicKey,
  openSecretbox,
  randomBytes,
  sealBox,
  sign,
  signingKeyPair,
} from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import * as classic from "../../src/topic/classic/index.js"
import { encodeReply } from "../../src/topic/classic/wire/reply.js"
import { encodeSimple } from "../../src/topic/classic/wire/simple.js"
import { type Binding, sealData } from "../../src/topic/data-message.js"
import { bindingOf } from "../../src/topic/epoch.js"
import { newRekeyKey, Topic } from "../../src/topic/index.js"
import { makeInvitation, openInvitation } from "../../src/topic/pairing/index.js"
import { findKey } from "../../src/topic/receiving-keys.js"
import { makeRekey } from "../../src/topic/rekey.js"
import { contextOf } from "../../src/topic/schedule.js"
import { decodeData } from "../../src/topic/wire/data.js"
import { decodeState } from "../../src/topic/wire/state.js"
import { errorName, joiner, pair, payload, secret, topicKey } from "../wire/fixtures.js"
import { group, letIn, minuteMs, nowMs, outcome, person } from "../wire/topic-fixtures.js"
import { compared, Host, Joiner } from "./pairing-devices.js"
import { Adversary } from "./topic-adversary.js"

/** Alice, an admin, and Bob, in a topic of ours. */
const ours = (): [Topic, Topic] => group(2) as [Topic, Topic]

/** A reply that names Alice, made by somebody who has no secret of anybody. */
function forgedReply(intro: classic.Message, alice: classic.Topic): classic.Message {
  const nonce = secret(0).subarray(0, 24)
  const box = sealBox(secret(66), nonce, intro.encryptionKey, secret(99)) as Uint8Array
  return new classic.Message(
    encodeReply({
      recipientId: intro.senderId,
      encryptedTopicKey: concat(nonce, box),
      encryptionKey: exchangePublicKey(secret(99)),
      signingKey: alice.publicKey,
    }),
  )
}

describe("replay, reorder, delay and drop undetected", () => {
  test("replay", () => {
    const old = pair()
    const message = old.alice.encode("open the door")
    for (let time = 0; time < 3; time++) expect(old.bob.decode(message)).not.toBeNull()

    const [alice, bob] = ours()
    const once = alice.encode("open the door")
    expect(outcome(bob, once)).toBe("message")
    expect(outcome(bob, once)).toBe("PeerError replayed")
    // Also after a restart.
    const again = Topic.restore({ signer: person(2) }, bob.snapshot())
    expect(outcome(again, once)).toBe("PeerError replayed")
  })

  test("reorder", () => {
    const old = pair()
    const [on, off] = ["lamp on", "lamp off"].map((text) => old.alice.encode(text))
    // The same two results in either order: nothing tells which came first.
    expect([off, on].map((one) => fromUtf8(old.bob.decode(one!)!))).toEqual(["lamp off", "lamp on"])

    const [alice, bob] = ours()
    const [first, second] = ["lamp on", "lamp off"].map((text) => alice.encode(text))
    expect(bob.decode(second!, { nowMs })).toMatchObject({ isLate: false, counter: 1 })
    expect(bob.decode(first!, { nowMs })).toMatchObject({ isLate: true, counter: 0 })
  })

  test("delay", () => {
    const old = pair()
    const kept = old.alice.encode("open the door")
    expect(old.bob.decode(kept)).not.toBeNull() // Whenever the channel lets it through.

    const [alice, bob] = ours()
    const timed = alice.encodeTimed("open the door", { sentMs: nowMs, validForMs: 10_000 })
    const plain = alice.encode("open the door")
    expect(outcome(bob, timed, { nowMs: nowMs + minuteMs })).toBe("PeerError stale")
    expect(outcome(bob, plain, { nowMs: nowMs + minuteMs, maxAgeMs: 5_000 })).toBe(
      "PeerError not-timed",
    )
    expect(outcome(bob, timed)).toBe("message")
  })

  test("drop", () => {
    const old = pair()
    const [, arrived] = ["lost", "arrived"].map((text) => old.alice.encode(text))
    expect(old.bob.decode(arrived!)).toEqual(utf8("arrived")) // And nothing else is known.

    const [alice, bob] = ours()
    alice.encode("lost")
    const decoded = bob.decode(alice.encode("arrived"), { nowMs })
    expect(decoded).toMatchObject({ gap: { missing: 1, possiblyMissing: 0 } })
  })
})

test("no forward secrecy", () => {
  const recording = pair().alice.encode(payload)
  const stolen = topicKey
  const [nonce, box] = [recording.subarray(81, 105), recording.subarray(105)]
  expect(openSecretbox(box, nonce, stolen)).toEqual(payload)

  const [alice, bob] = ours()
  const before = new Adversary().steal(bob.snapshot())
  const recorded = alice.encode(payload)
  expect(outcome(bob, recorded)).toBe("message")
  for (const topic of [alice, bob]) topic.forget(nowMs + 5 * minuteMs)
  const both = new Adversary().steal(alice.snapshot()).steal(bob.snapshot())
  expect(both.read([recorded])).toEqual([])
  expect(before.read([recorded])).toEqual([recorded]) // It would have, a moment earlier.
  // Who joins today reads nothing of the past either.
  const [carol] = letIn(alice, [person(3)]) as [Topic]
  expect(outcome(carol, recorded)).toBe("behind")
  expect(new Adversary().steal(carol.snapshot()).read([recorded])).toEqual([])
})

test("unsigned reply: anyone can hand a joiner a false topic key under a trusted signer's name", () => {
  const { alice } = pair()
  const bob = joiner()
  bob.addParticipant(alice.publicKey)
  const forged = forgedReply(bob.constructIntro(), alice)
  expect(forged.senderKey).toEqual(alice.publicKey)
  expect(bob.parseReply(forged)).toBe(true)
  expect(bob.topicKey).toEqual(secret(66))

  // Ours: a rekey message for Bob that names Alice, made by Mallory.
  const host = Topic.create({ signer: person(1), nowMs })
  const mallory = new Identity(secret(99))
  const rekeyKey = newRekeyKey(nowMs)
  const { publicKey, serial } = rekeyKey
  const admit = [{ publicKey: person(2).publicKey, serial, rekeyKey: publicKey }]
  const right = host.change({ admit }, nowMs)
  const { body } = decodeState(host.snapshot().state).membership.current
  const byMallory = (changed: Partial<typeof body>): Uint8Array =>
    makeRekey(mallory, { ...body, ...changed }).message
  const join = (rekey: Uint8Array): string => {
    try {
      const known = { signer: person(2), topicId: host.id, host: host.publicKey, rekeyKey }
      return String(Topic.join(known, rekey, nowMs)?.standing)
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  expect(join(byMallory({}))).toBe("bad-signature")
  expect(join(byMallory({ signer: mallory.publicKey }))).toBe("not-the-host")
  expect(join(right)).toBe("member")
})

test("first reply wins", () => {
  const bob = joiner()
  const mallory = new classic.Topic({ topicKey: secret(66) })
  const intro = bob.constructIntro()
  expect(bob.parseReply(mallory.constructReply(intro))).toBe(true)
  expect(bob.parseReply(pair().alice.constructReply(intro))).toBe(false)

  // Ours: the first answer may be Mallory's, but it is a person who says whether it counts.
  const device = new Joiner("Bob")
  const offer = device.open().takeOne()
  const [right, wrong] = [new Host("Alice"), new Host("Mallory")]
  const atAlice = right.open().hear(offer).takeOne()
  const atMallory = wrong.open().hear(offer).takeOne()
  const reveal = device.hear(atMallory).takeOne()
  device.hear(atAlice) // Too late, as in classic.
  expect(device.take()).toEqual([])
  device.hear(wrong.hear(reveal).takeOne())
  expect(() => right.hear(reveal)).toThrow("not by the device")
  // Alice shows nothing that would be the same; her person does not say so, nor does Bob's.
  expect(right.find("compare")).toBeUndefined()
  device.decide(false)
  expect(device.state.phase).toBe("idle")
  const rekey = Topic.create({ signer: new Identity(secret(99)), nowMs }).latestRekey
  const known = { signer: person(2), topicId: randomBytes(16), host: person(1).publicKey }
  expect(Topic.join({ ...known, rekeyKey: newRekeyKey(nowMs) }, rekey, nowMs)).toBeNull()
})

test("introduction identical each time and replayable into other topics", () => {
  const bob = joiner()
  const intro = bob.constructIntro()
  expect(Uint8Array.from(bob.constructIntro())).toEqual(Uint8Array.from(intro))
  const elsewhere = new classic.Topic({ topicKey: secret(88) })
  expect(bob.parseReply(elsewhere.constructReply(intro))).toBe(true)
  expect(bob.topicKey).toEqual(secret(88))

  // Ours: each is another one, and what is recorded of one session fits no other host's answer.
  const device = new Joiner("Bob")
  const offers = [0, 1].map(() => device.open().takeOne())
  expect(offers[0]!.subarray(1)).not.toEqual(offers[1]!.subarray(1))
  const first = new Joiner("Bob", "first")
  const host = new Host("Alice", "first").open()
  const [offer, , reveal] = compared(first, host)
  const other = new Host("Alice", "second").open()
  other.hear(offer!)
  other.take()
  expect(() => other.hear(reveal!)).toThrow("not by the device")
  expect(other.find("compare")).toBeUndefined()
  // The request of who is in a topic is signed for this topic alone.
  const [alice, member] = ours()
  const [inAnother] = ours()
  const request = member.keyRequest(nowMs)
  expect(outcome(alice, request)).toBe("key-request")
  expect(outcome(inAnother, request)).toBe("other")
})

test("nothing binds a message to its topic or channel", () => {
  const { alice } = pair()
  const message = alice.encode("switch on")
  for (const place of ["kitchen", "garage"]) {
    const there = new classic.Topic({ topicKey, participants: [alice.publicKey] })
    expect([place, there.decode(message)]).toEqual([place, utf8("switch on")])
  }

  const founder = Topic.create({ signer: person(1), nowMs, channelName: "kitchen" })
  const [kitchen, garage] = ["kitchen", "garage"].map((channelName) => {
    const saved = letIn(founder, [person(2)], { channelName })[0]!.snapshot()
    return Topic.restore({ signer: person(2), channelName }, saved)
  }) as [Topic, Topic]
  outcome(kitchen, founder.latestRekey)
  founder.snapshot().stored()
  const bound = founder.encode("switch on")
  expect(outcome(garage, bound)).toBe("PeerError not-authentic")
  // Another topic of the same people does not even know the tag.
  expect(outcome(ours()[1], bound)).toBe("behind")
})

test("a member can strip a signature and sign another's ciphertext as its own", () => {
  const old = pair()
  const carol = signingKeyPair(secret(4))
  old.bob.addParticipant(carol.publicKey)
  const message = old.alice.encode("I, the sender, owe you 10")
  const stolen = encodeSimple(classic.participantId(carol.publicKey), message.length - 121, {
    nonce: (out) => out.set(message.subarray(81, 105)),
    seal: (out) => out.set(message.subarray(105)),
    sign: (signed) => sign(signed, carol.secretKey),
  })
  expect(old.bob.decode(stolen)).toEqual(old.bob.decode(message))

  // Ours: Carol knows the key of Alice's message, but not how to sign for Alice; and under her own
  // tag there is another key.
  const [alice, bob, mallory] = group(3) as [Topic, Topic, Topic]
  const known = decodeState(mallory.snapshot().state).membership.current
  const original = alice.encode("I, the sender, owe you 10")
  const { header } = decodeData(original)
  const key = findKey(known.senders.get(header.tag)!.chain, header.counter).key
  const binding: Binding = bindingOf(known, contextOf(alice.id, ""))
  const content = utf8("I, the sender, owe you 10")
  const asAlice = sealData(person(3), binding, header, key, content)
  const asCarol = sealData(person(3), binding, { ...header, tag: known.ownTag }, key, content)
  const retagged = Uint8Array.from(original)
  retagged.set(mallory.encode("x").subarray(3, 7), 3)
  expect(outcome(bob, asAlice)).toBe("PeerError bad-signature")
  expect(outcome(bob, asCarol)).toBe("PeerError not-authentic")
  expect(outcome(bob, retagged)).toBe("PeerError not-authentic")
  expect(bob.decode(original, { nowMs })).toMatchObject({ from: alice.publicKey })
})

test("removed members read on", () => {
  const old = pair()
  old.alice.removeParticipant(old.bob.id)
  expect(old.bob.decode(old.alice.encode("Bob is gone"))).not.toBeNull()

  const [alice, bob, carol] = group(3) as [Topic, Topic, Topic]
  const adversary = new Adversary().steal(bob.snapshot())
  const removal = alice.change({ remove: [bob.publicKey] }, nowMs)
  alice.snapshot().stored()
  const message = alice.encode("Bob is gone")
  expect([removal, message].map((one) => outcome(bob, one))).toEqual(["behind", "behind"])
  expect(adversary.steal(bob.snapshot()).read([removal, message])).toEqual([])
  expect([removal, message].map((one) => outcome(carol, one))).toEqual(["rekey", "message"])
})

test("a participant can never accept a new key", () => {
  const { bob } = pair()
  const renewed = new classic.Topic({ topicKey: secret(67) })
  expect(bob.parseReply(renewed.constructReply(bob.constructIntro()))).toBe(false)
  expect(bob.topicKey).toEqual(topicKey)

  const [alice, member] = ours()
  expect(outcome(member, alice.change({}, nowMs))).toBe("rekey")
  expect(member.epoch).toBe(alice.epoch)
  alice.snapshot().stored()
  expect(outcome(member, alice.encode("under the new one"))).toBe("message")
})

test("the ephemeral encryption key serves all peers for the object's life", () => {
  const { alice } = pair()
  const bob = joiner()
  const first = alice.constructReply(bob.constructIntro())
  const second = alice.constructReply(new classic.Topic().constructIntro())
  expect(first.encryptionKey).toEqual(second.encryptionKey)
  const thief = new classic.Topic({ signingKeySeed: secret(3), encryptionPrivateKey: secret(13) })
  expect(thief.parseReply(first)).toBe(true)

  const [admin, member] = ours()
  const ephemeralOf = (rekey: Uint8Array): string => String(rekey.subarray(5, 37))
  const rekeys = [0, 1].map(() => {
    const rekey = admin.change({}, nowMs)
    outcome(member, rekey)
    for (const topic of [admin, member]) topic.snapshot().stored()
    outcome(admin, member.announcement())
    return rekey
  })
  expect(new Set(rekeys.map(ephemeralOf)).size).toBe(2)
  // Neither is there a lasting key on the other side.
  member.forget(nowMs + 5 * minuteMs)
  expect(new Adversary().steal(member.snapshot()).read(rekeys)).toEqual([])
})

test("wrong key under another's ID accepted by the constructor", () => {
  // The original takes the ID as given. In ours of classic the ID is always computed: closed there,
  // too, without changing a byte.
  const { alice } = pair()
  const mallory = new classic.Topic({ topicKey })
  const bob = new classic.Topic({ topicKey, participants: [{ publicKey: mallory.publicKey }] })
  expect(bob.participants().map(({ id }) => id)).toEqual([mallory.id])
  expect(errorName(() => bob.decode(alice.encode(payload)))).toBe("UntrustedKeyError")
  // What remains of it is that a short ID is all that a message names: 16 bytes of a hash.
  expect(alice.id.length).toBe(16)

  // Ours knows whole keys only; tags come from them and the epoch.
  const [admin, member] = ours()
  const message = member.encode("x")
  expect(admin.decode(message, { nowMs })).toMatchObject({ from: person(2).publicKey })
  for (const { publicKey } of admin.participants) expect(publicKey.length).toBe(32)
})

describe("no version, persistence, fragmentation, padding", () => {
  test("version", () => {
    const { alice, bob } = pair()
    const message = alice.encode(secret(0))
    message[0] = "r".charCodeAt(0) // The type is not signed; it is all there is of a version.
    expect(new classic.Message(message).type).toBe("r")
    expect(errorName(() => bob.decode(message))).toBe("none")

    const [admin, member] = ours()
    for (const type of "TBCKQXF") {
      const other = admin.encode(secret(0))
      other[0] = type.charCodeAt(0)
      expect(outcome(member, other)).toMatch(/PeerError|other|behind|incomplete/)
    }
    // No downgrade: nothing classic is for us.
    for (const one of [alice.encode("x"), alice.constructIntro()]) {
      expect(outcome(member, one)).toBe("other")
    }
  })

  test("persistence", () => {
    const { alice, bob } = pair()
    const message = alice.encode("x")
    expect(bob.decode(message)).not.toBeNull()
    expect(pair().bob.decode(message)).not.toBeNull() // Restarted: it knows nothing of before.

    const [admin, member] = ours()
    const once = admin.encode("x")
    outcome(member, once)
    const restarted = Topic.restore({ signer: person(2) }, member.snapshot())
    expect(outcome(restarted, once)).toBe("PeerError replayed")
    expect(outcome(restarted, admin.encode("y"))).toBe("message")
  })

  test("fragmentation", () => {
    const large = new Uint8Array(5000)
    expect(pair().alice.encode(large).length).toBe(5121) // In one piece, whatever the channel takes.

    const [admin, member] = ours()
    const pieces = admin.fragments(admin.encode(large), 200)
    expect(Math.max(...pieces.map(({ length }) => length))).toBe(200)
    const found = pieces.toReversed().map((piece) => outcome(member, piece))
    expect(found.at(-1)).toBe("message")
  })

  test("padding", () => {
    const { alice } = pair()
    expect(["yes", "no"].map((text) => alice.encode(text).length - 121)).toEqual([3, 2])

    const [admin] = group(2, { isPadded: true }) as [Topic]
    const lengths = ["x".repeat(905), "x".repeat(925)].map((text) => admin.encode(text).length)
    expect(lengths[0]).toBe(lengths[1])
  })
})

test("stable IDs and exact lengths visible", () => {
  const old = pair()
  const watcher = (message: Uint8Array): unknown =>
    [new classic.Message(message).senderId, message.length - 121] as const
  expect(watcher(old.alice.encode("yes"))).toEqual([old.alice.id, 3])

  const [admin, member] = group(2, { isPadded: true }) as [Topic, Topic]
  const tagOf = (topic: Topic): number => decodeData(topic.encode("yes")).header.tag
  const before = [admin, member].map(tagOf)
  outcome(member, admin.change({}, nowMs))
  for (const topic of [admin, member]) topic.snapshot().stored()
  const after = [admin, member].map(tagOf)
  expect(new Set([...before, ...after]).size).toBe(4)
  // Neither key nor short ID is in what strangers see.
  const text = String(concat(admin.encode("yes"), admin.latestRekey, member.keyRequest(nowMs)))
  for (const { publicKey } of admin.participants) {
    expect(text).not.toContain(String(publicKey))
    expect(text).not.toContain(String(classic.participantId(publicKey)))
  }
})

describe("no fingerprint to compare, so the introduction can be swapped in transit", () => {
  test("on the channel", () => {
    const { alice } = pair()
    const mallory = new classic.Topic()
    const swapped = mallory.constructIntro() // Bob's never arrives.
    alice.addParticipant(swapped.senderKey)
    expect(mallory.parseReply(alice.constructReply(swapped))).toBe(true)
    expect(mallory.topicKey).toEqual(topicKey)

    // Ours: with Mallory between them, both persons see other emoji and digits.
    const [bob, host] = [new Joiner("Bob"), new Host("Alice")]
    const [toBob, toAlice] = [new Host("Mallory"), new Joiner("Mallory")]
    compared(bob, toBob.open())
    compared(toAlice, host.open())
    const shown = [bob.get("compare"), host.get("compare")].map(({ comparison }) => comparison)
    expect(shown[0]!.emoji).not.toEqual(shown[1]!.emoji)
    host.decide(false)
    bob.decide(false)
    expect([bob.state.phase, host.currentPhase]).toEqual(["idle", null])
    // And without Mallory, the same.
    const [again, right] = [new Joiner("Bob", "2"), new Host("Alice", "2").open()]
    compared(again, right)
    expect(again.get("compare").comparison).toEqual(right.get("compare").comparison)
  })

  test("by other means", () => {
    const { alice } = pair()
    expect("fingerprint" in alice).toBe(false)

    const [right, wrong] = [person(1), new Identity(secret(99))]
    expect(right.fingerprint.words).not.toEqual(wrong.fingerprint.words)
    const fields = { topicId: randomBytes(16), epoch: 1, topicName: "home", name: "Alice" }
    const [invitation, other] = [right, wrong].map((signer) => makeInvitation(signer, fields))
    expect(openInvitation(invitation!).publicKey).toEqual(right.publicKey)
    expect(openInvitation(other!).publicKey).toEqual(wrong.publicKey)
  })
})
