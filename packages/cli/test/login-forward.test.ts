import { describe, expect, it } from "vitest"
import { answeredFields, forwardedFields } from "../src/login/forward-fields.js"
import { parseForward } from "../src/login/forward.js"

const ann = {
  login: "ann",
  session: "",
  device: "laptop",
  scopes: ["heating", "lamps"],
  mode: "signed",
} as const

const own = {
  "stringphone-login": "ann",
  "stringphone-device": "laptop",
  "stringphone-scopes": "heating lamps",
  "stringphone-mode": "signed",
}

describe("the fields that an API gets", () => {
  it("are those of the call, and who it is of", () => {
    const fields = forwardedFields(new Headers({ accept: "a/b", "x-room": "kitchen" }), ann)
    expect(Object.fromEntries(fields)).toEqual({ accept: "a/b", "x-room": "kitchen", ...own })
  })

  it.each([
    ...["stringphone-login", "Stringphone_Login", "stringphone-scopes", "stringphone-anything"],
    ...["x-forwarded-for", "X_Forwarded_For", "forwarded", "x-real-ip", "connection", "te"],
    ...["transfer-encoding", "upgrade", "content-length", "host", "signature", "content-digest"],
    // Some servers of APIs make the same of these.
    ...[
      "stringphone.login",
      "stringphone~scopes",
      "x.forwarded.for",
      "x-forwarded",
      "true-client-ip",
    ],
  ])("are never %s of the caller's", (name) => {
    const headers = new Headers([[name, "eve"]])
    expect([...headers]).toHaveLength(1)
    expect(Object.fromEntries(forwardedFields(headers, ann))).toEqual(own)
  })

  it("leave out what is named as the connection's", () => {
    const headers = new Headers({ connection: "X-Hop, close", "x-hop": "1", "x-end": "2" })
    expect(Object.fromEntries(forwardedFields(headers, ann))).toEqual({ "x-end": "2", ...own })
  })

  it("have names of people in ASCII, and no line of theirs", () => {
    const fields = forwardedFields(new Headers(), {
      ...ann,
      login: "zoë",
      device: "Zoë's 100% phone\r\nx: y",
    })
    expect(Object.fromEntries(fields)).toMatchObject({
      "stringphone-login": "zo%C3%AB",
      "stringphone-device": "Zo%C3%AB's 100%25 phone%0D%0Ax: y",
    })
  })
})

describe("the fields of its answer", () => {
  it("are all but the connection's and ours", () => {
    const raw = [
      ...["Content-Type", "text/plain", "Set-Cookie", "a=1", "Set-Cookie", "b=2"],
      ...["Connection", "x-hop", "X-Hop", "1", "Transfer-Encoding", "chunked"],
      ...["Stringphone-Error", "revoked", "Signature", "x"],
    ]
    expect(answeredFields(raw)).toEqual([
      ["content-type", "text/plain"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ])
  })
})

describe("the address of an API", () => {
  it("is an origin", () => {
    expect(parseForward("http://127.0.0.1:8080").origin).toBe("http://127.0.0.1:8080")
    expect(parseForward("https://api.example/").origin).toBe("https://api.example")
  })

  it.each([
    ...["", "x", "ftp://host", "http://host/path", "http://host/?q", "http://host/#f"],
    ...["http://ann@host", "http://:x@host", "file:///etc/passwd"],
  ])("is not %j", (text) => {
    expect(() => parseForward(text)).toThrow(expect.objectContaining({ code: "bad-url" }))
  })
})
