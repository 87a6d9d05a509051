// Attacks that succeed against classic mail, because its bytes allow them: spec/mailbox-classic.md §7.
// They are written down as tests so that nobody believes otherwise. The titles cite the threat.
import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../src/bytes/index.js"
import { hash, openSecretbox } from "../../src/crypto/index.js"
import {
  createDummyMail,
  createMail,
  decodeMail,
  decodeMailList,
  encodeMail,
  encodeMailList,
  type Mail,
  type MailKeyPair,
  type MailSlot,
  openMail,
  relayMail,
  verifyMail,
} from "../../src/mailbox/classic/index.js"
import { compareBytes } from "../../src/mailbox/classic/order.js"
import { sealKey } from "../../src/mailbox/classic/sealed-key.js"
import { tagOf } from "../../src/mailbox/classic/tag.js"
import { signedBytes } from "../../src/mailbox/classic/wire.js"
import {
  alice,
  bob,
  carol,
  contact,
  expiresAtSeconds,
  identityOf,
  mailOf,
  nowSeconds,
  outcome,
  seededRandom,
  text,
} from "../wire/mailbox-classic-fixtures.js"
import { twoReadings } from "./mailbox-classic-two-readings.js"

const mallory = identityOf("mallory").keyPair(0)
const bobKnowsAlice = { keyPairs: [bob], contacts: [contact("alice", alice)] }
const bobKnowsBoth = {
  keyPairs: [bob],
  contacts: [contact("alice", alice), contact("mallory", mallory)],
}
const bobKnowsNobody = { keyPairs: [bob], contacts: [] }

/** The same mail under another's tag and signature. Needs no key of sender or receiver. */
function signedAnew(mail: Mail, signer: MailKeyPair, changes: Partial<Mail> = {}): Uint8Array {
  const changed = { ...mail, ...changes, senderTag: tagOf(signer.publicKey, mail.nonce1) }
  return encodeMail({ ...changed, signature: signer.sign(signedBytes(changed)) })
}

const inOrder = (slots: readonly MailSlot[]) => slots.toSorted((a, b) => compareBytes(a.tag, b.tag))

/** Who wrote to whom, by public keys alone. */
function unmask(archive: readonly Uint8Array[], seized: ReturnType<typeof contact>[]): string[] {
  return archive.flatMap((bytes) => {
    const mail = decodeMail(bytes)
    const named = (tag: Uint8Array, nonce: Uint8Array) =>
      seized.find(({ publicKey }) => String(tagOf(publicKey, nonce)) === String(tag))?.petname
    const from = named(mail.senderTag, mail.nonce1)
    const to = mail.slots.flatMap(({ tag }) => named(tag, mail.nonce2) ?? [])
    return from || to.length > 0 ? [`${from ?? "?"} → ${to.sort().join(", ") || "?"}`] : []
  })
}

describe("W1 one seized contact list", () => {
  const names = ["ann", "ben", "cat", "dan", "eve"]
  const random = seededRandom("archive")
  const noise = () =>
    Array.from({ length: 20 }, () =>
      createDummyMail({ messageBytes: 10, receivers: 2, expiresAtSeconds }, random),
    )

  test("W1 unmasks who talks to whom in the whole archive, dummies or not — classic: succeeds", () => {
    const people = new Map(names.map((name) => [name, identityOf(name).keyPair(0)]))
    const write = (from: string, to: string[]) =>
      mailOf(
        {
          sender: people.get(from)!,
          receivers: to.map((name) => people.get(name)!.publicKey),
          dummyReceivers: 2,
        },
        random,
      )
    const written = [
      write("ann", ["ben"]),
      write("ben", ["cat", "dan"]),
      write("dan", ["ann"]),
      write("cat", ["ben", "dan"]),
    ]
    const archive = relayMail([...written, ...noise()], { nowSeconds }).passed
    // Eve wrote and received nothing of this; she only knew the four.
    const seized = names.slice(0, 4).map((name) => contact(name, people.get(name)!))
    expect(unmask(archive, seized).sort()).toEqual([
      "ann → ben",
      "ben → cat, dan",
      "cat → ben, dan",
      "dan → ann",
    ])
    expect(unmask(archive, [])).toEqual([])
  })

  test("W1 a key pair for each contact saves the others' mail, not one's own of all years — classic: succeeds", () => {
    const pairOf = (owner: string, contactName: string) =>
      identityOf(owner).keyPair(names.indexOf(contactName))
    const write = (from: string, to: string) =>
      mailOf({ sender: pairOf(from, to), receivers: [pairOf(to, from).publicKey] }, random)
    const archive = [write("ann", "ben"), write("ann", "eve"), write("ben", "eve"), ...noise()]
    const seized = ["ann", "ben"].map((name) => contact(name, pairOf(name, "eve")))
    expect(unmask(archive, seized)).toEqual(["ann → ?", "ben → ?"])
  })
})

