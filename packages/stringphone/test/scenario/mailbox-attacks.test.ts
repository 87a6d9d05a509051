// What somebody may try who carries mail, or who gets some.
import { describe, expect, it } from "vitest"
import { concat, hex, PeerError } from "../../src/bytes/index.js"
import {
  authenticate,
  derive,
  exchange,
  hash,
  labelled,
  randomBytes,
  sealIetf,
} from "../../src/crypto/index.js"
import { checkEnvelope, dummyEnvelope, Mailbox, readAddressText } from "../../src/mailbox/index.js"
import { openBody, openSlot, sealEnvelope } from "../../src/mailbox/envelope.js"
import { pairSlot, tagsOf } from "../../src/mailbox/chain.js"
import { trialSlotFor } from "../../src/mailbox/first-contact.js"
import { encodeContent, decodeContent } from "../../src/mailbox/wire/content.js"
import { headerBytes, readEnvelope, slotBytes } from "../../src/mailbox/wire/envelope.js"
import { acquainted, pass, Writer } from "./mailbox-people.js"

function outcome(writer: Writer, envelope: Uint8Array): string {
  try {
    const opened = writer.mailbox.open(envelope, writer.today)
    return opened ? opened.text : "not ours"
  } catch (error) {
    if (error instanceof PeerError) return error.code
    throw error
  }
}

function trio(): readonly [Writer, Writer, Writer] {
  const [alice, bob, carol] = [new Writer("alice"), new Writer("bob"), new Writer("carol")]
  acquainted(alice, bob)
  acquainted(alice, carol)
  acquainted(bob, carol)
  return [alice, bob, carol]
}

/** The content key that a receiver has, as that receiver can get it. */
function contentKeyOf(reader: Writer, from: Writer, envelope: Uint8Array): Uint8Array {
  const parts = readEnvelope(envelope)!
  const pair = reader.mailbox.pairWith(from.key)!
  for (const { chain } of pair.receiving) {
    for (let i = 0; i < 64; i++) {
      const { tag, key } = pairSlot(tagsOf(chain), i, parts.ephemeralKey)
      for (const slot of parts.slots) {
        const found = hex(slot.subarray(0, 16)) === hex(tag) ? openSlot(parts, slot, key) : null
        if (found) return found
      }
    }
  }
  throw new Error("not a receiver")
}

describe("a hub that alters", () => {
  it("any bit of an envelope: nobody reads it, and the true one is read afterwards", () => {
    const [alice, bob] = trio()
    const [envelope] = alice.write([bob], "true")
    for (let bit = 0; bit < envelope!.length * 8; bit += bit < 1_100 ? 1 : 37) {
      const altered = envelope!.slice()
      altered[bit >> 3]! ^= 1 << (bit & 7)
      expect(["not ours", "altered"]).toContain(outcome(bob, altered))
    }
    expect(outcome(bob, envelope!)).toBe("true")
  })

  it("its length, at every length", () => {
    const [alice, bob] = trio()
    const [envelope] = alice.write([bob], "true")
    for (let length = 0; length < envelope!.length; length++) {
      expect(checkEnvelope(envelope!.subarray(0, length))).toBeNull()
      expect(outcome(bob, envelope!.subarray(0, length))).toBe("not ours")
    }
    expect(checkEnvelope(concat(envelope!, Uint8Array.of(0)))).toBeNull()
  })

  it("its expiry day: it is another envelope, and no letter", () => {
    const [alice, bob] = trio()
    const [envelope] = alice.write([bob], "true")
    const later = envelope!.slice()
    later[3]! += 1
    expect(hex(checkEnvelope(later)!.id)).not.toBe(hex(checkEnvelope(envelope!)!.id))
    expect(outcome(bob, later)).toBe("not ours")
  })

  it("copies a slot into other envelopes, or fills one with tags: the letter is read all the same", () => {
    const [alice, bob] = trio()
    const [first] = alice.write([bob], "first")
    const [second] = alice.write([bob], "second")
    const moved = second!.slice()
    moved.set(first!.subarray(headerBytes, headerBytes + slotBytes), headerBytes)
    expect(outcome(bob, moved)).toBe("not ours")
    const junk = dummyEnvelope({ slotCount: 1, size: 1024 }, alice.today + 7, randomBytes)
    junk.set(first!.subarray(headerBytes, headerBytes + 16), headerBytes)
    expect(outcome(bob, junk)).toBe("not ours")
    expect([outcome(bob, first!), outcome(bob, second!)]).toEqual(["first", "second"])
  })

  it("repeats a letter: it is shown once", () => {
    const [alice, bob] = trio()
    const [envelope] = alice.write([bob], "once")
    expect([outcome(bob, envelope!), outcome(bob, envelope!)]).toEqual(["once", "not ours"])
    bob.restart()
    expect(outcome(bob, envelope!)).toBe("not ours")
  })
})

