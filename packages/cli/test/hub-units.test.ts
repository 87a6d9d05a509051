import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { listenText, parseHubAddress, parseListen } from "../src/hub/address.js"
import { type HubFlags, noFlags, parseHubConfig, parseLimit } from "../src/hub/config.js"
import { readHubConfig } from "../src/hub/config-file.js"
import { HubCounts } from "../src/hub/counts.js"
import { describeHub, reportHub } from "../src/hub/describe.js"
import { metricsText } from "../src/hub/metrics.js"
import { freshHome as freshFolder } from "./folder.js"

describe("an address of a hub", () => {
  it.each([
    ["tcp://hub.example:4040", { kind: "tcp", url: "tcp://hub.example:4040" }],
    ["ws://hub.example:8080", { kind: "websocket", url: "ws://hub.example:8080/" }],
    ["wss://hub.example/mail", { kind: "websocket", url: "wss://hub.example/mail" }],
    ["hub+ws://hub.example/mail", { kind: "websocket", url: "ws://hub.example/mail" }],
    [
      "ws://broker.example/mqtt#street",
      { kind: "mqtt", url: "ws://broker.example/mqtt", channel: "street" },
    ],
    ["mqtt://broker/street", { kind: "mqtt", url: "mqtt://broker", channel: "street" }],
    ["nats://server/street", { kind: "nats", url: "nats://server", channel: "street" }],
  ])("%s", (text, expected) => {
    expect(parseHubAddress(text)).toEqual(expected)
  })

  it.each([
    "http://hub.example",
    "tcp://hub.example",
    "mqtt://broker",
    "hub.example:4040",
    "ws://",
  ])("%s is none, and is not repeated", (text) => {
    expect(() => parseHubAddress(text)).toThrow("A hub's address is like tcp://host:4040")
  })

  it.each([
    ["4040", { host: "127.0.0.1", port: 4_040 }],
    ["0.0.0.0:4040", { host: "0.0.0.0", port: 4_040 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    ["hub.example:65535", { host: "hub.example", port: 65_535 }],
  ])("listens at %s", (text, expected) => {
    expect(parseListen(text)).toEqual(expected)
    expect(parseListen(listenText("tcp", expected).slice("tcp://".length))).toEqual(expected)
  })

  it.each(["", "x", "host:", ":1", "1:2:3", "::1:4040", "65536", "tcp://host:1"])(
    "does not listen at %j",
    (text) => {
      expect(() => parseListen(text)).toThrow("Say where to listen")
    },
  )
})

describe("the configuration of a hub", () => {
  const file = {
    listenTcp: "0.0.0.0:4040",
    connect: ["tcp://other:4040", "mqtt://ann:s3cret@broker/street"],
    limits: { maxBytes: 10_485_760, coverEveryMs: 60_000 },
  }

  it("is what the file says, and what flags say instead", () => {
    const config = parseHubConfig(file, noFlags)
    expect(config).toMatchObject({
      listenTcp: [{ host: "0.0.0.0", port: 4_040 }],
      listenWs: [],
      watch: [],
      http: null,
      folder: null,
      hasSecrets: true,
    })
    expect(config.limits).toEqual({
      maxBytes: 10_485_760,
      linkMaxBytes: null,
      linkSharePercent: 50,
      maxEnvelopeBytes: 1_048_576,
      minStampBits: 0,
      holdMs: 30_000,
      coverEveryMs: 60_000,
      maxConnections: 1_000,
      watchEveryMs: 10_000,
    })
    const flags: HubFlags = {
      connect: ["tcp://third:1"],
      http: "9464",
      limits: { maxBytes: 2_097_152, linkMaxBytes: 65_536 },
    }
    expect(parseHubConfig(file, flags)).toMatchObject({
      connect: [{ kind: "tcp", url: "tcp://third:1" }],
      http: { host: "127.0.0.1", port: 9_464 },
      hasSecrets: false,
      limits: { maxBytes: 2_097_152, linkMaxBytes: 65_536, coverEveryMs: 60_000 },
    })
  })

  it("is told without a login", () => {
    const config = parseHubConfig(file, noFlags)
    expect(describeHub(config)).toContain("tcp://other:4040 mqtt://broker/street\n")
    expect(describeHub(config) + JSON.stringify(reportHub(config))).not.toMatch(/s3cret|ann/)
  })

  it.each([
    [{ listen: "4040" }, "listen is not known here"],
    [{ connect: "http://x" }, "connect is wrong: A hub's address"],
    [{ connect: ["tcp://a:1", 5] }, "connect[1] has to be a text"],
    [{ listenWs: ["x"] }, "listenWs[0] is wrong: Say where"],
    [{ limits: { maxBytes: 1 } }, "limits.maxBytes has to be a whole number"],
    [{ limits: { maxbytes: 1 } }, "limits.maxbytes is not known here"],
    [{ watch: 5 }, "watch has to be a text"],
    [{ http: "no where" }, "Say where to listen"],
    [[], "The file has to be an object"],
  ])("%j is wrong", (value, message) => {
    expect(() => parseHubConfig(value, noFlags)).toThrow(message)
  })

  it.each([
    ["maxBytes", "512MiB", 536_870_912],
    ["maxBytes", "2g", 2_147_483_648],
    ["maxBytes", "1048576", 1_048_576],
    ["holdMs", "1.5", 1_500],
    ["holdMs", "0", 0],
    ["minStampBits", "20", 20],
  ] as const)("%s %s", (name, text, value) => {
    expect(parseLimit(name, text)).toBe(value)
  })

  it.each([
    ["maxBytes", "1"],
    ["maxBytes", "1.5MiB"],
    ["maxBytes", "5 XB"],
    ["holdMs", "-1"],
    ["minStampBits", "65"],
    ["linkSharePercent", "0"],
  ] as const)("%s can not be %s", (name, text) => {
    expect(() => parseLimit(name, text)).toThrow("Give a number from")
  })

  it("with a password is for its owner alone", async () => {
    const path = join(freshFolder(), "hub.json")
    writeFileSync(path, JSON.stringify(file), { mode: 0o644 })
    await expect(readHubConfig(path, noFlags)).rejects.toMatchObject({ code: "open-config" })
    chmodSync(path, 0o600)
    await expect(readHubConfig(path, noFlags)).resolves.toMatchObject({ hasSecrets: true })
    writeFileSync(path, `{ "connect": "mqtt://ann:s3cret@`)
    await expect(readHubConfig(path, noFlags)).rejects.toThrow(/^(?!.*s3cret).*The file is no JSON/)
    await expect(readHubConfig(join(path, "none"), noFlags)).rejects.toMatchObject({
      code: "bad-config",
    })
  })
})

describe("metrics", () => {
  it("are in Prometheus' text format, whatever a neighbour is called", () => {
    const text = metricsText([
      {
        name: "a_total",
        help: 'All "of" them,\nreally \\.',
        kind: "counter",
        samples: [{ labels: { link: 'x"\\\n', why: "y" }, value: 1.5 }, { value: Infinity }],
      },
    ])
    expect(text).toBe(
      `# HELP a_total All "of" them,\\nreally \\\\.\n# TYPE a_total counter\na_total{link="x\\"\\\\\\n",why="y"} 1.5\na_total +Inf\n`,
    )
  })

  it("tell at most a hundred neighbours apart", () => {
    const links = new Map(
      [...new Array(150).keys()].map((i) => [
        `peer ${i}`,
        { count: 1, bytes: 1_000 + i, quotaBytes: 5 },
      ]),
    )
    const usage = { count: 150, bytes: 1, maxBytes: 2, heldCount: 0, links }
    const metrics = new HubCounts().metrics({ usage }, { peers: 0, channels: 0, channelsOpen: 0 })
    const bytes = metrics.find(({ name }) => name === "stringphone_hub_link_bytes")!
    expect(bytes.samples).toHaveLength(101)
    expect(bytes.samples[0]).toEqual({ labels: { link: "peer 149" }, value: 1_149 })
    expect(bytes.samples[100]).toEqual({ labels: { link: "(others)" }, value: 51_225 })
  })

  it("count what happened", () => {
    const counts = new HubCounts()
    counts.hear({ kind: "refused", link: "x", counts: { stamp: 2, quota: 1 } })
    counts.hear({ kind: "refused", link: "y", counts: { stamp: 3 } })
    counts.hear({ kind: "evicted", counts: new Map([["x", 4]]) })
    counts.hear({ kind: "expired", count: 5 })
    const usage = { count: 0, bytes: 0, maxBytes: 0, heldCount: 0, links: new Map() }
    const now = { peers: 0, channels: 0, channelsOpen: 0 }
    const text = metricsText(counts.metrics({ usage }, now))
    expect(text).toContain(`stringphone_hub_refused_total{why="stamp"} 5\n`)
    expect(text).toContain(`stringphone_hub_refused_total{why="quota"} 1\n`)
    expect(text).toContain("stringphone_hub_evicted_total 4\n")
    expect(text).toContain("stringphone_hub_expired_total 5\n")
  })
})
