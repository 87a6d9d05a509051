import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { connectMqtt } from "stringphone/transport/mqtt"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { startMosquitto as startLocked } from "../../stringphone/test/real/mosquitto.js"
import {
  channel,
  connected,
  type House,
  letIn,
  makeHouse,
  pause,
  Plain,
  runBridge,
  until,
} from "./bridge-house.js"
import { freshHome } from "./folder.js"
import { mosquitto } from "./mosquitto.js"
import { json, Running, stringphone } from "./program.js"

/** As Zigbee2MQTT and Tasmota say it. */
const lampState = `{"brightness":254,"color_mode":"color_temp","linkquality":87,"state":"ON"}`
const plugState = `{"Time":"2026-11-21T04:00:00","ENERGY":{"Total":12.345,"Power":42}}`
const lampTopic = "zigbee2mqtt/living room lamp"

const config = {
  export: ["zigbee2mqtt/+", "tele/#", "homeassistant/#"],
  except: ["tele/+/LWT"],
  commands: [
    { topics: ["zigbee2mqtt/+/set", "cmnd/+/POWER"], from: ["Ada's phone"] },
    { topics: "zigbee2mqtt/kept/set", from: "verified", retain: true },
  ],
}

/** What must not be on the remote side, in any form that a person could read. */
const secrets = ["zigbee2mqtt", "living room", "tele/", "cmnd", "brightness", "linkquality"]
secrets.push("ENERGY", "Ada's phone", "homeassistant", `"mqtt"`, "house", "not-allowed", "POWER")

function expectNothingPlain({ spy, wire }: House): void {
  const everything = Buffer.concat([
    wire.seen(),
    ...spy.heard.flatMap(({ payload, topic }) => [Buffer.from(topic), payload]),
  ])
  // That we look where there is something to see.
  expect(everything.indexOf(channel)).toBeGreaterThan(0)
  expect(everything.length).toBeGreaterThan(2_000)
  for (const secret of secrets) expect([secret, everything.indexOf(secret)]).toEqual([secret, -1])
  const topics = new Set(spy.heard.map(({ topic }) => topic))
  expect([...topics].filter((topic) => topic !== channel)).toEqual([`${channel}/retained/epoch`])
}

