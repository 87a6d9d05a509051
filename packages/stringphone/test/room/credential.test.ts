import { describe, expect, test } from "vitest"
import { concat } from "../../src/bytes/index.js"
import { isCredentialValid, makeCredential } from "../../src/room/credential.js"
import { decodeCredential, encodeCredential } from "../../src/room/wire/credential.js"
import { eachBit, flipped } from "../wire/fixtures.js"
import { alice, bob, bytes, roomId } from "./newcomers.js"

const { publicKey } = alice.roomKey

describe("of a signed room", () => {
  const valid = (credential: Uint8Array, id = roomId, key = publicKey) =>
    isCredentialValid(credential, id, key, false)

  test("says whose the leaf is", () => {
    expect(valid(alice.signed)).toMatchObject({
      kind: "signed",
      identityKey: Uint8Array.from(alice.identity.publicKey),
      ownName: "alice",
    })
  })

  test("does not fit another room, room key or kind of room", () => {
    expect(valid(alice.signed, bytes(16, 9))).toBeNull()
    expect(valid(alice.signed, roomId, bob.roomKey.publicKey)).toBeNull()
    expect(isCredentialValid(alice.signed, roomId, publicKey, true)).toBeNull()
    expect(valid(alice.deniable)).toBeNull()
  })

  test("does not fit another name or identity", () => {
    const { binding, identityKey } = decodeCredential(alice.signed) as {
      binding: Uint8Array
      identityKey: Uint8Array
    }
    const kind = "signed"
    expect(valid(encodeCredential({ kind, identityKey, binding, ownName: "alicf" }))).toBeNull()
    const bobs: Uint8Array = bob.identity.publicKey
    expect(
      valid(encodeCredential({ kind, identityKey: bobs, binding, ownName: "alice" })),
    ).toBeNull()
  })

  test("every flipped bit, every truncation, a byte too many", { timeout: 60_000 }, () => {
    let tried = 0
    eachBit(0, alice.signed.length, (bit) => {
      expect(valid(flipped(alice.signed, bit))).toBeNull()
      tried++
    })
    expect(tried).toBe(8 * (1 + 32 + 1 + 5 + 64))
    for (let length = 0; length < alice.signed.length; length++) {
      expect(valid(alice.signed.subarray(0, length))).toBeNull()
    }
    expect(valid(concat(alice.signed, Uint8Array.of(0)))).toBeNull()
  })

  test("a signature of the identity for another purpose does not serve", () => {
    const message = concat(roomId, publicKey, bytes(32, 0))
    const binding = alice.identity.sign("room request", message)
    const identityKey: Uint8Array = alice.identity.publicKey
    expect(
      valid(encodeCredential({ kind: "signed", identityKey, binding, ownName: "" })),
    ).toBeNull()
  })
})

describe("of a deniable room", () => {
  const valid = (credential: Uint8Array) => isCredentialValid(credential, roomId, publicKey, true)

  test("says whose it claims to be", () => {
    expect(valid(alice.deniable)).toEqual({
      ...{ kind: "deniable", ownName: "alice" },
      identityKey: Uint8Array.from(alice.identity.publicKey),
      exchangeKey: Uint8Array.from(alice.identity.exchangePublicKey),
      cardSignature: alice.identity.card().slice(65),
      roomExchangeKey: alice.roomExchangeKey,
    })
  })

  test("has no signature over the room: it is the same for any room key", () => {
    expect(
      isCredentialValid(alice.deniable, bytes(16, 9), bob.roomKey.publicKey, true),
    ).not.toBeNull()
  })

  test("does not take another's exchange key or card", () => {
    const [own, others] = [alice.deniable, bob.deniable]
    expect(valid(concat(own.subarray(0, 33), others.subarray(33, 65), own.subarray(65)))).toBeNull()
    expect(
      valid(concat(own.subarray(0, 65), others.subarray(65, 129), own.subarray(129))),
    ).toBeNull()
    expect(valid(concat(others.subarray(0, 33), own.subarray(33)))).toBeNull()
  })

  test("every flipped bit of the card, and every truncation", { timeout: 60_000 }, () => {
    let tried = 0
    eachBit(0, 129, (bit) => {
      expect(valid(flipped(alice.deniable, bit))).toBeNull()
      tried++
    })
    expect(tried).toBe(8 * 129)
    for (let length = 0; length < alice.deniable.length; length++) {
      expect(valid(alice.deniable.subarray(0, length))).toBeNull()
    }
  })

  test("needs a room exchange key", () => {
    const options = { roomId, roomKey: publicKey, ownName: "", isDeniable: true }
    expect(() => makeCredential(alice.identity, options)).toThrow(TypeError)
  })
})
