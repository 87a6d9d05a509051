// Our own mailbox against a second implementation, in Python on libsodium, both ways.
import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { fromHex, hex } from "../../src/bytes/index.js"
import {
  cryptoEngine,
  exchangePublicKey,
  hash,
  labelled,
  randomBytes,
} from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { wordsOfSecret } from "../../src/identity/secret-words.js"
import { shapeFor } from "../../src/mailbox/envelope.js"
import {
  decodeAddress,
  dummyEnvelope,
  type Draft,
  Mailbox,
  readAddressText,
  sealForWords,
} from "../../src/mailbox/index.js"
import { addressText } from "../../src/mailbox/wire/address.js"
import { sizes, slotCounts } from "../../src/mailbox/wire/envelope.js"
import { type Answer, type Ask, type Json, toJson } from "./json.js"
import { answer, shown } from "./mailbox-answers.js"
import { requirePython, runPython, startPython } from "./python.js"

const hasPython = requirePython("the mailbox")

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((some) => hex(some))
const [key, secret] = [bytes(32), bytes(16)]
const number = fc.integer({ min: 0, max: 0xffffffff })
const day = fc.integer({ min: 0, max: 0xffff })
const timeout = 120_000

const today = 20_778
const period = Math.floor(today / 7)
const random = () => hex(randomBytes(32))
const bytesOf = (value: Json | undefined) => fromHex(value as string)

/** A person's keys, for Python. */
function person() {
  const [seed, prekeySecret] = [random(), random()]
  const { exchangePublicKey: exchangeKey, publicKey } = new Identity(fromHex(seed))
  return {
    ...{ seed, prekeySecret, prekey: hex(exchangePublicKey(fromHex(prekeySecret))) },
    ...{ identityKey: hex(publicKey), exchangeKey: hex(exchangeKey) },
  }
}
type Person = ReturnType<typeof person>

/** A person's mailbox, of ours. */
function ours() {
  const identity = new Identity(randomBytes(32))
  return {
    mailbox: new Mailbox(identity, today, randomBytes),
    identityKey: hex(identity.publicKey),
  }
}

