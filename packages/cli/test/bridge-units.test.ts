import { ChannelError, UsageError, utf8 } from "stringphone/bytes"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseConfig } from "../src/bridge/config.js"
import { Echoes } from "../src/bridge/echoes.js"
import { decodeEnvelope, encodeEnvelope, type Envelope } from "../src/bridge/envelope.js"
import { exampleBridge, exampleMirror } from "../src/bridge/example.js"
import { filterProblem, matchesFilter, topicProblem, withoutCovered } from "../src/bridge/filter.js"
import { Latest, type Value } from "../src/bridge/latest.js"
import { Rate } from "../src/bridge/rate.js"
import { decide, isOneOf, type Sender } from "../src/bridge/rules.js"

describe("an MQTT filter", () => {
  it.each([
    ["a/b", "a/b", true],
    ["a/b", "a/B", false],
    ["a/b", "a", false],
    ["a", "a/b", false],
    ["a/+", "a/b", true],
    ["a/+", "a/", true],
    ["a/+", "a", false],
    ["a/+", "a/b/c", false],
    ["+", "a", true],
    ["+", "/a", false],
    ["+/+", "/a", true],
    ["/+", "/a", true],
    ["+/b/+", "a/b/c", true],
    ["+/b/+", "a/c/b", false],
    ["#", "a", true],
    ["#", "a/b/c", true],
    ["#", "/", true],
    ["a/#", "a", true],
    ["a/#", "a/", true],
    ["a/#", "a/b/c", true],
    ["a/#", "ab", false],
    ["a/#", "b/a", false],
    ["a/+/#", "a", false],
    ["a/+/#", "a/b", true],
    ["+/#", "a", true],
    ["a//b", "a//b", true],
    ["a/+/b", "a//b", true],
    ["zigbee2mqtt/+", "zigbee2mqtt/living room lamp", true],
    ["zigbee2mqtt/+", "zigbee2mqtt/bridge/info", false],
    ["tele/#", "tele/plug/SENSOR", true],
    ["#", "$SYS/broker/uptime", false],
    ["+/broker/uptime", "$SYS/broker/uptime", false],
    ["$SYS/#", "$SYS/broker/uptime", false],
    ["#", "", false],
  ])("%s and %s: %s", (filter, topic, matches) => {
    expect(matchesFilter(filter, topic)).toBe(matches)
  })

  it.each([
    "",
    "a/#/b",
    "#/a",
    "a#",
    "a/b+",
    "+a",
    "$SYS/#",
    "$share/x/a",
    "a\0b",
    "a\nb",
    "\ud800",
    "a".repeat(513),
    "/".repeat(64),
  ])("%j is refused", (filter) => {
    expect(filterProblem(filter)).not.toBeNull()
  })

  it.each(["#", "+", "a/+/b/#", "a/b", "/", "zigbee2mqtt/Lamp im Flur 💡"])("%j is fine", (one) => {
    expect(filterProblem(one)).toBeNull()
  })

  it("is asked for once where another one covers it", () => {
    expect(withoutCovered(["a/+", "a/b", "a/#", "+/b", "a/+/c", "x", "x"])).toEqual([
      "a/#",
      "+/b",
      "x",
    ])
    expect(withoutCovered(["+/+", "#", "a"])).toEqual(["#"])
    expect(withoutCovered(["+", "+/#"])).toEqual(["+/#"])
  })

  it.each(["a/+", "#", "", "$SYS/x", "a\u0007", "a\u0085"])("%j is no topic", (topic) => {
    expect(topicProblem(topic)).not.toBeNull()
  })
})

const base = {
  local: "mqtt://127.0.0.1",
  broker: "mqtts://broker.example/channel",
  topic: "house",
}
const bridge = { ...base, export: ["a/#"] }
const command = (rule: object): object => ({ ...base, commands: [rule] })

