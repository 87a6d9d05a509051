import type { ReceivedMessage } from "stringphone"
import { ChannelError, fromUtf8, utf8 } from "stringphone/bytes"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { CommandDesk } from "../src/bridge/command-desk.js"
import { type BridgeConfig, parseConfig } from "../src/bridge/config.js"
import { BridgeLog } from "../src/bridge/log.js"

const nowMs = 1_800_000_000_000

const config = parseConfig({
  local: "mqtt://127.0.0.1",
  topic: "house",
  commands: [{ topics: "a/#", from: "anyone-in-topic" }],
  limits: { maxPayloadBytes: 10, commandMaxAgeMs: 10_000, allowedSkewMs: 2_000 },
}) as BridgeConfig

function make(publishing: () => Promise<void> = async () => {}) {
  const answers: unknown[] = []
  const published: string[] = []
  const lines = vi.spyOn(process.stdout, "write").mockReturnValue(true)
  onTestFinished(() => lines.mockRestore())
  const desk = new CommandDesk({
    config,
    log: new BridgeLog({ json: true }),
    participant: {
      publicKey: new Uint8Array(32).fill(1),
      send: async (bytes) => void answers.push(JSON.parse(fromUtf8(bytes) ?? "")),
    },
    publish: async (topic, payload) => {
      await publishing()
      published.push(`${topic}=${fromUtf8(payload) ?? ""}`)
    },
    onGet: () => published.push("get"),
    wallClock: () => nowMs,
  })
  const hear = async (fields: object, message: Partial<ReceivedMessage> = {}) => {
    const envelope = { mqtt: "command", id: "1", topic: "a/b", payload: "x", ...fields }
    await desk.hear({
      from: { publicKey: new Uint8Array(32).fill(2), contact: null },
      payload: utf8(JSON.stringify(envelope)),
      text: null,
      at: nowMs,
      sentAt: nowMs,
      status: "member",
      id: `message ${answers.length}`,
      isRepeated: false,
      isLate: false,
      encoded: null,
      ...message,
    })
    return answers.at(-1)
  }
  return { answers, hear, lines, published }
}

const refused = (because: string) => ({ mqtt: "refused", id: "1", to: "02".repeat(32), because })

describe("a command", () => {
  it.each([
    ["untimed", {}, { sentAt: null }],
    ["stale", {}, { sentAt: nowMs - 12_001 }],
    ["stale", { validForMs: 60_000 }, { sentAt: nowMs - 12_001 }],
    ["stale", { validForMs: 500 }, { sentAt: nowMs - 2_501 }],
    ["interrupted", {}, { isRepeated: true }],
    ["stale", {}, { isRepeated: true, sentAt: nowMs - 60_000 }],
    ["unknown-topic", { topic: "b" }, {}],
    ["too-large", { payload: "x".repeat(11) }, {}],
  ])("is refused as %s: %o %o", async (because, fields, message) => {
    const { hear, published } = make()
    expect(await hear(fields, message)).toEqual(refused(because))
    expect(published).toEqual([])
  })

  it.each([
    [{}, {}],
    [{ validForMs: 500 }, { sentAt: nowMs - 2_500 }],
    [{ to: "01".repeat(32) }, {}],
  ])("is done: %o %o", async (fields, message) => {
    const { hear, published } = make()
    expect(await hear(fields, message)).toEqual({ mqtt: "done", id: "1", to: "02".repeat(32) })
    expect(published).toEqual(["a/b=x"])
  })

  it("for another bridge is none of ours", async () => {
    const { answers, hear, published } = make()
    await hear({ to: "03".repeat(32) })
    expect([answers, published]).toEqual([[], []])
  })

  it.each(["unavailable", "uncertain"])("is answered when the broker is %s", async (code) => {
    const { hear } = make(() => Promise.reject(new ChannelError(code, "")))
    expect(await hear({})).toEqual(refused(code))
  })

  it("that is shown again after it was done is not done, and not answered, twice", async () => {
    const { answers, hear, published } = make()
    await hear({}, { id: "same" })
    await hear({}, { id: "same", isRepeated: true })
    expect(published).toEqual(["a/b=x"])
    expect(answers).toHaveLength(1)
  })

  it("leaves a line with its topic and sender, and without its payload", async () => {
    const { hear, lines } = make()
    await hear({ topic: "a/lamp", payload: "hush" })
    const said = lines.mock.calls.map(([text]) => String(text)).join("")
    expect(JSON.parse(said)).toMatchObject({
      event: "command",
      topic: "a/lamp",
      from: "0202020202020202",
      trust: "member",
    })
    expect(said).not.toContain("hush")
  })
})
