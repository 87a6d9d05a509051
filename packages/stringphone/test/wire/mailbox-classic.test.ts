import { describe, expect, test } from "vitest"
import { concat, fromHex, sameBytes } from "../../src/bytes/index.js"
import {
  createDummyMail,
  decodeMail,
  decodeMailList,
  encodeMail,
  encodeMailList,
  MailIdentity,
  recogniseMail,
  relayMail,
  verifyMail,
} from "../../src/mailbox/classic/index.js"
import points from "../vectors/crypto/x25519-low-order.json" with { type: "json" }
import { flipped, secret, unlike, viewAtOffset } from "./fixtures.js"
import {
  alice,
  bob,
  carol,
  contact,
  expiresAtSeconds,
  failure,
  identityOf,
  mailOf,
  nowSeconds,
  outcome,
  seededRandom,
  text,
} from "./mailbox-classic-fixtures.js"

const mail = mailOf({ receivers: [bob.publicKey, carol.publicKey] })
const n = text.length
const knowing = { keyPairs: [bob], contacts: [contact("Alice", alice)] }
const alone = { keyPairs: [bob], contacts: [] }
const verified = "verified Alice: Hi Bob, hi Carol!"
const unverified = "unverified: Hi Bob, hi Carol!"

describe("mail", () => {
  test("the length is that of the diagram; decoding gives the parts back, from any view", () => {
    expect(mail.length).toBe(171 + n + 2 * 112)
    const parts = decodeMail(viewAtOffset(mail))
    expect(encodeMail(parts)).toEqual(mail)
    expect(parts.expiresAtSeconds).toBe(expiresAtSeconds)
    expect(parts.slots).toHaveLength(2)
    expect(parts.ciphertext).toHaveLength(16 + n)
    expect(outcome(viewAtOffset(mail), knowing)).toBe(verified)
    expect(outcome(mail, alone)).toBe(unverified)
  })

  test("every truncation and every number of bytes too many are malformed", () => {
    for (let length = 0; length < mail.length; length++) {
      expect(outcome(mail.slice(0, length), knowing), `${length} bytes`).toBe("malformed")
    }
    for (const extra of [1, 64, 112, 100_000]) {
      expect(outcome(concat(mail, new Uint8Array(extra)), knowing)).toBe("malformed")
      expect(outcome(concat(mail, mail.slice(0, extra)), knowing)).toBe("malformed")
    }
  })

  const slotsAt = 107 + n
  const parts = decodeMail(mail)
  const bobsIndex = parts.slots.indexOf(recogniseMail(parts, alone)!.slots[0]!.slot)
  const slotAt = (index: number) => slotsAt + index * 112
  const tagAt = (index: number) => slotAt(index) + 80

  test.each([
    ["suite", [0, 1], "malformed", "malformed"],
    ["nonce1", [1, 25], "decryption-failed", "decryption-failed"],
    ["sender tag", [25, 57], unverified, unverified],
    ["expiry", [57, 61], "bad-signature", unverified],
    ["length", [61, 65], "malformed", "malformed"],
    ["ciphertext", [65, 81 + n], "bad-signature", "decryption-failed"],
    ["nonce2", [81 + n, 105 + n], "not for us", "not for us"],
    ["receiver count", [105 + n, slotsAt], "malformed", "malformed"],
    ["our sealed key", [slotAt(bobsIndex), tagAt(bobsIndex)], "bad-signature", "decryption-failed"],
    [
      "another's sealed key",
      [slotAt(1 - bobsIndex), tagAt(1 - bobsIndex)],
      "bad-signature",
      unverified,
    ],
    ["signature", [mail.length - 64, mail.length], "bad-signature", unverified],
  ] as const)("every bit of %s flipped", (_, range, expected, withoutContact) => {
    expect(unlike(range, expected, (bit) => outcome(flipped(mail, bit), knowing))).toEqual([])
    expect(unlike(range, withoutContact, (bit) => outcome(flipped(mail, bit), alone))).toEqual([])
  })

  test("every bit of the receiver tags flipped: another order, or another receiver", () => {
    const [own, other] = [new Set<string>(), new Set<string>()]
    for (let bit = 0; bit < 256; bit++) {
      own.add(outcome(flipped(mail, tagAt(bobsIndex) * 8 + bit), knowing))
      other.add(outcome(flipped(mail, tagAt(1 - bobsIndex) * 8 + bit), knowing))
    }
    expect([...own].sort()).toEqual(["malformed", "not for us"])
    expect([...other].sort()).toEqual(["bad-signature", "malformed"])
  })

  test("no flipped bit verifies, and none is another encoding of the same mail", () => {
    const wrong = unlike([0, mail.length], "refused", (bit) => {
      const changed = flipped(mail, bit)
      if (failure(() => decodeMail(changed)) === "PeerError malformed") return "refused"
      if (!sameBytes(encodeMail(decodeMail(changed)), changed)) return "another encoding"
      return verifyMail(decodeMail(changed), alice.publicKey) ? "verified" : "refused"
    })
    expect(wrong).toEqual([])
    expect(verifyMail(parts, alice.publicKey)).toBe(true)
    expect(verifyMail(parts, bob.publicKey)).toBe(false)
  })

  test("slots in another order, twice the same, none, and 65,535 of them [WCMP-3-6] [WCMP-3-7]", () => {
    const withSlots = (slots: typeof parts.slots) =>
      failure(() => decodeMail(encodeMail({ ...parts, slots })))
    expect(withSlots(parts.slots.toReversed())).toBe("PeerError malformed")
    expect(withSlots([parts.slots[0]!, parts.slots[0]!])).toBe("PeerError malformed")
    expect(withSlots([])).toBe("PeerError malformed")
    const many = Array.from({ length: 65_535 }, (_, i) => {
      const tag = new Uint8Array(32)
      new DataView(tag.buffer).setUint32(0, i)
      return { sealedKey: new Uint8Array(80), tag }
    })
    const large = encodeMail({ ...parts, slots: many })
    expect(large.length).toBe(171 + n + 65_535 * 112)
    expect(decodeMail(large).slots).toHaveLength(65_535)
    expect(sameBytes(encodeMail(decodeMail(large)), large)).toBe(true)
    expect(outcome(large, knowing)).toBe("not for us")
  })
})

