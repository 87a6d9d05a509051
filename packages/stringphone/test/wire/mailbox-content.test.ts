// What is in an envelope, written down by hand after its diagram in spec/mailbox.md §4.
import { describe, expect, test } from "vitest"
import { concat, fromHex, u16, u32, u8, utf8 } from "../../src/bytes/index.js"
import { hash } from "../../src/crypto/index.js"
import type { Content, Introduction } from "../../src/mailbox/index.js"
import { decodeContent, encodeContent } from "../../src/mailbox/wire/content.js"
import { flipped, secret, viewAtOffset } from "./fixtures.js"
import { codeOf, fill, outcome, plain } from "./mailbox-letter.js"

const parts = (...all: (string | Uint8Array)[]): Uint8Array =>
  concat(
    ...all.map((part) => (typeof part === "string" ? fromHex(part.replaceAll(" ", "")) : part)),
  )

const introduction: Introduction = {
  identityKey: secret(0x31),
  exchangeKey: secret(0x32),
  cardSignature: fill(64, 0x33),
  freshKey: secret(0x34),
  prekey: secret(0x35),
  firstPeriod: 0x0b29,
}

interface Row {
  readonly name: string
  readonly content: Content
  readonly encoded: Uint8Array
  readonly proofs: readonly Uint8Array[]
}

const rows: readonly Row[] = [
  {
    name: "a signed letter",
    content: plain,
    encoded: parts(
      ...["0101", fill(16, 0x11), "4e20 02 00", secret(0xa1)],
      ...["01", secret(0xb2), "00000002 4869", "00"],
    ),
    proofs: [fill(64, 0x77)],
  },
  {
    name: "a deniable letter with all that there can be",
    content: {
      ...plain,
      authorship: "deniable",
      introduction,
      replyTo: fill(16, 0x22),
      wantsReceipt: true,
      receiverKeys: [secret(0xb2), secret(0xb3)],
      text: "é",
      files: [
        { name: "a.b", bytes: fromHex("010203") },
        { name: "ü", bytes: new Uint8Array(0) },
      ],
    },
    encoded: parts(
      ...["0101", fill(16, 0x11), "4e20 01 07"],
      ...[secret(0x31), secret(0x32), fill(64, 0x33), secret(0x34), secret(0x35), "00000b29"],
      ...[fill(16, 0x22), secret(0xa1), "02", secret(0xb2), secret(0xb3)],
      ...["00000002 c3a9", "02", "03 612e62 00000003 010203", "02 c3bc 00000000"],
    ),
    proofs: [fill(16, 0x71), fill(16, 0x72)],
  },
  {
    name: "an anonymous letter",
    content: { ...plain, authorship: "anonymous", senderKey: null, text: "" },
    encoded: parts(
      ...["0101", fill(16, 0x11), "4e20 00 00", secret(0), "01", secret(0xb2), "00000000 00"],
    ),
    proofs: [],
  },
  {
    name: "a receipt",
    content: {
      ...plain,
      kind: "receipt",
      authorship: "deniable",
      replyTo: fill(16, 0x22),
      text: "",
    },
    encoded: parts(
      ...["0102", fill(16, 0x11), "4e20 01 02", fill(16, 0x22), secret(0xa1)],
      ...["01", secret(0xb2), "00000000 00"],
    ),
    proofs: [fill(16, 0x71)],
  },
  {
    name: "nothing, to nobody",
    content: {
      ...plain,
      kind: "nothing",
      authorship: "anonymous",
      senderKey: null,
      receiverKeys: [],
    },
    encoded: parts(
      ...["0103", fill(16, 0x11), "4e20 00 00", secret(0), "00", "00000002 4869", "00"],
    ),
    proofs: [],
  },
]

describe.each(rows)("$name", ({ content, encoded, proofs }) => {
  const whole = concat(encoded, ...proofs)

  test("is as written down", () => {
    expect(encodeContent(content)).toEqual(encoded)
    for (const bytes of [whole, viewAtOffset(whole)]) {
      expect(decodeContent(bytes)).toEqual({ ...content, proofs, digest: hash(encoded) })
    }
  })

  test("is its own copy", () => {
    const given = whole.slice()
    const read = decodeContent(given)
    given.fill(0xff)
    expect(read).toEqual({ ...content, proofs, digest: hash(encoded) })
  })

  test("is read whole", () => {
    for (let length = 0; length < whole.length; length++) {
      expect(codeOf(() => decodeContent(whole.subarray(0, length)))).toBe("malformed")
    }
    for (const byte of [0, 0x80, 0xff]) {
      expect(codeOf(() => decodeContent(concat(whole, u8(byte))))).toBe("malformed")
    }
  })

  test("with any bit flipped is another one, or none", () => {
    for (let bit = 0; bit < whole.length * 8; bit++) {
      expect(["malformed", "the same"]).toContain(outcome(flipped(whole, bit)))
    }
  })
})

