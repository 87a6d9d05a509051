// Our own topics against a second implementation, in Python on libsodium, both ways.
import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { fromHex, hex, utf8 } from "../../src/bytes/index.js"
import { cryptoEngine, exchangePublicKey } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { requirePython, runPython, startPython } from "./python.js"
import {
  type Answer,
  answer,
  comparable,
  type Content,
  type Fields,
  type Member,
  type Request,
} from "./topic-answers.js"

const hasPython = requirePython("topics")

// What is random, in hexadecimal

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((made) => hex(made))
const payload = fc.uint8Array({ maxLength: 300 }).map((made) => hex(made))
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const text = (maxBytes: number) =>
  fc
    .string({ unit: "grapheme", maxLength: maxBytes })
    .filter((made) => utf8(made).length <= maxBytes)
const [key, id, name] = [bytes(32), bytes(16), text(64)]

const of = <Type extends Content["type"]>(type: Type) => ({ type: fc.constant(type) })
const kind = (number: number) => ({ ...of("C"), kind: fc.constant(number) })
const content: fc.Arbitrary<Content> = fc.oneof(
  fc.record({ ...of("M"), payload }),
  fc.record({ ...of("T"), sentAt: u48, validFor: u32, payload }),
  fc.record({ ...of("B"), payloads: fc.array(payload, { minLength: 1, maxLength: 20 }) }),
  fc.record({ ...kind(1), serial: u48, rekeyKey: key }),
  fc.record({ ...kind(2), challenge: id, counters: u32 }),
  fc.record({ ...kind(3), challenge: id, tag: bytes(4), counters: u32, guard: bytes(8) }),
  fc.record({ ...kind(4), epoch: u32, counters: u32 }),
)

const counter = fc.oneof(
  fc.nat(1_000),
  fc.nat(100_000),
  fc.constantFrom(255, 256, 65_535, 65_536, 2 ** 22 - 1),
)

interface Person extends Pick<Member, "serial" | "joinId" | "flags"> {
  readonly seed: string
  readonly rekeySecret: string
}

const person: fc.Arbitrary<Person> = fc.record({
  seed: key,
  rekeySecret: key,
  serial: u48,
  joinId: bytes(8),
  flags: fc.nat(1),
})

/** A rekey that anybody may make: the first of its people makes it, and is an admin. */
const rekey = fc
  .record({
    people: fc.uniqueArray(person, {
      minLength: 2,
      maxLength: 6,
      comparator: (a, b) => a.seed === b.seed || a.joinId === b.joinId,
    }),
    topicId: id,
    requestKey: key,
    epoch: fc.oneof(
      fc.integer({ min: 1, max: 5 }),
      u32.filter((epoch) => epoch > 0),
    ),
    parent: key.filter((parent) => /[^0]/.test(parent)),
    madeAt: u48,
    options: fc.nat(1),
    name,
    tombstones: fc.uniqueArray(bytes(8), { maxLength: 5 }),
    epochSecret: key,
    ephemeralSecret: key,
    /** One whose rekey key is of low order: it gets nothing. */
    isOneLow: fc.boolean(),
  })
  .filter(({ people, tombstones }) => !people.some(({ joinId }) => tombstones.includes(joinId)))
  .map(({ isOneLow, parent, people, ...rekey }) => {
    const [maker, second, ...others] = people as [Person, Person, ...Person[]]
    const low = isOneLow ? others[0] : undefined
    const participants = people.map((one) => ({
      publicKey: hex(new Identity(fromHex(one.seed)).publicKey),
      serial: one.serial,
      rekeyKey: one === low ? "00".repeat(32) : hex(exchangePublicKey(fromHex(one.rekeySecret))),
      joinId: one.joinId,
      flags: one === maker ? 1 : one.flags,
    }))
    const make: Request = {
      ...rekey,
      do: "makeRekey",
      seed: maker.seed,
      parent: rekey.epoch === 1 ? "00".repeat(32) : parent,
      participants,
    }
    return { make, maker, people, opener: second }
  })

/** One byte changed, bytes added, or bytes cut off. */
const change = fc
  .tuple(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.integer({ min: -3, max: 3 }))
  .map(([at, difference, growth]) => (message: string) => {
    const right = fromHex(message)
    const wrong = new Uint8Array(Math.max(0, right.length + growth))
    wrong.set(right.subarray(0, wrong.length))
    if (wrong.length > 0) wrong[at % wrong.length]! ^= difference
    return hex(wrong)
  })

type Side = (request: Request) => Promise<Answer>
const ours: Side = (request) => Promise.resolve(answer(request))

