// Binary HTTP: the examples of RFC 9292 §5, and what is refused.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concat, decodeAll, fromHex, UsageError, utf8 } from "../../src/bytes/index.js"
import {
  type BinaryFields,
  type BinaryRequest,
  type BinaryResponse,
  decodeBinaryRequest,
  decodeBinaryResponse,
  encodeBinaryRequest,
  encodeBinaryResponse,
} from "../../src/login/binary-http/index.js"
import { bytesOfText, textOfBytes } from "../../src/login/binary-http/byte-text.js"
import { encodeVarint, readVarint } from "../../src/login/binary-http/varint.js"
import { codeOf } from "./lane-scene.js"

const parts = (...all: (string | Uint8Array)[]): Uint8Array =>
  concat(...all.map((part) => (typeof part === "string" ? fromHex(part.replace(/\s/g, "")) : part)))

/** RFC 9292 §5.1, known length. */
const knownRequest = parts(`
  00034745 54056874 74707300 0a2f6865 6c6c6f2e 74787440 6c0a7573 65722d61
  67656e74 34637572 6c2f372e 31362e33 206c6962 6375726c 2f372e31 362e3320
  4f70656e 53534c2f 302e392e 376c207a 6c69622f 312e322e 3304686f 73740f77
  77772e65 78616d70 6c652e63 6f6d0f61 63636570 742d6c61 6e677561 67650665
  6e2c206d 690000`)
/** The same, of indeterminate length, with padding. */
const indeterminateRequest = parts(`
  02034745 54056874 74707300 0a2f6865 6c6c6f2e 7478740a 75736572 2d616765
  6e743463 75726c2f 372e3136 2e33206c 69626375 726c2f37 2e31362e 33204f70
  656e5353 4c2f302e 392e376c 207a6c69 622f312e 322e3304 686f7374 0f777777
  2e657861 6d706c65 2e636f6d 0f616363 6570742d 6c616e67 75616765 06656e2c
  206d6900 00000000 00000000 00000000`)
/** RFC 9292 §5.2, known length: what was chunked, with a trailer. */
const knownResponse = parts(`
  0140c800 1d546869 7320636f 6e74656e 7420636f 6e746169 6e732043 524c462e
  0d0a0d07 74726169 6c657204 74657874`)

const hello: BinaryRequest = {
  method: "GET",
  scheme: "https",
  authority: "",
  path: "/hello.txt",
  fields: [
    ["user-agent", "curl/7.16.3 libcurl/7.16.3 OpenSSL/0.9.7l zlib/1.2.3"],
    ["host", "www.example.com"],
    ["accept-language", "en, mi"],
  ],
  content: new Uint8Array(0),
}
const chunked: BinaryResponse = {
  status: 200,
  fields: [],
  content: utf8("This content contains CRLF.\r\n"),
}