describe("fields", () => {
  const { encoded, proofs } = rows[0]!
  const at = (place: number, byte: number): Uint8Array => {
    const bytes = concat(encoded, ...proofs)
    bytes[place] = byte
    return bytes
  }
  const all = Array.from({ length: 256 }, (_, byte) => byte)

  test.each([
    ["version", 0, [1]],
    // A receipt says for what. [MAILBOX-4-5]
    ["kind", 1, [1, 3]],
    // The sender is named, so it is not anonymous, and a deniable proof is shorter.
    ["authorship", 20, [2]],
  ])("%s takes no other value", (_, place, valid) => {
    expect(all.filter((byte) => outcome(at(place, byte)) === "the same")).toEqual(valid)
  })

  test("flags take no other value", () => {
    const extra = [new Uint8Array(0), fill(196, 0x33), fill(16, 0x22)]
    const withFlags = (flags: number): Uint8Array =>
      concat(
        encoded.subarray(0, 21),
        u8(flags),
        ...(flags & 1 ? [extra[1]!] : []),
        ...(flags & 2 ? [extra[2]!] : []),
        encoded.subarray(22),
        ...proofs,
      )
    const valid = all.filter((flags) => outcome(withFlags(flags)) === "the same")
    expect(valid).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test("anonymous by half is none", () => {
    const named = parts(rows[2]!.encoded)
    named[22] = 1
    expect(outcome(named)).toBe("malformed")
    const unnamed = concat(encoded, ...proofs)
    unnamed.fill(0, 22, 54)
    expect(outcome(unnamed)).toBe("malformed")
  })

  test("a letter is to somebody, once each, and not to its sender", () => {
    const to = (...receiverKeys: Uint8Array[]): string =>
      outcome(concat(encodeContent({ ...plain, receiverKeys }), ...proofs))
    expect(to(secret(1))).toBe("the same")
    expect(to(secret(1), secret(2))).toBe("the same")
    expect(to()).toBe("malformed")
    expect(to(secret(1), secret(2), secret(1))).toBe("malformed")
    expect(to(secret(1), plain.senderKey!)).toBe("malformed")
  })

  test.each(["80", "ff", "c080", "c3", "eda080", "f4908080", "e282", "f8888080"])(
    "%s is no UTF-8: not as text, not as a name",
    (wrong) => {
      const bytes = fromHex(wrong)
      const head = encoded.subarray(0, 87)
      const text = concat(head, u32(bytes.length), bytes, u8(0), ...proofs)
      const name = concat(
        head,
        ...[u32(0), u8(1), u8(bytes.length), bytes, u32(1), u8(9)],
        ...proofs,
      )
      expect([outcome(text), outcome(name)]).toEqual(["malformed", "malformed"])
    },
  )

  test.each(["\ufeffwith a mark", "\u0000", "𝄞", "a\r\nb", "\u202eback"])(
    "the text %j is kept as it is",
    (text) => {
      const bytes = concat(encodeContent({ ...plain, text }), ...proofs)
      expect(decodeContent(bytes).text).toBe(text)
      expect(outcome(bytes)).toBe("the same")
    },
  )

  test("lengths that reach beyond the end are refused before anything is made of them", () => {
    const head = encoded.subarray(0, 87)
    for (const length of [3, 0x7fffffff, 0x80000000, 0xffffffff]) {
      expect(outcome(concat(head, u32(length), utf8("Hi")))).toBe("malformed")
      const file = [u32(0), u8(1), u8(1), utf8("a"), u32(length), utf8("Hi")]
      expect(outcome(concat(head, ...file))).toBe("malformed")
    }
    const receivers = concat(encoded.subarray(0, 54), u8(255), secret(1))
    expect(outcome(receivers)).toBe("malformed")
  })

  test("the days at both ends", () => {
    for (const writtenDay of [0, 0xffff]) {
      const bytes = concat(encodeContent({ ...plain, writtenDay }), ...proofs)
      expect(bytes.subarray(18, 20)).toEqual(u16(writtenDay))
      expect(decodeContent(bytes).writtenDay).toBe(writtenDay)
    }
  })
})
