// What a breaker found: each fails until it is mended.
import { describe, expect, it } from "vitest"
import { ChannelError } from "../../src/bytes/index.js"
import { randomBytes } from "../../src/crypto/index.js"
import { pairSlot, tagsOf } from "../../src/mailbox/chain.js"
import { openSlot, sealEnvelope } from "../../src/mailbox/envelope.js"
import { trialSlotFor } from "../../src/mailbox/first-contact.js"
import { Mailbox, readAddressText } from "../../src/mailbox/index.js"
import { encodeContent } from "../../src/mailbox/wire/content.js"
import { readEnvelope } from "../../src/mailbox/wire/envelope.js"
import { createMemoryEnvelopeStore } from "../../src/store/envelopes/memory.js"
import type { Store } from "../../src/store/index.js"
import { carry, dayMs, Person } from "./mailbox-owners.js"
import { acquainted, pass, Writer } from "./mailbox-people.js"

function anonymous(address: string, messageId: Uint8Array, text: string, today: number) {
  const { prekey, identityKey } = readAddressText(address)
  const secret = randomBytes(32)
  const content = encodeContent({
    kind: "mail",
    messageId,
    writtenDay: today,
    authorship: "anonymous",
    introduction: null,
    replyTo: null,
    wantsReceipt: false,
    senderKey: null,
    receiverKeys: [identityKey],
    text,
    files: [],
  })
  return sealEnvelope(content, today + 7, secret, [trialSlotFor(secret, prekey)!], randomBytes)
}

describe("look stops for ever", () => {
  it("when two receivers confirm one letter and both receipts come at once", async () => {
    const [alice, bob, carol] = [new Person("alice"), new Person("bob"), new Person("carol")]
    const [a, b, c] = [await alice.open(), await bob.open(), await carol.open()]
    for (const [person, session] of [
      [bob, b],
      [carol, c],
    ] as const) {
      await session.write({ to: [{ address: (await a.invite()).text }], text: "hello" })
      await carry(person, alice)
      await a.look()
      await a.write({ to: [{ publicKey: person.identity.publicKey }], text: "you too" })
      await carry(alice, person)
      await session.look()
    }
    const sent = await a.write({
      to: [{ publicKey: bob.identity.publicKey }, { publicKey: carol.identity.publicKey }],
      text: "both",
      wantsReceipt: true,
    })
    for (const [person, session] of [
      [bob, b],
      [carol, c],
    ] as const) {
      await carry(alice, person)
      await session.look()
      const letter = (await session.letters()).find(({ text }) => text === "both")
      await session.confirm(letter!.id)
      person.now += dayMs + 3_600_000
      await session.look()
      await carry(person, alice)
    }
    await a.look()
    expect((await a.letter(sent.id))?.confirmedBy).toHaveLength(2)
  })

  it("when a stranger sends two anonymous letters with one message ID: both are kept", async () => {
    const alice = new Person("alice")
    const a = await alice.open()
    const address = await a.publicAddress()
    const id = randomBytes(16)
    await alice.put(
      anonymous(address, id, "one", alice.today),
      anonymous(address, id, "two", alice.today),
    )
    await a.look()
    expect((await a.letters()).map(({ text }) => text).sort()).toEqual(["one", "two"])
  })

  it("when a receipt is due to somebody whose address is used up since", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    const { text } = await a.invite()
    await b.write({ to: [{ address: text }], text: "hello", wantsReceipt: true })
    await carry(bob, alice)
    await a.look()
    const [letter] = await a.letters()
    await a.forget(bob.identity.publicKey)
    await a.write({ to: [{ address: await b.publicAddress() }], text: "again" })
    for (let week = 0; week < 6; week++) {
      alice.now += 7 * dayMs
      await alice.open()
    }
    await a.confirm(letter!.id)
    alice.now += 2 * dayMs
    expect(await a.look()).toMatchObject({ letters: 0 })
  })
})