describe("a configuration", () => {
  it.each([
    ["The file has to be an object", []],
    ["The file has to be an object", null],
    ["local is missing", { ...bridge, local: undefined }],
    ["local is wrong", { ...bridge, local: "http://x" }],
    ["local is wrong", { ...bridge, local: "mqtt://x/channel" }],
    ["local has to be a text", { ...bridge, local: "" }],
    ["local.url is missing", { ...bridge, local: {} }],
    ["local.password has to be a text", { ...bridge, local: { url: base.local, password: 1 } }],
    ["local.pasword is not known", { ...bridge, local: { url: base.local, pasword: "x" } }],
    ["broker is wrong", { ...bridge, broker: "mqtt://broker.example" }],
    ["broker is wrong", { ...bridge, broker: "mqtt://broker.example/a/+" }],
    ["topic is missing", { ...bridge, topic: undefined }],
    ["topic is wrong", { ...bridge, topic: "a\u202eb" }],
    ["export[1] is wrong: # can only", { ...bridge, export: ["a/#", "#/a"] }],
    ["export[0] has to be a text", { ...bridge, export: [1] }],
    ["export is wrong: what begins with $", { ...bridge, export: "$SYS/#" }],
    ["export and commands are both empty", base],
    ["except[0] is wrong", { ...bridge, except: ["a+"] }],
    ["commands has to be a list", { ...base, commands: {} }],
    ["commands[0] has to be an object", { ...base, commands: ["a"] }],
    ["commands[0].topics is missing", command({})],
    ["commands[0].topics is wrong: + and #", command({ topics: "a#" })],
    ["commands[0].from has to be", command({ topics: "a", from: "everybody" })],
    ["commands[0].from is empty", command({ topics: "a", from: [] })],
    [
      'commands[0].from[0] is wrong: "verified" stands',
      command({ topics: "a", from: ["verified"] }),
    ],
    ["commands[0].from[1] is wrong", command({ topics: "a", from: ["bob", "a\nb"] })],
    ["commands[0].retain has to be true or", command({ topics: "a", retain: "no" })],
    ["commands[0].form is not known here", command({ topics: "a", form: "verified" })],
    ["limits.maxPerSecond has to be a whole", { ...bridge, limits: { maxPerSecond: 0 } }],
    ["limits.maxPayloadBytes has to be", { ...bridge, limits: { maxPayloadBytes: 1.5 } }],
    ["limits.speed is not known", { ...bridge, limits: { speed: 1 } }],
    ["exports is not known here", { ...bridge, exports: [] }],
    ["mirror.prefix has to end with /", { ...base, mirror: { prefix: "house" } }],
    ["mirror.prefix is wrong", { ...base, mirror: { prefix: "+/" } }],
    ["mirror.validForMs has to be", { ...base, mirror: { validForMs: 1 } }],
    ["export is not known here", { ...bridge, mirror: {} }],
  ])("is refused: %s", (message, value) => {
    const parse = () => parseConfig(value === null ? null : structuredClone(value))
    expect(parse).toThrow(message)
    expect(parse).toThrow(UsageError)
    expect(parse).toThrow(/^[^\n]*\.$/)
  })

  it("has defaults that let nobody do anything by chance", () => {
    const config = parseConfig(command({ topics: "a/+" }))
    expect(config).toMatchObject({
      kind: "bridge",
      export: [],
      except: [],
      commands: [{ topics: ["a/+"], from: "verified", retain: false }],
      hasSecrets: false,
    })
  })

  it("takes the login out of the local URL, and knows that it is secret", () => {
    const config = parseConfig({ ...bridge, local: "mqtt://ann:s%40cret@127.0.0.1:1884" })
    expect(config).toMatchObject({
      local: { url: "mqtt://127.0.0.1:1884", username: "ann", password: "s@cret" },
      hasSecrets: true,
    })
    expect(parseConfig({ ...bridge, broker: "mqtt://b:pw@x/c" }).hasSecrets).toBe(true)
    expect(parseConfig({ ...bridge, broker: "wss://x/mqtt?key=1#c" }).hasSecrets).toBe(true)
    expect(parseConfig({ ...bridge, local: "mqtt://ann@127.0.0.1" }).hasSecrets).toBe(false)
  })

  it("says nothing of what stands in a wrong URL", () => {
    const wrong = { ...bridge, broker: "mqtt://ann:s3cret@broker.example/a/+" }
    expect(() => parseConfig(wrong)).toThrow(/^(?!.*s3cret)/)
  })

  it("is right in the examples", () => {
    expect(parseConfig(exampleBridge()).kind).toBe("bridge")
    expect(parseConfig(exampleMirror()).kind).toBe("mirror")
  })
})