describe("the examples of RFC 9292", () => {
  test("the request of known length", () => {
    expect(decodeBinaryRequest(knownRequest)).toEqual(hello)
    expect(encodeBinaryRequest(hello)).toEqual(knownRequest)
  })

  test("it may end before what is empty, and have zeros behind it", () => {
    for (const cut of [1, 2]) {
      expect(decodeBinaryRequest(knownRequest.subarray(0, -cut))).toEqual(hello)
    }
    for (const zeros of [1, 2, 3, 100]) {
      expect(decodeBinaryRequest(concat(knownRequest, new Uint8Array(zeros)))).toEqual(hello)
    }
  })

  test("the request of indeterminate length is none of ours", () => {
    expect(codeOf(() => decodeBinaryRequest(indeterminateRequest))).toBe("malformed")
  })

  test("the response, but for its trailer, which has no place here", () => {
    expect(codeOf(() => decodeBinaryResponse(knownResponse))).toBe("malformed")
    const trailer = 14
    const without = concat(knownResponse.subarray(0, -trailer), Uint8Array.of(0))
    expect(decodeBinaryResponse(without)).toEqual(chunked)
    expect(encodeBinaryResponse(chunked)).toEqual(without)
  })

  test("interim responses, as its second response has them, are passed over", () => {
    const running = "4066 11 07 72756e6e696e67 08 736c656570203135"
    const hints = "4067 00"
    const rest = knownResponse.subarray(1, -14)
    expect(decodeBinaryResponse(parts("01", running, hints, rest))).toEqual(chunked)
    const nine = parts("01", ...Array<string>(9).fill(hints), rest)
    expect(codeOf(() => decodeBinaryResponse(nine))).toBe("malformed")
    const eight = parts("01", ...Array<string>(8).fill(hints), rest)
    expect(decodeBinaryResponse(eight)).toEqual(chunked)
    const badField = "4066 06 01 41 03 616263"
    expect(codeOf(() => decodeBinaryResponse(parts("01", badField, rest)))).toBe("malformed")
    expect(codeOf(() => decodeBinaryResponse(parts("01", "4065 00", rest)))).toBe("malformed")
    // Nothing comes after them.
    expect(codeOf(() => decodeBinaryResponse(parts("01", running)))).toBe("malformed")
  })

  test("a response of two bytes, as RFC 9458 has it", () => {
    expect(decodeBinaryResponse(parts("0140c8"))).toEqual({
      ...chunked,
      content: new Uint8Array(0),
    })
  })
})

describe("integers of RFC 9000 §16", () => {
  const read = (bytes: Uint8Array, maximum = 2 ** 53): number =>
    decodeAll(bytes, "integer", (r) => readVarint(r, "it", maximum))

  test.each([
    ["25", 37],
    ["4025", 37],
    ["7bbd", 15_293],
    ["9d7f3e7d", 494_878_333],
    ["800000000025".slice(0, 8), 0],
    ["c0000000 00000025", 37],
    ["c0000001 00000000", 2 ** 32],
  ])("%s is %d", (text, value) => {
    expect(read(parts(text))).toBe(value)
  })

  test("are written as short as can be", () => {
    expect([0, 37, 63].map((n) => encodeVarint(n).length)).toEqual([1, 1, 1])
    expect(encodeVarint(15_293)).toEqual(parts("7bbd"))
    expect(encodeVarint(494_878_333)).toEqual(parts("9d7f3e7d"))
    expect(() => encodeVarint(2 ** 30)).toThrow(RangeError)
    fc.assert(fc.property(fc.nat(2 ** 30 - 1), (n) => read(encodeVarint(n)) === n))
  })

  test("beyond a bound, or cut, are none", () => {
    expect(codeOf(() => read(parts("ffffffff ffffffff")))).toBe("malformed")
    expect(codeOf(() => read(parts("7bbd"), 15_292))).toBe("malformed")
    for (const cut of ["", "40", "800000", "c0000000000000"]) {
      expect(codeOf(() => read(parts(cut)))).toBe("malformed")
    }
  })
})

