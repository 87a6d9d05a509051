// The fuzz target's corpus as unit tests, and a short run of changed inputs: fuzz/login-classic.js.
import fc from "fast-check"
import { expect, test } from "vitest"
import corpus from "../../fuzz/corpus/login-classic.json" with { type: "json" }
import { loginClassicTarget } from "../../fuzz/login-classic.js"
import * as bytes from "../../src/bytes/index.js"
import * as login from "../../src/login/classic/index.js"

const check = loginClassicTarget(login, bytes)
const inputs = Object.values(corpus).map((hex) => bytes.fromHex(hex))

test.each(Object.entries(corpus))("corpus: %s", (_, hex) => {
  expect(check(bytes.fromHex(hex))).toBeUndefined()
})

test("changed inputs keep the invariant", () => {
  const change = fc.tuple(fc.constantFrom(...inputs), fc.nat(), fc.nat(127), fc.boolean())
  fc.assert(
    fc.property(change, ([input, at, byte, isCut]) => {
      const changed = Uint8Array.from(input)
      if (changed.length > 0) changed[at % changed.length] = byte
      check(isCut ? changed.slice(0, at % (changed.length + 1)) : changed)
    }),
    { numRuns: 300 },
  )
}, 60_000)