const to = "ab".repeat(32)
const envelopes: readonly Envelope[] = [
  { kind: "get" },
  { kind: "done", id: "1", to },
  { kind: "refused", id: "1", to, because: "stale" },
  { kind: "state", topic: "a/ä", payload: utf8(`{"state":"ON"}`), retained: true, number: 7 },
  { kind: "state", topic: "a", payload: new Uint8Array(0), retained: true, number: 2 ** 48 },
  { kind: "state", topic: "a", payload: Uint8Array.of(0xff, 0, 1), retained: false, number: 0 },
  { kind: "state", topic: "a", payload: new Uint8Array(5_000), retained: false, number: 0 },
  { kind: "command", id: "x", to: null, topic: "a", payload: utf8("\ufeffON"), validForMs: null },
  { kind: "command", id: "x", to, topic: "a", payload: Uint8Array.of(0xc0), validForMs: 500 },
]

describe("an envelope", () => {
  it.each(envelopes)("comes back: %o", (envelope) => {
    expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope)
  })

  it("is what docs/bridge.md shows", () => {
    const state = envelopes[3] as Envelope
    expect(new TextDecoder().decode(encodeEnvelope(state))).toBe(
      `{"mqtt":"state","topic":"a/ä","retained":true,"number":7,"payload":"{\\"state\\":\\"ON\\"}"}`,
    )
    const [version, high, low] = encodeEnvelope(envelopes[5] as Envelope)
    expect([version, high]).toEqual([1, 0])
    expect(low).toBe(`{"mqtt":"state","topic":"a","retained":false,"number":0}`.length)
  })

  it.each([
    ["it is no JSON", `{"mqtt":"state"`],
    ["mqtt is no text", `{"mqtt":7}`],
    ["topic is missing", `{"mqtt":"state"}`],
    ["topic: a topic to publish on has no wildcards", `{"mqtt":"state","topic":"a/#"}`],
    ["topic: what begins with $", `{"mqtt":"state","topic":"$SYS/a","payload":""}`],
    ["payload is missing", `{"mqtt":"state","topic":"a"}`],
    ["payload is wrong", `{"mqtt":"state","topic":"a","payload":{}}`],
    ["payload is wrong", `{"mqtt":"state","topic":"a","payload":"\\ud800"}`],
    ["retained is missing", `{"mqtt":"state","topic":"a","payload":""}`],
    ["number is wrong", `{"mqtt":"state","topic":"a","payload":"","retained":true,"number":-1}`],
    ["id is missing", `{"mqtt":"command","topic":"a","payload":""}`],
    ["id is wrong", `{"mqtt":"command","id":"a b","topic":"a","payload":""}`],
    ["to is wrong", `{"mqtt":"command","id":"a","to":"x","topic":"a","payload":""}`],
    [
      "validForMs is wrong",
      `{"mqtt":"command","id":"a","topic":"a","payload":"","validForMs":1.5}`,
    ],
    ["to is missing", `{"mqtt":"done","id":"a"}`],
    ["JSON needs 99 bytes", `\u0001\u0000c{}`],
    ["what stands before its payload", `\u0001\u0000\u0002[]`],
  ])("is refused: %s", (message, text) => {
    expect(() => decodeEnvelope(utf8(text))).toThrow(`Malformed bridge envelope: ${message}`)
  })

  it.each(["hello", "{", "[]", "null", `{"kind":"state"}`, `{"mqtt":"later"}`, ""])(
    "is not what others say: %j",
    (text) => {
      expect(decodeEnvelope(utf8(text))).toBeNull()
    },
  )

  it("of any bytes is one, null, or malformed", () => {
    const start = fc.constantFrom(`{"mqtt":"state","`, "\u0001\u0000\u0002{}", "{", "")
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 60 }), (text, bytes) => {
        try {
          const decoded = decodeEnvelope(Uint8Array.of(...utf8(text), ...bytes))
          if (decoded) expect(decodeEnvelope(encodeEnvelope(decoded))).toEqual(decoded)
        } catch (error) {
          expect(error).toHaveProperty("code", "malformed")
        }
      }),
    )
  })

  it("comes back with any payload and topic", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ unit: "binary" }), (payload, topic) => {
        fc.pre(topicProblem(topic) === null)
        const state = { kind: "state", topic, payload, retained: false, number: 1 } as const
        expect(decodeEnvelope(encodeEnvelope(state))).toEqual(state)
      }),
    )
  })

  it("cut anywhere is null or an error, never another envelope", () => {
    for (const whole of envelopes.map(encodeEnvelope)) {
      if (whole[0] === 1) continue // its payload is the rest, and the message around it is whole
      for (let length = 0; length < whole.length; length++) {
        const cut = whole.subarray(0, length)
        let decoded: unknown = null
        expect(() => {
          try {
            decoded = decodeEnvelope(cut)
          } catch (error) {
            expect(error).toHaveProperty("code", "malformed")
          }
        }).not.toThrow()
        expect(decoded).toBeNull()
      }
    }
  })
})