describe("creating", () => {
  test("sizes, from nothing to nobody's mail", () => {
    expect(mailOf({ message: new Uint8Array(0) })).toHaveLength(283)
    expect(mailOf({ sender: null, receivers: [], dummyReceivers: 5 })).toHaveLength(171 + n + 560)
    const form = { messageBytes: 1000, receivers: 4, expiresAtSeconds }
    expect(createDummyMail(form, seededRandom("dummy"))).toHaveLength(171 + 1000 + 448)
    expect(outcome(mailOf({ message: new Uint8Array(0) }), knowing)).toBe("verified Alice: ")
  })

  test("nothing repeats in two mails of the same, but the suite, the sizes and the expiry", () => {
    const random = seededRandom("twice")
    const [one, two] = [decodeMail(mailOf({}, random)), decodeMail(mailOf({}, random))]
    for (const part of ["nonce1", "senderTag", "ciphertext", "nonce2", "signature"] as const) {
      expect(one[part]).not.toEqual(two[part])
    }
    expect(one.slots[0]!.sealedKey.slice(0, 32)).not.toEqual(two.slots[0]!.sealedKey.slice(0, 32))
    expect(one.slots[0]!.tag).not.toEqual(two.slots[0]!.tag)
  })

  test.each([
    ["bad-receivers", { receivers: [] }],
    ["bad-receivers", { receivers: [bob.publicKey, carol.publicKey, bob.publicKey] }],
    ["bad-receivers", { dummyReceivers: 65_535 }],
    ["bad-receivers", { dummyReceivers: -1 }],
    ["bad-receivers", { dummyReceivers: 0.5 }],
    ["bad-key", { receivers: [secret(1)] }],
    ["bad-expiry", { expiresAtSeconds: -1 }],
    ["bad-expiry", { expiresAtSeconds: 2 ** 32 }],
    ["bad-expiry", { expiresAtSeconds: 1.5 }],
    ["bad-message", { message: "text" as unknown as Uint8Array }],
  ])("%s: %o", (code, wrong) => {
    expect(failure(() => mailOf(wrong))).toBe(`UsageError ${code}`)
  })

  test("a receiver's key of low order, and a generator that gives too little", () => {
    for (const { point } of points.lowOrder) {
      const receivers = [concat(bob.publicKey.subarray(0, 32), fromHex(point))]
      expect(failure(() => mailOf({ receivers }))).toBe("UsageError bad-key")
    }
    expect(failure(() => mailOf({}, () => new Uint8Array(8)))).toBe("UsageError bad-random")
    const form = { messageBytes: -1, receivers: 1, expiresAtSeconds }
    const random = seededRandom("dummy")
    expect(failure(() => createDummyMail(form, random))).toBe("UsageError bad-message")
  })
})

