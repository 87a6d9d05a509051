import { describe, expect, test } from "vitest"
import { exchangePublicKey } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { isProof, makeProof, type ProofParties, proofKey } from "../../src/room/proof.js"
import { decodeCredential, type DeniableCredential } from "../../src/room/wire/credential.js"
import { eachBit, flipped } from "../wire/fixtures.js"
import { alice, bob, bytes, lowOrder, mallory, type Person, roomId } from "./newcomers.js"

const credentialOf = ({ deniable }: Person) => decodeCredential(deniable) as DeniableCredential
const keyOf = (one: Person, other: Person, id = roomId) =>
  proofKey(one, credentialOf(one), credentialOf(other), id)

const from = (sender: Person, receiver: Person): ProofParties => ({
  senderIdentityKey: sender.identity.publicKey,
  senderRoomKey: sender.roomKey.publicKey,
  receiverRoomKey: receiver.roomKey.publicKey,
})

describe("two members of a deniable room", () => {
  test("have the same key from both sides, whoever asks", () => {
    for (const [one, other] of [
      [alice, bob],
      [bob, mallory],
      [mallory, alice],
    ] as const) {
      expect(keyOf(one, other)).toEqual(keyOf(other, one))
      expect(keyOf(one, other)).toHaveLength(32)
    }
  })

  test("prove themselves to each other, each differently", () => {
    const key = keyOf(alice, bob)!
    const [ours, theirs] = [makeProof(key, from(alice, bob)), makeProof(key, from(bob, alice))]
    expect(ours).toHaveLength(16)
    expect(isProof(ours, keyOf(bob, alice)!, from(alice, bob))).toBe(true)
    expect(isProof(theirs, key, from(bob, alice))).toBe(true)
    // Nobody's proof comes back as another's.
    expect(isProof(ours, key, from(bob, alice))).toBe(false)
  })

  test("have another key in another room, with others, or with other room keys", () => {
    const elsewhere = keyOf(alice, bob, bytes(16, 1))
    const fresh = { ...alice, roomExchangeSecret: bytes(32, 99) }
    const renewed = { ...credentialOf(alice), roomExchangeKey: exchangePublicKey(bytes(32, 99)) }
    const again = proofKey(fresh, renewed, credentialOf(bob), roomId)
    const all = [keyOf(alice, bob), keyOf(alice, mallory), keyOf(bob, mallory), elsewhere, again]
    expect(all).not.toContain(null)
    expect(new Set(all.map(String)).size).toBe(5)
  })

  test("no bit of a proof can change, and no length", () => {
    const key = keyOf(alice, bob)!
    const proof = makeProof(key, from(alice, bob))
    const accepted: number[] = []
    eachBit(0, 16, (bit) => {
      if (isProof(flipped(proof, bit), key, from(alice, bob))) accepted.push(bit)
    })
    expect(accepted).toEqual([])
    for (let length = 0; length < 16; length++) {
      expect(isProof(proof.subarray(0, length), key, from(alice, bob))).toBe(false)
    }
  })

  test("a proof is for one room key of each", () => {
    const key = keyOf(alice, bob)!
    const proof = makeProof(key, from(alice, bob))
    const others = [
      { ...from(alice, bob), senderRoomKey: mallory.roomKey.publicKey },
      { ...from(alice, bob), receiverRoomKey: mallory.roomKey.publicKey },
      { ...from(alice, bob), senderIdentityKey: mallory.identity.publicKey },
    ]
    expect(others.map((parties) => isProof(proof, key, parties))).toEqual([false, false, false])
  })
})

describe("somebody else", () => {
  test("who shows alice's credential with her own room key has another key", () => {
    // Mallory knows alice's card, which is public, and puts a room exchange key of hers beside it.
    const feigned = { ...credentialOf(alice), roomExchangeKey: mallory.roomExchangeKey }
    const withBob = proofKey(mallory, feigned, credentialOf(bob), roomId)
    expect(withBob).not.toBeNull()
    expect(withBob).not.toEqual(proofKey(bob, credentialOf(bob), feigned, roomId))
  })

  test("who has a stolen room exchange key, but not the identity, has another key", () => {
    const thief = { identity: mallory.identity, roomExchangeSecret: alice.roomExchangeSecret }
    const key = proofKey(thief, credentialOf(alice), credentialOf(bob), roomId)
    expect(key).not.toBeNull()
    expect(key).not.toEqual(keyOf(bob, alice))
  })

  test("who has the identity, but not the room exchange key, has another key", () => {
    const thief = { identity: alice.identity, roomExchangeSecret: mallory.roomExchangeSecret }
    const key = proofKey(thief, credentialOf(alice), credentialOf(bob), roomId)
    expect(key).not.toBeNull()
    expect(key).not.toEqual(keyOf(bob, alice))
  })
})

describe("deniability", () => {
  test("bob alone could have made all that alice proves to him, without her secrets", () => {
    const onlyPublic = credentialOf(alice)
    const key = proofKey(bob, credentialOf(bob), onlyPublic, roomId)!
    const alices = makeProof(keyOf(alice, bob)!, from(alice, bob))
    expect(makeProof(key, from(alice, bob))).toEqual(alices)
  })
})

describe("there is no key", () => {
  test("with a key of low order", () => {
    for (const key of lowOrder) {
      const feigned = [
        { ...credentialOf(bob), roomExchangeKey: key },
        { ...credentialOf(bob), exchangeKey: key },
      ]
      const keys = feigned.map((other) => proofKey(alice, credentialOf(alice), other, roomId))
      expect(keys).toEqual([null, null])
    }
  })

  test("with oneself, also in another session", () => {
    const again = { ...credentialOf(alice), roomExchangeKey: bob.roomExchangeKey }
    expect(proofKey(alice, credentialOf(alice), again, roomId)).toBeNull()
  })

  test("in a signed room", () => {
    const signed = decodeCredential(bob.signed)
    expect(proofKey(alice, credentialOf(alice), signed, roomId)).toBeNull()
    expect(proofKey(alice, decodeCredential(alice.signed), credentialOf(bob), roomId)).toBeNull()
  })
})

test("the smaller identity key is the first, whatever its bytes", () => {
  const people = Array.from({ length: 12 }, (_, i) => new Identity(bytes(32, 200 + i)))
  const sorted = people.map(({ publicKey }) => publicKey.join()).sort()
  expect(new Set(sorted).size).toBe(12)
  for (const identity of people) {
    const roomExchangeSecret = bytes(32, 7)
    const own = {
      ...credentialOf(bob),
      identityKey: identity.publicKey,
      exchangeKey: identity.exchangePublicKey,
      roomExchangeKey: exchangePublicKey(roomExchangeSecret),
    }
    const here = proofKey({ identity, roomExchangeSecret }, own, credentialOf(alice), roomId)
    expect(here).toEqual(proofKey(alice, credentialOf(alice), own, roomId))
  }
})