describe("letters that are overwritten", () => {
  it("a contact can not change what was read, by its own message ID five weeks later", async () => {
    const [alice, bob] = [new Person("alice"), new Writer("bob")]
    const a = await alice.open()
    const { text } = await a.invite()
    const fixed = new Uint8Array(16).fill(7)
    const withId = async (letter: string, to: readonly (Uint8Array | string)[]) => {
      const { mailbox, random } = bob
      // The first 16 random bytes of `write` are the message ID.
      let isFirst = true
      const copy = Mailbox.restore(mailbox.save(), bob.identity, (length) => {
        if (length !== 16 || !isFirst) return random(length)
        isFirst = false
        return fixed
      })
      const { envelopes } = copy.write(
        {
          to: to.map((one) => (typeof one === "string" ? readAddressText(one) : one)),
          text: letter,
        },
        bob.today,
      )
      bob.mailbox = copy
      await alice.put(...envelopes)
    }
    await withId("I promise", [text])
    await a.look()
    await a.write({ to: [{ publicKey: bob.key }], text: "good" })
    bob.open((await alice.hub.since(0, 100)).map(({ bytes }) => bytes))
    for (let week = 0; week < 6; week++) {
      pass(7, bob)
      alice.now += 7 * dayMs
      await alice.open()
    }
    await withId("I never promised", [alice.identity.publicKey])
    await a.look()
    const texts = (await a.letters()).map((letter) => letter.text)
    expect(texts).toContain("I promise")
  })
})

describe("forward secrecy", () => {
  it("what we wrote ten weeks ago is opened by nothing in our saved state", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const [old] = alice.write([bob], "old")
    for (let week = 0; week < 10; week++) pass(7, alice, bob)
    alice.restart()
    const parts = readEnvelope(old!)!
    const { chain } = alice.mailbox.pairWith(bob.key)!.sending
    const keys = Array.from({ length: 8 }, (_, i) => pairSlot(tagsOf(chain), i, parts.ephemeralKey))
    expect(keys.some(({ key }) => parts.slots.some((slot) => openSlot(parts, slot, key)))).toBe(
      false,
    )
  })
})

describe("two programs", () => {
  it("one that commits between our commit and our reading of the version is not overwritten", async () => {
    const alice = new Person("alice")
    const other = await alice.open()
    let meanwhile: (() => Promise<unknown>) | null = null
    const slow: Store = {
      get: (key) => alice.store.get(key),
      list: (prefix) => alice.store.list(prefix),
      close: () => Promise.resolve(),
      commit: async (commit) => {
        const isWritten = await alice.store.commit(commit)
        const run = meanwhile
        meanwhile = null
        if (run) await run()
        return isWritten
      },
    }
    const a = await alice.open(slow)
    meanwhile = () => other.invite()
    await a.invite()
    await a.invite()
    expect((await a.status()).invitations).toBe(3)
  })
})

describe("letters that are never searched for again", () => {
  it("of a writer whose clock was two weeks ahead for once", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    await b.write({ to: [{ address: (await a.invite()).text }], text: "hello" })
    await carry(bob, alice)
    await a.look()
    await a.write({ to: [{ publicKey: bob.identity.publicKey }], text: "you too" })
    await carry(alice, bob)
    await b.look()
    bob.now += 14 * dayMs
    await bob.open()
    bob.now -= 14 * dayMs
    await b.write({ to: [{ publicKey: alice.identity.publicKey }], text: "early", lifeDays: 28 })
    await carry(bob, alice)
    for (let week = 0; week < 4; week++) {
      await (await alice.open()).look()
      alice.now += 7 * dayMs
    }
    expect((await a.letters()).map(({ text }) => text)).toContain("early")
  })

  it("when the reader's clock was still that of its last use, and is set then", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    await b.write({ to: [{ address: (await a.invite()).text }], text: "hello" })
    await carry(bob, alice)
    await a.look()
    await a.write({ to: [{ publicKey: bob.identity.publicKey }], text: "you too" })
    await carry(alice, bob)
    await b.look()
    for (let week = 0; week < 3; week++) {
      bob.now += 7 * dayMs
      await bob.open()
    }
    await b.write({ to: [{ publicKey: alice.identity.publicKey }], text: "news" })
    await carry(bob, alice)
    await a.look()
    alice.now = bob.now
    const again = await alice.open()
    await again.look()
    await again.confirmDate()
    await again.look()
    expect((await again.letters()).map(({ text }) => text)).toContain("news")
  })

  it("because the look in which they became ours was interrupted", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    await b.write({ to: [{ address: (await a.invite()).text }], text: "hello" })
    await carry(bob, alice)
    await a.look()
    await a.write({ to: [{ publicKey: bob.identity.publicKey }], text: "you too" })
    await carry(alice, bob)
    await b.look()
    const before = (await bob.hub.usage()).lastNumber
    for (let i = 0; i < 40; i++) {
      await b.write({ to: [{ publicKey: alice.identity.publicKey }], text: `letter ${i}` })
    }
    const sent = (await bob.hub.since(before, 100)).map(({ bytes }) => bytes)
    await alice.put(sent[39]!, sent[31]!, ...sent.slice(0, 39))
    const stop = new AbortController()
    await a.look({ signal: stop.signal, onProgress: () => stop.abort() })
    const again = await alice.open()
    await again.look()
    expect((await again.letters()).filter(({ direction }) => direction === "in")).toHaveLength(41)
  })
  it("because those before it came one by one", async () => {
    const [alice, bob] = [new Person("alice"), new Writer("bob")]
    const a = await alice.open()
    await alice.put(...bob.write([(await a.invite()).text], "hello"))
    await a.look()
    await a.write({ to: [{ publicKey: bob.key }], text: "you too" })
    bob.open((await alice.hub.since(0, 100)).map(({ bytes }) => bytes))
    const to = { publicKey: alice.identity.publicKey }
    const sent = Array.from({ length: 40 }, (_, i) => {
      const draft = { to: [to.publicKey], text: `letter ${i}` }
      return bob.mailbox.write(draft, bob.today).envelopes[0]!
    })
    for (const envelope of [sent[39]!, ...sent.slice(0, 39)]) {
      await alice.put(envelope)
      await a.look()
    }
    expect((await a.letters()).filter(({ direction }) => direction === "in")).toHaveLength(41)
  })
})

