import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ChannelError } from "stringphone/bytes"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { listenText, parseHubAddress, parseListen } from "../src/hub/address.js"
import { ArchiveWatch } from "../src/hub/archive-watch.js"
import { type HubFlags, noFlags, parseHubConfig, parseLimit } from "../src/hub/config.js"
import { readHubConfig } from "../src/hub/config-file.js"
import { HubCounts, type HubNow } from "../src/hub/counts.js"
import { describeHub, reportHub } from "../src/hub/describe.js"
import { hubName } from "../src/hub/hub-name.js"
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
      backboneMaxBytes: 17_179_869_184,
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
    [{ http: "no where" }, "http is wrong: Say where to listen"],
    [{ backbone: 5 }, "backbone has to be a text"],
    [{ backbone: "nats://server" }, "backbone is wrong: A backbone's address is like"],
    [{ backbone: "nats://server/our.mail" }, "backbone is wrong: A backbone's address is like"],
    [{ backbone: "mqtt://server/mail" }, "backbone is wrong: A backbone's address is like"],
    [{ archive: "mysql://x/mail" }, "archive is wrong: An archive's address is like"],
    [{ archive: "postgresql://x" }, "archive is wrong: An archive's address is like"],
    [{ archive: "postgresql://x/y", archiveSchema: "N" }, "archiveSchema is wrong: A schema has"],
    [{ archiveSchema: "north" }, "archiveSchema is for an archive, and there is none"],
    [{ limits: { backboneMaxBytes: 1 } }, "limits.backboneMaxBytes has to be a whole number"],
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

  it("that comes along says what counts without it", async () => {
    const path = join(import.meta.dirname, "..", "deploy", "hub.json")
    const { limits } = await readHubConfig(path, noFlags)
    expect(limits).toEqual(parseHubConfig({}, noFlags).limits)
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

describe("what hubs of one operator share", () => {
  const file = {
    backbone: "nats://hub:s3cret@nats.example/mail",
    archive: "postgresql://hub:s3cret@db.example/mail?sslmode=require",
    archiveSchema: "north",
  }

  it("is told without a login", () => {
    const config = parseHubConfig(file, noFlags)
    expect(config).toMatchObject({
      backbone: { url: "nats://hub:s3cret@nats.example", name: "mail" },
      archive: { url: file.archive, schema: "north" },
      hasSecrets: true,
    })
    expect(reportHub(config)).toMatchObject({
      backbone: "nats://nats.example/mail",
      archive: "postgresql://db.example/mail, schema north",
    })
    const text = describeHub(config)
    expect(text).toContain("Envelopes    postgresql://db.example/mail, schema north\n")
    expect(text).toContain("Backbone     nats://nats.example/mail\n")
    expect(text + JSON.stringify(reportHub(config))).not.toMatch(/s3cret|hub:|hub@/)
  })

  it("is what flags say instead, which hold no password", () => {
    const flags: HubFlags = {
      backbone: "tls://nats.example:4443/other",
      archive: "postgres://hub@db.example/other",
      archiveSchema: "south",
      limits: {},
    }
    expect(parseHubConfig(file, flags)).toMatchObject({
      backbone: { url: "tls://nats.example:4443", name: "other" },
      archive: { url: "postgres://hub@db.example/other", schema: "south" },
      hasSecrets: false,
    })
    expect(parseHubConfig({}, noFlags)).toMatchObject({ backbone: null, archive: null })
  })

  it.each([
    { backbone: "nats://hub:s3cret@nats.example/mail" },
    { backbone: "nats://s3cret@nats.example/mail" },
    { archive: "postgresql://hub:s3cret@db.example/mail" },
    { archive: "postgresql://db.example/mail?password=s3cret" },
  ])("takes no login in a flag: %j", (flag) => {
    expect(() => parseHubConfig({}, { ...flag, limits: {} })).toThrow(
      /^A login does not belong into --(?!.*s3cret)/,
    )
  })

  it.each([
    [{ backbone: "nats://s3cret@nats.example/mail" }, true],
    [{ backbone: "nats://nats.example/mail" }, false],
    [{ archive: "postgresql://hub:s3cret@db.example/mail" }, true],
    [{ archive: "postgresql://db.example/mail?password=s3cret" }, true],
    [{ archive: "postgresql://hub@db.example/mail?sslmode=require" }, false],
  ])("makes a secret of a file, or not: %j", (config, hasSecrets) => {
    expect(parseHubConfig(config, noFlags).hasSecrets).toBe(hasSecrets)
  })

  it("takes the backbone's login from the environment, whatever is in it", async () => {
    vi.stubEnv("STRINGPHONE_HUB_BACKBONE_USERNAME", "north")
    vi.stubEnv("STRINGPHONE_HUB_BACKBONE_PASSWORD", "a/b@c:d")
    onTestFinished(() => void vi.unstubAllEnvs())
    const path = join(freshFolder(), "hub.json")
    writeFileSync(path, JSON.stringify({ backbone: "nats://nats.example/mail" }), { mode: 0o644 })
    const { backbone } = await readHubConfig(path, noFlags)
    const { password, username } = new URL(backbone!.url)
    expect([username, decodeURIComponent(password)]).toEqual(["north", "a/b@c:d"])
  })

  it("knows each hub by a name that stays, and is no other's", async () => {
    const paths = [join(freshFolder(), "name"), join(freshFolder(), "name")]
    const names = await Promise.all(paths.map(hubName))
    expect(names[0]).toMatch(/^hub-[0-9a-f]{16}$/)
    expect(names[1]).not.toBe(names[0])
    expect(await Promise.all(paths.map(hubName))).toEqual(names)
    writeFileSync(paths[0]!, "no name\n")
    expect(await hubName(paths[0]!)).toMatch(/^hub-[0-9a-f]{16}$/)
    await expect(hubName(freshFolder())).rejects.toMatchObject({ code: "unreadable-name" })
  })
})

describe("a database that keeps the envelopes", () => {
  it("is looked at, whether it fails or is silent", async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let answer = (): Promise<readonly boolean[]> => Promise.resolve([false])
    const told: (string | null)[] = []
    const watch = new ArchiveWatch({ has: () => answer() }, (trouble) =>
      told.push(trouble && trouble.message),
    )
    await vi.advanceTimersByTimeAsync(20_000)
    expect(told).toEqual([])
    answer = () => Promise.reject(new ChannelError("store-failed", "It is away."))
    await vi.advanceTimersByTimeAsync(20_000)
    expect([told, watch.trouble?.code]).toEqual([["It is away."], "store-failed"])
    answer = () => Promise.resolve([false])
    watch.look()
    await vi.advanceTimersByTimeAsync(0)
    expect([told.at(-1), watch.trouble]).toEqual([null, null])
    answer = () => new Promise(() => {})
    await vi.advanceTimersByTimeAsync(20_000)
    expect([told.length, told.at(-1)]).toEqual([3, "The database does not answer."])
    watch.close()
    answer = () => Promise.resolve([false])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(told).toHaveLength(3)
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

  it("tell of a backbone and an archive where there are any", () => {
    const usage = { count: 0, bytes: 0, maxBytes: 0, heldCount: 0, links: new Map() }
    const now: HubNow = { peers: 0, channels: 0, channelsOpen: 0 }
    const textOf = (more: Partial<HubNow>): string =>
      metricsText(new HubCounts().metrics({ usage }, { ...now, ...more }))
    expect(textOf({})).not.toMatch(/backbone|archive/)
    expect(textOf({ isArchiveUp: false })).toContain("\nstringphone_hub_archive_up 0\n")
    const counts = { published: 1, received: 2, refused: 3, tooLarge: 4, waiting: 5 }
    const text = textOf({ isArchiveUp: true, backbone: { ...counts, isOpen: true } })
    for (const line of [
      ...["archive_up 1", "backbone_open 1", "backbone_waiting 5", "backbone_published_total 1"],
      ...["backbone_received_total 2", "backbone_refused_total 3", "backbone_too_large_total 4"],
    ]) {
      expect(text).toContain(`\nstringphone_hub_${line}\n`)
    }
  })
})
