import { describe, expect, test } from "vitest"
import { fromHex, hex, sameBytes } from "../../src/bytes/index.js"
import {
  deriveExchangeKeyPair,
  openWithKey,
  receiveExport,
  sealToKey,
  sendExport,
} from "../../src/room/mls/hpke.js"
import { checkExchangeKey } from "../../src/room/mls/rules.js"
import vector from "../vectors/crypto/hpke-rfc9180.json" with { type: "json" }
import lowOrder from "../vectors/crypto/x25519-low-order.json" with { type: "json" }

describe("HPKE: RFC 9180 A.2.1", () => {
  const ephemeral = deriveExchangeKeyPair(fromHex(vector.ephemeralInput))
  const recipient = deriveExchangeKeyPair(fromHex(vector.recipientInput))
  const [info, plaintext, associatedData, ciphertext] = [
    vector.info,
    vector.plaintext,
    vector.associatedData,
    vector.ciphertext,
  ].map(fromHex) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]

  test("key pairs", () => {
    expect(hex(ephemeral.publicKey)).toBe(vector.ephemeralPublic)
    expect(hex(ephemeral.secretKey)).toBe(vector.ephemeralSecret)
    expect(hex(recipient.publicKey)).toBe(vector.recipientPublic)
    expect(hex(recipient.secretKey)).toBe(vector.recipientSecret)
  })

  test("a message", () => {
    const { publicKey } = recipient
    const sealed = sealToKey(publicKey, ephemeral, info, associatedData, plaintext)
    expect(hex(sealed)).toBe(vector.ciphertext)
    const found = openWithKey(recipient, ephemeral.publicKey, info, associatedData, ciphertext)
    expect(found).toEqual(plaintext)
    const other = openWithKey(recipient, ephemeral.publicKey, info, info, ciphertext)
    expect(other).toBeNull()
    expect(openWithKey(ephemeral, publicKey, info, associatedData, ciphertext)).toBeNull()
  })

  test.each(vector.exports)("a secret for context '$context'", ({ context, secret }) => {
    const sent = sendExport(recipient.publicKey, ephemeral, info, fromHex(context), 32)
    expect(hex(sent)).toBe(secret)
    const { publicKey } = ephemeral
    expect(receiveExport(recipient, publicKey, info, fromHex(context), 32)).toEqual(sent)
  })

  test("keys of low order, and of another length, are refused", () => {
    for (const { point } of lowOrder.lowOrder) {
      for (const topBit of [0, 0x80]) {
        const key = fromHex(point)
        key[31] = (key[31] as number) | topBit
        const refused = expect.objectContaining({ code: "refused" }) as Error
        expect(() => sealToKey(key, ephemeral, info, info, info)).toThrow(refused)
        expect(() => receiveExport(recipient, key, info, info, 32)).toThrow(refused)
        expect(() => checkExchangeKey(key)).toThrow(refused)
      }
    }
    expect(() => sealToKey(info, ephemeral, info, info, info)).toThrow(/./)
    expect(() => checkExchangeKey(info)).toThrow(expect.objectContaining({ code: "malformed" }))
    expect(sameBytes(info, fromHex(vector.info))).toBe(true)
  })
})