describe("a receiver who alters", () => {
  it("shows the others another text: they refuse it, and read the true one", () => {
    const [alice, bob, carol] = trio()
    for (const authorship of ["deniable", "signed"] as const) {
      const [envelope] = alice.write([bob, carol], "the truth", { authorship })
      const parts = readEnvelope(envelope!)!
      const key = contentKeyOf(bob, alice, envelope!)
      const content = decodeContent(openBody(parts, key))
      const lie = concat(encodeContent({ ...content, text: "the lie!!" }), ...content.proofs)
      // Bob knows the content key, so he can seal any body under the same head.
      const padded = new Uint8Array(parts.body.length - 16)
      padded.set(lie)
      padded[lie.length] = 0x80
      const bodyKey = derive(key, new Uint8Array(32), labelled("mailbox body"), 32)
      const head = hash(labelled("mailbox head", parts.head))
      const body = sealIetf(padded, new Uint8Array(12), bodyKey, head)
      expect(outcome(carol, concat(parts.head, body))).toBe("wrong-key")
      expect(outcome(carol, envelope!)).toBe("the truth")
    }
  })

  it("passes a signed letter on to somebody who is not named: it is refused", () => {
    const [alice, bob, carol] = trio()
    const [envelope] = alice.write([bob], "for bob alone", { authorship: "signed" })
    const parts = readEnvelope(envelope!)!
    const content = openBody(parts, contentKeyOf(bob, alice, envelope!)).slice()
    const address = readAddressText(carol.mailbox.publicAddress(carol.today))
    const secret = randomBytes(32)
    const slot = trialSlotFor(secret, address.prekey)!
    const passedOn = sealEnvelope(content, parts.expiryDay, secret, [slot], randomBytes)
    expect(outcome(carol, passedOn)).toBe("no-introduction")
    // Also in a slot of its own pair with her.
    const sending = bob.mailbox.pairWith(carol.key)!.sending
    const own = pairSlot(tagsOf(sending.chain), sending.next, publicOf(secret))
    expect(outcome(carol, sealEnvelope(content, parts.expiryDay, secret, [own], randomBytes))).toBe(
      "wrong-sender",
    )
  })

  it("re-signs what another one wrote: it is by himself, and says so", () => {
    const [alice, bob, carol] = trio()
    const [opened] = bob.open(alice.write([bob], "alice's words", { authorship: "signed" }))
    const [again] = bob.write([carol], opened!.text, { authorship: "signed" })
    expect(carol.open([again!])[0]?.senderKey).toEqual(bob.key)
  })

  it("forges a deniable letter in the name of another: only to himself", () => {
    const [alice, bob, carol] = trio()
    const address = readAddressText(carol.mailbox.publicAddress(carol.today))
    const content = {
      kind: "mail",
      messageId: randomBytes(16),
      writtenDay: carol.today,
      authorship: "deniable",
      introduction: null,
      replyTo: null,
      wantsReceipt: false,
      senderKey: alice.key,
      receiverKeys: [carol.key],
      text: "I am alice",
      files: [],
    } as const
    const secret = randomBytes(32)
    const forge = (introduced: boolean): Uint8Array => {
      const introduction = introduced
        ? {
            identityKey: alice.key,
            // A key of his own, with her card's signature.
            exchangeKey: bob.identity.exchangePublicKey,
            cardSignature: alice.identity.card().slice(-64),
            freshKey: publicOf(randomBytes(32)),
            prekey: address.prekey,
            firstPeriod: Math.floor(carol.today / 7),
          }
        : null
      const encoded = concat(encodeContent({ ...content, introduction }), randomBytes(16))
      return sealEnvelope(
        encoded,
        carol.today + 7,
        secret,
        [trialSlotFor(secret, address.prekey)!],
        randomBytes,
      )
    }
    expect(outcome(carol, forge(false))).toBe("no-introduction")
    expect(outcome(carol, forge(true))).toBe("bad-signature")
    expect(carol.mailbox.pairs).toHaveLength(2)
  })

  it("seals an old letter anew after its life: it is refused", () => {
    const [alice, bob, carol] = trio()
    const [envelope] = alice.write([bob, carol], "old", { authorship: "signed", life: 28 })
    const parts = readEnvelope(envelope!)!
    const content = openBody(parts, contentKeyOf(bob, alice, envelope!)).slice()
    for (let week = 0; week < 6; week++) pass(7, alice, bob, carol)
    const sending = bob.mailbox.pairWith(carol.key)!
    const secret = randomBytes(32)
    const { slot } = { slot: bobSlot(bob, carol, secret) }
    expect(sending.first).toBeNull()
    expect(
      outcome(carol, sealEnvelope(content, carol.today + 7, secret, [slot], randomBytes)),
    ).toBe("wrong-date")
  })
})