const key = new Uint8Array(32).fill(7)
const contact = (petname: string, state: "verified" | "trusted" | "revoked") =>
  ({ petname, publicKey: key, exchangePublicKey: null, decisions: [{ state, atMs: 1 }] }) as const
const ada: Sender = {
  from: { publicKey: key, contact: contact("Ada's phone", "verified") },
  status: "verified",
}
const bob: Sender = {
  from: { publicKey: key, contact: contact("bob", "trusted") },
  status: "trusted",
}
const guest: Sender = { from: { publicKey: key, contact: null }, status: "member" }
const gone: Sender = {
  from: { publicKey: key, contact: contact("bob", "revoked") },
  status: "member",
}

describe("who may", () => {
  it.each([
    ["verified", [true, false, false, false]],
    ["trusted", [true, true, false, false]],
    ["anyone-in-topic", [true, true, true, false]],
    [["ADA'S phone"], [true, false, false, false]],
    [["bob"], [false, true, false, false]],
    [["07".repeat(32)], [true, true, true, false]],
    [["07".repeat(31)], [false, false, false, false]],
  ] as const)("%s", (whom, expected) => {
    expect([ada, bob, guest, gone].map((sender) => isOneOf(whom, sender))).toEqual(expected)
  })

  it("is told by the first rule for topic and sender", () => {
    const rules = [
      { topics: ["a/+/set"], from: ["bob"], retain: false },
      { topics: ["a/#"], from: "verified", retain: true },
    ] as const
    expect(decide(rules, "a/b/set", bob)).toEqual({ isAllowed: true, retain: false })
    expect(decide(rules, "a/b/set", ada)).toEqual({ isAllowed: true, retain: true })
    expect(decide(rules, "a/b", bob)).toEqual({ isAllowed: false, because: "not-allowed" })
    expect(decide(rules, "b", ada)).toEqual({ isAllowed: false, because: "unknown-topic" })
    expect(decide(rules, "$SYS/a", ada)).toEqual({ isAllowed: false, because: "unknown-topic" })
  })
})

describe("a rate", () => {
  it("lets through a burst, then so many a second, each key by itself", () => {
    const rate = new Rate(10, 2)
    expect([rate.take("a", 0), rate.take("a", 0)]).toEqual([0, 0])
    expect(rate.take("a", 0)).toBeCloseTo(100)
    expect(rate.take("b", 0)).toBe(0)
    expect(rate.take("a", 100)).toBe(0)
    expect(rate.take("a", 100)).toBeGreaterThan(0)
  })

  it("remembers no endless number of keys", () => {
    const rate = new Rate(1, 1)
    for (let i = 0; i < 25_000; i++) rate.take(`key ${i}`, 0)
    expect(rate.take("key 24999", 0)).toBeGreaterThan(0)
    expect(rate.take("key 0", 0)).toBe(0)
  })
})

