// The fuzz target's corpus as unit tests, and a short run of changed inputs: fuzz/login-calls.js.
import fc from "fast-check"
import { expect, test } from "vitest"
import corpus from "../../fuzz/corpus/login-calls.json" with { type: "json" }
import { loginCallsScene, loginCallsTarget } from "../../fuzz/login-calls.js"
import * as bytes from "../../src/bytes/index.js"
import * as crypto from "../../src/crypto/index.js"
import * as identity from "../../src/identity/index.js"
import * as binaryHttp from "../../src/login/binary-http/index.js"
import * as clientLane from "../../src/login/client-lane.js"
import * as clientRefresh from "../../src/login/client-refresh.js"
import * as errorProof from "../../src/login/error-proof.js"
import * as generationKeys from "../../src/login/generation-keys.js"
import * as laneOpening from "../../src/login/lane-opening.js"
import * as laneWindow from "../../src/login/lane-window.js"
import * as sealedCalls from "../../src/login/sealed-calls.js"
import * as serverGenerations from "../../src/login/server-generations.js"
import * as sessionRecord from "../../src/login/session-record.js"
import * as callNumber from "../../src/login/wire/call-number.js"
import * as error from "../../src/login/wire/error.js"
import * as lane from "../../src/login/wire/lane.js"
import * as openLane from "../../src/login/wire/open-lane.js"
import * as refresh from "../../src/login/wire/refresh.js"
import * as refreshed from "../../src/login/wire/refreshed.js"
import * as sealedCall from "../../src/login/wire/sealed-call.js"
import * as sessionTerms from "../../src/login/wire/session-terms.js"

const login = {
  ...{ ...bytes, ...crypto, ...identity, ...binaryHttp, ...clientLane, ...clientRefresh },
  ...{ ...errorProof, ...generationKeys, ...laneWindow, ...sealedCalls, ...serverGenerations },
  ...{ ...sessionRecord, ...callNumber, ...error, ...lane, ...openLane, ...refresh, ...refreshed },
  ...{ ...sealedCall, ...sessionTerms, ...laneOpening },
}
const check = loginCallsTarget(login, corpus)
const inputs = Object.values(corpus).map((hex) => bytes.fromHex(hex))

/** How each is read. */
const read: Record<keyof typeof corpus, string> = {
  "open lane": "open lane, opened",
  lane: "lane, lane by answer",
  refresh: "refresh, offered",
  refreshed: "refreshed, next generation",
  "an error with a mac": "error, next generation: expired",
  "an error with a signature": "error, answer: unknown-lane",
  "an error about a call that was not read": "error, answer: unknown-lane",
  "an error without a proof": "error",
  "a sealed call": "sealed call, call",
  "a sealed answer": "sealed answer, answer",
  "a binary request": "request",
  "a binary response": "response",
  "a binary request with padding": "request",
  "an interim response": "response",
  "a response after two others": "response",
  "terms of a session": "terms",
  "a window": "window",
  "an empty input": "",
}

test("the corpus is what its maker makes", () => {
  const { samples } = loginCallsScene(login) as { samples: Record<string, Uint8Array> }
  const made = Object.entries(samples).map(([name, one]) => [name, bytes.hex(one)])
  expect(Object.fromEntries(made)).toEqual(corpus)
})

test.each(Object.entries(read))("corpus: %s", (name, expected) => {
  const input = bytes.fromHex(corpus[name as keyof typeof corpus])
  expect(check(input).join(", ")).toBe(expected)
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