describe("both wrote first", () => {
  it("and one is silent for five weeks: its next letter is read", () => {
    for (let round = 0; round < 8; round++) {
      const [alice, bob] = [new Writer(`alice ${round}`), new Writer(`bob ${round}`)]
      const toAlice = alice.mailbox.publicAddress(alice.today)
      const toBob = bob.mailbox.publicAddress(bob.today)
      const [fromAlice, fromBob] = [alice.write([toBob], "a"), bob.write([toAlice], "b")]
      alice.open(fromBob)
      bob.open(fromAlice)
      for (let week = 0; week < 6; week++) {
        // Alice writes, Bob only reads.
        bob.open(alice.write([bob], "how are you?"))
        pass(7, alice, bob)
      }
      expect(alice.texts(bob.write([alice], "well"))).toEqual(["well"])
    }
  })
})

describe("a stranger with the public address", () => {
  it("fills our state with people who are nobody: it stays of a bounded size", () => {
    const alice = new Writer("alice")
    const address = alice.mailbox.publicAddress(alice.today)
    for (let i = 0; i < 300; i++) {
      const stranger = new Writer(`stranger ${i}`)
      alice.open(stranger.write([address], "hi"))
    }
    for (let week = 0; week < 12; week++) pass(7, alice)
    expect(alice.mailbox.pairs.length).toBeLessThanOrEqual(256)
  }, 120_000)

  it("counts up under its pair: tags do not grow without end", () => {
    const [alice, mallory] = [new Writer("alice"), new Writer("mallory")]
    acquainted(alice, mallory)
    const before = alice.mailbox.tagCount
    const { next } = mallory.mailbox.pairWith(alice.key)!.sending
    // 32 at a time, as anybody can who has the chain.
    for (let i = next; i < 4_000; i++) {
      const envelopes = mallory.write([alice], "x")
      if (i % 32 === 31) alice.open(envelopes)
    }
    expect(alice.mailbox.tagCount - before).toBeLessThanOrEqual(4_096)
  }, 120_000)
})

describe("clocks", () => {
  it("a letter that was read while the clock said 1970 is shown once", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const letter = alice.write([bob], "once")
    const today = bob.today
    bob.today = 0
    bob.mailbox.move(0)
    expect(bob.texts(letter)).toEqual(["once"])
    bob.today = today
    bob.mailbox.move(today)
    expect(bob.texts(letter)).toEqual([])
  })

  it("a first letter that is looked at while the clock is years ahead is not refused", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    const address = alice.mailbox.invite(alice.today + 28)
    const letter = bob.write([address], "hello")
    alice.today += 3_000
    alice.mailbox.move(alice.today)
    expect(alice.texts(letter)).toEqual(["hello"])
  })

  it("no address is given out for years because the clock leapt", () => {
    const alice = new Writer("alice")
    const today = alice.today
    try {
      alice.mailbox.publicAddress(today + 3_000)
    } catch (error) {
      expect(error).toMatchObject({ code: "clock-leapt" })
    }
    const { lastDay } = readAddressText(alice.mailbox.publicAddress(today))
    expect(lastDay).toBeLessThanOrEqual(today + 28)
  })

  it("a mailbox that began while the clock was years ahead is of use when it is set right", () => {
    const [alice, bob] = [new Writer("alice", 25_000), new Writer("bob")]
    alice.today = 20_000
    alice.mailbox.move(20_000)
    const address = bob.mailbox.publicAddress(bob.today)
    expect(bob.texts(alice.write([address], "hello"))).toEqual(["hello"])
  })
})

