// Our classic login against a second implementation, in Python on libsodium, both ways.
import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { cryptoEngine } from "../../src/crypto/index.js"
import {
  answer,
  type Answer,
  type ClientSide,
  type Request,
  type ServerSide,
} from "./login-classic-answers.js"
import { requirePython, runPython, startPython } from "./python.js"

const hasPython = requirePython("classic login")

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((one) => hex(one))
const orNull = fc.option(bytes(32), { nil: null })

/** Letters that both sides' Unicode has known for long, some of which are written in several ways. */
const letter = fc.constantFrom(...Array.from("aZ09 *-._~+&=%é①ﬁＡ漢🐦"), "é", "ñ", "\u0301")
const text = (maxLength: number) => fc.string({ unit: letter, minLength: 1, maxLength })
const name = text(12).map((one) => one.normalize("NFC"))

const user = fc.record({ realm: name, login: name, password: text(12) })
const cost = fc.record({ passes: fc.constantFrom(1, 2), kib: fc.integer({ min: 8, max: 40 }) })
const client = fc.record({ nonce: bytes(16), dh: orNull }).map((drawn) => ({
  ...drawn,
  bounds: { m: [2, 1_048_576], passes: [1, 16], kib: [8, 1_048_576] } as const,
}))
const server = fc.record({
  secret: bytes(32),
  m: fc.integer({ min: 1001, max: 2000 }),
  nonce: bytes(16),
  dh: orNull,
  token: bytes(16),
  tokenKey: bytes(32),
  boxNonce: bytes(24),
})
const args = fc.uniqueArray(fc.tuple(text(5), fc.string({ unit: letter, maxLength: 20 })), {
  maxLength: 4,
  selector: ([argument]) => argument,
})
const login = fc.record({ user, cost, client, server, salt: bytes(16), args })

const isWellFormed = (one: string) =>
  new TextDecoder().decode(new TextEncoder().encode(one)) === one

