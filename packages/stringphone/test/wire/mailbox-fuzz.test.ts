// The fuzz target's corpus as unit tests, and a short run of changed inputs: fuzz/mailbox.js.
import fc from "fast-check"
import { expect, test } from "vitest"
import corpus from "../../fuzz/corpus/mailbox.json" with { type: "json" }
import { mailboxTarget } from "../../fuzz/mailbox.js"
import * as bytes from "../../src/bytes/index.js"
import * as crypto from "../../src/crypto/index.js"
import * as identity from "../../src/identity/index.js"
import * as authorship from "../../src/mailbox/authorship.js"
import * as chain from "../../src/mailbox/chain.js"
import * as envelope from "../../src/mailbox/envelope.js"
import * as firstContact from "../../src/mailbox/first-contact.js"
import * as mailbox from "../../src/mailbox/index.js"
import * as address from "../../src/mailbox/wire/address.js"
import * as content from "../../src/mailbox/wire/content.js"
import * as envelopeWire from "../../src/mailbox/wire/envelope.js"

const check = mailboxTarget(
  {
    ...{ ...bytes, ...crypto, ...identity, ...mailbox, ...envelope, ...chain },
    ...{ ...firstContact, ...authorship, ...content, ...address, ...envelopeWire },
  },
  corpus,
)
const letter = (pair: string, publicly: string, invited: string): string =>
  `no envelope, pair: ${pair}, address: ${publicly}, invitation: ${invited}`
const none = "pair: malformed, address: malformed, invitation: malformed"
const inputs = Object.values(corpus).map((hex) => bytes.fromHex(hex))

/** How each is read as it is, and as what is in an envelope that is sealed for Bob. */
const read: Record<keyof typeof corpus, string> = {
  deniable: letter("deniable", "no-introduction", "no-introduction"),
  signed: letter("signed", "no-introduction", "no-introduction"),
  "to several": letter("deniable", "no-introduction", "no-introduction"),
  "with files": letter("deniable", "no-introduction", "no-introduction"),
  receipt: letter("deniable", "no-introduction", "no-introduction"),
  nothing: letter("nothing", "no-introduction", "no-introduction"),
  "by somebody else": letter("wrong-sender", "no-introduction", "no-introduction"),
  "introduced, to the address": letter("wrong-sender", "deniable", "no-introduction"),
  "introduced, signed": letter("wrong-sender", "signed", "no-introduction"),
  "introduced, by invitation": letter("wrong-sender", "no-introduction", "deniable"),
  anonymous: letter("wrong-sender", "anonymous", "no-introduction"),
  "an envelope": `envelope, envelope, envelope, ${none}`,
  "an anonymous envelope": `envelope, envelope, envelope, ${none}`,
  "an introducing envelope": `envelope, c, c, ${none}`,
  "a public address": `no envelope, ${none}, address`,
  "an invitation": `no envelope, ${none}, address`,
  "what is signed of it": `no envelope, ${none}`,
  "an address as text": `no envelope, ${none}, address`,
  "an empty input": `no envelope, ${none}`,
}

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
    { numRuns: 200 },
  )
}, 60_000)
