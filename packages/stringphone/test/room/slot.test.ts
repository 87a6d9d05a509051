import { describe, expect, test } from "vitest"
import { PeerError } from "../../src/bytes/index.js"
import {
  deriveSlotKey,
  entryHash,
  openEntry,
  openOrder,
  openOrderBox,
  sealEntry,
  sealOrder,
} from "../../src/room/slot.js"
import { decodeEntry } from "../../src/room/wire/entry.js"
import { decodeOrder } from "../../src/room/wire/order.js"
import { decodeRoomPacket } from "../../src/room/wire/packet.js"
import { eachBit, flipped } from "../wire/fixtures.js"
import { bytes, roomId } from "./newcomers.js"

const slotKey = deriveSlotKey(bytes(32, 1), bytes(16, 2))
const header = { roomId, epoch: 5, grantId: bytes(16, 2) }
const nonce = bytes(24, 3)
const message = bytes(200, 4)
const order = { commitHash: entryHash(message), heads: [bytes(16, 5)], signature: bytes(64, 6) }
const entryWire = sealEntry(slotKey, header, message, nonce)
const orderWire = sealOrder(slotKey, header, order, nonce)
const [entryBox, orderBox] = [decodeEntry(entryWire), decodeOrder(orderWire)]

function codeOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (error instanceof PeerError) return error.code
    throw error
  }
}

describe("a slot", () => {
  test("shows entry and order to who has its key", () => {
    expect(openEntry(slotKey, entryBox)).toEqual(message)
    expect(openOrder(slotKey, orderBox)).toEqual(order)
    expect(openOrderBox(slotKey, entryBox, orderBox)).toEqual({ message, order })
    expect(entryBox).toMatchObject(header)
  })

  test("shows nothing to who has another key", () => {
    for (const key of [bytes(32, 1), deriveSlotKey(bytes(32, 1), bytes(16, 3))]) {
      expect(codeOf(() => openEntry(key, entryBox))).toBe("not-authentic")
      expect(codeOf(() => openOrder(key, orderBox))).toBe("not-authentic")
    }
  })

  test("an order names one entry", () => {
    const another = decodeEntry(sealEntry(slotKey, header, bytes(200, 9), nonce))
    expect(codeOf(() => openOrderBox(slotKey, another, orderBox))).toBe("other-entry")
  })

  test.each([
    ["entry", entryWire],
    ["order", orderWire],
  ])("no bit of an %s can change", (_, wire) => {
    const found = new Set<unknown>()
    eachBit(0, wire.length, (bit) => {
      const packet = codeOf(() => decodeRoomPacket(flipped(wire, bit)))
      const { kind } = (packet ?? {}) as { readonly kind?: string }
      if (kind === "entry") found.add(codeOf(() => openEntry(slotKey, packet as typeof entryBox)))
      else if (kind === "order")
        found.add(codeOf(() => openOrder(slotKey, packet as typeof orderBox)))
    })
    expect([...found]).toEqual(["not-authentic"])
  })
})