describe("signature outside", () => {
  test("W2 stripped and replaced: the carrier becomes the verified author — classic: succeeds", () => {
    const message = utf8("The plan is mine. Transfer the prize to me, the sender.")
    const original = decodeMail(mailOf({ message }))
    const stolen = signedAnew(original, mallory)
    expect(outcome(stolen, { keyPairs: [mallory], contacts: [] })).toBe("not for us")
    const opened = openMail(stolen, bobKnowsBoth)!
    expect(opened.message).toEqual(message)
    expect([opened.status, opened.sender?.petname]).toEqual(["verified", "mallory"])
  })

  test("W3 nothing is deniable: a reader proves to anybody who wrote what — classic: succeeds", () => {
    const mail = decodeMail(mailOf())
    // Bob gives away no key of his own, only that of this one mail.
    const contentKey = bob.openKey(mail.slots[0]!.sealedKey)!
    const judgeKnows = alice.publicKey
    expect(verifyMail(mail, judgeKnows)).toBe(true)
    expect(openSecretbox(mail.ciphertext, mail.nonce1, contentKey)).toEqual(text)
  })
})

describe("no identity of a mail", () => {
  test("W4 altered copies: nodes carry all, an unknowing reader sees all — classic: succeeds", () => {
    const original = mailOf()
    const copies = Array.from({ length: 1000 }, (_, i) => {
      const copy = Uint8Array.from(original)
      new DataView(copy.buffer).setUint32(copy.length - 4, i)
      return copy
    })
    const { passed } = relayMail([original, ...copies], { nowSeconds })
    expect(passed).toHaveLength(1001)
    const shown = passed.map((mail) => outcome(mail, bobKnowsNobody))
    expect(new Set(shown)).toEqual(new Set(["unverified: Hi Bob, hi Carol!"]))
    // Who knows the sender is spared them, after a signature check each.
    const read = passed.map((mail) => outcome(mail, bobKnowsAlice))
    expect(read.filter((one) => one !== "bad-signature")).toEqual([
      "verified alice: Hi Bob, hi Carol!",
    ])
  })

  test("W5 repeated: the same mail is news again whenever it comes — classic: succeeds", () => {
    const mail = mailOf({ message: utf8("Pay 10.") })
    for (let time = 0; time < 3; time++) {
      expect(outcome(mail, bobKnowsAlice)).toBe("verified alice: Pay 10.")
    }
  })

  test("W8 junk: a node carries whatever anybody makes, and can not tell it from mail — classic: succeeds", () => {
    const random = seededRandom("junk")
    const real = mailOf()
    const template = decodeMail(real)
    // Not even a signature is needed, since nobody can check it.
    const junk = Array.from({ length: 5000 }, () =>
      encodeMail({ ...template, nonce1: random(24), signature: random(64) }),
    )
    const { passed, dropped } = relayMail([real, ...junk], { nowSeconds })
    expect(passed).toHaveLength(5001)
    expect(dropped).toEqual([])
  })
})

describe("readable by all", () => {
  test("W6 length, number of receivers, and the second of writing — classic: succeeds", () => {
    const writtenAtSeconds = nowSeconds - 12_345
    const weekSeconds = 7 * 24 * 3600
    const mail = mailOf({
      message: utf8("yes"),
      receivers: [bob.publicKey, carol.publicKey],
      expiresAtSeconds: writtenAtSeconds + weekSeconds,
    })
    const seen = decodeMail(mail)
    expect(seen.ciphertext.length - 16).toBe("yes".length)
    expect(seen.slots).toHaveLength(2)
    expect(seen.expiresAtSeconds - weekSeconds).toBe(writtenAtSeconds)
  })

  test("W7 no forward secrecy: one seed opens everything that was ever collected — classic: succeeds", () => {
    const random = seededRandom("years")
    const years = Array.from({ length: 10 }, (_, year) =>
      mailOf({ message: utf8(`year ${year}`), expiresAtSeconds: nowSeconds - year }, random),
    )
    const stolen = identityOf("bob")
    const reader = { keyPairs: [stolen.keyPair(0)], contacts: bobKnowsAlice.contacts }
    expect(years.map((mail) => outcome(mail, reader))).toEqual(
      years.map((_, year) => `verified alice: year ${year}`),
    )
  })

  test("W12 a list tells what its carrier has, and what is new since the last — classic: succeeds", () => {
    const random = seededRandom("lists")
    const [first, second, own] = [mailOf({}, random), mailOf({}, random), mailOf({}, random)]
    const before = decodeMailList(encodeMailList(relayMail([first, second], { nowSeconds }).passed))
    const after = relayMail([first, second, own], { nowSeconds }).passed
    const known = new Set(before.map((mail) => String(hash(mail))))
    expect(after.filter((mail) => !known.has(String(hash(mail))))).toEqual([own])
  })
})

