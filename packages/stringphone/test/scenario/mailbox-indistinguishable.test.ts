// Who sees envelopes only can not tell real ones from dummies, nor real slots from others.
import { describe, expect, it } from "vitest"
import { randomBytes } from "../../src/crypto/index.js"
import { dummyEnvelope, expiryDay, lives } from "../../src/mailbox/index.js"
import { headerBytes, readEnvelope, slotBytes } from "../../src/mailbox/wire/envelope.js"
import { acquainted, Writer } from "./mailbox-people.js"

/**
 * χ² of the bytes against all alike. With 255 degrees of freedom, 380 is exceeded once in a few million.
 */
function chiSquare(bytes: Uint8Array): number {
  const counts = new Array<number>(256).fill(0)
  for (const byte of bytes) counts[byte]!++
  const wanted = bytes.length / 256
  return counts.reduce((sum, count) => sum + (count - wanted) ** 2 / wanted, 0)
}

const limit = 380
const count = 600

function real(): readonly Uint8Array[] {
  const [alice, bob] = [new Writer("alice"), new Writer("bob")]
  acquainted(alice, bob)
  // With the operating system's randomness, as in life.
  return Array.from({ length: count }, (_, i) => {
    const how = { authorship: i % 2 ? ("signed" as const) : ("deniable" as const), life: 28 }
    return alice.write([bob], "x".repeat(i % 300), how)[0]!
  })
}

function dummies(): readonly Uint8Array[] {
  return Array.from({ length: count }, () =>
    dummyEnvelope({ slotCount: 1, size: 1024 }, expiryDay(20_000, 28, randomBytes), randomBytes),
  )
}

function part(envelopes: readonly Uint8Array[], from: number, to: number): Uint8Array {
  return Uint8Array.from(envelopes.flatMap((one) => [...one.subarray(from, to)]))
}

describe("real and dummy envelopes", () => {
  it("have the same shapes, and bytes that are all alike", { timeout: 120_000 }, () => {
    for (const envelopes of [real(), dummies()]) {
      expect(new Set(envelopes.map((one) => `${one.length} ${one[0]} ${one[1]}`)).size).toBe(1)
      // The last byte of an X25519 key has its highest bit clear.
      expect(chiSquare(part(envelopes, 4, 35))).toBeLessThan(limit)
      expect(chiSquare(part(envelopes, 36, headerBytes))).toBeLessThan(limit)
      expect(chiSquare(part(envelopes, headerBytes, headerBytes + 16))).toBeLessThan(limit)
      expect(chiSquare(part(envelopes, headerBytes, headerBytes + slotBytes))).toBeLessThan(limit)
      expect(chiSquare(part(envelopes, headerBytes + slotBytes, 1024))).toBeLessThan(limit)
      expect(envelopes.every((one) => one[35]! < 128)).toBe(true)
    }
  })

  it("would be told apart if they differed", () => {
    const biased = randomBytes(50_000)
    for (let i = 0; i < biased.length; i += 8) biased[i]! &= 0xfe
    expect(chiSquare(biased)).toBeGreaterThan(limit)
  })

  it("no value of any kind comes twice", { timeout: 120_000 }, () => {
    const envelopes = [...real(), ...dummies()]
    const seen = new Set<string>()
    let values = 0
    for (const envelope of envelopes) {
      const { ephemeralKey, commitment, slots, body } = readEnvelope(envelope)!
      const tags = slots.map((slot) => slot.subarray(0, 16))
      for (const value of [ephemeralKey, commitment, ...tags, ...slots, body.subarray(0, 32)]) {
        seen.add(value.join())
        values++
      }
    }
    expect(seen.size).toBe(values)
  })

  it("a real slot is in each place as often as in any other", { timeout: 120_000 }, () => {
    const [alice, bob, carol] = [new Writer("alice"), new Writer("bob"), new Writer("carol")]
    acquainted(alice, bob)
    acquainted(alice, carol)
    const places = [0, 0, 0, 0]
    for (let i = 0; i < count; i++) {
      const [envelope] = alice.write([bob, carol], "x")
      const { slots, head, body } = readEnvelope(envelope!)!
      // Bob alone knows which is his: the one without which he can not read.
      const place = slots.findIndex((slot) => bob.mailbox.isOurs(only(envelope!, slot)))
      places[place]!++
      expect(head.length + body.length).toBe(4096)
      bob.mailbox.open(envelope!, bob.today)
    }
    const wanted = count / 4
    const chi = places.reduce((sum, one) => sum + (one - wanted) ** 2 / wanted, 0)
    expect(chi).toBeLessThan(30)
  })

  it("expiry days are spread over what the life allows", () => {
    for (const life of lives) {
      const days = Array.from(
        { length: 2_000 },
        () => expiryDay(20_000, life, randomBytes) - 20_000,
      )
      expect(Math.max(...days)).toBe(life)
      expect(Math.min(...days)).toBe(life - Math.floor(life / 4))
      const kinds = Math.floor(life / 4) + 1
      const chi = Array.from(
        { length: kinds },
        (_, i) => days.filter((day) => day === life - i).length,
      )
        .map((found) => (found - 2_000 / kinds) ** 2 / (2_000 / kinds))
        .reduce((sum, one) => sum + one, 0)
      expect(chi).toBeLessThan(45)
    }
  })
})

/** An envelope with this slot and otherwise none. */
function only(envelope: Uint8Array, slot: Uint8Array): Uint8Array {
  const out = new Uint8Array(1024)
  out.set(envelope.subarray(0, headerBytes))
  out[1] = 0
  out.set(slot, headerBytes)
  return out
}
