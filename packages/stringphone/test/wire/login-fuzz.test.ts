// The fuzz target's corpus as unit tests, and a short run of changed inputs: fuzz/login.js.
import fc from "fast-check"
import { expect, test } from "vitest"
import corpus from "../../fuzz/corpus/login.json" with { type: "json" }
import { loginTarget } from "../../fuzz/login.js"
import * as bytes from "../../src/bytes/index.js"
import * as crypto from "../../src/crypto/index.js"
import * as identity from "../../src/identity/index.js"
import * as login from "../../src/login/index.js"
import * as invitation from "../../src/login/invitation.js"
import * as challenge from "../../src/login/wire/challenge.js"
import * as finish from "../../src/login/wire/finish.js"
import * as record from "../../src/login/wire/record.js"
import * as register from "../../src/login/wire/register.js"
import * as start from "../../src/login/wire/start.js"
import * as welcome from "../../src/login/wire/welcome.js"

await login.opaqueReady()
const check = loginTarget(
  {
    ...{ ...bytes, ...crypto, ...identity, ...login, ...invitation },
    ...{ ...start, ...challenge, ...finish, ...welcome, ...register, ...record },
  },
  corpus,
)
const inputs = Object.values(corpus).map((hex) => bytes.fromHex(hex))

/** How each is read, where it is not by its name alone. */
const read: Partial<Record<keyof typeof corpus, string>> = {
  "start of a known device": "start",
  "register's text": "register's text, registered's text",
  "a taken login's text": "registering's text",
  "an empty input": "",
}

test.each(Object.entries(corpus))("corpus: %s", (name, hex) => {
  const expected = read[name as keyof typeof corpus] ?? name
  expect(check(bytes.fromHex(hex)).join(", ")).toBe(expected)
})

test("changed inputs keep the invariant", () => {
  const change = fc.tuple(fc.constantFrom(...inputs), fc.nat(), fc.nat(255), fc.boolean())
  fc.assert(
    fc.property(change, ([input, at, byte, isCut]) => {
      const changed = Uint8Array.from(input)
      if (changed.length > 0) changed[at % changed.length] = byte
      check(isCut ? changed.slice(0, at % (changed.length + 1)) : changed)
    }),
    { numRuns: 200 },
  )
}, 60_000)
