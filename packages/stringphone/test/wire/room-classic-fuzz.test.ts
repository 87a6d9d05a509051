// The fuzz target's corpus as unit tests, and a short run of changed inputs: fuzz/room-classic.js.
import fc from "fast-check"
import { expect, test } from "vitest"
import corpus from "../../fuzz/corpus/room-classic.json" with { type: "json" }
import { roomClassicTarget } from "../../fuzz/room-classic.js"
import { fromHex, PeerError } from "../../src/bytes/index.js"
import * as room from "../../src/room/classic/index.js"

const check = roomClassicTarget(room, { PeerError })
const inputs = Object.values(corpus).map((hex) => fromHex(hex))

test.each(Object.entries(corpus))("corpus: %s", (_, hex) => {
  expect(check(fromHex(hex))).toBeUndefined()
})

test("changed inputs keep the invariant", () => {
  const change = fc.tuple(fc.constantFrom(...inputs), fc.nat(), fc.nat(255), fc.boolean())
  fc.assert(
    fc.property(change, ([input, at, byte, isCut]) => {
      const changed = Uint8Array.from(input)
      if (changed.length > 0) changed[at % changed.length] = byte
      check(isCut ? changed.slice(0, at % (changed.length + 1)) : changed)
    }),
    { numRuns: 300 },
  )
}, 60_000)