describe("what is refused, on both sides", () => {
  const request: BinaryRequest = { ...hello, fields: [], authority: "lamp.example" }
  const withFields = (...fields: BinaryFields): BinaryRequest => ({ ...request, fields })
  /** The encoding, of which nobody has checked anything. */
  const raw = (one: BinaryRequest): Uint8Array => {
    const counted = (text: string): Uint8Array =>
      concat(encodeVarint(text.length), bytesOfText(text)!)
    const fields = concat(...one.fields.flatMap(([n, v]) => [counted(n), counted(v)]))
    const control = [one.method, one.scheme, one.authority, one.path].map(counted)
    const section = concat(encodeVarint(fields.length), fields)
    const body = concat(encodeVarint(one.content.length), one.content)
    return concat(Uint8Array.of(0), ...control, section, body, Uint8Array.of(0))
  }

  test("what is asked for is read back", () => {
    const good = withFields(["a", ""], ["te", "trailers"], ["x", "a\tb ü"], ["x", "again"])
    expect(raw(good)).toEqual(encodeBinaryRequest(good))
    expect(decodeBinaryRequest(raw(good))).toEqual(good)
  })

  test.each<[string, BinaryRequest]>([
    ["a name in upper case", withFields(["Content-Type", "text/plain"])],
    ["an empty name", withFields(["", "a"])],
    ["a pseudo-field", withFields([":path", "/other"])],
    ["a pseudo-field of an extension", withFields([":protocol", "websocket"])],
    ["a name with a space", withFields(["a b", "c"])],
    ["a name with a colon", withFields(["a:b", "c"])],
    ["a name with a line break", withFields(["a\nb", "c"])],
    ["a name that is not ASCII", withFields(["ü", "c"])],
    ["a value with a line feed", withFields(["a", "b\nx-admin: 1"])],
    ["a value with a carriage return", withFields(["a", "b\rc"])],
    ["a value with a NUL", withFields(["a", "b\0c"])],
    ["a value with another control character", withFields(["a", "b\x7f"])],
    ["a value that begins with a space", withFields(["a", " b"])],
    ["a value that ends with a tab", withFields(["a", "b\t"])],
    ["a field of the connection", withFields(["connection", "close"])],
    ["another one", withFields(["transfer-encoding", "chunked"])],
    ["a third one", withFields(["te", "gzip"])],
    ["an upgrade", withFields(["upgrade", "websocket"])],
    ["a content-length that is another", withFields(["content-length", "5"])],
    ["two lengths", withFields(["content-length", "0"], ["content-length", "5"])],
    ["two hosts", withFields(["host", "lamp.example"], ["host", "lamp.example"])],
    ["another host", withFields(["host", "other.example"])],
    ["too many fields", withFields(...Array<[string, string]>(129).fill(["a", "b"]))],
    ["a value that is too long", withFields(["a", "b".repeat(16_385)])],
    [
      "fields that are too long",
      withFields(...Array<[string, string]>(5).fill(["a", "b".repeat(16_000)])),
    ],
    ["no method", { ...request, method: "" }],
    ["a method with a space", { ...request, method: "GET /" }],
    ["a method that is too long", { ...request, method: "A".repeat(33) }],
    ["a connection", { ...request, method: "CONNECT" }],
    ["another scheme", { ...request, scheme: "ftp" as "http" }],
    ["a scheme in upper case", { ...request, scheme: "HTTP" as "http" }],
    ["a user", { ...request, authority: "user@lamp.example" }],
    ["a path as authority", { ...request, authority: "lamp.example/a" }],
    ["an authority with a space", { ...request, authority: "lamp example" }],
    ["no path", { ...request, path: "" }],
    ["a path without a slash", { ...request, path: "lamp" }],
    ["a star", { ...request, method: "OPTIONS", path: "*" }],
    ["a path with a space", { ...request, path: "/a b" }],
    ["a path with a line break", { ...request, path: "/a\r\nx: y" }],
    ["a path with a fragment", { ...request, path: "/a#b" }],
    ["a path that is not ASCII", { ...request, path: "/ü" }],
    ["a path that is too long", { ...request, path: `/${"a".repeat(16_384)}` }],
  ])("%s", (_, bad) => {
    expect(codeOf(() => decodeBinaryRequest(raw(bad)))).toBe("malformed")
    expect(() => encodeBinaryRequest(bad)).toThrow(UsageError)
  })

  test("characters that are no bytes are not sealed", () => {
    expect(() => encodeBinaryRequest(withFields(["a", "…"]))).toThrow(UsageError)
  })

  test.each([99, 100, 101, 199, 600, 1_000, 200.5, NaN])(
    "an answer with the status %d",
    (status) => {
      expect(() => encodeBinaryResponse({ ...chunked, status })).toThrow(UsageError)
      if (Number.isInteger(status)) {
        const bytes = concat(Uint8Array.of(1), encodeVarint(status))
        expect(codeOf(() => decodeBinaryResponse(bytes))).toBe("malformed")
      }
    },
  )

  test("an answer to HEAD says the length of what it leaves out; any other the right one", () => {
    const head = {
      status: 200,
      fields: [["content-length", "5"]],
      content: new Uint8Array(0),
    } as const
    expect(decodeBinaryResponse(encodeBinaryResponse(head))).toEqual(head)
    expect(() => encodeBinaryResponse({ ...head, content: utf8("four") })).toThrow(UsageError)
    const five = { ...head, content: utf8("fives") }
    const shorter = encodeBinaryResponse(five)
    shorter[shorter.indexOf(0x35)] = 0x34
    expect(codeOf(() => decodeBinaryResponse(shorter))).toBe("malformed")
  })

  test("a request as an answer, and the reverse", () => {
    expect(codeOf(() => decodeBinaryResponse(knownRequest))).toBe("malformed")
    expect(codeOf(() => decodeBinaryRequest(encodeBinaryResponse(chunked)))).toBe("malformed")
  })

  test("padding that is not zero", () => {
    for (const at of [0, 1, 50]) {
      const padding = new Uint8Array(51)
      padding[at] = 1
      expect(codeOf(() => decodeBinaryRequest(concat(knownRequest, padding)))).toBe("malformed")
    }
  })

  test("a message that is cut anywhere but before an empty section", () => {
    const message = encodeBinaryRequest({ ...withFields(["a", "b"]), content: utf8("body") })
    const fieldsAt = message.length - 11
    const allowed = new Set([message.length - 1, message.length - 6])
    for (let length = 0; length < message.length; length++) {
      const code = codeOf(() => decodeBinaryRequest(message.subarray(0, length)))
      expect([length, code]).toEqual([
        length,
        allowed.has(length) || length === fieldsAt ? "none" : "malformed",
      ])
    }
  })

  test("lengths beyond the message, without room being taken for them", () => {
    const control = knownRequest.subarray(0, 22)
    for (const length of ["40ff", "bfffffff", "ffffffff ffffffff"]) {
      expect(codeOf(() => decodeBinaryRequest(parts(control, length)))).toBe("malformed")
      expect(codeOf(() => decodeBinaryRequest(parts(control, "00", length)))).toBe("malformed")
    }
  })
})