describe.skipIf(mosquitto === null)("a bridge", { timeout: 90_000 }, () => {
  it("says what the rules export, encrypted, and carries out allowed commands", async () => {
    const house = await makeHouse(config)
    const { device } = house
    const ada = await letIn(house, "Ada's phone")
    const bob = await letIn(house, "bob")
    const bridge = await runBridge(house)

    await device.publish(lampTopic, lampState, true)
    await device.publish("tele/plug/SENSOR", plugState)
    await device.publish("tele/plug/LWT", "Online", true)
    await device.publish("private/diary", "Dear diary")
    await device.publish("zigbee2mqtt/bridge/info", "network key")
    await device.publish("tele/camera", Buffer.of(0xff, 0xd8, 0xff, 0))
    await device.publish("homeassistant/light/lamp/config", `{"schema":"json"}`, true)
    await until(() => ada.states("homeassistant/light/lamp/config").length > 0)
    const states = ada.said.filter((one) => one.mqtt === "state")
    expect(states.find(({ topic }) => topic === lampTopic)).toMatchObject({
      mqtt: "state",
      topic: lampTopic,
      payload: lampState,
      retained: true,
      number: expect.closeTo(Date.now(), -5) as number,
    })
    expect(states.find(({ topic }) => topic === "tele/plug/SENSOR")).toMatchObject({
      payload: plugState,
      retained: false,
    })
    expect(states.map(({ topic }) => topic)).toHaveLength(3)
    const binary = ada.messages.find(({ payload }) => payload[0] === 1)
    expect(Buffer.from(binary!.payload).subarray(-4)).toEqual(Buffer.of(0xff, 0xd8, 0xff, 0))
    // The bridge is nobody to Ada but the contact that she paired with.
    expect(binary).toMatchObject({ status: "verified", from: { contact: { petname: "bridge" } } })

    const set = "zigbee2mqtt/living room lamp/set"
    expect(await ada.command(set, `{"state":"OFF"}`)).toMatchObject({ mqtt: "done" })
    await until(() => device.texts(set)[0] === `{"state":"OFF"}`)
    expect(await ada.command("cmnd/plug/POWER", "TOGGLE")).toMatchObject({ mqtt: "done" })
    expect(await bob.command("zigbee2mqtt/kept/set", "{}")).toMatchObject({ mqtt: "done" })
    await until(() => device.on("zigbee2mqtt/kept/set")[0]?.retain)
    expect(await bridge.next("command")).toMatchObject({ from: "Ada's phone", topic: set })

    const before = device.heard.length
    const refused = async (who: typeof ada, topic: string, because: string, fields?: object) =>
      expect(await who.command(topic, "x", fields)).toMatchObject({ mqtt: "refused", because })
    await refused(bob, set, "not-allowed")
    await refused(ada, "zigbee2mqtt/lamp/get", "unknown-topic")
    await refused(ada, "private/diary", "unknown-topic")
    await refused(ada, set, "too-large", { payload: "x".repeat(140_000) })
    // Signed and in time, but not by its own clock.
    const late = { mqtt: "command", id: "late", topic: set, payload: "x", validForMs: 0 }
    await pause(20)
    expect(ada.said.find(({ id }) => id === "late")).toBeUndefined()
    await ada.say(late)
    expect(await until(() => ada.said.find(({ id }) => id === "late"))).toMatchObject({
      because: "untimed",
    })
    await ada.say({ ...late, id: "elsewhere", to: "ab".repeat(32) }, { validForMs: 0 })
    await pause(300)
    expect(ada.said.find(({ id }) => id === "elsewhere")).toBeUndefined()
    expect(device.heard).toHaveLength(before)
    expect(await bridge.next("refused")).toMatchObject({
      from: "bob",
      trust: "verified",
      topic: set,
      because: "not-allowed",
    })

    await ada.say(`{"mqtt":"command"`)
    await ada.say({ mqtt: "command", id: "1", topic: "a/#", payload: "" })
    await ada.say("Good evening!")
    expect(await bridge.next("malformed")).toMatchObject({
      from: "Ada's phone",
      message: "Malformed bridge envelope: it is no JSON.",
    })
    expect(await bridge.next("malformed")).toMatchObject({
      message: expect.stringContaining("wildcards") as string,
    })
    expect(await ada.command("cmnd/plug/POWER", "ON")).toMatchObject({ mqtt: "done" })

    expect(await bridge.end("SIGTERM")).toBe(0)
    const stopped = await bridge.next("stopped")
    expect(stopped).toMatchObject({ commands: 9, published: 4, refused: 5 })
    expect(JSON.stringify(bridge.events)).not.toMatch(/brightness|TOGGLE|Dear diary/)
    expect(bridge.stderr).toBe("")
    expectNothingPlain(house)
  })

  it("refuses what is stale, by the time when it was sent", async () => {
    const house = await makeHouse({ ...config, limits: { commandMaxAgeMs: 5_000 } })
    const ada = await letIn(house, "Ada's phone", { slowByMs: 4_000 })
    await runBridge(house)
    const set = "zigbee2mqtt/lamp/set"
    expect(await ada.command(set, "old")).toMatchObject({ mqtt: "done" })
    const tooOld = await ada.command(set, "too old", { validForMs: 1_000 })
    expect(tooOld).toMatchObject({ mqtt: "refused", because: "stale" })
    // The bridge's limit counts when it is shorter.
    expect(await ada.command(set, "old", { validForMs: 60_000 })).toMatchObject({ mqtt: "done" })
    await until(() => house.device.texts(set).length === 2)
    expect(house.device.texts(set)).toEqual(["old", "old"])
  })

  it("tells a newcomer what is kept, and who asks, but not too often", async () => {
    const house = await makeHouse(config)
    await house.device.publish(lampTopic, lampState, true)
    await house.device.publish("tele/plug/SENSOR", plugState)
    await letIn(house, "Ada's phone", { admin: true })
    const bridge = await runBridge(house)
    // Another process of the bridge's key ring lets in; the bridge waits, and comes back.
    const bob = await letIn(house, "bob")
    await bridge.next("taken-over")
    await connected(bridge, "remote")
    expect(bob.states(lampTopic)).toEqual([])
    await bob.say({ mqtt: "get" })
    await until(() => bob.states(lampTopic).length === 1)
    expect(bob.said.find(({ topic }) => topic === lampTopic)).toMatchObject({
      payload: lampState,
      retained: true,
    })
    expect(bob.states("tele/plug/SENSOR")).toEqual([])
    for (let i = 0; i < 20; i++) await bob.say({ mqtt: "get" })
    await pause(2_000)
    expect(bob.states(lampTopic)).toHaveLength(1)
    await until(() => bob.states(lampTopic).length === 2)
    // What is cleared is told, too.
    await house.device.publish(lampTopic, "", true)
    await until(() => bob.states(lampTopic).at(-1) === "")
  })

  it("survives both brokers, and says the latest then", async () => {
    const house = await makeHouse({ ...config, limits: { maxPerSecond: 1000 } })
    const { device, local, remote } = house
    const ada = await letIn(house, "Ada's phone")
    const bridge = await runBridge(house)
    await device.publish(lampTopic, "0", true)
    await until(() => ada.states(lampTopic).length === 1)

    await remote.down()
    await bridge.next("status", ({ side, status }) => side === "remote" && status === "away")
    for (let i = 1; i <= 50; i++) await device.publish(lampTopic, `${i}`, true)
    await remote.up()
    await connected(bridge, "remote")
    await until(() => ada.states(lampTopic).at(-1) === "50")
    expect(ada.states(lampTopic).length).toBeLessThan(10)

    await local.down()
    await bridge.next("status", ({ side, status }) => side === "local" && status === "away")
    const set = "zigbee2mqtt/lamp/set"
    expect(await ada.command(set, "lost")).toMatchObject({ because: "unavailable" })
    await local.up()
    await connected(bridge, "local")
    const again = await Plain.connect(local.url, "#")
    expect(await ada.command(set, "found")).toMatchObject({ mqtt: "done" })
    await until(() => again.texts(set).length > 0)
    expect(again.texts(set)).toEqual(["found"])
    await again.publish(lampTopic, "51", true)
    await until(() => ada.states(lampTopic).at(-1) === "51")
    expectNothingPlain(house)

    await remote.down()
    await local.down()
    await bridge.next("status", ({ side, status }) => side === "remote" && status === "away")
    expect(await bridge.end("SIGTERM")).toBe(0)
  })

  it("obeys nobody who was removed or revoked", async () => {
    const house = await makeHouse({
      ...config,
      commands: [{ topics: "#", from: "anyone-in-topic" }],
    })
    const ada = await letIn(house, "Ada's phone", { admin: true })
    const [bob, eve] = [await letIn(house, "bob"), await letIn(house, "eve")]
    const bridge = await runBridge(house)
    for (const who of [ada, bob, eve]) {
      expect(await who.command("a", "1")).toMatchObject({ mqtt: "done" })
    }
    await json(house.folder, ["--as", "bridge", "contacts", "revoke", "eve"])
    await ada.session.remove(bob.session.publicKey)
    await pause(2_500)
    const before = house.device.heard.length
    for (const who of [bob, eve]) {
      const send = who.say(
        { mqtt: "command", id: "x", topic: "a", payload: "2" },
        { validForMs: 0 },
      )
      await Promise.race([send.catch(() => {}), pause(500)])
    }
    await bridge.next("ignored", ({ code }) => code === "revoked-contact")
    await pause(500)
    expect(house.device.heard).toHaveLength(before)
    expect(await ada.command("a", "3")).toMatchObject({ mqtt: "done" })
    await until(() => house.device.texts("a").at(-1) === "3")
    expect(house.device.texts("a")).toHaveLength(4)

    await ada.session.remove(
      ada.session.participants().find((one) => one.contact?.petname === "bridge")!.publicKey,
    )
    expect(await bridge.exitCode()).toBe(1)
    expect(bridge.stderr).toMatch(/^stringphone: This bridge was removed from the topic "house"/)
  })

  it("exports nothing of its own, of the broker, or that is too large; floods are told once", async () => {
    const house = await makeHouse({
      export: ["#"],
      commands: [{ topics: "#", from: "verified" }],
      limits: { maxPayloadBytes: 100, commandsPerSecond: 2 },
    })
    const ada = await letIn(house, "Ada's phone")
    const bridge = await runBridge(house)
    expect(await ada.command("same/topic", "by Ada")).toMatchObject({ mqtt: "done" })
    await house.device.publish("same/topic", "by the device")
    await house.device.publish("large", "x".repeat(101))
    await until(() => ada.states("same/topic").length > 0)
    await bridge.next("ignored", ({ code }) => code === "too-large")
    expect(ada.states("same/topic")).toEqual(["by the device"])
    const topics = ada.said.flatMap(({ mqtt, topic }) => (mqtt === "state" ? [topic] : []))
    expect(new Set(topics)).toEqual(new Set(["same/topic"]))

    for (let i = 0; i < 30; i++) {
      await ada.say({ mqtt: "command", id: `f${i}`, topic: "a", payload: "" }, { validForMs: 0 })
    }
    await until(() => ada.said.some(({ because }) => because === "too-many"))
    await pause(500)
    expect(ada.said.filter(({ because }) => because === "too-many").length).toBeLessThan(8)
    expect(house.device.texts("a").length).toBeLessThan(8)
  })
})

