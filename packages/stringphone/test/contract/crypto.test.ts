import { describe, expect, test } from "vitest"
import { fromUtf8, utf8 } from "../../src/bytes/index.js"
import * as crypto from "../../src/crypto/index.js"
import { cryptoContract } from "./crypto-contract.js"

// The engine of this run: native and portable in Node, portable in Chromium.
describe(crypto.cryptoEngine(), () => cryptoContract(crypto))

test("equal compares secrets", () => {
  expect(crypto.equal(utf8("secret"), utf8("secret"))).toBe(true)
  expect(crypto.equal(utf8("secret"), utf8("secreT"))).toBe(false)
  expect(crypto.equal(utf8("secret"), utf8("secrets"))).toBe(false)
  expect(crypto.equal(utf8(""), utf8(""))).toBe(true)
})

test("labelled puts the label and a zero byte in front", () => {
  const input = crypto.labelled("topic data", utf8("a"), utf8("b"))
  expect(fromUtf8(input)).toBe("stringphone/2 topic data\0ab")
  expect(crypto.labelled("topic")).not.toEqual(crypto.labelled("topi", utf8("c")))
})
