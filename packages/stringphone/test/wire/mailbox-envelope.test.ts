// What anybody sees of an envelope, written down by hand after its diagram in spec/mailbox.md §1.
import { describe, expect, test } from "vitest"
import { concat, fromHex, PeerError, UsageError } from "../../src/bytes/index.js"
import { exchangePublicKey, hash, labelled } from "../../src/crypto/index.js"
import {
  openBody,
  openSlot,
  type SlotKey,
  sealEnvelope,
  shapeFor,
} from "../../src/mailbox/envelope.js"
import { checkEnvelope, dummyEnvelope, envelopeId, expiryDay } from "../../src/mailbox/index.js"
import {
  canHold,
  encodeHeader,
  readEnvelope,
  roomFor,
  shapeOf,
  sizes,
  slotCounts,
} from "../../src/mailbox/wire/envelope.js"
import { seededRandom } from "../scenario/mailbox-people.js"
import { errorName, flipped, secret, unlike, viewAtOffset } from "./fixtures.js"

const day = 0x4e2a
const slotKey = (byte: number): SlotKey => ({
  tag: new Uint8Array(16).fill(byte),
  key: secret(byte),
})
const keys = [slotKey(1), slotKey(2), slotKey(3)]
const content = fromHex("0102800000")
const sealed = (slots: readonly SlotKey[] = keys.slice(0, 1), text = content): Uint8Array =>
  sealEnvelope(text, day, secret(9), slots, seededRandom("envelope"))

/** What the owner of a slot key reads; `null`: no slot is its own. */
function read(bytes: Uint8Array, { tag, key }: SlotKey): Uint8Array | null {
  const parts = readEnvelope(bytes)
  const slot = parts?.slots.find((one) => one.subarray(0, 16).every((byte, i) => byte === tag[i]))
  const contentKey = parts && slot ? openSlot(parts, slot, key) : null
  return parts && contentKey ? openBody(parts, contentKey) : null
}

function outcome(bytes: Uint8Array, key: SlotKey = keys[0]!): string {
  try {
    return read(bytes, key) ? "read" : "not ours"
  } catch (error) {
    return error instanceof PeerError ? error.code : errorName(() => read(bytes, key))
  }
}

describe("the head of an envelope", () => {
  test("is as written down", () => {
    const header = encodeHeader({
      slotCount: 16,
      size: 4_096,
      expiryDay: day,
      ephemeralKey: secret(0xaa),
      commitment: secret(0xbb),
    })
    expect(header).toEqual(concat(fromHex("02124e2a"), secret(0xaa), secret(0xbb)))
    const slots = Array.from({ length: 16 }, (_, i) => new Uint8Array(64).fill(i))
    const body = new Uint8Array(4_096 - 68 - 1_024).fill(0xee)
    const whole = concat(header, ...slots, body)
    for (const bytes of [whole, viewAtOffset(whole)]) {
      expect(readEnvelope(bytes)).toEqual({
        slotCount: 16,
        size: 4_096,
        expiryDay: day,
        ephemeralKey: secret(0xaa),
        commitment: secret(0xbb),
        header,
        slots,
        head: concat(header, ...slots),
        body,
      })
    }
    expect(envelopeId(whole)).toEqual(hash(labelled("mailbox envelope", whole)))
  })

  test("has one of these shapes", () => {
    const kept: string[] = []
    for (let shape = 0; shape < 256; shape++) {
      for (const length of [0, 1, 2, 512, ...sizes]) {
        const bytes = new Uint8Array(length)
        bytes.set([2, shape].slice(0, length))
        if (checkEnvelope(bytes)) kept.push(`${shape.toString(16).padStart(2, "0")} ${length}`)
      }
    }
    // 16 slots not in 1 KiB, 64 not in 4 KiB. [MAILBOX-1-1]
    const shapes = "00 01|10 11 12|20 21 22 23|30 31 32 33|40 41 42 43|50 51 52 53"
    const expected = shapes
      .split("|")
      .flatMap((group, i) => group.split(" ").map((shape) => `${shape} ${sizes[i]}`))
    expect(kept.sort()).toEqual(expected.sort())
  })

  test.each([0, 1, 3, 255])("version %d is none", (version) => {
    const bytes = sealed()
    bytes[0] = version
    expect([checkEnvelope(bytes), readEnvelope(bytes), shapeOf(bytes)]).toEqual([null, null, null])
  })

  test("a size or a count that no envelope has can not be written", () => {
    const header = { slotCount: 1, size: 1_024, expiryDay: day }
    const rest = { ephemeralKey: secret(1), commitment: secret(2) }
    for (const wrong of [{ slotCount: 2 }, { slotCount: 0 }, { size: 2_048 }, { size: 0 }]) {
      expect(() => encodeHeader({ ...header, ...rest, ...wrong })).toThrow(RangeError)
    }
  })

  test("every other length is none", () => {
    const bytes = sealed(keys)
    expect(bytes).toHaveLength(4_096)
    for (let length = 0; length < bytes.length; length++) {
      if (readEnvelope(bytes.subarray(0, length))) expect(length).toBe(-1)
    }
    expect(readEnvelope(concat(bytes, Uint8Array.of(0)))).toBeNull()
  })
})