describe.skipIf(mosquitto === null)("the other end of a bridge", { timeout: 90_000 }, () => {
  it("shows what the bridge tells, and commands, for plain programs there", async () => {
    const house = await makeHouse({
      export: ["zigbee2mqtt/+"],
      commands: [{ topics: "zigbee2mqtt/+/set", from: "verified" }],
    })
    const { device, folder } = house
    await device.publish(lampTopic, lampState, true)
    await device.publish("zigbee2mqtt/lock", `{"state":"LOCK"}`, true)
    const other = await makeHouse({
      broker: `${house.wire.url}/${channel}`,
      mirror: { prefix: "house/", from: "verified", commands: ["zigbee2mqtt/+/set", "tele/#"] },
    })
    const place = `${house.wire.url}/${channel}`
    const pairing = Running.start(folder, ["--as", "bridge", "bridge", "pair", house.config])
    const { code } = await pairing.next("pairing")
    const join = ["--as", "bridge", "topic", "join", place, "--name", "house", "--code"]
    const joined = await stringphone(other.folder, join, `${String(code)}\n`)
    expect(joined).toMatchObject({ code: 0 })
    await pairing.next("paired")
    expect(await pairing.exitCode()).toBe(0)

    const bridge = await runBridge(house)
    const mirror = await runBridge(other, "mirror")
    const assistant = other.device
    await until(() => assistant.texts(`house/${lampTopic}`).length > 0)
    expect(assistant.on(`house/${lampTopic}`)[0]).toMatchObject({ text: lampState, retain: true })
    await device.publish(lampTopic, `{"state":"OFF"}`, true)
    await until(() => assistant.texts(`house/${lampTopic}`).at(-1) === `{"state":"OFF"}`)

    await assistant.publish(`house/${lampTopic}/set`, `{"state":"ON"}`)
    expect(await mirror.next("done")).toMatchObject({ topic: `${lampTopic}/set`, by: "bridge" })
    await until(() => device.texts(`${lampTopic}/set`)[0] === `{"state":"ON"}`)
    await assistant.publish("house/tele/x", "1")
    expect(await mirror.next("refused")).toMatchObject({ because: "unknown-topic" })
    await assistant.publish("zigbee2mqtt/elsewhere/set", "1")

    // Its broker loses all; what is kept comes again.
    await other.local.down()
    await mirror.next("status", ({ side, status }) => side === "local" && status === "away")
    await other.local.up()
    const again = await Plain.connect(other.local.url, "#")
    await until(() => again.texts("house/zigbee2mqtt/lock").length > 0)
    expect(device.texts("zigbee2mqtt/elsewhere/set")).toEqual([])
    expect([await bridge.end("SIGTERM"), await mirror.end("SIGTERM")]).toEqual([0, 0])
    expectNothingPlain(house)
  })
})