describe.skipIf(!hasPython)(`Python and ours (${cryptoEngine()})`, () => {
  const second = hasPython ? startPython<Request, Answer>("topic.py") : null
  afterAll(() => second?.stop())
  const theirs: Side = (request) => second!.ask(request)
  const both: readonly (readonly [Side, Side])[] = [
    [ours, theirs],
    [theirs, ours],
  ]

  async function expectSame(request: Request): Promise<void> {
    expect(answer(request)).toEqual(comparable(request, await theirs(request)))
  }

  async function expectRefused(request: Request): Promise<void> {
    const refused = [answer(request), await theirs(request)].map(({ error }) => error !== undefined)
    expect(refused).toEqual([true, true])
  }

  /** One makes it, both open it alike, and neither opens it changed. */
  async function expectOpened(
    make: Request,
    open: Request,
    expected: Answer,
    changed: (message: string) => string,
  ): Promise<void> {
    for (const [making] of both) {
      const { message } = (await making(make)) as { readonly message: string }
      for (const opening of [ours, theirs]) {
        expect(await opening({ ...open, message })).toMatchObject(expected)
      }
      await expectRefused({ ...open, message: changed(message) })
    }
  }

  test.each(["topic.py --self-check", "topic_vectors.py --check"])("%s", (command) => {
    const [file, option] = command.split(" ") as [string, string]
    const { status, stderr, stdout } = runPython(file, option)
    expect(`${stdout}${stderr}`).toMatch(/^\d+ checks passed\n$/)
    expect(status).toBe(0)
  })

  test("the same derivations", async () => {
    const request = fc.oneof(
      fc.record({ do: fc.constant("context"), topicId: id, channelName: text(255) }),
      fc.record({ do: fc.constant("keys"), chainKey: key, counter }),
      fc.record({ do: fc.constant("padme"), length: fc.oneof(u32, fc.nat(5_000), u48) }),
      fc.record({ do: fc.constant("comparison"), bytes: bytes(12) }),
    )
    await fc.assert(fc.asyncProperty(request, expectSame), { numRuns: 200 })
  })

  test("rekeys, and messages in the epochs that they begin", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        rekey,
        fc.record({ content, counter, guard: bytes(8), channelName: text(40) }),
        fc.nat(),
        change,
        fc.oneof(fc.integer({ min: -2, max: 3 }), fc.integer({ min: 65_535, max: 65_537 })),
        async ({ make, maker, opener, people }, message, who, changed, ahead) => {
          const signer = hex(new Identity(fromHex(maker.seed)).publicKey)
          const { rekeySecret } = opener
          const { ephemeralSecret: _, epochSecret: __, seed: ___, do: ____, ...fields } = make
          const open: Request = {
            do: "openRekey",
            rekeySecret,
            topicId: make.topicId!,
            signers: [signer],
          }
          await expectOpened(make, open, { ...fields, signer }, changed)
          const { seed } = people[who % people.length]!
          const sender = hex(new Identity(fromHex(seed)).publicKey)
          for (const [making] of both) {
            const made = await making(make)
            const opened = await theirs({ ...open, message: made["message"] as string })
            const { body, commitment, epochSecret } = opened as Pick<
              Fields,
              "body" | "epochSecret"
            > &
              Answer
            expect(made["commitment"]).toBe(commitment)
            const above = Math.max(1, make.epoch! - ahead)
            const isNext = make.epoch! > above && make.epoch! <= above + 65_536
            const later = { ...open, message: made["message"] as string, above }
            // Of the same number it is a sibling, which is another question.
            if (above !== make.epoch) {
              const refused = [answer(later), await theirs(later)].map(
                ({ error }) => error !== undefined,
              )
              expect(refused).toEqual([!isNext, !isNext])
            }
            await expectSame({ do: "derive", body, epochSecret })
            const { channelName } = message
            const state = { body, epochSecret, channelName }
            const toSend: Request = { do: "makeData", seed, ...state, ...message }
            const expected = { sender, epoch: make.epoch, counter: message.counter }
            const toOpen: Request = { do: "openData", ...state }
            await expectOpened(toSend, toOpen, { ...expected, content: message.content }, changed)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  test("which of two branches wins", { timeout: 60_000 }, async () => {
    /** One of two admins' epochs: what it removes, and whether the other admin is among them. */
    const branch = fc.record({ epochSecret: key, removals: fc.nat(2), removesOther: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        rekey,
        branch,
        branch,
        fc.boolean(),
        async ({ make, maker, opener }, ours, other, isSenior) => {
          fc.pre(ours.epochSecret !== other.epochSecret)
          const pair = [maker, opener] as const
          const admins = pair.map(({ seed }) => hex(new Identity(fromHex(seed)).publicKey))
          if (!isSenior) admins.reverse()
          const made = [ours, other].map(async ({ epochSecret, removals, removesOther }, i) => {
            const [signer, removed] = [pair[i]!, pair[1 - i]!]
            const gone = Array.from({ length: removals }, (_, n) => `0${n}`.repeat(8))
            const participants = make
              .participants!.map((one) => ({ ...one, flags: 1 }))
              .filter(({ joinId }) => !removesOther || joinId !== removed.joinId)
            const tombstones = removesOther ? [...gone, removed.joinId] : gone
            const changes = { epochSecret, participants, tombstones, seed: signer.seed }
            const parent = "11".repeat(32)
            const { body } = await theirs({ ...make, epoch: 2, parent, ...changes })
            return { epochSecret, body: body as string }
          })
          await expectSame({ do: "winner", epochs: await Promise.all(made), admins })
        },
      ),
      { numRuns: 60 },
    )
  })

  test("when a timed message is fresh", async () => {
    const setting = fc.record(
      {
        now: fc.integer({ min: -9_000, max: 9_000 }),
        skew: fc.constantFrom(0, 100, 2_000),
        maxAge: fc.constantFrom(1_000, 6_000),
      },
      { requiredKeys: ["now"] },
    )
    const sentAt = 1_800_000_000_000
    await fc.assert(
      fc.asyncProperty(
        rekey,
        fc.constantFrom(0, 1_000, 5_000),
        fc.array(setting, { minLength: 10, maxLength: 10 }),
        async ({ make, maker }, validFor, settings) => {
          const { body } = (await theirs(make)) as unknown as Fields
          const state = { body, epochSecret: make.epochSecret!, channelName: "" }
          const timed: Content = { type: "T", sentAt, validFor, payload: "" }
          const send = { ...state, seed: maker.seed, counter: 0, content: timed }
          const { message } = answer({ do: "makeData", ...send }) as unknown as Fields
          for (const { now, ...limits } of settings) {
            const open = { do: "openData", ...state, now: sentAt + now, ...limits, message }
            const isFresh = (await theirs(open)).error === undefined
            expect(answer(open).error === undefined).toBe(isFresh)
          }
        },
      ),
      { numRuns: 20 },
    )
  })

  test("fragments: the same, and put together from any order", async () => {
    const cutting = fc.record({
      message: fc.uint8Array({ minLength: 40, maxLength: 3_000 }).map((made) => `4d${hex(made)}`),
      messageId: bytes(4),
      pieceLength: fc.integer({ min: 12, max: 30 }),
    })
    await fc.assert(
      fc.asyncProperty(cutting, fc.infiniteStream(fc.nat()), change, async (cut, dice, changed) => {
        const make = { do: "makeFragments", ...cut }
        await expectSame(make)
        const { fragments } = answer(make) as unknown as Fields
        const orders = new Map(fragments.map((fragment) => [fragment, dice.next().value as number]))
        const shuffled = [...fragments].sort((a, b) => orders.get(a)! - orders.get(b)!)
        const open = { do: "openFragments", fragments: shuffled }
        expect(answer(open)).toEqual({ message: cut.message })
        await expectSame(open)
        // Nothing in a fragment is authenticated: what counts is that both see the same.
        const one = dice.next().value as number
        const odd = shuffled.map((fragment, i) =>
          i === one % shuffled.length ? changed(fragment) : fragment,
        )
        const found = [
          answer({ ...open, fragments: odd }),
          await theirs({ ...open, fragments: odd }),
        ]
        const [mine, other] = found.map(({ error, message }) =>
          error === undefined ? message : null,
        )
        expect(mine).toEqual(other)
      }),
      { numRuns: 100 },
    )
  })

  test("key requests and removal notices", async () => {
    const asked = fc.record({
      seed: key,
      topicId: id,
      requestKey: key,
      nonce: bytes(24),
      epoch: u32.filter((epoch) => epoch > 0),
      failed: bytes(8),
      serial: u48,
      ephemeralSecret: key,
    })
    await fc.assert(
      fc.asyncProperty(asked, key, key, change, async (ask, removed, rekeySecret, changed) => {
        const { epoch, failed, requestKey, seed, serial, topicId } = ask
        const signer = hex(new Identity(fromHex(seed)).publicKey)
        const rekeyKey = hex(exchangePublicKey(fromHex(rekeySecret)))
        const request = { epoch, failed, serial, rekeyKey }
        const openRequest = { do: "openRequest", requestKey, topicId }
        const made = { ...ask, do: "makeRequest", rekeyKey }
        await expectOpened(made, openRequest, { publicKey: signer, ...request }, changed)
        const publicKey = hex(new Identity(fromHex(removed)).publicKey)
        const openRemoval = { do: "openRemoval", rekeySecret, topicId, publicKey, epoch }
        const open = { ...openRemoval, signers: [signer] }
        const notice = { ...ask, do: "makeRemoval", publicKey, rekeyKey }
        await expectOpened(notice, open, { signer, epoch }, changed)
      }),
      { numRuns: 60 },
    )
  })

  const joining = { seed: key, serial: u48, rekeyKey: key, name }
  const hosting = { seed: key, topicId: id, epoch: u32, topicName: name, name }
  const coding = { publicKey: key, secret: id, address: text(200) }

  test("texts: the same, and nobody reads them changed", async () => {
    const texts = fc.oneof(
      fc.record({ do: fc.constant("makeJoin"), ...joining }),
      fc.record({ do: fc.constant("makeInvitation"), ...hosting }),
      fc.record({ do: fc.constant("makeCode"), role: fc.constantFrom(1, 2), ...coding }),
    )
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(), fc.string(), async (make, at, inserted) => {
        await expectSame(make)
        const { text } = answer(make) as unknown as Fields
        const read = { do: make.do.replace("make", "read"), text }
        expect(answer(read).error).toBeUndefined()
        await expectSame(read)
        await expectSame({ ...read, text: ` \n${text}\t` })
        const where = at % text.length
        const changed = { ...read, text: text.slice(0, where) + inserted + text.slice(where + 1) }
        // Nothing in a code is authenticated: what counts is that both see the same.
        const found = [answer(changed), await theirs(changed)]
        const [mine, other] = found.map((one) => (one.error === undefined ? one : null))
        expect(mine).toEqual(other)
        if (mine) expect(changed.text.trim() === text || make.do === "makeCode").toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  test("pairing: each as joiner and as host, compared, scanned and cancelled", async () => {
    const meeting = fc.record({
      joins: fc.record({ ...joining, session: id, ephemeralSecret: key }),
      hosts: fc.record({ ...hosting, salt: id, ephemeralSecret: key }),
      shown: fc.constantFrom(null, "host" as const, "joiner" as const),
      secret: id,
      cancel: fc.constantFrom(1, 2),
    })
    await fc.assert(
      fc.asyncProperty(
        meeting,
        change,
        async ({ cancel, hosts, joins, secret, shown }, changed) => {
          const role = shown === "host" ? 1 : 2
          const publicKey = hex(
            new Identity(fromHex((shown === "host" ? hosts : joins).seed)).publicKey,
          )
          const code = answer({ do: "makeCode", role, publicKey, secret, address: "" })["text"]
          const coded = shown === null ? {} : { code: code as string }
          const joiner: Request = { do: "joiner", ...joins, ...coded }
          const host: Request = { do: "host", ...hosts, ...coded }
          for (const [joining, hosting] of both) {
            let came = {}
            for (let turn = 0; turn < 5; turn++) {
              const side =
                turn % 2 === 0
                  ? await joining({ ...joiner, ...came })
                  : await hosting({ ...host, ...came })
              expect(side.error).toBeUndefined()
              const messages = Object.entries(side).filter(([field]) => field.startsWith("message"))
              came = { ...came, ...Object.fromEntries(messages) }
            }
            const inTheEnd = [
              await joining({ ...joiner, ...came }),
              await hosting({ ...host, ...came }),
            ]
            const [joinerSees, hostSees] = inTheEnd as [Answer, Answer]
            expect(joinerSees["comparison"]).toEqual(hostSees["comparison"])
            expect(joinerSees["transcript"]).toEqual(hostSees["transcript"])
            expect(joinerSees["host"]).toMatchObject({ topicId: hosts.topicId, name: hosts.name })
            expect(hostSees).toMatchObject({ confirmed: true, joiner: { name: joins.name } })
            const reason = shown === null ? cancel : 2
            const sides = [
              [joining, joiner, hosting, host],
              [hosting, host, joining, joiner],
            ] as const
            for (const [cancelling, canceller, hearing, hearer] of sides) {
              const { message6 } = await cancelling({ ...canceller, ...came, cancel: reason })
              const told = await hearing({ ...hearer, ...came, message6: message6 as string })
              expect(told["cancelled"]).toBe(reason)
              came = { ...came, message6 }
              await expectEachRefused(hearer, came, changed)
            }
          }
        },
      ),
      { numRuns: 25 },
    )

    /** Each of the messages that this side hears, changed, with all others as they were. */
    async function expectEachRefused(
      hearer: Request,
      came: Readonly<Record<string, string>>,
      changed: (message: string) => string,
    ): Promise<void> {
      const numbers = hearer.do === "joiner" ? [2, 4, 6] : [1, 3, 5, 6]
      for (const name of numbers.map((number) => `message${number}`)) {
        await expectRefused({ ...hearer, ...came, [name]: changed(came[name]!) })
      }
    }
  })
})
