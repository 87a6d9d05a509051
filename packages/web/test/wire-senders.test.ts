import { expect, it } from "vitest"
import { WireSenders } from "../src/lib/wire-senders.ts"

function message(tag: number, counter: number, epoch = 2): Uint8Array {
  const bytes = new Uint8Array(120)
  bytes.set(["M".charCodeAt(0), 0, epoch, 0, 0, 0, tag, 0, 0, 0, counter])
  return bytes
}

it("finds the bytes of what was opened, though two senders use the same number", () => {
  const senders = new WireSenders()
  const [a, b, a2, b2] = [message(1, 5), message(2, 5), message(1, 6), message(2, 6)]
  for (const bytes of [a, b]) senders.arrived(bytes)
  expect(senders.bytesOf({ id: "alice-2-5-0" })).toBe(a)
  expect(senders.bytesOf({ id: "bob-2-5-0" })).toBe(b)
  for (const bytes of [b2, a2]) senders.arrived(bytes)
  expect(senders.bytesOf({ id: "alice-2-6-0" })).toBe(a2)
  expect(senders.bytesOf({ id: "bob-2-6-0" })).toBe(b2)
  // The rest of a bundle is in the same bytes; another epoch is another matter.
  expect(senders.bytesOf({ id: "alice-2-6-1" })).toBe(a2)
  expect(senders.bytesOf({ id: "alice-3-6-0" })).toBeNull()
})

it("takes nothing that was refused for what was opened", () => {
  const senders = new WireSenders()
  const [forged, genuine, repeated] = [message(1, 5), message(1, 5), message(1, 5)]
  senders.arrived(forged)
  senders.arrived(genuine)
  senders.rejected(forged)
  expect(senders.bytesOf({ id: "alice-2-5-0" })).toBe(genuine)
  senders.arrived(repeated)
  senders.rejected(repeated)
  expect(senders.bytesOf({ id: "alice-2-5-0" })).toBe(genuine)
})

it("knows epochs by their low 16 bits, as the wire does", () => {
  const senders = new WireSenders()
  const bytes = message(1, 5, 7)
  senders.arrived(bytes)
  expect(senders.bytesOf({ id: "alice-65543-5-0" })).toBe(bytes)
})
