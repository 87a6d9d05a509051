// Structured fields, read and written as another implementation of RFC 9651 does it.
import fc from "fast-check"
import * as other from "structured-headers"
import { expect, it } from "vitest"
import { PeerError } from "../../src/bytes/index.js"
import { base64, fromBase64 } from "../../src/login/signatures/base64.js"
import {
  type BareItem,
  type FieldParameters,
  type InnerList,
  type Item,
  parseDictionary,
  parseItem,
} from "../../src/login/signatures/structured-fields.js"
import { itemText, memberText } from "../../src/login/signatures/structured-text.js"

function bareOf(item: BareItem): other.BareItem | string {
  switch (item.type) {
    case "bytes":
      return `bytes ${base64(item.value)}`
    case "token":
      return `token ${item.value}`
    default:
      return item.value
  }
}

function theirs(value: other.BareItem): unknown {
  if (value instanceof other.Token) return `token ${value.toString()}`
  if (value instanceof ArrayBuffer) return `bytes ${base64(new Uint8Array(value))}`
  return value
}

const parametersOf = (parameters: FieldParameters): unknown =>
  [...parameters].map(([key, value]) => [key, bareOf(value)])
const theirParameters = (parameters: other.Parameters): unknown =>
  [...parameters].map(([key, value]) => [key, theirs(value)])

function memberOf(member: Item | InnerList): unknown {
  if (!("items" in member)) return [bareOf(member.value), parametersOf(member.parameters)]
  return [member.items.map(memberOf), parametersOf(member.parameters)]
}

function theirMember(member: other.Item | other.InnerList): unknown {
  if (!other.isInnerList(member)) return [theirs(member[0]), theirParameters(member[1])]
  return [member[0].map(theirMember), theirParameters(member[1])]
}

function ours(text: string): unknown {
  try {
    return [...parseDictionary(text)].map(([key, member]) => [key, memberOf(member)])
  } catch (error) {
    expect(error).toBeInstanceOf(PeerError)
    return "malformed"
  }
}

function another(text: string): unknown {
  try {
    return [...other.parseDictionary(text)].map(([key, member]) => [key, theirMember(member)])
  } catch {
    return "malformed"
  }
}

/** What the other one takes. Dates and display strings come on top of it. */
const stricter = /stands there twice|no base64/

function problemOf(text: string): string {
  try {
    parseDictionary(text)
  } catch (error) {
    return (error as PeerError).message
  }
  return ""
}

const letters = (all: string, options: { minLength?: number; maxLength: number }) =>
  fc.string({ ...options, unit: fc.constantFrom(...all) })
const key = fc
  .tuple(fc.constantFrom("a", "b", "k*", "z"), letters("ab19_-.*", { maxLength: 4 }))
  .map((parts) => parts.join(""))