describe.skipIf(!hasPython)(`Python and ours (${cryptoEngine()})`, () => {
  const second = hasPython ? startPython<Request, Answer>("login_classic.py") : null
  afterAll(() => second?.stop())

  const python = (request: Request) => second!.ask(request)
  const ours = (request: Request) => Promise.resolve(answer(request))

  /** Asks both, and wants the same of them. */
  async function both(request: Request): Promise<Answer> {
    const [theirs, own] = [await python(request), answer(request)]
    expect(own).toEqual(theirs)
    return own
  }
  const ok = async (asked: Promise<Answer>) => ((await asked) as { ok: string }).ok

  test("the vectors are what Python writes, and it answers them alike", () => {
    const checked = runPython("login_classic_vectors.py", "--check")
    expect(checked.stderr).toBe("")
    expect(checked.stdout).toMatch(/^\d+ checks passed\n$/)
    expect(Number.parseInt(checked.stdout)).toBeGreaterThan(150)
  })

  test.each([
    ["Python logs in to ours", python, ours],
    ["ours logs in to Python", ours, python],
  ])(
    "%s, with all kinds of letters, with and without exchange",
    async (_, askClient, askServer) => {
      let exchanges = 0
      await fc.assert(
        fc.asyncProperty(login, async (made) => {
          const record = await ok(
            both({ do: "record", ...made.user, ...made.cost, salt: made.salt }),
          )
          const { password: _, login: who, realm } = made.user
          // Who offers an exchange gets none from a server that has none, and says so.
          const dh = made.server.dh && made.client.dh
          const clientSide: ClientSide = { ...made.user, ...made.client, dh }
          const serverSide: ServerSide = { realm, record, ...made.cost, ...made.server }
          if (dh) exchanges++
          const request = await ok(askClient({ do: "request", client: clientSide }))
          const challenge = await ok(askServer({ do: "challenge", server: serverSide, request }))
          const proof = await ok(askClient({ do: "prove", client: clientSide, challenge }))
          const grant = await ok(askServer({ do: "check", server: serverSide, request, proof }))
          const call = await ok(
            askClient({ do: "accept", client: clientSide, challenge, grant, args: made.args }),
          )
          const { token, tokenKey } = made.server
          const taken = { do: "take", login: who, token, tokenKey, call } as const
          expect(await askServer({ ...taken, last: 0 })).toEqual({
            ok: { seq: 1, args: made.args },
          })
          expect(await askServer({ ...taken, last: 1 })).toEqual({ error: "replayed" })
          const wrong = { ...clientSide, password: `${clientSide.password}x` }
          const guess = await ok(askClient({ do: "prove", client: wrong, challenge }))
          expect(
            await askServer({ do: "check", server: serverSide, request, proof: guess }),
          ).toEqual({
            error: "login-refused",
          })
        }),
        { numRuns: 40 },
      )
      expect(exchanges).toBeGreaterThan(5)
    },
    120_000,
  )

  test("what goes over the wire is the same in both, also for logins that nobody has", async () => {
    await fc.assert(
      fc.asyncProperty(login, fc.boolean(), async (made, isKnown) => {
        const { realm } = made.user
        const known = await ok(both({ do: "record", ...made.user, ...made.cost, salt: made.salt }))
        const record = isKnown ? known : null
        const clientSide: ClientSide = { ...made.user, ...made.client }
        const serverSide: ServerSide = { realm, record, ...made.cost, ...made.server }
        const request = await ok(both({ do: "request", client: clientSide }))
        const challenge = await ok(both({ do: "challenge", server: serverSide, request }))
        const proved = await both({ do: "prove", client: clientSide, challenge })
        // Offered by the client alone.
        if ("error" in proved) {
          expect([proved.error, made.server.dh]).toEqual(["bad-exchange", null])
          return
        }
        const proof = proved.ok as string
        const checked = await both({ do: "check", server: serverSide, request, proof })
        if (!isKnown) {
          expect(checked).toEqual({ error: "login-refused" })
          return
        }
        const grant = (checked as { ok: string }).ok
        await ok(both({ do: "accept", client: clientSide, challenge, grant, args: made.args }))
      }),
      { numRuns: 40 },
    )
  }, 120_000)

  test("keys of any password, and carried on from any step", async () => {
    const steps = fc.record({ n: fc.nat(50), more: fc.nat(50), salt: bytes(16) })
    await fc.assert(
      fc.asyncProperty(user, cost, steps, async (who, how, { n, more, salt }) => {
        type Keys = { ok: { key: string; advanced: string } }
        const asked = { do: "kdf", ...who, ...how, salt } as const
        const { advanced } = ((await both({ ...asked, n, more })) as Keys).ok
        const { key } = ((await both({ ...asked, n: n + more, more: 0 })) as Keys).ok
        expect(advanced).toBe(key)
      }),
      { numRuns: 60 },
    )
  }, 120_000)

  test("changed messages of all kinds: the same parts, or the same refusal", async () => {
    const outcomes = new Set<string>()
    const messages = {
      request: `user=%C3%A9l+0&nonce=${"0a".repeat(16)}&dh=${"b1".repeat(32)}`,
      challenge: `m=1500&salt=${"0a".repeat(16)}&passes=3&kib=65536&nonce=${"c2".repeat(16)}`,
      proof: `user=alice&nonce=${"0a".repeat(16)}&sign=${"b1".repeat(32)}`,
      grant: `token=${"0a".repeat(16)}&box=${"b1".repeat(72)}`,
      call: `user=a&token=${"0a".repeat(16)}&seq=12&do=it+%7E&x=&%26=%3D&sign=${"b1".repeat(32)}`,
      record: `user=a&salt=${"0a".repeat(16)}&passes=3&kib=65536&n=1000&h=${"c2".repeat(32)}`,
    }
    const kind = fc.constantFrom(...(Object.keys(messages) as (keyof typeof messages)[]))
    const pieces = "&=%+~0aA9_é\n\u0000".split("")
    const put = fc.constantFrom("", "%", "%41", "%C3%A9", "&x=y", "&dh=", "🐦", "\ud800", ...pieces)
    await fc.assert(
      fc.asyncProperty(kind, fc.nat(), fc.nat(3), put, async (which, at, gone, added) => {
        const whole = messages[which]
        const place = at % (whole.length + 1)
        const changed = whole.slice(0, place) + added + whole.slice(place + gone)
        if (!isWellFormed(changed)) {
          expect(answer({ do: "decode", kind: which, text: changed })).toEqual({
            error: "malformed",
          })
          return
        }
        const decoded = await both({ do: "decode", kind: which, text: changed })
        outcomes.add("error" in decoded ? decoded.error : "decoded")
      }),
      { numRuns: 1500 },
    )
    expect([...outcomes].sort()).toEqual(["decoded", "malformed"])
  }, 120_000)
})