describe.skipIf(mosquitto === null)("a bridge's command line", () => {
  it("needs a private file for passwords, a topic, and a broker that lets it in", async () => {
    const folder = freshHome()
    const path = join(folder, "bridge.json")
    const write = (value: object | string, mode: number): void => {
      writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value))
      chmodSync(path, mode)
    }
    const check = () => stringphone(folder, ["bridge", "check", path])
    const whole = { local: "mqtt://ann:s3cret@127.0.0.1:1", topic: "house", export: ["a"] }
    write(whole, 0o644)
    expect(await check()).toMatchObject({
      code: 1,
      stderr: `stringphone: ${path} holds a password, and others on this computer may read it. Run: chmod 600 ${path}\n`,
    })
    write(whole, 0o600)
    const fine = await check()
    expect(fine).toMatchObject({ code: 0, stderr: "" })
    expect(fine.stdout).not.toContain("s3cret")
    write(`{"local": "mqtt://ann:s3cret@x", }`, 0o600)
    const broken = await check()
    expect(broken).toMatchObject({ code: 2, stdout: "" })
    expect(broken.stderr).toMatch(/^stringphone: .*bridge\.json: The file is no JSON.*\.\n$/)
    expect(broken.stderr).not.toContain("s3cret")
    write({ ...whole, export: ["#/a"] }, 0o600)
    expect((await check()).stderr).toMatch(/bridge\.json: export\[0\] is wrong: # can only be/)
    expect((await stringphone(folder, ["bridge", "check", `${path}x`])).code).toBe(2)

    write(whole, 0o600)
    const run = await stringphone(folder, ["bridge", "run", path])
    expect(run).toMatchObject({ code: 1 })
    expect(run.stderr).toMatch(/^stringphone: There is no topic "house" in this key ring yet/)
    expect((await stringphone(folder, ["bridge", "mirror", path])).code).toBe(2)
    const pair = await stringphone(folder, ["bridge", "pair", path])
    expect(pair).toMatchObject({ code: 1 })
    expect(pair.stderr).toContain(`Give "broker" in the configuration`)

    const printed = await stringphone(folder, ["bridge", "init"])
    write(printed.stdout, 0o644)
    expect((await check()).code).toBe(0)
    const second = await stringphone(folder, ["bridge", "init", path])
    expect(second).toMatchObject({ code: 1 })
    expect(second.stderr).toContain("already")
    expect((await stringphone(folder, ["bridge", "init", "--mirror", `${path}.2`])).code).toBe(0)
    expect((await stringphone(folder, ["bridge", "check", `${path}.2`])).code).toBe(0)
  })

  it("takes a password from the environment, and tells when it is wrong", async () => {
    const login = { username: "ann", password: "s3cret" }
    const locked = await startLocked({ login })
    onTestFinished(locked.stop)
    const house = await makeHouse({
      local: { url: `mqtt://127.0.0.1:${locked.tcpPort}`, username: "ann" },
      export: ["open/#"],
    })
    const ada = await letIn(house, "Ada's phone")
    const args = ["--as", "bridge", "bridge", "run", house.config]
    vi.stubEnv("STRINGPHONE_BRIDGE_LOCAL_PASSWORD", "x")
    onTestFinished(() => void vi.unstubAllEnvs())
    const refused = Running.start(house.folder, args)
    expect(await refused.exitCode()).toBe(1)
    expect(refused.stderr).toMatch(/^stringphone: The local broker .* does not let us in .*\n$/)
    vi.stubEnv("STRINGPHONE_BRIDGE_LOCAL_PASSWORD", "s3cret")
    const bridge = Running.start(house.folder, args)
    await connected(bridge)
    const device = await connectMqtt({
      url: `mqtt://127.0.0.1:${locked.tcpPort}`,
      topic: "open/a",
      ...login,
    })
    await device.send(Buffer.from("hello"))
    await until(() => ada.states("open/a")[0] === "hello")
    await device.close()
    expect(JSON.stringify(bridge.events) + bridge.stderr).not.toContain("s3cret")
    expect(await bridge.end("SIGTERM")).toBe(0)
  })
})
