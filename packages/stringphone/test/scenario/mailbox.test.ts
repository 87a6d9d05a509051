// Letters between people who may never meet: first contact, answers, groups, loss, weeks.
import { describe, expect, it } from "vitest"
import { PeerError, UsageError } from "../../src/bytes/index.js"
import {
  checkEnvelope,
  keysOfWords,
  openWithWords,
  readAddressText,
  sealForWords,
} from "../../src/mailbox/index.js"
import { acquainted, pass, seededRandom, Writer } from "./mailbox-people.js"

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof UsageError || error instanceof PeerError) return error.code
    throw error
  }
  return "nothing was thrown"
}

describe("first contact", () => {
  it("by an invitation: the first letter is read, and answered under keys of the two alone", () => {
    const [alice, bob, eve] = [new Writer("alice"), new Writer("bob"), new Writer("eve")]
    const invitation = alice.mailbox.invite(alice.today + 28)
    const first = bob.write([invitation], "may I come in?")
    expect(eve.open(first)).toEqual([])
    const [opened] = alice.open(first)
    expect(opened).toMatchObject({
      text: "may I come in?",
      via: "invitation",
      isFirst: true,
      authorship: "deniable",
    })
    expect(opened?.senderKey).toEqual(bob.key)
    const answer = alice.write([bob], "you are in")
    expect(bob.open(answer)[0]).toMatchObject({ text: "you are in", via: "pair", isFirst: false })
    expect(alice.texts(bob.write([alice], "thank you"))).toEqual(["thank you"])
    expect(eve.open(answer)).toEqual([])
  })

  it("any of the letters before the first answer may be lost, or come late", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    const invitation = alice.mailbox.invite(alice.today + 28)
    const lost = bob.write([invitation], "one")
    const second = bob.write([alice], "two")
    const third = bob.write([alice], "three")
    expect(alice.texts(third)).toEqual(["three"])
    expect(bob.texts(alice.write([bob], "only three came"))).toEqual(["only three came"])
    expect(alice.texts(bob.write([alice], "four"))).toEqual(["four"])
    expect(alice.texts(second)).toEqual(["two"])
    expect(alice.texts(lost)).toEqual(["one"])
    expect(alice.mailbox.pairs).toHaveLength(1)
  })

  it("an invitation serves one person", () => {
    const [alice, bob, carol] = [new Writer("alice"), new Writer("bob"), new Writer("carol")]
    const invitation = alice.mailbox.invite(alice.today + 28)
    expect(alice.texts(bob.write([invitation], "bob"))).toEqual(["bob"])
    const second = carol.write([invitation], "carol")
    expect(codeOf(() => alice.open(second))).toBe("invitation-used")
    expect(alice.mailbox.pairWith(carol.key)).toBeNull()
  })

  it("by a public address, from several strangers, and anonymously", () => {
    const [alice, bob, carol] = [new Writer("alice"), new Writer("bob"), new Writer("carol")]
    const address = alice.mailbox.publicAddress(alice.today)
    const letters = [
      ...bob.write([address], "by bob"),
      ...carol.write([address], "by carol", { authorship: "signed" }),
      ...carol.write([address], "by nobody", { authorship: "anonymous" }),
    ]
    const opened = alice.open(letters)
    expect(opened.map(({ text, authorship }) => [text, authorship])).toEqual([
      ["by bob", "deniable"],
      ["by carol", "signed"],
      ["by nobody", "anonymous"],
    ])
    expect(opened[2]?.senderKey).toBeNull()
    expect(bob.texts(alice.write([bob, carol], "to you both"))).toEqual(["to you both"])
    alice.mailbox.closePublicAddress()
    expect(alice.open(carol.write([address], "too late", { authorship: "anonymous" }))).toEqual([])
  })

  it("in twelve words: who has them finds the address among all envelopes", () => {
    const alice = new Writer("alice")
    const text = alice.mailbox.invite(alice.today + 28)
    const secret = new Uint8Array(16).fill(7)
    const posted = sealForWords(text, secret, alice.today, alice.today + 7, alice.random)
    const [other] = new Writer("bob").write([text], "not this one")
    expect(openWithWords(posted, keysOfWords(secret))).toBe(text)
    expect(openWithWords(other!, keysOfWords(secret))).toBeNull()
    expect(openWithWords(posted, keysOfWords(new Uint8Array(16)))).toBeNull()
  })

  it("both wrote first: both letters are read, and they go on under one pair", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    const fromAlice = alice.write([bob.mailbox.publicAddress(bob.today)], "from alice")
    const fromBob = bob.write([alice.mailbox.publicAddress(alice.today)], "from bob")
    expect([bob.texts(fromAlice), alice.texts(fromBob)]).toEqual([["from alice"], ["from bob"]])
    for (let i = 0; i < 3; i++) {
      expect(bob.texts(alice.write([bob], `a${i}`))).toEqual([`a${i}`])
      expect(alice.texts(bob.write([alice], `b${i}`))).toEqual([`b${i}`])
    }
    const used = alice.mailbox.pairWith(bob.key)?.authorshipKey
    expect(bob.mailbox.pairWith(alice.key)?.authorshipKey).toEqual(used)
    for (let week = 0; week < 6; week++) {
      pass(7, alice, bob)
      expect(bob.texts(alice.write([bob], `week ${week}`))).toEqual([`week ${week}`])
      expect(alice.texts(bob.write([alice], `back ${week}`))).toEqual([`back ${week}`])
    }
    // Both are kept: nobody can know that the other side has the same view of them.
    expect([alice.mailbox.pairs.length, bob.mailbox.pairs.length]).toEqual([2, 2])
  })
})