describe("what goes to the other side", () => {
  const value = (topic: string, text: string, retained = true): Value => ({
    topic,
    payload: utf8(text),
    retained,
  })

  function make(options: Partial<ConstructorParameters<typeof Latest>[0]> = {}) {
    const sent: string[] = []
    const dropped: string[] = []
    const state = { isReady: true }
    const latest = new Latest({
      isReady: () => state.isReady,
      maxPerSecond: 1_000,
      maxWaiting: 100,
      maxWaitingBytes: 1_000,
      send: async ({ topic, payload }) => {
        sent.push(`${topic}=${new TextDecoder().decode(payload)}`)
      },
      onDropped: ({ topic }) => dropped.push(topic),
      ...options,
    })
    return { dropped, latest, sent, state }
  }

  it("is everything at once, as long as it is fast", async () => {
    const { latest, sent } = make()
    for (let i = 0; i < 5; i++) latest.put(value("button", `press ${i}`, false))
    await latest.drained(1_000)
    expect(sent).toHaveLength(5)
  })

  it("is the latest of each topic after the other side was away", async () => {
    const { latest, sent, state } = make()
    state.isReady = false
    for (let i = 0; i < 50; i++) latest.put(value(`t${i % 2}`, String(i)))
    latest.put(value("t0", "event", false))
    expect(latest.size).toBe(3)
    state.isReady = true
    latest.pump()
    await latest.drained(1_000)
    expect(sent).toEqual(["t0=48", "t1=49", "t0=event"])
  })

  it("is slowed down for each topic, and ends with the latest", async () => {
    const { latest, sent } = make({ maxPerSecond: 20 })
    for (let i = 0; i < 500; i++) latest.put(value("meter", String(i)))
    latest.put(value("other", "x"))
    await latest.drained(2_000)
    expect(sent.length).toBeLessThan(50)
    expect(sent.filter((one) => one.startsWith("meter")).at(-1)).toBe("meter=499")
    expect(sent).toContain("other=x")
  })

  it("is bounded in number and in bytes; the oldest goes", () => {
    const { dropped, latest, state } = make({ maxWaiting: 3 })
    state.isReady = false
    for (const topic of ["a", "b", "c", "d"]) latest.put(value(topic, "x"))
    expect(dropped).toEqual(["a"])
    latest.put(value("e", "x".repeat(998)))
    expect(dropped).toEqual(["a", "b", "c", "d"])
    expect(latest.size).toBe(1)
    latest.close()
  })

  it("is tried again when the channel failed, unless something newer waits", async () => {
    let fails = true
    const sent: string[] = []
    const { latest } = make({
      send: async ({ payload }) => {
        if (fails) throw new ChannelError("closed", "")
        sent.push(new TextDecoder().decode(payload))
      },
    })
    latest.put(value("a", "1"))
    latest.put(value("a", "2"))
    await new Promise((resolve) => setTimeout(resolve, 20))
    fails = false
    await latest.drained(2_000)
    expect(sent).toEqual(["2"])
  })

  it("is given up when it can not be sent at all", async () => {
    const { dropped, latest } = make({
      send: async () => {
        throw new UsageError("message-too-large", "")
      },
    })
    latest.put(value("a", "1"))
    await latest.drained(1_000)
    expect(dropped).toEqual(["a"])
    expect(latest.size).toBe(0)
  })
})

describe("our own messages, sent back to us", () => {
  it("are known as often as we sent them", () => {
    const echoes = new Echoes()
    echoes.expect("a", utf8("1"))
    echoes.expect("a", utf8("1"))
    expect(echoes.isOne("b", utf8("1"))).toBe(false)
    expect([1, 2, 3].map(() => echoes.isOne("a", utf8("1")))).toEqual([true, true, false])
  })
})
