// Three people who hand lists of mail to each other: spec/mailbox-classic.md §4 to §6.
import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../src/bytes/index.js"
import {
  createDummyMail,
  createMail,
  decodeMail,
  decodeMailList,
  type DropReason,
  encodeMailList,
  type MailKeyPair,
  type NewMail,
  openMail,
  recogniseMail,
  relayMail,
} from "../../src/mailbox/classic/index.js"
import {
  contact,
  expiresAtSeconds,
  identityOf,
  nowSeconds,
  outcome,
  seededRandom,
} from "../wire/mailbox-classic-fixtures.js"

/** A node: it reads its own mail and carries everybody's. */
class Person {
  readonly identity
  readonly name: string
  keyPairs: MailKeyPair[] = []
  contacts: { petname: string; publicKey: Uint8Array }[] = []
  carried: readonly Uint8Array[] = []
  dropped: DropReason[] = []
  readonly random

  constructor(name: string) {
    this.name = name
    this.identity = identityOf(name)
    this.random = seededRandom(name)
  }

  /** A key pair of its own for each contact: the next number. */
  newKeyPair(): MailKeyPair {
    const keyPair = this.identity.keyPair(this.keyPairs.length)
    this.keyPairs.push(keyPair)
    return keyPair
  }

  write(message: string, mail: Pick<NewMail, "sender" | "receivers"> & Partial<NewMail>): void {
    const whole = { expiresAtSeconds, message: utf8(message), ...mail }
    this.carried = [...this.carried, createMail(whole, this.random)]
  }

  /** Puts all that passes its rules on a stick. */
  export(atSeconds = nowSeconds): Uint8Array {
    const { passed, dropped } = relayMail(this.carried, { nowSeconds: atSeconds })
    this.carried = passed
    this.dropped.push(...dropped.map(({ reason }) => reason))
    return encodeMailList(passed)
  }

  import(stick: Uint8Array): void {
    this.carried = [...this.carried, ...decodeMailList(stick)]
  }

  /** What it can read of what it carries, in alphabetic order. */
  inbox(): string[] {
    return this.carried
      .map((mail) => outcome(mail, this))
      .filter((one) => one !== "not for us")
      .sort()
  }
}

/** They meet and tell each other a new public key each. */
function meet(one: Person, other: Person): readonly [MailKeyPair, MailKeyPair] {
  const [ours, theirs] = [one.newKeyPair(), other.newKeyPair()]
  one.contacts.push(contact(other.name, theirs))
  other.contacts.push(contact(one.name, ours))
  return [ours, theirs]
}

describe("Alice writes to Carol, whom she never meets again; Bob carries", () => {
  const [alice, bob, carol] = [new Person("alice"), new Person("bob"), new Person("carol")]
  const [aliceToCarol, carolToAlice] = meet(alice, carol)
  const [aliceToBob] = meet(alice, bob)
  meet(bob, carol)

  test("mail goes over two sticks, unchanged, and the carrier reads none of it", () => {
    alice.write("Come on Friday.", { sender: aliceToCarol, receivers: [carolToAlice.publicKey] })
    const sent = alice.carried[0]!
    bob.import(alice.export())
    expect(bob.inbox()).toEqual([])
    carol.import(bob.export())
    expect(carol.carried).toEqual([sent])
    expect(carol.inbox()).toEqual(["verified alice: Come on Friday."])
  })

  test("the answer goes the same way back, with Bob's own mail, and nothing doubles", () => {
    carol.write("I will.", { sender: carolToAlice, receivers: [aliceToCarol.publicKey] })
    bob.write("Hello.", { sender: bob.keyPairs[0]!, receivers: [aliceToBob.publicKey] })
    bob.import(carol.export())
    alice.import(bob.export())
    alice.import(bob.export())
    alice.export()
    expect(alice.carried).toHaveLength(3)
    expect(alice.inbox()).toEqual(["verified bob: Hello.", "verified carol: I will."])
    expect(new Set(alice.dropped)).toEqual(new Set(["duplicate"]))
  })

  test("expired, oversized and malformed mail goes no further", () => {
    const before = bob.carried.length
    const receivers = [carol.keyPairs[1]!.publicKey]
    const sender = bob.keyPairs[1]!
    bob.write("too late", { sender, receivers, expiresAtSeconds: nowSeconds - 1 })
    bob.write("x".repeat(1_048_576), { sender, receivers })
    bob.write("in time", { sender, receivers, expiresAtSeconds: nowSeconds + 1 })
    bob.carried = [...bob.carried, utf8("no mail"), bob.carried[0]!.slice(1)]
    bob.dropped = []
    carol.import(bob.export())
    expect(bob.dropped).toEqual(["expired", "oversized", "malformed", "malformed"])
    expect(bob.carried).toHaveLength(before + 1)
    expect(carol.inbox()).toContain("verified bob: in time")
    carol.export(expiresAtSeconds)
    expect(carol.carried).toEqual([])
  })
})

