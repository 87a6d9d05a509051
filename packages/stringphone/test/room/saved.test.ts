import { expect, test } from "vitest"
import { type ChannelError, fromUtf8, utf8 } from "../../src/bytes/index.js"
import { decodeSaved, encodeSaved, type SavedLog, type SavedRoom } from "../../src/room/saved.js"

const log = { version: 1, epoch: 3, sealed: 0, ownNumber: 1 } as unknown as SavedLog

test("a text may look like bytes, or like a reference to some", () => {
  for (const text of ["b64:!", "b64:AAAA", "again:0", "text:", "text:b64:AAAA", "", "b64"]) {
    const own = [{ id: Uint8Array.of(1), text }]
    const saved = { ...log, own } as unknown as SavedLog
    expect(decodeSaved(encodeSaved(saved))).toEqual(saved)
  }
})

test("a key that many epochs have is written once", () => {
  const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const chain = Array.from({ length: 64 }, (_, epoch) => ({ epoch, roomKeys: [one, null, other] }))
  const saved = { version: 1, chain, roomSeed: other } as unknown as SavedRoom
  const encoded = encodeSaved(saved)
  expect(decodeSaved(encoded)).toEqual(saved)
  expect(fromUtf8(encoded)?.match(/b64:/g)).toHaveLength(2)
})

test("a reference to bytes that are not there is refused", () => {
  const encoded = utf8('{"version":1,"roomSeed":"again:0"}')
  expect(() => decodeSaved(encoded)).toThrow(
    expect.objectContaining({ code: "room-corrupt" }) as ChannelError,
  )
})