describe("a clock that was years ahead for once", () => {
  it("does not delete the prekey of a public address, when there is no pair yet", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    const letter = bob.write([alice.mailbox.publicAddress(alice.today)], "hello")
    alice.mailbox.move(alice.today + 3_000)
    alice.mailbox.move(alice.today)
    expect(alice.texts(letter)).toEqual(["hello"])
  })

  it("after ten weeks without power, all that is still carried is read in one go", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const letters: Uint8Array[] = []
    for (let week = 0; week < 10; week++) {
      pass(7, bob)
      if (week > 6) letters.push(...bob.write([alice], `week ${week}`, { life: 28 }))
    }
    alice.today = bob.today
    alice.mailbox.move(alice.today)
    expect(alice.texts(letters)).toEqual(["week 7", "week 8", "week 9"])
  })

  it("a letter to many, some of them new: one that can not be met uses up nothing", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    const address = readAddressText(bob.mailbox.publicAddress(bob.today))
    const bad = {
      ...address,
      identityKey: alice.key.map((byte) => byte ^ 1),
      prekey: new Uint8Array(32),
    }
    expect(() => alice.mailbox.write({ to: [address, bad], text: "x" }, alice.today)).toThrow()
    expect(alice.mailbox.pairs).toHaveLength(0)
  })
})

describe("words", () => {
  it("an invitation is found although somebody altered a copy of its envelope", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    const { words } = await a.invite({ withWords: true })
    const [{ bytes }] = (await alice.hub.since(0, 1)) as unknown as [{ bytes: Uint8Array }]
    const altered = bytes.slice()
    altered[altered.length - 1]! ^= 1
    await bob.put(altered, bytes)
    expect(await b.findInvitation(words!)).not.toBeNull()
  })
})

describe("hubs", () => {
  it("another hub, with more envelopes than the one before: all of it is looked at", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    const { text } = await a.invite()
    await a.publicAddress()
    await a.look()
    await b.write({ to: [{ address: text }], text: "hello" })
    // One that is looked at in the old hub.
    const noise = anonymous(await b.publicAddress(), randomBytes(16), "x", bob.today)
    await alice.put(noise)
    expect((await a.look()).looked).toBe(1)
    expect((await a.status()).looked).toBe(1)
    alice.hub = createMemoryEnvelopeStore()
    await carry(bob, alice)
    await alice.put(noise)
    const again = await alice.open()
    await again.look()
    expect((await again.letters()).map((letter) => letter.text)).toContain("hello")
  })

  it("a hub that is full: letters can still be read, and a saved letter is not written twice", async () => {
    const alice = new Person("alice")
    const a = await alice.open()
    const bob = new Writer("bob")
    alice.hub.add = () => Promise.reject(new ChannelError("store-full", "Full."))
    const address = bob.mailbox.publicAddress(bob.today)
    await a.write({ to: [{ address }], text: "hello" }).catch(() => null)
    const again = await alice.open()
    expect(await again.letters()).toHaveLength(1)
  })
})

describe("a contact that lost its device", () => {
  it("and writes again by the public address: what we answer is read", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const anew = new Writer("bob")
    anew.today += 14
    anew.mailbox = new Mailbox(anew.identity, anew.today, randomBytes)
    pass(14, alice)
    const address = alice.mailbox.publicAddress(alice.today)
    alice.open(anew.write([address], "I am back"))
    expect(anew.texts(alice.write([anew], "welcome"))).toEqual(["welcome"])
  })
})

describe("trust", () => {
  it("whoever gave us its own invitation is not shown as one that we invited", async () => {
    const [alice, mallory] = [new Person("alice"), new Person("mallory")]
    const [a, m] = [await alice.open(), await mallory.open()]
    await a.write({ to: [{ address: (await m.invite()).text }], text: "hello" })
    await carry(alice, mallory)
    await m.look()
    await m.write({ to: [{ publicKey: alice.identity.publicKey }], text: "it is me, Bob" })
    await carry(mallory, alice)
    await a.look()
    const letter = (await a.letters()).find(({ direction }) => direction === "in")
    expect(letter?.from?.trust).toBe("unverified")
  })
})