describe("what the sender or the carrier puts together", () => {
  test("W9 expiry altered: mail lives for ever, or dies at once — classic: succeeds", () => {
    const anonymous = decodeMail(mailOf({ sender: null }))
    const late = expiresAtSeconds + 10 * 365 * 24 * 3600
    const original = encodeMail(anonymous)
    const prolonged = encodeMail({ ...anonymous, expiresAtSeconds: late + 1 })
    expect(relayMail([original, prolonged], { nowSeconds: late }).passed).toEqual([prolonged])
    expect(openMail(prolonged, bobKnowsNobody)!.expiresAtSeconds).toBe(late + 1)
    const killed = encodeMail({ ...decodeMail(mailOf()), expiresAtSeconds: nowSeconds })
    expect(relayMail([killed], { nowSeconds }).dropped[0]!.reason).toBe("expired")
    // One who knows the sender notices, if the mail comes at all.
    expect(outcome(killed, bobKnowsAlice)).toBe("bad-signature")
  })

  test("W10 no key commitment: two receivers read one verified mail differently — classic: succeeds", () => {
    const random = seededRandom("two readings")
    const [nonce1, nonce2, keyOne, keyTwo] = [random(24), random(24), random(32), random(32)]
    const [go, stay] = [utf8("Go to the square"), utf8("Stay at home now")]
    const slotFor = (receiver: MailKeyPair, key: Uint8Array) => ({
      sealedKey: sealKey(key, receiver.publicKey.subarray(32), random(32))!,
      tag: tagOf(receiver.publicKey, nonce2),
    })
    const slots = [slotFor(bob, keyOne), slotFor(carol, keyTwo)]
    const honest = decodeMail(mailOf())
    const mail = signedAnew({ ...honest, nonce1 }, mallory, {
      nonce2,
      ciphertext: twoReadings([keyOne, keyTwo], nonce1, [go, stay]),
      slots: inOrder(slots),
    })
    const contacts = [contact("mallory", mallory)]
    const [forBob, forCarol] = [bob, carol].map((reader) =>
      openMail(mail, { keyPairs: [reader], contacts }),
    ) as [NonNullable<ReturnType<typeof openMail>>, NonNullable<ReturnType<typeof openMail>>]
    expect([forBob.status, forCarol.status]).toEqual(["verified", "verified"])
    expect(forBob.message.slice(0, 16)).toEqual(go)
    expect(forCarol.message.slice(16, 32)).toEqual(stay)
    expect(forBob.message.slice(16, 32)).not.toEqual(stay)
  })

  test("W11 slots not bound: anybody is named as a receiver of what they can not read — classic: succeeds", () => {
    const { slots, ...original } = decodeMail(mailOf())
    const junk = createMail(
      {
        message: utf8(""),
        sender: null,
        receivers: [carol.publicKey],
        expiresAtSeconds,
      },
      seededRandom("another mail"),
    )
    const tag = tagOf(carol.publicKey, original.nonce2)
    const named = [...slots, { sealedKey: decodeMail(junk).slots[0]!.sealedKey, tag }]
    const mail = signedAnew({ ...original, slots: inOrder(named) }, mallory)
    const contacts = [contact("mallory", mallory)]
    expect(outcome(mail, { keyPairs: [carol], contacts })).toBe("decryption-failed")
    const seized = [contact("bob", bob), contact("carol", carol), ...contacts]
    expect(unmask([mail], seized)).toEqual(["mallory → bob, carol"])
  })
})

describe("closed by suite 1 or our reader", () => {
  test("W13 a contact's altered mail is refused: no byte of it is shown [WCMP-5-3]", () => {
    const mail = mailOf()
    const altered = encodeMail({ ...decodeMail(mail), expiresAtSeconds: 0 })
    expect(outcome(altered, bobKnowsAlice)).toBe("bad-signature")
  })

  test("W14 a forger who knows all public keys is never shown as a contact [WCMP-5-4]", () => {
    const mail = decodeMail(mailOf({ sender: mallory }))
    const senderTag = tagOf(alice.publicKey, mail.nonce1)
    const asAlice = { ...mail, senderTag }
    const forged = encodeMail({ ...asAlice, signature: mallory.sign(signedBytes(asAlice)) })
    expect(outcome(forged, bobKnowsAlice)).toBe("bad-signature")
    expect(outcome(forged, bobKnowsNobody)).toMatch(/^unverified/)
  })

  test("W17 hostile bytes stop no node", () => {
    const hostile = [new Uint8Array(0), new Uint8Array(300).fill(0xff), mailOf().slice(0, -1)]
    const good = mailOf()
    const { passed, dropped } = relayMail([...hostile, good, concat(good, good)], { nowSeconds })
    expect(passed).toEqual([good])
    expect(new Set(dropped.map(({ reason }) => reason))).toEqual(new Set(["malformed"]))
  })
})
