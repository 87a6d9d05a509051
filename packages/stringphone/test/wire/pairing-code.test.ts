// spec/topic.md §9.9: the text that is scanned or pasted.
import { describe, expect, test } from "vitest"
import { base64url, concat, fromBase64url, hex, u8, utf8 } from "../../src/bytes/index.js"
import { hash } from "../../src/crypto/index.js"
import { cardText } from "../../src/identity/index.js"
import {
  decodePairingCode,
  encodePairingCode,
  makePairingCode,
  pairingKeyHash,
} from "../../src/topic/pairing/index.js"
import { identityOf, seededRandom } from "../scenario/pairing-devices.js"
import { secret } from "./fixtures.js"

const owner = identityOf("Owner")
const code = makePairingCode("host", owner.publicKey, "mqtt://broker/ü", seededRandom("code"))
const text = encodePairingCode(code)
const prefix = "stringphone:pair/"

/** The message of the error, which has to be a `bad-pairing-code`. */
function refusal(text: string): string {
  try {
    decodePairingCode(text)
  } catch (error) {
    expect(error).toMatchObject({ name: "UsageError", code: "bad-pairing-code" })
    return (error as Error).message
  }
  return "accepted"
}

test("the fields are where the diagram puts them", () => {
  const bytes = fromBase64url(text.slice(prefix.length))
  expect(text.startsWith(prefix)).toBe(true)
  expect([...bytes.slice(0, 2)]).toEqual([1, 1])
  const labelled = concat(utf8("stringphone/2 topic pairing key"), u8(0), owner.publicKey)
  expect(hex(bytes.slice(2, 18))).toBe(hex(hash(labelled).slice(0, 16)))
  expect(bytes.slice(18, 34)).toEqual(code.secret)
  expect(bytes.slice(34)).toEqual(utf8("mqtt://broker/ü"))
})

test("back and forth, with and without an address, in both roles, with white space around", () => {
  expect(decodePairingCode(text)).toEqual(code)
  expect(decodePairingCode(`\n ${text} \t`)).toEqual(code)
  const other = makePairingCode("joiner", owner.publicKey, "", seededRandom("other"))
  expect(decodePairingCode(encodePairingCode(other))).toEqual(other)
  expect(other.keyHash).toEqual(pairingKeyHash(owner.publicKey))
})

test("two codes have two secrets", () => {
  const random = seededRandom("code")
  const [one, two] = [1, 2].map(() => makePairingCode("host", owner.publicKey, "", random))
  expect(one!.secret).not.toEqual(two!.secret)
})

describe("what is refused, and what the person is told", () => {
  const bytes = fromBase64url(text.slice(prefix.length))
  const coded = (changed: Uint8Array) => prefix + base64url(changed)
  const withByte = (at: number, value: number) => coded(bytes.with(at, value))

  test.each([
    ["nothing", "", /This is no pairing code/],
    ["another scheme", "https://example.org/", /This is no pairing code/],
    ["the scheme alone", "stringphone:", /another text of String phone/],
    ["a card", cardText(owner.card()), /another text of String phone/],
    ["the prefix alone", prefix, /incomplete/],
    ["white space within", text.replace("/", "/ "), /incomplete or damaged/],
    ["other characters", `${text}=`, /incomplete or damaged/],
    ["version 0", withByte(0, 0), /version 0/],
    ["version 2", withByte(0, 2), /version 2/],
    ["role 0", withByte(1, 0), /newer program/],
    ["role 3", withByte(1, 3), /newer program/],
    ["an address that is no text", coded(concat(bytes, u8(0xff))), /no text/],
  ])("%s", (_, wrong, told) => {
    expect(refusal(wrong)).toMatch(told)
  })

  test("every truncation before the address", () => {
    for (let length = 0; length < 34; length++) {
      expect(refusal(coded(bytes.slice(0, length)))).toMatch(/incomplete/)
    }
    expect(decodePairingCode(coded(bytes.slice(0, 34))).address).toBe("")
    for (let length = 0; length < prefix.length + 45; length++) {
      expect(refusal(text.slice(0, length))).not.toBe("accepted")
    }
  })
})

test("a code keeps no bytes of the caller's", () => {
  const key = secret(5)
  const made = makePairingCode("host", key, "", seededRandom("x"))
  key.fill(0)
  expect(made.keyHash).toEqual(pairingKeyHash(secret(5)))
})