describe("an envelope", () => {
  test.each([1, 2, 3, 5, 17, 64])("for %d is opened by each, and by nobody else", (count) => {
    const all = Array.from({ length: count }, (_, i) => slotKey(i + 1))
    const bytes = sealed(all)
    expect(checkEnvelope(bytes)).toEqual({ id: envelopeId(bytes), day, size: bytes.length })
    expect(readEnvelope(bytes)?.ephemeralKey).toEqual(exchangePublicKey(secret(9)))
    for (const key of all) expect(read(bytes, key)).toEqual(content)
    for (let i = 0; i < count; i++) {
      const key = { tag: all[i]!.tag, key: all[(i + 1) % count]!.key }
      expect(outcome(bytes, key)).toBe(count === 1 ? "read" : "not ours")
    }
    expect(outcome(bytes, slotKey(99))).toBe("not ours")
  })

  test("with any bit flipped is not read", () => {
    const bytes = sealed()
    // The shape's and the tag's too: it is none then, or nobody's.
    expect(unlike([0, 132], "not ours", (bit) => outcome(flipped(bytes, bit)))).toEqual([])
    expect(unlike([132, 1_024], "altered", (bit) => outcome(flipped(bytes, bit)))).toEqual([])
    expect(outcome(bytes)).toBe("read")
  })

  test("with any bit of another one's slot flipped is not read", () => {
    const bytes = sealed(keys)
    const parts = readEnvelope(bytes)!
    const place = parts.slots.findIndex((slot) => slot[0] === 1 && slot[1] === 1)
    const others = [0, 1, 2, 3].filter((i) => i !== place).map((i) => 68 + i * 64)
    for (const at of others) {
      const wrong = unlike([at, at + 64], "altered", (bit) => outcome(flipped(bytes, bit)))
      expect(wrong).toEqual([])
    }
  })

  test.each(sizes.flatMap((size) => slotCounts.map((slots) => [size, slots] as const)))(
    "of %d bytes with %d slots holds so much",
    (size, slotCount) => {
      if (!canHold(slotCount, size)) return expect(size).toBeLessThan(slotCount * 256)
      const room = roomFor(slotCount, size)
      expect(room).toBe(size - 68 - 64 * slotCount - 16)
      const dummy = dummyEnvelope({ slotCount, size }, day, seededRandom("dummy"))
      expect(readEnvelope(dummy)).toMatchObject({ slotCount, size, expiryDay: day })
      // One byte says where the content ends.
      const full = shapeFor(room - 1, slotCount)
      const least = slotCount === 4 && size === 1_024
      expect(full).toEqual(least ? { slotCount: 4, size: 4_096 } : { slotCount, size })
    },
  )

  test("is filled to the last byte, and one more takes the next size", () => {
    const room = roomFor(1, 1_024)
    for (const [length, size] of [
      [0, 1_024],
      [room - 1, 1_024],
      [room, 4_096],
    ] as const) {
      const text = new Uint8Array(length).fill(0x80)
      const bytes = sealed(keys.slice(0, 1), text)
      expect(bytes).toHaveLength(size)
      expect(read(bytes, keys[0]!)).toEqual(text)
    }
  })

  test("has at most 1 MiB and 64 receivers", () => {
    const codeOf = (run: () => unknown): string => {
      try {
        run()
        return "none"
      } catch (error) {
        return error instanceof UsageError ? error.code : "another error"
      }
    }
    const most = roomFor(64, 1_048_576) - 1
    expect(shapeFor(most, 64)).toEqual({ slotCount: 64, size: 1_048_576 })
    expect(codeOf(() => shapeFor(most + 1, 64))).toBe("too-large")
    expect(codeOf(() => shapeFor(0, 65))).toBe("too-many-receivers")
  })

  test("of nobody is opened by nobody", () => {
    const dummy = dummyEnvelope({ slotCount: 4, size: 4_096 }, day, seededRandom("dummy"))
    for (const key of keys) expect(outcome(dummy, key)).toBe("not ours")
  })
})

test("a content that has no end is refused", () => {
  // A writer who pads with zeros alone: sealed as its own program could.
  const sevens = (length: number): Uint8Array => new Uint8Array(length).fill(7)
  const bytes = dummyEnvelope({ slotCount: 1, size: 1_024 }, day, sevens)
  const parts = readEnvelope(bytes)!
  expect(() => openBody(parts, secret(7))).toThrow(
    expect.objectContaining({ name: "PeerError", code: "malformed" }),
  )
})

test.each([1, 3, 7, 14, 28])("a life of %d days ends on one of these days", (life) => {
  const days = Array.from({ length: 256 }, (_, byte) =>
    expiryDay(20_000, life, () => Uint8Array.of(byte)),
  )
  const choices = Math.floor(life / 4) + 1
  expect(new Set(days)).toEqual(
    new Set(Array.from({ length: choices }, (_, i) => 20_000 + life - i)),
  )
  const counts = [...new Set(days)].map((one) => days.filter((other) => other === one).length)
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
})