const bare = fc.oneof(
  fc.integer({ min: -(10 ** 15) + 1, max: 10 ** 15 - 1 }).map((n) => String(n || 0)),
  // The other one writes 1.0 as 1, which is another type.
  fc
    .tuple(fc.nat(10 ** 12 - 1), fc.integer({ min: 1, max: 999 }))
    .map(([whole, part]) => `${whole}.${part}`),
  letters(' !"\\ab~', { maxLength: 6 }).map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`),
  letters("ab*:/!1", { maxLength: 5 }).map((text) => `t${text}`),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => `:${base64(bytes)}:`),
  fc.constantFrom("?0", "?1"),
)
const parameters = fc
  .uniqueArray(fc.tuple(key, fc.option(bare), fc.constantFrom("", " ")), {
    maxLength: 3,
    selector: ([name]) => name,
  })
  .map((all) => all.map(([k, v, space]) => `;${space}${k}${v === null ? "" : `=${v}`}`).join(""))
const item = fc.tuple(bare, parameters).map((parts) => parts.join(""))
const innerList = fc
  .tuple(fc.array(item, { maxLength: 4 }), fc.constantFrom("", " "), parameters)
  .map(([items, space, after]) => `(${space}${items.join(` ${space}`)}${space})${after}`)
const dictionary = fc
  .uniqueArray(
    fc.tuple(
      key,
      fc.oneof(
        parameters,
        item.map((text) => `=${text}`),
        innerList.map((text) => `=${text}`),
      ),
    ),
    { maxLength: 4, selector: ([name]) => name },
  )
  .chain((members) =>
    fc
      .constantFrom(",", ", ", " ,\t")
      .map((comma) => members.map((parts) => parts.join("")).join(comma)),
  )

it("dictionaries are read as the other one reads them", () => {
  fc.assert(
    fc.property(dictionary, (text) => {
      const read = ours(text)
      expect(read).not.toBe("malformed")
      expect(read).toEqual(another(text))
    }),
    { numRuns: 1000 },
  )
})

it("so are texts that were changed, but for what is stricter here", () => {
  const character = fc.constantFrom(...Array.from(' \t",;:=()?@*\\a1-.'))
  let refused = 0
  fc.assert(
    fc.property(dictionary, fc.nat(), character, fc.nat(2), (text, where, inserted, kind) => {
      const at = where % (text.length + 1)
      const changed =
        text.slice(0, at) + (kind === 0 ? "" : inserted) + text.slice(at + (kind === 1 ? 0 : 1))
      const read = ours(changed)
      const expected = another(changed)
      if (read === "malformed") {
        refused++
        if (stricter.test(problemOf(changed)) || /[%@]/.test(changed)) return
      }
      expect(read).toEqual(expected)
    }),
    { numRuns: 3000 },
  )
  expect(refused).toBeGreaterThan(500)
})

it("what is written is read as the same, and is what the other one writes", () => {
  fc.assert(
    fc.property(dictionary, (text) => {
      const read = parseDictionary(text)
      const written = [...read].map(([name, member]) => `${name}=${memberText(member)}`).join(", ")
      expect([...parseDictionary(written)].map(([k, m]) => [k, memberOf(m)])).toEqual(ours(text))
      for (const [name, member] of other.parseDictionary(text)) {
        const theirText = other.isInnerList(member)
          ? other.serializeInnerList(member)
          : other.serializeItem(member)
        expect(memberText(read.get(name)!)).toBe(theirText)
      }
    }),
    { numRuns: 500 },
  )
})

it.each([
  ["a=", "nothing behind ="],
  ["a=1,", "a comma at the end"],
  ["a=1 b=2", "no comma"],
  ["A=1", "capitals"],
  ["1=1", "a digit first"],
  ["a=(1", "a list that does not end"],
  ["a=(1)(2)", "two lists"],
  ['a=(1"b")', "no space"],
  ["a=(1\t2)", "a tab in a list"],
  ["a=1, a=2", "a key twice"],
  ["a=1;b;b", "a parameter twice"],
  ['a="b', "a text that does not end"],
  ['a="\\b"', "an escape that is none"],
  ['a="é"', "no ASCII"],
  ['a="b\n"', "a line break"],
  ["a=:AAA:", "base64 without padding"],
  ["a=:AAB=:", "base64 with spare bits"],
  ["a=:A A:", "base64 with white space"],
  ["a=:AA-_:", "base64url"],
  ["a=?2", "neither yes nor no"],
  ["a=1234567890123456", "16 digits"],
  ["a=1234567890123.1", "13 digits before the point"],
  ["a=1.1234", "4 digits behind the point"],
  ["a=1.", "nothing behind the point"],
  ["a=--1", "two signs"],
  ["a=@1", "a date"],
  ['a=%"b"', "a display string"],
  ["\ta=1", "a tab before it"],
])("%j is refused: %s", (text) => expect(ours(text)).toBe("malformed"))

it.each(["1.0", "-1.5", "0.001", "-0.0", "999999999999.999"])("%s stays a decimal", (text) => {
  expect(itemText(parseItem(text))).toBe(text === "-0.0" ? "0.0" : text)
})

it.each(["", " ", "1 2", "1,", '"a" ', ' "a"'])("the item %j is read, or refused", (text) => {
  const read = (): string => itemText(parseItem(text))
  if (text.includes('"')) expect(read()).toBe('"a"')
  else expect(read).toThrow(PeerError)
})

it("base64 is what Node writes, and nothing else is read", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64")
      expect(base64(bytes)).toBe(text)
      expect(fromBase64(text)).toEqual(bytes)
    }),
  )
  for (const text of [
    "A",
    "AA",
    "AAA",
    "A===",
    "=",
    "====",
    "AA=A",
    "AB==",
    "AAB=",
    "AA+é",
    "A\n==",
  ]) {
    expect(fromBase64(text), text).toBeNull()
  }
})