describe("several receivers, dummies and nobody", () => {
  const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map((name) => {
    const person = new Person(name)
    person.newKeyPair()
    return person
  }) as [Person, Person, Person, Person]
  const key = (person: Person) => person.keyPairs[0]!
  bob.contacts.push(contact("alice", key(alice)))

  function send(mail: Partial<NewMail> = {}): Uint8Array {
    const receivers = [key(bob).publicKey, key(carol).publicKey]
    alice.carried = []
    alice.write("for you", { sender: key(alice), receivers, ...mail })
    return alice.carried[0]!
  }

  test("each receiver reads it; a fourth does not; nor does the sender", () => {
    const mail = send()
    expect(outcome(mail, bob)).toBe("verified alice: for you")
    expect(outcome(mail, carol)).toBe("unverified: for you")
    expect(outcome(mail, dave)).toBe("not for us")
    expect(outcome(mail, alice)).toBe("not for us")
  })

  test("a sender who is not in the contact book is unverified, with nobody's name", () => {
    const opened = openMail(send(), carol)!
    expect(opened.status).toBe("unverified")
    expect(opened.sender).toBeNull()
  })

  test("anonymous mail is readable, and verified by no reader", () => {
    const mail = send({ sender: null })
    for (const reader of [bob, carol]) expect(outcome(mail, reader)).toBe("unverified: for you")
  })

  test("with all names of all: two receivers and three dummies, and nothing else tells them", () => {
    const mail = send({ dummyReceivers: 3 })
    const everyone = [alice, bob, carol, dave].map(key)
    const found = recogniseMail(decodeMail(mail), { keyPairs: everyone, contacts: [] })!
    expect(found.slots.map(({ keyPair }) => keyPair)).toEqual([key(bob), key(carol)])
    expect(mail).toHaveLength(send().length + 3 * 112)
    expect(outcome(mail, bob)).toBe("verified alice: for you")
  })

  test("a dummy mail has the form of any other and is for nobody", () => {
    const form = { messageBytes: 7, receivers: 2, expiresAtSeconds }
    const dummy = createDummyMail(form, seededRandom("dummy"))
    expect(dummy).toHaveLength(send().length)
    for (const reader of [alice, bob, carol, dave]) {
      expect(outcome(dummy, reader)).toBe("not for us")
    }
    expect(relayMail([dummy, send()], { nowSeconds }).passed).toHaveLength(2)
  })

  test("places of real receivers among dummies do not tell: each place about as often", () => {
    const random = seededRandom("places")
    const places = [0, 0, 0, 0]
    for (let i = 0; i < 200; i++) {
      const receivers = [key(bob).publicKey]
      const mail = decodeMail(
        createMail(
          { message: utf8(""), sender: null, receivers, dummyReceivers: 3, expiresAtSeconds },
          random,
        ),
      )
      const own = recogniseMail(mail, bob)!.slots[0]!.slot
      places[mail.slots.indexOf(own)]!++
    }
    for (const count of places) expect(count).toBeGreaterThan(25)
  }, 60_000)

  test("a mail to two of our key pairs opens once; where the first slot is broken, by the second", () => {
    const other = bob.newKeyPair()
    const mail = send({ receivers: [key(bob).publicKey, other.publicKey] })
    expect(openMail(mail, bob)?.keyPair).toBe(key(bob))
    const parts = decodeMail(mail)
    const slot = recogniseMail(parts, bob)!.slots[0]!.slot
    const broken = concat(mail)
    const at = slot.sealedKey.byteOffset - mail.byteOffset
    broken.fill(0, at, at + 80)
    const withoutContacts = { keyPairs: bob.keyPairs, contacts: [] }
    expect(openMail(broken, withoutContacts)?.keyPair).toBe(other)
    expect(outcome(broken, bob)).toBe("bad-signature")
  })
})
