// Known, unknown and outdated logins: the same bytes to see, and the same calls of the library with as
// much in them. spec/login.md §3.1
import { beforeEach, expect, test, vi } from "vitest"

const calls = vi.hoisted(() => [] as string[])

/** The library, with each call and the lengths of what it was given and gave written down. */
vi.mock("@serenity-kit/opaque", async (importOriginal) => {
  type Call = (params: Readonly<Record<string, unknown>>) => unknown
  const sizes = (value: unknown): unknown =>
    typeof value === "string"
      ? value.length
      : typeof value === "object" && value !== null
        ? Object.entries(value).map(([name, one]) => [name, sizes(one)])
        : value
  const recorded = (side: object) =>
    Object.fromEntries(
      Object.entries(side as Readonly<Record<string, Call>>).map(([name, call]) => [
        name,
        (params: Readonly<Record<string, unknown>>) => {
          let result: unknown = "threw"
          try {
            result = call(params)
            return result
          } finally {
            calls.push(JSON.stringify([name, sizes(params), sizes(result)]))
          }
        },
      ]),
    )
  const library = await importOriginal<typeof import("@serenity-kit/opaque")>()
  return {
    ready: library.ready,
    client: recorded(library.client),
    server: recorded(library.server),
  }
})

const { ServerLogin } = await import("../../src/login/index.js")
const { cheap, clientWith, codeOf, random, realmWith, recordOf, password, setups } =
  await import("./login-scene.js")

const realm = realmWith()
const server = new ServerLogin(realm)
const newer = realmWith({ setups: setups.withNewer() })
const dearer = realmWith({ price: { ...cheap, passes: 2 } })

beforeEach(() => {
  calls.length = 0
})

const cases = {
  known: [server, recordOf(realm)],
  unknown: [server, null],
  "outdated by its setup": [new ServerLogin(newer), recordOf(realm)],
  "outdated by its price": [new ServerLogin(dearer), recordOf(realm)],
} as const

/** A wrong password, from start to denial, and what can be seen and counted of it. */
function tried(which: keyof typeof cases) {
  const [at, record] = cases[which]
  const client = clientWith()
  const start = client.start("guess")
  calls.length = 0
  let drawn = 0
  const counting = (length: number): Uint8Array => random(length + 0 * (drawn += length))
  const { answer, attempt } = at.challenge(start, record, { random: counting })
  const finish = new Uint8Array(81 + 272)
  finish[0] = 3
  finish.set(attempt.id, 1)
  const outcome = at.finish(finish, attempt)
  const seen = { answer: answer.length, drawn, outcome, calls: [...calls] }
  return { ...seen, client: codeOf(() => client.finish(answer, "guess", { device: "x" })) }
}

test("look alike, and make the same calls", () => {
  const known = tried("known")
  expect(known).toMatchObject({ outcome: null, client: "not-proven" })
  expect(known.calls.map((one) => one.slice(2, one.indexOf('"', 2)))).toEqual([
    "startLogin",
    "finishLogin",
  ])
  expect(tried("unknown")).toEqual(known)
  expect(tried("outdated by its setup")).toEqual(known)
  expect(tried("outdated by its price")).toEqual(known)
})

test("differ in what is random alone", () => {
  const answers = (["known", "unknown"] as const).map((which) => {
    const [at, record] = cases[which]
    return at.challenge(clientWith().start(password), record, { random }).answer
  })
  const [known, unknown] = answers.map((answer) => answer.slice(17, answer.length - 320))
  expect(known).toEqual(unknown)
})
