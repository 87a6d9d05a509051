// What a room key signs is valid for one purpose, by one key, with all its fields as they are.
import { describe, expect, test } from "vitest"
import * as keys from "../../src/room/room-key.js"
import { eachBit, flipped } from "../wire/fixtures.js"
import { alice, bob, bytes, mallory, roomId } from "./newcomers.js"

const fresh = { newcomerKey: bytes(32, 1), captainKey: bytes(32, 2) }
const slot = { roomId, epoch: 7, grantId: bytes(16, 3) }
const newcomer = { roomKey: bob.roomKey.publicKey, credential: bob.signed, formerLeaf: null }

interface Kind {
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly sign: (fields: never, seed: Uint8Array) => Uint8Array
  readonly verify: (fields: never, signature: Uint8Array, publicKey: Uint8Array) => boolean
}

const kinds: readonly Kind[] = [
  {
    name: "offer",
    fields: {
      ...{ ...fresh, roomId, epoch: 7, captainLeaf: 4 },
      ...{ settings: bytes(43, 5), credential: alice.signed },
    },
    sign: keys.signOffer,
    verify: (offer: keys.FreshKeys, signature, key) =>
      keys.verifyOffer({ ...offer, signature } as never, key),
  },
  {
    name: "grant",
    fields: { ...slot, ...newcomer },
    sign: keys.signGrant,
    verify: keys.verifyGrant,
  },
  {
    name: "order",
    fields: { ...slot, commitHash: bytes(32, 6), heads: [bytes(16, 7), bytes(16, 8)] },
    sign: keys.signOrder,
    verify: keys.verifyOrder,
  },
  {
    name: "vote",
    fields: { roomId, epoch: 7, auth8: bytes(8, 9), term: 3, candidateKey: bob.roomKey.publicKey },
    sign: keys.signVote,
    verify: keys.verifyVote,
  },
  {
    name: "branch",
    fields: { roomId, from: 7, step: "election", leaf: 2, auth8: bytes(8, 9), term: 3 },
    sign: keys.signBranch,
    verify: (branch: keys.BranchPoint, signature, key) =>
      keys.verifyBranch({ ...branch, signature } as never, key),
  },
]

/** Another value of the same type. */
function altered(value: unknown): unknown {
  if (value instanceof Uint8Array) return flipped(value, 0)
  if (Array.isArray(value)) return (value as unknown[]).slice(1)
  if (value === null) return 0
  return typeof value === "number" ? value + 1 : "takeover"
}

const { publicKey, seed } = alice.roomKey

describe.each(kinds)("$name", ({ fields, name, sign, verify }) => {
  const signature = sign(fields as never, seed)

  test("is valid by its key alone", () => {
    expect(verify(fields as never, signature, publicKey)).toBe(true)
    expect(verify(fields as never, signature, mallory.roomKey.publicKey)).toBe(false)
  })

  test("every field counts", () => {
    const unsigned = Object.entries(fields).flatMap(([field, value]) => {
      const other = { ...fields, [field]: altered(value) }
      return verify(other as never, signature, publicKey) ? [field] : []
    })
    expect(unsigned).toEqual([])
  })

  test("every bit of the signature counts", { timeout: 60_000 }, () => {
    const accepted: number[] = []
    eachBit(0, 64, (bit) => {
      if (verify(fields as never, flipped(signature, bit), publicKey)) accepted.push(bit)
    })
    expect(accepted).toEqual([])
  })

  test("it serves for nothing else", () => {
    const merged = Object.assign({}, ...kinds.map((kind) => kind.fields), fields) as never
    const others = kinds.filter((kind) => kind.name !== name)
    expect(others.map((kind) => kind.verify(merged, signature, publicKey))).toEqual(
      others.map(() => false),
    )
  })
})

describe("request", () => {
  const fields = { ...fresh, ...newcomer, proof: null }
  const signature = keys.signRequest(fields, bob.roomKey.seed)
  const request = { ...fields, signature }

  test("is by the key that it brings", () => {
    expect(keys.verifyRequest(request)).toBe(true)
    expect(keys.verifyRequest({ ...request, roomKey: publicKey })).toBe(false)
    const mallorys = keys.signRequest(fields, mallory.roomKey.seed)
    expect(keys.verifyRequest({ ...request, signature: mallorys })).toBe(false)
  })

  test("every field counts but the proof, which the box protects", () => {
    const unsigned = Object.entries(fields).flatMap(([field, value]) => {
      const other = { ...request, [field]: altered(value) }
      return keys.verifyRequest(other) ? [field] : []
    })
    expect(unsigned).toEqual(["proof"])
  })
})

test("no former leaf is not the leaf 0", () => {
  const grant = { ...slot, ...newcomer }
  const signature = keys.signGrant(grant, seed)
  expect(keys.verifyGrant({ ...grant, formerLeaf: 0 }, signature, publicKey)).toBe(false)
})

test("a new room key keeps its own copy of the seed", () => {
  const random = bytes(32, 9)
  const made = keys.newRoomKey(random)
  random.fill(0)
  expect(keys.newRoomKey(made.seed)).toEqual(made)
})
