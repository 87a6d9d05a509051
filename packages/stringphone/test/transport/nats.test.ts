import { inspect } from "node:util"
import { afterEach, describe, expect, it, vi } from "vitest"
import { connectNats } from "../../src/transport/nats.js"
import { checkStream, checkSubject, parseNatsUrl } from "../../src/transport/nats-options.js"

afterEach(() => {
  vi.doUnmock("@nats-io/nats-core")
  vi.doUnmock("@nats-io/jetstream")
  vi.unstubAllGlobals()
})

it.each([
  ["nats://localhost", "nats://localhost:4222/garden"],
  ["NATS://localhost:80", "nats://localhost:80/garden"],
  ["tls://user:s3cret@host:443", "tls://host:443/garden"],
  ["tls://host", "tls://host:4222/garden"],
  ["ws://host:9001/nats?token=s3cret", "ws://host:9001/nats/garden"],
  ["wss://host", "wss://host:443/garden"],
  ["nats://s3cret@host:1", "nats://host:1/garden"],
  ["nats://[::1]:4222", "nats://[::1]:4222/garden"],
])("takes %s", (url, address) => {
  expect(parseNatsUrl(url, "garden").address).toBe(address)
})

it("takes user and password apart, escaped or not", () => {
  const { username, password } = parseNatsUrl("nats://a%40b:p%3Aq%@host", "t")
  expect([username, password]).toEqual(["a@b", "p%3Aq%"])
})

it.each(["", "localhost", "http://host", "nats://", "nats://user:s3cret@host:99999"])(
  "refuses the URL %j without repeating it",
  async (url) => {
    const error: unknown = await connectNats({ url, subject: "t" }).catch((e: unknown) => e)
    expect(error).toMatchObject({ name: "UsageError", code: "bad-url" })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("s3cret")
  },
)

it("refuses TCP in browsers", () => {
  vi.stubGlobal("document", {})
  expect(() => parseNatsUrl("nats://host", "t")).toThrow(/ws:\/\/ or wss:\/\//)
  expect(parseNatsUrl("wss://host/nats", "t").address).toBe("wss://host:443/nats/t")
})

describe("subject", () => {
  it.each([
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "a.*",
    ">",
    "a b",
    "a\r\nPUB b",
    "a\0",
    "$SYS.x",
    "_INBOX.a",
  ])("%j is refused", (subject) => {
    expect(() => checkSubject(subject)).toThrow(
      expect.objectContaining({ name: "UsageError", code: "bad-subject" }),
    )
  })

  it.each(["a", "a.b-c.ü", "x".repeat(1024)])("%j is taken", (subject) => {
    checkSubject(subject)
  })
})

it.each([
  { stream: "" },
  { stream: "a.b" },
  { stream: "a", durable: "a b" },
  { stream: "a", replay: -1 },
  { stream: "a", replay: 0.5 },
])("refuses the stream %j", (options) => {
  expect(() => checkStream(options)).toThrow(
    expect.objectContaining({ name: "UsageError", code: "bad-stream" }),
  )
})

it.each(["@nats-io/nats-core", "@nats-io/jetstream"])(
  "says what to install when %s is missing, and keeps the cause",
  async (name) => {
    vi.doMock(name, () => {
      throw new Error("Cannot find package")
    })
    vi.resetModules()
    const { connectNats: connect } = await import("../../src/transport/nats.js")
    await expect(
      connect({ url: "nats://host", subject: "t", jetstream: { stream: "t" } }),
    ).rejects.toMatchObject({
      name: "UsageError",
      code: "missing-peer",
      message: expect.stringContaining(`npm install ${name}`) as string,
      cause: expect.any(Error) as Error,
    })
  },
)