describe("letters", () => {
  it("go to many at once, in one envelope, and each opens it", () => {
    const alice = new Writer("alice")
    const others = ["b", "c", "d", "e", "f"].map((name) => new Writer(name))
    for (const other of others) acquainted(alice, other)
    const envelopes = alice.write(others, "to all of you", { authorship: "signed" })
    expect(envelopes).toHaveLength(1)
    expect(checkEnvelope(envelopes[0]!)?.size).toBe(4096)
    for (const other of others) {
      const [opened] = other.open(envelopes)
      expect(opened).toMatchObject({ text: "to all of you", authorship: "signed" })
      expect(opened?.receiverKeys).toHaveLength(5)
    }
  })

  it("come in any order, each once, and some never", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const sent = Array.from({ length: 40 }, (_, i) => alice.write([bob], `letter ${i}`)).flat()
    const shuffled = [...sent].reverse().filter((_, i) => i % 7 !== 3)
    const got: string[] = []
    // What lies beyond the window is found once the window has moved.
    for (let round = 0; round < 3; round++) got.push(...bob.texts(shuffled))
    expect(got).toHaveLength(shuffled.length)
    expect(new Set(got).size).toBe(got.length)
    expect(bob.open(sent)).toHaveLength(sent.length - shuffled.length)
    expect(bob.open(sent)).toEqual([])
  })

  it("carry files, answers, and a wish for a receipt", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const file = { name: "plan.txt", bytes: new Uint8Array(30_000).fill(1) }
    const replyTo = new Uint8Array(16).fill(9)
    const envelopes = alice.write([bob], "see the plan", {
      files: [file],
      replyTo,
      wantsReceipt: true,
    })
    expect(checkEnvelope(envelopes[0]!)?.size).toBe(65_536)
    expect(bob.open(envelopes)[0]).toMatchObject({ files: [file], replyTo, wantsReceipt: true })
  })

  it.each([
    ["to nobody", "no-receiver", (alice: Writer) => alice.write([], "x")],
    ["to a stranger", "no-pair", (alice: Writer, bob: Writer) => alice.write([bob], "x")],
    [
      "to oneself",
      "own-address",
      (alice: Writer) => alice.write([alice.mailbox.invite(30_000)], "x"),
    ],
    [
      "to an old address",
      "expired-address",
      (alice: Writer, bob: Writer) => alice.write([bob.mailbox.invite(19_999)], "x"),
    ],
    [
      "too large",
      "too-large",
      (alice: Writer, bob: Writer) =>
        alice.write([bob.mailbox.invite(30_000)], "x".repeat(1 << 20)),
    ],
    [
      "for a year",
      "bad-life",
      (alice: Writer, bob: Writer) => alice.write([bob.mailbox.invite(30_000)], "x", { life: 365 }),
    ],
    [
      "with a path",
      "bad-file-name",
      (alice: Writer, bob: Writer) =>
        alice.write([bob.mailbox.invite(30_000)], "x", {
          files: [{ name: "../x", bytes: new Uint8Array(1) }],
        }),
    ],
    [
      "anonymous, by an invitation",
      "anonymous-needs-address",
      (alice: Writer, bob: Writer) =>
        alice.write([bob.mailbox.invite(30_000)], "x", { authorship: "anonymous" }),
    ],
  ])("%s is refused, and nothing is begun", (_, code, write) => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    expect(codeOf(() => write(alice, bob))).toBe(code)
    expect(alice.mailbox.pairs).toEqual([])
  })

  it("addresses are read, and altered ones are not", () => {
    const alice = new Writer("alice")
    const text = alice.mailbox.invite(alice.today + 3)
    expect(readAddressText(` ${text}\n`)).toMatchObject({
      identityKey: alice.key,
      lastDay: alice.today + 3,
    })
    for (let at = 17; at < text.length - 24; at += 11) {
      const other = text[at] === "A" ? "B" : "A"
      expect(codeOf(() => readAddressText(text.slice(0, at) + other + text.slice(at + 1)))).toBe(
        "bad-address",
      )
    }
    for (const wrong of ["", "stringphone:mail/", text.slice(0, -3), `${text}AAAA`, "hello"])
      expect(codeOf(() => readAddressText(wrong))).toBe("bad-address")
  })
})