test("whatever can be sealed is read back", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
  const value = fc.stringMatching(/^([!-~\u0080-\u00ff]([ -~]*[!-~])?)?$/)
  const reserved =
    /^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade|te|host|content-length)$/
  const fields = fc.array(
    fc.tuple(
      name.filter((one) => !reserved.test(one)),
      value,
    ),
    { maxLength: 20 },
  )
  const content = fc.uint8Array({ maxLength: 300 })
  const path = fc.stringMatching(/^\/[!-"$-~]{0,200}$/)
  const zeros = fc.nat(60)
  fc.assert(
    fc.property(
      fields,
      content,
      path,
      zeros,
      fc.integer({ min: 200, max: 599 }),
      (f, c, p, z, s) => {
        const request: BinaryRequest = {
          ...{ method: "PATCH", scheme: "http", authority: "[::1]:8080" },
          ...{ path: p, fields: f, content: c },
        }
        const padding = new Uint8Array(z)
        const encoded = concat(encodeBinaryRequest(request), padding)
        expect(decodeBinaryRequest(encoded)).toEqual(request)
        const response = { status: s, fields: f, content: c }
        const answer = concat(encodeBinaryResponse(response), padding)
        expect(decodeBinaryResponse(answer)).toEqual(response)
      },
    ),
    { numRuns: 200 },
  )
})

test("texts of bytes are as long as they are", () => {
  const all = Uint8Array.from({ length: 10_000 }, (_, i) => i % 256)
  expect(bytesOfText(textOfBytes(all))).toEqual(all)
  expect(bytesOfText("Ā")).toBeNull()
})
