// Logins, realms, passwords, scopes, prices and setups: spec/login.md §1, §2 and §10.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../src/bytes/index.js"
import {
  maximumPrice,
  minimumPrice,
  ServerSetups,
  takeDeviceName,
  takeLogin,
  takePassword,
  takeRealm,
  takeScopes,
} from "../../src/login/index.js"
import { isCanonicalName } from "../../src/login/names.js"
import { checkOwnPrice, samePrice, takePrice } from "../../src/login/price.js"
import { codeOf, setups } from "./login-scene.js"

describe("a login", () => {
  test.each([
    ["alice", "alice"],
    ["ALICE@Example.COM", "alice@example.com"],
    ["ﬁnn", "finn"],
    ["Ａlice", "alice"],
    ["A\u030a", "å"],
    ["J\u030c", "ǰ"],
    ["ΑΣ", "ας"],
    ["a".repeat(64), "a".repeat(64)],
  ])("%s is %s", (typed, login) => {
    expect(takeLogin(typed)).toBe(login)
    expect(takeRealm(typed)).toBe(login)
    expect(isCanonicalName(login)).toBe(true)
  })

  test.each([
    ["nothing", ""],
    ["65 bytes", "a".repeat(65)],
    ["66 bytes in 33 letters", "ö".repeat(33)],
    ["a space", "al ice"],
    ["one that begins with a space", " alice"],
    ["an ideographic space", "al\u3000ice"],
    ["a new line", "al\nice"],
    ["NUL", "al\0ice"],
    ["nothing to see", "al\u200bice"],
    ["another direction", "\u202ealice"],
    ["half a pair", "al\ud800ice"],
  ])("is not %s", (_, typed) => {
    expect(codeOf(() => takeLogin(typed))).toBe("bad-login")
    expect(codeOf(() => takeRealm(typed))).toBe("bad-realm")
    expect(isCanonicalName(typed)).toBe(false)
  })

  test("has one form: what was taken stays", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), (typed) => {
        if (codeOf(() => takeLogin(typed)) !== "none") return
        const login = takeLogin(typed)
        expect(takeLogin(login)).toBe(login)
        expect(utf8(login).length).toBeLessThanOrEqual(64)
      }),
      { numRuns: 3_000 },
    )
  })
})

test("a password is as it is typed, in one form", () => {
  expect(takePassword("e\u0301 Ａ ")).toBe("é A ")
  expect(takePassword("x".repeat(1_024))).toHaveLength(1_024)
  for (const wrong of ["", "x".repeat(1_025), "ö".repeat(513), "\ud800"]) {
    expect(codeOf(() => takePassword(wrong))).toBe("bad-password")
  }
})

test("a device has a name as a contact has", () => {
  expect(takeDeviceName(" Alice's phone ")).toBe("Alice's phone")
  expect(codeOf(() => takeDeviceName("\u202e"))).toBe("bad-petname")
})

test("scopes", () => {
  const right = ["a", "lamps:read/1._-", "x".repeat(64)]
  expect(takeScopes(right)).toEqual(right)
  for (const wrong of ["", "A", "a b", "x".repeat(65), "ö"]) {
    expect(codeOf(() => takeScopes([wrong]))).toBe("bad-scope")
  }
  expect(codeOf(() => takeScopes(["a", "a"]))).toBe("bad-scope")
})

describe("a price", () => {
  test("at either end is taken", () => {
    expect(takePrice(minimumPrice, {})).toEqual(minimumPrice)
    expect(takePrice(maximumPrice, {})).toEqual(maximumPrice)
    expect(checkOwnPrice(maximumPrice)).toEqual(maximumPrice)
    expect(samePrice(minimumPrice, { ...minimumPrice, lanes: 4 })).toBe(false)
  })

  test("below the floor in one of both is weak, and lanes do not count", () => {
    const floor = { passes: 4, kib: 131_072, lanes: 4 }
    const take = (changes: object): string =>
      codeOf(() => takePrice({ ...floor, ...changes }, { floor }))
    expect([take({}), take({ lanes: 1 }), take({ lanes: 16 }), take({ passes: 5 })]).toEqual(
      Array<string>(4).fill("none"),
    )
    expect([
      take({ passes: 3 }),
      take({ kib: 131_071 }),
      take({ passes: 3, kib: 2_097_152 }),
    ]).toEqual(Array<string>(3).fill("weak-price"))
    const low = { passes: 1, kib: 8, lanes: 1 }
    expect(codeOf(() => takePrice(low, { floor: low }))).toBe("weak-price")
  })

  test("that Argon2id has not is none", () => {
    const odd = [
      ...[{ passes: 0 }, { passes: 3.5 }, { kib: Number.NaN }, { kib: -1 }, { lanes: 0 }],
      { kib: 127, lanes: 16 },
    ]
    expect(odd.map((one) => codeOf(() => takePrice({ ...minimumPrice, ...one }, {})))).toEqual(
      odd.map(() => "malformed"),
    )
  })
})

describe("setups", () => {
  test("are numbered, and the same after they were saved", () => {
    const two = setups.withNewer()
    expect([setups.newest, two.newest, two.numbers]).toEqual([1, 2, [1, 2]])
    const restored = ServerSetups.restore(two.save())
    expect(restored.save()).toEqual(two.save())
    expect(two.without(1).numbers).toEqual([2])
    expect(two.without(1).withNewer().numbers).toEqual([2, 3])
    expect(codeOf(() => two.without(2))).toBe("no-setup")
    expect(codeOf(() => two.without(3))).toBe("no-setup")
  })

  test("cut short, or of another form, are told so", () => {
    const saved = setups.withNewer().save()
    expect(saved).toHaveLength(2 + 2 * 130)
    const wrong = [
      ...Array.from({ length: saved.length }, (_, length) => saved.subarray(0, length)),
      concat(saved, Uint8Array.of(0)),
      Uint8Array.of(1, 0),
      concat(saved.subarray(0, 132), saved.subarray(2, 132)),
      concat(Uint8Array.of(2), saved.subarray(1)),
    ]
    expect(wrong.map((one) => codeOf(() => ServerSetups.restore(one)))).toEqual(
      wrong.map(() => "setup-corrupt"),
    )
  })
})
