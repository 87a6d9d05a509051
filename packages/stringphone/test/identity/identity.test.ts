import { describe, expect, it } from "vitest"
import { fromHex, hex, PeerError, UsageError } from "../../src/bytes/index.js"
import {
  cardText,
  fingerprint,
  Identity,
  matchesFingerprint,
  openCardText,
  openIdentityCard,
} from "../../src/identity/index.js"
import { Topic } from "../../src/topic/classic/index.js"
import vectors from "../vectors/identity.json" with { type: "json" }

describe("identity", () => {
  it.each(vectors.identities)(
    "has the keys, card and fingerprint that Python derives: $seed",
    (vector) => {
      const identity = new Identity(fromHex(vector.seed))
      expect(hex(identity.publicKey)).toBe(vector.publicKey)
      expect(hex(identity.exchangePublicKey)).toBe(vector.exchangePublicKey)
      expect(hex(identity.card())).toBe(vector.card)
      expect(identity.fingerprint.words.join(" ")).toBe(vector.words)
      expect(identity.fingerprint.digits).toBe(vector.digits)
      expect(identity.fingerprint.hex).toBe(vector.hex)
    },
  )

  it("is the same participant in a classic topic", () => {
    const identity = Identity.generate()
    const topic = new Topic({ signingKeySeed: identity.exportSeed() })
    expect(hex(topic.publicKey)).toBe(hex(identity.publicKey))
  })

  it("comes back from its seed, and agrees on a secret with another", () => {
    const alice = Identity.generate()
    const bob = new Identity(Identity.generate().exportSeed())
    const secret = alice.exchange(bob.exchangePublicKey)
    expect(secret).toEqual(bob.exchange(alice.exchangePublicKey))
    expect(secret).toHaveLength(32)
    expect(alice.exchange(new Uint8Array(32))).toBeNull()
  })

  it("keeps purposes apart: none can hold the mark that ends it", () => {
    expect(() => Identity.generate().sign("a\0b", new Uint8Array())).toThrow(/NUL/)
  })

  it.each([0, 31, 33, 64])("refuses a seed of %i bytes", (length) => {
    expect(() => new Identity(new Uint8Array(length))).toThrow(UsageError)
  })
})

describe("identity card", () => {
  const card = Identity.generate().card()

  it("opens as bytes and as text, with white space around it", () => {
    expect(openIdentityCard(card).publicKey).toEqual(card.slice(1, 33))
    expect(cardText(card)).toHaveLength(189)
    expect(openCardText(`  ${cardText(card)}\n`)).toEqual(openIdentityCard(card))
  })

  it("refuses every flipped bit", () => {
    for (let bit = 0; bit < card.length * 8; bit++) {
      const flipped = card.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => openIdentityCard(flipped)).toThrow(PeerError)
    }
  })

  it("refuses every truncation and one trailing byte", () => {
    for (let length = 0; length < card.length; length++) {
      expect(() => openIdentityCard(card.slice(0, length))).toThrow(/Malformed identity card/)
    }
    expect(() => openIdentityCard(Uint8Array.of(...card, 0))).toThrow("1 bytes too many")
  })

  it.each(["", "hello", "stringphone:card/", "stringphone:card/***", "stringphone:card/AAAA"])(
    "refuses %j as text",
    (text) => {
      expect(() => openCardText(text)).toThrow(PeerError)
    },
  )

  it("does not let the exchange key of another identity pass", () => {
    const other = Identity.generate()
    const mixed = Uint8Array.from(card)
    mixed.set(other.exchangePublicKey, 33)
    expect(() => openIdentityCard(mixed)).toThrow("altered")
  })
})

describe("fingerprint", () => {
  const { publicKey } = Identity.generate()
  const { words, digits, hex: hexText } = fingerprint(publicKey)

  it("is recognised in each form, however it is typed", () => {
    for (const text of [
      words.join(" "),
      words.join("-").toUpperCase(),
      `  ${words.join("   ")} `,
      digits,
      digits.replaceAll(" ", ""),
      hexText,
      hexText.replaceAll(" ", "").toUpperCase(),
    ]) {
      expect(matchesFingerprint(publicKey, text)).toBe(true)
    }
  })

  it("is not recognised when anything is missing, changed or another's", () => {
    const other = fingerprint(Identity.generate().publicKey)
    for (const text of [
      "",
      words.slice(1).join(" "),
      digits.slice(0, -1),
      hexText.slice(2),
      other.digits,
    ]) {
      expect(matchesFingerprint(publicKey, text)).toBe(false)
    }
  })
})