describe("who seizes keys", () => {
  it("of today reads nothing that is older than five weeks, and nothing of others", () => {
    const [alice, bob, carol] = trio()
    const old = alice.write([bob], "old", { life: 28 })
    for (let week = 0; week < 6; week++) pass(7, alice, bob, carol)
    const recent = alice.write([bob], "recent")
    const others = alice.write([carol], "to carol")
    const thief = Mailbox.restore(bob.mailbox.save(), bob.identity, bob.random)
    const read = [...old, ...recent, ...others].map(
      (one) => thief.open(one, bob.today)?.text ?? null,
    )
    expect(read).toEqual([null, "recent", null])
    expect(everyKeyTried(bob, old[0]!)).toBe(false)
    expect(everyKeyTried(bob, alice.write([bob], "control")[0]!)).toBe(true)
  })

  it("of a contact book alone recognises nothing", () => {
    const [alice, bob] = trio()
    const envelopes = Array.from({ length: 20 }, () => alice.write([bob], "who is it?")).flat()
    const keys = [alice, bob].flatMap(({ identity }) => [
      identity.publicKey,
      identity.exchangePublicKey,
    ])
    for (const bytes of envelopes) {
      const { slots, ephemeralKey, commitment } = readEnvelope(bytes)!
      for (const key of keys) {
        for (const nonce of [ephemeralKey, commitment, bytes.subarray(0, headerBytes)]) {
          const tag = hex(authenticate(nonce, key)).slice(0, 32)
          expect(slots.some((slot) => hex(slot).startsWith(tag))).toBe(false)
        }
      }
    }
  })
})

function publicOf(secret: Uint8Array): Uint8Array {
  const base = new Uint8Array(32)
  base[0] = 9
  return exchange(secret, base)!
}

function bobSlot(from: Writer, to: Writer, secret: Uint8Array): ReturnType<typeof pairSlot> {
  // As its own program would: the chain of the present week.
  const envelope = readEnvelope(from.write([to], "x")[0]!)!
  const { chain, next } = from.mailbox.pairWith(to.key)!.sending
  expect(envelope.slots).toHaveLength(1)
  return pairSlot(tagsOf(chain), next, publicOf(secret))
}

/** Whether any key in the saved state, used in any way that the protocol has, opens the envelope. */
function everyKeyTried(writer: Writer, bytes: Uint8Array): boolean {
  const parts = readEnvelope(bytes)!
  const noSalt = new Uint8Array(32)
  const state = new TextDecoder().decode(writer.mailbox.save())
  const secrets = [...state.matchAll(/b64:([A-Za-z0-9_-]{43})"/g)].map(([, text]) =>
    Uint8Array.from(atob(`${text!.replaceAll("-", "+").replaceAll("_", "/")}=`), (c) =>
      c.charCodeAt(0),
    ),
  )
  expect(secrets.length).toBeGreaterThan(5)
  for (const secret of secrets) {
    let key: Uint8Array = secret
    for (let week = 0; week < 12; week++) {
      for (let i = 0; i < 8; i++) {
        const { key: slotKey } = pairSlot(tagsOf(key), i, parts.ephemeralKey)
        if (parts.slots.some((slot) => openSlot(parts, slot, slotKey))) return true
      }
      key = derive(key, noSalt, labelled("mailbox next period"), 32)
    }
  }
  return false
}