describe.skipIf(!hasPython)(`Python and ours (${cryptoEngine()})`, () => {
  const second = hasPython ? startPython<Ask, Answer>("mailbox.py") : null
  afterAll(() => second?.stop())
  const theirs = (ask: Ask) => second!.ask(ask)

  async function done(ask: Ask): Promise<Answer> {
    const made = await theirs(ask)
    expect(made).not.toHaveProperty("error")
    return made
  }

  /** Both give this, or both refuse. @returns what ours gives */
  async function same(ask: Ask): Promise<Answer> {
    const [one, other] = [answer(ask), await theirs(ask)]
    expect("error" in one).toBe("error" in other)
    if (!("error" in one)) expect(other).toMatchObject(one)
    return one
  }

  /** Python's address of this person. */
  async function addressOf({ prekey, seed }: Person, itsSecret?: string): Promise<string> {
    const kind = itsSecret === undefined ? 0 : 1
    const more = itsSecret === undefined ? {} : { secret: itsSecret }
    const made = await done({ do: "makeAddress", kind, seed, prekey, lastDay: today + 28, ...more })
    return made["text"] as string
  }

  /** A letter by Python, with slots of nobody if it has several. */
  async function letterOf(content: Answer, slots: readonly Json[], ephemeralSecret: string) {
    const slotCode = slots.length > 1 ? 1 : 0
    const randomSlots = Array.from({ length: slotCounts[slotCode] - slots.length }, () => ({
      random: random() + random(),
    }))
    const { size } = shapeFor((content["content"] as string).length / 2, slotCounts[slotCode])
    const sizeCode = sizes.indexOf(size as 1024)
    const shape = { sizeCode, slotCode, expiryDay: today + 14, contentKey: random() }
    const all = [...randomSlots, ...slots]
    const made = await done({
      ...{ do: "makeEnvelope", ...shape, ephemeralSecret, slots: all },
      content: content["content"]!,
    })
    return bytesOf(made["envelope"])
  }

  const fields = (sender: string, ...receivers: readonly string[]) => ({
    ...{ do: "makeContent", kind: 1, messageId: random().slice(32), writtenDay: today },
    ...{ sender, receivers, text: "Grüße von 🐍", files: [{ name: "a ⚓.txt", bytes: "0102" }] },
  })

  test("mailbox_vectors.py --check", { timeout }, () => {
    const { status, stderr, stdout } = runPython("mailbox_vectors.py", "--check")
    expect(`${stdout}${stderr}`).toMatch(/^\d+ checks passed\n$/)
    expect(status).toBe(0)
  })

  test("keys, slots, addresses, roots, words", { timeout }, async () => {
    const publicKey = key.map((one) => hex(exchangePublicKey(fromHex(one))))
    const maybe = fc.option(secret, { nil: undefined })
    const steps = fc.integer({ min: 0, max: 30 })
    const asks: readonly fc.Arbitrary<object>[] = [
      fc.record({ do: fc.constant("identity"), seed: key }),
      fc.record({ do: fc.constant("envelopeId"), envelope: bytes(1_024) }),
      fc
        .tuple(key, key, key, number, steps, number, key)
        .map(([root, sender, receiver, first, more, i, ephemeralKey]) => ({
          ...{ do: "pairSlot", root, sender, receiver, ephemeralKey, number: i },
          ...{ firstPeriod: first, period: first + more },
        })),
      fc.record({
        ...{ do: fc.constantFrom("invitationSlot", "trialSlot"), number, secret },
        ...{ ephemeralSecret: key, prekey: publicKey },
      }),
      fc.record({
        ...{ do: fc.constantFrom("invitationSlot", "trialSlot"), number, secret },
        ...{ ephemeralKey: publicKey, prekeySecret: key },
      }),
      fc.record({ do: fc.constant("wordsSlot"), secret, ephemeralKey: key }),
      fc.record({ do: fc.constant("makeWords"), secret }),
      fc.tuple(key, key, day, maybe).map(([seed, prekey, lastDay, its]) => ({
        ...{ do: "makeAddress", seed, prekey, lastDay, kind: its === undefined ? 0 : 1 },
        ...(its !== undefined && { secret: its }),
      })),
    ]
    await fc.assert(
      fc.asyncProperty(fc.oneof(...asks), async (ask) => {
        const made = await same(ask as Ask)
        expect(made).not.toHaveProperty("error")
        const { text, words } = made
        if (text !== undefined)
          expect(await same({ do: "readAddress", text })).toHaveProperty("prekey")
        if (words !== undefined)
          expect(await same({ do: "openWords", words })).toHaveProperty("secret")
      }),
      { numRuns: 200 },
    )
    await fc.assert(
      fc.asyncProperty(key, key, key, key, maybe, async (one, other, q, e, its) => {
        const more = its === undefined ? {} : { secret: its }
        const { exchangePublicKey: exchangeKey, publicKey: identityKey } = new Identity(
          fromHex(other),
        )
        const prekey = hex(exchangePublicKey(fromHex(q)))
        const address = { identityKey: hex(identityKey), exchangeKey: hex(exchangeKey), prekey }
        const ask = {
          do: "writerRoot",
          seed: one,
          secretE: e,
          firstPeriod: period,
          ...address,
          ...more,
        }
        const writer = await same(ask)
        if (one === other) return
        const { introduction } = await theirs(ask)
        const reader = {
          do: "readerRoot",
          seed: other,
          prekeySecret: q,
          introduction: introduction!,
        }
        expect(await same({ ...reader, ...more })).toEqual(writer)
      }),
      { numRuns: 40 },
    )
  })

  const drafts: readonly (Omit<Draft, "to"> & { readonly name: string })[] = [
    { name: "signed", text: "signed", authorship: "signed" },
    { name: "deniable", text: "deniable", authorship: "deniable", life: 28 },
    { name: "of a day", text: "", life: 1 },
    { name: "with a file", text: "file", files: [{ name: "a.bin", bytes: new Uint8Array(9_000) }] },
    { name: "a reply", text: "re", replyTo: new Uint8Array(16).fill(7), wantsReceipt: true },
    { name: "a receipt", kind: "receipt", text: "", replyTo: new Uint8Array(16).fill(7) },
  ]

  test.each(drafts)("Python reads what ours writes: $name", { timeout }, async (draft) => {
    const [{ identityKey, mailbox }, bob, carol] = [ours(), person(), person()]
    const invitation = hex(randomBytes(16))
    const to = [
      readAddressText(await addressOf(bob)),
      readAddressText(await addressOf(carol, invitation)),
    ]
    const doors: Readonly<Record<string, Json>>[] = [
      { prekeys: [random(), bob.prekeySecret] },
      { invitations: [{ secret: invitation, prekeySecret: carol.prekeySecret }] },
    ]
    const { name: _, files = [], replyTo, ...rest } = draft
    const expected = {
      ...{ kind: draft.kind === "receipt" ? 2 : 1, text: draft.text, sender: identityKey },
      ...{ receivers: [bob.identityKey, carol.identityKey], files: toJson(files) },
      ...{ confirm: Number(draft.wantsReceipt ?? false), writtenDay: today },
      ...{
        authorship: draft.authorship === "signed" ? 2 : 1,
        ...(replyTo && { replyTo: hex(replyTo) }),
      },
    }
    const write = () => mailbox.write({ ...rest, files, ...(replyTo && { replyTo }), to }, today)

    // First contacts: one envelope each, twice, as nothing came back.
    for (let time = 0; time < 2; time++) {
      const { envelopes, messageId } = write()
      expect(envelopes).toHaveLength(2)
      for (const [i, { seed }] of [bob, carol].entries()) {
        const mine = { do: "readMail", envelope: hex(envelopes[i]!), seed, today, ...doors[i] }
        const read = await done(mine)
        expect(read).toMatchObject({ ...expected, messageId: hex(messageId) })
        expect(read["slot"]).toBe(i === 0 ? "trial" : "invitation")
        const others = { ...mine, envelope: hex(envelopes[1 - i]!) }
        expect(await theirs(others)).toEqual({ error: "2: no slot of ours" })
      }
    }

    // They answer under the pair; then ours writes one envelope for both.
    const known = []
    for (const [i, one] of [bob, carol].entries()) {
      const envelope = hex(write().envelopes[0]!)
      const { seed } = one
      const letter = await done({ do: "readMail", envelope, seed, today, ...doors[i] })
      const its = i === 0 ? {} : { secret: invitation }
      const introduction = letter["introduction"]!
      const root = { do: "readerRoot", seed, prekeySecret: one.prekeySecret, introduction, ...its }
      const made = await done(root)
      expect(letter["introduced"]).toBe(made["authorshipKey"])
      const ephemeralSecret = random()
      const ephemeralKey = hex(exchangePublicKey(fromHex(ephemeralSecret)))
      const chain = {
        do: "pairSlot",
        root: made["root"]!,
        firstPeriod: period,
        period,
        ephemeralKey,
      }
      const back = { ...chain, sender: one.identityKey, receiver: identityKey, number: 3 }
      const { slotKey, tag } = await done(back)
      const proof = { authorship: 1, authorshipKeys: [made["authorshipKey"]!] }
      const content = await done({ ...fields(one.identityKey, identityKey), ...proof })
      const opened = mailbox.open(
        await letterOf(content, [{ tag: tag!, slotKey: slotKey! }], ephemeralSecret),
        today,
      )
      expect(opened).toMatchObject({ via: "pair", isFirst: false, text: "Grüße von 🐍" })
      const there = await done({
        ...chain,
        sender: identityKey,
        receiver: one.identityKey,
        number: 0,
      })
      known.push({ identityKey, authorshipKey: made["authorshipKey"]!, chain: there["chain"]! })
    }
    for (const later of [0, 6, 13, 27]) {
      const { envelopes } = mailbox.write(
        { ...rest, files, ...(replyTo && { replyTo }), to },
        today + later,
      )
      expect(envelopes).toHaveLength(1)
      for (const [i, { seed }] of [bob, carol].entries()) {
        const pair = known[i]!
        const weeks = Math.floor((today + later) / 7) - period
        let { chain } = pair
        for (let week = 0; week < weeks; week++)
          chain = (await done({ do: "nextChain", chain }))["next"]!
        const read = await done({
          ...{ do: "readMail", envelope: hex(envelopes[0]!), seed },
          ...{ pairs: [{ ...pair, chain }] },
        })
        expect(read).toMatchObject({ ...expected, slot: "pair", writtenDay: today + later })
      }
    }
  })

  test("Python reads ours: anonymous, and the letter of words", { timeout }, async () => {
    const [{ identityKey, mailbox }, bob] = [ours(), person()]
    const to = [readAddressText(await addressOf(bob))]
    const { envelopes } = mailbox.write({ to, text: "from nobody", authorship: "anonymous" }, today)
    const { prekeySecret, seed } = bob
    const ask = { do: "readMail", envelope: hex(envelopes[0]!), seed, prekeys: [prekeySecret] }
    const anonymous = { slot: "trial", authorship: 0, sender: "00".repeat(32), text: "from nobody" }
    expect(await done(ask)).toMatchObject(anonymous)

    const shared = randomBytes(16)
    const envelope = hex(
      sealForWords(mailbox.invite(today + 28), shared, today, today + 14, randomBytes),
    )
    const read = await done({ do: "readWords", envelope, words: wordsOfSecret(shared).join(" ") })
    expect(read).toMatchObject({ kind: 1, identityKey, lastDay: today + 28 })
    expect(read["secret"]).toBe(hex(mailbox.invitations[0]!.secret))
    const other = { do: "readWords", envelope, words: wordsOfSecret(randomBytes(16)).join(" ") }
    expect(await theirs(other)).toEqual({ error: "2: no slot of ours" })
  })

  const authorships = [
    ["deniable", 1],
    ["signed", 2],
  ] as const

  test.each(authorships)(
    "ours reads what Python writes: %s",
    { timeout },
    async (_, authorship) => {
      const { identityKey, mailbox } = ours()
      for (const text of [mailbox.publicAddress(today), mailbox.invite(today + 14)]) {
        const alice = person()
        const { kind, lastDay: __, ...address } = await done({ do: "readAddress", text })
        const secretE = random()
        const made = await done({
          do: "writerRoot",
          seed: alice.seed,
          secretE,
          firstPeriod: period,
          ...address,
        })
        const { authorshipKey, introduction, root } = made as Readonly<Record<string, string>>
        const proof = authorship === 1 ? { authorshipKeys: [authorshipKey!] } : { seed: alice.seed }
        const first = { ...fields(alice.identityKey, identityKey), introduction: introduction! }
        const door =
          kind === 0 ? { do: "trialSlot" } : { do: "invitationSlot", secret: address["secret"]! }
        for (const i of [0, 31]) {
          const ephemeralSecret = random()
          const slot = await done({
            ...door,
            number: i,
            ephemeralSecret,
            prekey: address["prekey"]!,
          })
          const content = await done({
            ...first,
            messageId: random().slice(32),
            authorship,
            ...proof,
          })
          const envelope = await letterOf(content, [slot], ephemeralSecret)
          const read = mailbox.open(envelope, today)
          expect(read).toMatchObject({
            via: kind === 0 ? "address" : "invitation",
            isFirst: i === 0,
          })
          expect(toJson(shown(read!))).toMatchObject({
            authorship,
            text: "Grüße von 🐍",
            sender: alice.identityKey,
          })
          expect(mailbox.open(envelope, today)).toBeNull()
        }
        // Under the pair, in each period that there may be, with a slot for nobody beside.
        for (const [at, i] of [period, period + 1].entries()) {
          const ephemeralSecret = random()
          const ephemeralKey = hex(exchangePublicKey(fromHex(ephemeralSecret)))
          const slot = await done({
            ...{ do: "pairSlot", root: root!, sender: alice.identityKey, receiver: identityKey },
            ...{ firstPeriod: period, period: i, number: 31 - at, ephemeralKey },
          })
          const content = await done({
            ...fields(alice.identityKey, person().identityKey, identityKey),
            ...{ authorship, replyTo: "07".repeat(16), confirm: 1 },
            ...(authorship === 1 ? { authorshipKeys: [random(), authorshipKey!] } : proof),
          })
          const { slotKey, tag } = slot
          const nobody = { random: random() + random() }
          const envelope = await letterOf(
            content,
            [{ tag: tag!, slotKey: slotKey! }, nobody],
            ephemeralSecret,
          )
          const read = mailbox.open(envelope, today)
          expect(read).toMatchObject({ via: "pair", isFirst: false, wantsReceipt: true })
          expect(hex(read!.replyTo!)).toBe("07".repeat(16))
        }
        // And back: Python has the chain.
        const { envelopes } = mailbox.write(
          { to: [fromHex(alice.identityKey)], text: "back" },
          today,
        )
        const { chain } = await done({
          ...{ do: "pairSlot", root: root!, sender: identityKey, receiver: alice.identityKey },
          ...{ firstPeriod: period, period, number: 0, ephemeralKey: random() },
        })
        const pairs = [{ identityKey, authorshipKey: authorshipKey!, chain: chain! }]
        const ask = { do: "readMail", envelope: hex(envelopes[0]!), seed: alice.seed, pairs }
        expect(await done(ask)).toMatchObject({ slot: "pair", text: "back", authorship: 1 })
      }
    },
  )

  test("ours reads Python's: anonymous, and the letter of words", { timeout }, async () => {
    const [{ identityKey, mailbox }, alice] = [ours(), person()]
    const { prekey } = await done({ do: "readAddress", text: mailbox.publicAddress(today) })
    const ephemeralSecret = random()
    const slot = await done({ do: "trialSlot", ephemeralSecret, prekey: prekey! })
    const nobody = "00".repeat(32)
    const content = await done({ ...fields(nobody, identityKey), authorship: 0 })
    const envelope = await letterOf(content, [slot], ephemeralSecret)
    expect(mailbox.open(envelope, today)).toMatchObject({
      authorship: "anonymous",
      senderKey: null,
    })

    const [shared, other, forWords] = [hex(randomBytes(16)), hex(randomBytes(16)), random()]
    const text = await addressOf(alice, other)
    const ephemeralKey = hex(exchangePublicKey(fromHex(forWords)))
    const its = await done({ do: "wordsSlot", secret: shared, ephemeralKey })
    const address = { ...fields(nobody), kind: 3, authorship: 0, text, files: [] }
    const posted = hex(await letterOf(await done(address), [its], forWords))
    const ask = {
      do: "readWords",
      envelope: posted,
      words: wordsOfSecret(fromHex(shared)).join(" "),
    }
    expect(await same(ask)).toMatchObject({ identityKey: alice.identityKey, secret: other })
  })

  /** A first letter by Python to this address, as often as is wanted. */
  async function firstContact(alice: Person, text: string, firstPeriod: number) {
    const address = await done({ do: "readAddress", text })
    const { exchangeKey, identityKey, kind, prekey, secret: itsSecret } = address
    const key = itsSecret === undefined ? {} : { secret: itsSecret }
    const to = { exchangeKey: exchangeKey!, identityKey: identityKey!, prekey: prekey!, ...key }
    const own = { seed: alice.seed, secretE: random(), firstPeriod }
    const made = await done({ do: "writerRoot", ...own, ...to })
    const { authorshipKey, introduction, rank } = made as Readonly<Record<string, string>>
    const letter = async () => {
      const ephemeralSecret = random()
      const door = kind === 0 ? { do: "trialSlot" } : { do: "invitationSlot", number: 0, ...key }
      const slot = await done({ ...door, ephemeralSecret, prekey: prekey! })
      const content = await done({
        ...fields(alice.identityKey, identityKey as string),
        ...{ introduction: introduction!, authorship: 1, authorshipKeys: [authorshipKey!] },
      })
      return letterOf(content, [slot], ephemeralSecret)
    }
    return { authorshipKey: authorshipKey!, rank: rank!, letter }
  }

  const pairsOfTwo = [
    ["the lower hash", false, period, 0],
    ["the later first period", false, period - 1, 1],
    ["a secret, though it is older", true, period - 1, 0],
  ] as const

  test.each(pairsOfTwo)(
    "of two pairs the one is written to that has %s; none is begun again",
    { timeout },
    async (_, isInvited, firstPeriod, place) => {
      const [{ mailbox }, alice] = [ours(), person()]
      const door = isInvited ? mailbox.invite(today + 14) : mailbox.publicAddress(today)
      const one = await firstContact(alice, door, firstPeriod)
      const other = await firstContact(alice, mailbox.publicAddress(today), period)
      const both = firstPeriod === period && other.rank < one.rank ? [other, one] : [one, other]
      const aliceKey = fromHex(alice.identityKey)
      for (const { letter } of [one, other])
        expect(mailbox.open(await letter(), today)).toMatchObject({ senderKey: aliceKey })
      expect(hex(mailbox.pairWith(aliceKey)!.authorshipKey)).toBe(both[place]!.authorshipKey)
      expect(one.rank).toBe(hex(hash(labelled("mailbox pair", fromHex(one.authorshipKey)))))

      mailbox.forget(aliceKey)
      const again = await other.letter()
      expect(mailbox.open(again, today + 30)).toBeNull()
      expect(mailbox.pairs).toEqual([])
    },
  )

  test("one byte changed: both refuse, or neither", { timeout }, async () => {
    const [{ mailbox }, bob] = [ours(), person()]
    const to = [readAddressText(await addressOf(bob))]
    const { prekeySecret, seed } = bob
    const reader = { do: "readMail", seed, today, prekeys: [prekeySecret] }
    const whole = ["signed", "deniable", "anonymous"].map((authorship) => {
      const draft = { to, text: "a text", authorship: authorship as "signed" }
      return mailbox.write(draft, today).envelopes[0]!
    })
    for (const envelope of whole)
      expect(await same({ ...reader, envelope: hex(envelope) })).not.toHaveProperty("error")
    const change = fc.tuple(
      fc.constantFrom(...whole),
      fc.nat({ max: 1_023 }),
      fc.integer({ min: 1, max: 255 }),
    )
    await fc.assert(
      fc.asyncProperty(change, async ([envelope, at, difference]) => {
        const wrong = Uint8Array.from(envelope)
        wrong[at]! ^= difference
        expect(await same({ ...reader, envelope: hex(wrong) })).toHaveProperty("error")
      }),
      { numRuns: 200 },
    )
    const ask = { do: "makeAddress", kind: 0, seed, prekey: bob.prekey, lastDay: today }
    const encoded = bytesOf((await same(ask))["address"])
    expect(hex(decodeAddress(encoded).prekey)).toBe(bob.prekey)
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: encoded.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, difference) => {
          const wrong = Uint8Array.from(encoded)
          wrong[at]! ^= difference
          expect(await same({ do: "readAddress", text: addressText(wrong) })).toHaveProperty(
            "error",
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  test("dummies are envelopes of nobody for both", { timeout }, async () => {
    for (const [slotCount, size] of [
      [1, 1_024],
      [4, 4_096],
      [16, 4_096],
    ] as const) {
      const envelope = hex(dummyEnvelope({ slotCount, size }, today + 7, randomBytes))
      const head = await same({ do: "readHead", envelope, today })
      expect(head).toMatchObject({ expiryDay: today + 7, slotCode: slotCounts.indexOf(slotCount) })
      const { prekeySecret, seed } = person()
      const ask = { do: "readMail", envelope, seed, prekeys: [prekeySecret] }
      expect(await same(ask)).toHaveProperty("error")
    }
  })
})