describe("keys", () => {
  test("the same number gives the same pair, another another; nothing secret shows", () => {
    const dora = identityOf("dora")
    expect(dora.keyPair(3).publicKey).toEqual(identityOf("dora").keyPair(3).publicKey)
    const keys = [0, 1, 0xffffffff].map((number) => String(dora.keyPair(number).publicKey))
    expect(new Set(keys).size).toBe(3)
    expect(Object.keys(dora)).toEqual([])
    expect(Object.keys(dora.keyPair(0)).sort()).toEqual(["number", "publicKey"])
  })

  test("wrong seeds, numbers and contacts' keys are the caller's mistake", () => {
    expect(failure(() => new MailIdentity(new Uint8Array(31)))).toBe("UsageError bad-seed")
    for (const number of [-1, 0.5, 2 ** 32, NaN]) {
      expect(failure(() => identityOf("dora").keyPair(number))).toBe("UsageError bad-number")
    }
    const contacts = [{ petname: "Alice", publicKey: secret(1) }]
    expect(failure(() => outcome(mail, { keyPairs: [bob], contacts }))).toBe("UsageError bad-key")
    expect(failure(() => verifyMail(decodeMail(mail), secret(1)))).toBe("UsageError bad-key")
  })
})

describe("relay and lists", () => {
  test("expired from its second on; larger than the limit; a limit of life where there is one", () => {
    const reasons = (rules: Parameters<typeof relayMail>[1]) =>
      relayMail([mail], rules).dropped.map(({ reason }) => reason)
    expect(reasons({ nowSeconds: expiresAtSeconds - 1 })).toEqual([])
    expect(reasons({ nowSeconds: expiresAtSeconds })).toEqual(["expired"])
    expect(reasons({ nowSeconds, maxBytes: mail.length })).toEqual([])
    expect(reasons({ nowSeconds, maxBytes: mail.length - 1 })).toEqual(["oversized"])
    expect(reasons({ nowSeconds, maxLifeSeconds: 3600 })).toEqual([])
    expect(reasons({ nowSeconds, maxLifeSeconds: 3599 })).toEqual(["too-long-lived"])
    for (const rules of [{ nowSeconds: NaN }, { nowSeconds: 0.5 }, { nowSeconds, maxBytes: -1 }]) {
      expect(failure(() => relayMail([mail], rules))).toBe("UsageError bad-rules")
    }
  })

  test("passes the very bytes on, in an order that does not depend on that of arrival", () => {
    const random = seededRandom("many")
    const mails = Array.from({ length: 20 }, () => mailOf({}, random))
    const { passed, dropped } = relayMail(mails, { nowSeconds })
    expect(dropped).toEqual([])
    expect(new Set(passed)).toEqual(new Set(mails))
    expect(passed).not.toEqual(mails)
    expect(relayMail(mails.toReversed(), { nowSeconds }).passed).toEqual(passed)
    const twice = relayMail([...mails, ...mails.map((one) => one.slice())], { nowSeconds })
    expect(twice.passed).toEqual(passed)
    expect(new Set(twice.dropped.map(({ reason }) => reason))).toEqual(new Set(["duplicate"]))
  })

  test("a list comes back as it was; cut off anywhere else than between two it is malformed", () => {
    const list = [mail, new Uint8Array(0), mailOf()]
    const bytes = encodeMailList(list)
    expect(decodeMailList(bytes)).toEqual(list)
    const ends = [0, 4 + mail.length, 8 + mail.length, bytes.length]
    for (let length = 0; length <= bytes.length; length++) {
      const expected = ends.includes(length) ? "none" : "PeerError malformed"
      expect(
        failure(() => decodeMailList(bytes.slice(0, length))),
        `${length}`,
      ).toBe(expected)
    }
  })

  test("a list of 200,000 is no more than its bytes", () => {
    const list = Array.from({ length: 200_000 }, () => mail.subarray(0, 3))
    expect(decodeMailList(encodeMailList(list))).toHaveLength(200_000)
  })
})
