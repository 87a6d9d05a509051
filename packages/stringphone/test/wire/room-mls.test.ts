// What of an MLS message travels: less than MLS makes, and the same comes out of it.
import { describe, expect, test } from "vitest"
import { concat, fromHex, PeerError, sameBytes, u16, u32, u8, utf8 } from "../../src/bytes/index.js"
import { commit, inspect, open, seal } from "../../src/room/mls/group.js"
import { decodeCommitPacket, encodeCommitPacket } from "../../src/room/wire/commit.js"
import { decodeMessagePacket, encodeMessagePacket, messageId } from "../../src/room/wire/message.js"
import { groupOf, roomId } from "../room/mls-members.js"
import { eachBit, flipped } from "./fixtures.js"

const auth8 = fromHex("0102030405060708")
const [alice, bob] = await groupOf("alice", "bob")
const message = (await seal(alice!, utf8("hello"), auth8)).message
const change = (await commit(alice!, {}, utf8("why"))).message
const sides = [
  ["message", message, auth8, encodeMessagePacket, decodeMessagePacket],
  ["commit", change, utf8("why"), encodeCommitPacket, decodeCommitPacket],
] as const

describe.each(sides)("a %s", (_, mls, data, encode, decode) => {
  const packet = encode(mls)

  test("is nine bytes shorter and comes back whole", () => {
    expect(packet).toHaveLength(mls.length - 9)
    expect(decode(packet)).toEqual({ roomId, epoch: 1, mls, data })
  })

  test("tells what MLS tells of it", () => {
    const { associatedData, epoch } = inspect(decode(packet).mls)
    expect({ epoch, data: associatedData }).toEqual({ epoch: 1, data })
  })

  test("whatever is changed makes it another or none", () => {
    const wrong: number[] = []
    let others = 0
    eachBit(0, packet.length, (bit) => {
      const changed = flipped(packet, bit)
      try {
        const decoded = decode(changed)
        const isAnother = !sameBytes(decoded.mls, mls) && sameBytes(encode(decoded.mls), changed)
        if (!isAnother) wrong.push(bit)
        others++
      } catch (error) {
        if (!(error instanceof PeerError && error.code === "malformed")) throw error
      }
    })
    expect(wrong).toEqual([])
    expect(others).toBeGreaterThan(8 * 20)
  })

  test.each([
    ["cut off", mls.subarray(0, 29)],
    ["empty", new Uint8Array(0)],
    ["of another version", concat(u16(2), mls.subarray(2))],
    ["in another wire format", concat(mls.subarray(0, 2), u16(1), mls.subarray(4))],
    ["of a group with a short ID", concat(mls.subarray(0, 4), u8(8), mls.subarray(13))],
    ["of a far epoch", concat(mls.subarray(0, 21), u32(1), mls.subarray(25))],
    ["a proposal", concat(mls.subarray(0, 29), u8(2), mls.subarray(30))],
    ["of the other kind", mls === message ? change : message],
  ])("of our own that is none is our mistake: %s", (_name, wrong) => {
    expect(() => encode(wrong)).toThrow(TypeError)
  })

  test("a length in a longer form, or of 8 bytes, is refused", () => {
    const [head, rest] = [packet.subarray(0, 21), packet.subarray(22)]
    for (const length of ["4008", "80000008", "c000000000000008", "ff"]) {
      const longer = concat(head, fromHex(length), rest)
      expect(() => decode(longer)).toThrow(/not in its shortest form/)
    }
  })
})

test("the other member opens what travelled", async () => {
  const { payload } = await open(bob!, decodeMessagePacket(encodeMessagePacket(message)).mls)
  expect(payload).toEqual(utf8("hello"))
})

test("lengths of one, two and four bytes", async () => {
  for (const length of [0, 63, 64, 16_383, 16_384, 70_000]) {
    const data = new Uint8Array(length).fill(1)
    const { message: long } = await seal(alice!, new Uint8Array(length), data)
    const decoded = decodeMessagePacket(encodeMessagePacket(long))
    expect(sameBytes(decoded.mls, long) && sameBytes(decoded.data, data)).toBe(true)
  }
})

test("each message has an ID of its own", () => {
  const packet = encodeMessagePacket(message)
  const ids = new Set([messageId(packet).join()])
  eachBit(0, packet.length, (bit) => ids.add(messageId(flipped(packet, bit)).join()))
  expect(messageId(packet)).toHaveLength(16)
  expect(ids.size).toBe(8 * packet.length + 1)
})
