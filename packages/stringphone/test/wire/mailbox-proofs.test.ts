// Who wrote it: proofs under a letter, with every bit of it flipped. spec/mailbox.md §4.1, §4.2
import { describe, expect, test } from "vitest"
import { concat } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { checkProof, proveContent } from "../../src/mailbox/authorship.js"
import type { Authorship } from "../../src/mailbox/index.js"
import { decodeContent, encodeContent } from "../../src/mailbox/wire/content.js"
import { flipped, secret, unlike } from "./fixtures.js"
import { codeOf, plain } from "./mailbox-letter.js"

describe("proofs", () => {
  const [alice, bob, carol] = [1, 2, 3].map((byte) => new Identity(secret(byte))) as [
    Identity,
    Identity,
    Identity,
  ]
  const pairKeys = [secret(0x41), secret(0x42)]
  const letter = (authorship: Authorship): Uint8Array =>
    proveContent(
      {
        ...plain,
        authorship,
        senderKey: authorship === "anonymous" ? null : alice.publicKey,
        receiverKeys: [bob.publicKey, carol.publicKey],
      },
      alice,
      pairKeys,
    )
  const check = (bytes: Uint8Array, reader: Identity, key: Uint8Array | null): string => {
    let found = ""
    const code = codeOf(() => (found = checkProof(decodeContent(bytes), reader.publicKey, key)))
    return found || code
  }

  test.each([
    ["anonymous", 0],
    ["deniable", 32],
    ["signed", 64],
  ] as const)("%s: %d bytes, and each receiver is convinced", (authorship, length) => {
    const bytes = letter(authorship)
    expect(bytes).toHaveLength(encodeContent(decodeContent(bytes)).length + length)
    expect(check(bytes, bob, pairKeys[0]!)).toBe(authorship)
    expect(check(bytes, carol, pairKeys[1]!)).toBe(authorship)
    expect(check(bytes, alice, pairKeys[0]!)).toBe("not-addressed-to-us")
  })

  test("a deniable one is for the pair alone", () => {
    const bytes = letter("deniable")
    expect(check(bytes, bob, pairKeys[1]!)).toBe("wrong-proof")
    expect(check(bytes, bob, null)).toBe("wrong-proof")
    const swapped = concat(bytes.slice(0, -32), bytes.slice(-16), bytes.slice(-32, -16))
    expect(check(swapped, bob, pairKeys[0]!)).toBe("wrong-proof")
  })

  test.each(["deniable", "signed"] as const)(
    "%s: any bit flipped, and nobody is convinced",
    (authorship) => {
      const bytes = letter(authorship)
      // A deniable letter has a proof for another one, which Bob can not check.
      const end = authorship === "deniable" ? bytes.length - 16 : bytes.length
      const refused = new Set(["wrong-proof", "malformed", "not-addressed-to-us"])
      const wrong = unlike([0, end], "refused", (bit) => {
        const found = check(flipped(bytes, bit), bob, pairKeys[0]!)
        return refused.has(found) ? "refused" : found
      })
      expect(wrong).toEqual([])
    },
  )
})
