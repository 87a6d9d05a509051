// Our classic mailbox against a second implementation, in Python on libsodium, both ways.
import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { cryptoEngine } from "../../src/crypto/index.js"
import { answer, type Answer, type Request } from "./mailbox-classic-answers.js"
import { requirePython, runPython, startPython } from "./python.js"

const hasPython = requirePython("the classic mailbox")

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((one) => hex(one))
const u32 = fc.oneof(fc.constantFrom(0, 1, 0xffffffff), fc.nat(0xffffffff))
const pair = fc.record({ seed: bytes(32), number: u32 })

/** A sender, receivers who are all different, and what the mail is made of. */
const mail = fc
  .record({
    sender: pair,
    receivers: fc.uniqueArray(pair, { minLength: 1, maxLength: 5, selector: ({ seed }) => seed }),
    message: fc.uint8Array({ maxLength: 300 }).map((one) => hex(one)),
    expires: u32,
    nonce1: bytes(24),
    key: bytes(32),
    nonce2: bytes(24),
  })
  .chain((made) =>
    fc.record({
      made: fc.constant(made),
      ephemerals: fc.array(bytes(32), {
        minLength: made.receivers.length,
        maxLength: made.receivers.length,
      }),
    }),
  )

describe.skipIf(!hasPython)(`Python and ours (${cryptoEngine()})`, () => {
  const second = hasPython ? startPython<Request, Answer>("wcmp.py") : null
  afterAll(() => second?.stop())

  /** Asks both, and wants the same of them. */
  async function both(request: Request): Promise<Answer> {
    const [theirs, ours] = [await second!.ask(request), answer(request)]
    expect(ours).toEqual(theirs)
    return ours
  }
  const ok = async (request: Request) => ((await both(request)) as { ok: string }).ok

  test("the vectors are what Python writes, and it answers them alike", () => {
    const checked = runPython("wcmp_vectors.py", "--check")
    expect(checked.stderr).toBe("")
    expect(checked.stdout).toMatch(/^\d+ checks passed\n$/)
    expect(Number.parseInt(checked.stdout)).toBeGreaterThan(70)
  })

  test("mail of any kind: the same bytes, and each opens the other's", async () => {
    await fc.assert(
      fc.asyncProperty(mail, fc.boolean(), async ({ made, ephemerals }, isKnown) => {
        const publicKeyOf = async (one: { seed: string; number: number }) => {
          const keys = (await both({ do: "keys", ...one })) as { ok: { publicKey: string } }
          return keys.ok.publicKey
        }
        const receivers: string[] = []
        for (const receiver of made.receivers) receivers.push(await publicKeyOf(receiver))
        const sender = await publicKeyOf(made.sender)
        const written = await ok({ ...made, do: "create", receivers, ephemerals })
        await both({ do: "decode", mail: written })
        expect(await ok({ do: "verify", mail: written, publicKey: sender })).toBe(true)
        const contacts = isKnown ? ([["sender", sender]] as const) : []
        for (const receiver of made.receivers) {
          const opened = await ok({ do: "open", mail: written, mine: [receiver], contacts })
          expect(opened).toEqual({
            message: made.message,
            number: receiver.number,
            sender: isKnown ? "sender" : null,
          })
        }
        const stranger = { seed: "00".repeat(32), number: 0 }
        expect(await ok({ do: "open", mail: written, mine: [stranger], contacts })).toBeNull()
      }),
      { numRuns: 60 },
    )
  }, 120_000)

  test("changed mail: the same outcome, byte for byte of the message or the same code", async () => {
    const outcomes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        mail,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom("change", "cut", "add"),
        async ({ made, ephemerals }, at, difference, how) => {
          const keys = made.receivers.map(
            (one) => (answer({ do: "keys", ...one }) as { ok: { publicKey: string } }).ok.publicKey,
          )
          const created = answer({ ...made, do: "create", receivers: keys, ephemerals })
          const raw = Uint8Array.from(Buffer.from((created as { ok: string }).ok, "hex"))
          const place = at % raw.length
          if (how === "change") raw[place] = (raw[place] as number) ^ difference
          const changed = how === "cut" ? raw.subarray(0, place) : raw
          const text = hex(changed) + (how === "add" ? "00".repeat(difference) : "")
          const sender = answer({ do: "keys", ...made.sender }) as { ok: { publicKey: string } }
          const contacts = [["sender", sender.ok.publicKey]] as const
          const opened = await both({ do: "open", mail: text, mine: made.receivers, contacts })
          outcomes.add("error" in opened ? opened.error : "opened")
          await both({ do: "open", mail: text, mine: made.receivers, contacts: [] })
          await both({
            do: "relay",
            mails: [text, text],
            now: 1_800_000_000,
            maxBytes: 1000,
            maxLife: null,
          })
        },
      ),
      { numRuns: 400 },
    )
    expect([...outcomes]).toEqual(expect.arrayContaining(["malformed", "bad-signature"]))
  }, 120_000)

  test("lists of mail", async () => {
    const mails = fc.array(fc.uint8Array({ maxLength: 40 }).map((one) => hex(one)))
    await fc.assert(
      fc.asyncProperty(mails, fc.nat(), async (list, cut) => {
        const listed = await ok({ do: "list", mails: list })
        expect(await ok({ do: "unlist", bytes: listed })).toEqual(list)
        await both({ do: "unlist", bytes: listed.slice(0, 2 * (cut % (listed.length / 2 + 1))) })
      }),
      { numRuns: 100 },
    )
  }, 60_000)
})