describe("time", () => {
  it("letters of four weeks ago are read, older ones never", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const old = alice.write([bob], "very old", { life: 28 })
    pass(7, alice, bob)
    const late = alice.write([bob], "late", { life: 28 })
    for (let week = 0; week < 4; week++) pass(7, alice, bob)
    expect(bob.texts(late)).toEqual(["late"])
    expect(bob.texts(old)).toEqual([])
    expect(bob.texts(alice.write([bob], "now"))).toEqual(["now"])
  })

  it("survives restarts, on both sides and at any time", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    for (let i = 0; i < 5; i++) {
      alice.restart()
      const letter = alice.write([bob], `letter ${i}`)
      bob.restart()
      expect(bob.texts(letter)).toEqual([`letter ${i}`])
      bob.restart()
      expect(bob.texts(letter)).toEqual([])
      pass(3, alice, bob)
    }
  })

  it("a clock that leaps a month deletes nothing, and writes nothing, until somebody says it is right", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const letter = alice.write([bob], "while your clock is wrong")
    const right = bob.today
    bob.today += 31
    expect(bob.mailbox.move(bob.today)).toBe("leapt")
    expect(codeOf(() => bob.write([alice], "x"))).toBe("clock-leapt")
    expect(bob.texts(letter)).toEqual(["while your clock is wrong"])
    bob.today = right
    expect(bob.mailbox.move(bob.today)).toBe("moved")
    expect(alice.texts(bob.write([alice], "all is well"))).toEqual(["all is well"])
  })

  it("a device that was off for two months goes on when a letter of that time comes, or a person says so", () => {
    const [alice, bob, carol] = [new Writer("alice"), new Writer("bob"), new Writer("carol")]
    acquainted(alice, bob)
    acquainted(alice, carol)
    pass(60, alice)
    alice.mailbox.confirmDate(alice.today)
    for (const person of [bob, carol]) person.today = alice.today
    expect(bob.mailbox.move(bob.today)).toBe("leapt")
    expect(bob.texts(alice.write([bob, carol], "are you back?"))).toEqual(["are you back?"])
    expect(bob.mailbox.move(bob.today)).toBe("moved")
    expect(alice.texts(bob.write([alice], "yes"))).toEqual(["yes"])
    carol.mailbox.confirmDate(carol.today)
    expect(alice.texts(carol.write([alice], "I too"))).toEqual(["I too"])
  })

  it("a clock a week behind or ahead does no harm", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    bob.today += 7
    expect(alice.texts(bob.write([alice], "from next week"))).toEqual(["from next week"])
    expect(bob.texts(alice.write([bob], "from last week"))).toEqual(["from last week"])
    bob.today -= 10
    expect(alice.texts(bob.write([alice], "from before"))).toEqual(["from before"])
  })

  it("a clock that is years off costs nothing, and is forgiven", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const right = bob.today
    const tags = bob.mailbox.tagCount
    for (const days of [400, 3_600, 36_000]) {
      bob.today = right + days
      expect(bob.mailbox.move(bob.today)).toBe("leapt")
      expect(bob.mailbox.tagCount).toBeLessThanOrEqual(tags + 12 * 32)
      bob.restart()
    }
    bob.today = right
    pass(7, alice, bob)
    expect(bob.mailbox.tagCount).toBe(tags + 32)
    expect(bob.texts(alice.write([bob], "still there"))).toEqual(["still there"])
    expect(alice.texts(bob.write([alice], "so am I"))).toEqual(["so am I"])
  })

  it("a deleted pair does not come back with its old letters; a new invitation begins a new one", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    const address = alice.mailbox.publicAddress(alice.today)
    const old = bob.write([address], "first")
    alice.open(old)
    alice.mailbox.forget(bob.key)
    alice.restart()
    expect(alice.open(bob.write([alice], "me again"))).toEqual([])
    expect(alice.mailbox.pairs).toEqual([])
    expect(alice.texts(bob.write([alice.mailbox.invite(30_000)], "by invitation"))).toEqual([
      "by invitation",
    ])
    expect(bob.texts(alice.write([bob], "welcome back"))).toEqual(["welcome back"])
  })

  it("an address that nobody answered at for weeks is used up, and another one begins anew", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    const address = alice.mailbox.publicAddress(alice.today)
    bob.write([address], "lost")
    for (let week = 0; week < 5; week++) pass(7, alice, bob)
    expect(codeOf(() => bob.write([alice], "lost, too"))).toBe("expired-address")
    const again = alice.mailbox.publicAddress(alice.today)
    expect(alice.texts(bob.write([again], "found"))).toEqual(["found"])
    expect(bob.texts(alice.write([bob], "answered"))).toEqual(["answered"])
  })

  it("forgotten contacts can not be written to, and are not recognised", () => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    const letter = bob.write([alice], "too late")
    expect(alice.mailbox.forget(bob.key)).toBe(true)
    expect(alice.open(letter)).toEqual([])
    expect(alice.mailbox.tagCount).toBe(0)
    expect(codeOf(() => alice.write([bob], "x"))).toBe("no-pair")
  })
})

it("makes the same envelopes from the same random bytes", () => {
  const once = (): Uint8Array => {
    const [alice, bob] = [new Writer("alice"), new Writer("bob")]
    acquainted(alice, bob)
    return alice.write([bob], "again")[0]!
  }
  expect(once()).toEqual(once())
  expect(seededRandom("a")(40)).toEqual(seededRandom("a")(40))
})
