import { describe, expect, it } from "vitest"
import { mosquitto, startMosquitto } from "./mosquitto.js"
import { freshHome } from "./folder.js"
import { json, Running, stringphone } from "./program.js"

/** What the guide shows: one shell makes a topic and listens, the other joins and speaks. */
async function talk(broker: string): Promise<void> {
  const folder = freshHome()
  const { address } = await json(folder, ["classic", "new", "kitchen", "--broker", broker])
  const alice = await json(folder, ["id"])
  const listening = Running.start(folder, ["classic", "listen", "kitchen", "--pair"])
  await listening.next("pairing")

  const join = ["--as", "bob", "classic", "join", String(address), "--name", "cuisine"]
  const joining = Running.start(folder, join)
  const bob = await joining.next("joining")
  const asked = await listening.next("request")
  expect(asked["words"]).toBe(bob["words"])
  listening.type("y")
  await listening.next("trusted")
  const offered = await joining.next("request")
  expect(offered["words"]).toBe(alice["words"])
  joining.type("y")
  expect(await joining.next("joined")).toMatchObject({ topic: "cuisine" })
  expect(await joining.exitCode()).toBe(0)

  const hostile = "Dinner!\u001b[2J\n12:00:00 alice ✔ verified"
  const send = ["--as", "bob", "classic", "send", "cuisine"]
  await json(folder, [...send, hostile])
  expect(await listening.next("message")).toMatchObject({
    text: hostile,
    trust: "verified",
    verifiedBy: "words",
    protocol: "classic",
    from: bob["publicKey"],
  })
  await json(folder, send, "from a pipe\n")
  expect(await listening.next("message")).toMatchObject({ text: "from a pipe" })
  expect(await listening.end()).toBe(0)

  const plain = stringphone(folder, ["classic", "listen", "kitchen", "--count", "1"])
  const speaking = Running.start(folder, ["--as", "bob", "classic", "listen", "cuisine"])
  await speaking.next("listening")
  for (;;) {
    await json(folder, [...send, hostile])
    const printed = await Promise.race([plain, new Promise<null>((r) => setTimeout(r, 500, null))])
    if (!printed) continue
    const lines = printed.stdout.trim().split("\n")
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/✔ verified \(classic\) Dinner!\\x1b\[2J\\n12:00:00 alice ✔ verified$/)
    break
  }
  await speaking.end()
}

describe("two shells with a classic topic", () => {
  it("talk over the broker of a home", async () => {
    const home = Running.start(freshHome(), ["up", "--port", "0", "--mqtt-port", "0"])
    const ready = await home.next("ready")
    await talk((ready["broker"] as { address: string }).address)
    await home.end()
  })

  it.skipIf(mosquitto === null)("talk over mosquitto", async () => {
    await talk((await startMosquitto()).url)
  })

  it("let in exactly whom they expect, without asking", async () => {
    const home = Running.start(freshHome(), ["up", "--port", "0", "--mqtt-port", "0"])
    const ready = await home.next("ready")
    const folder = freshHome()
    const { address: broker } = ready["broker"] as { address: string }
    const { address } = await json(folder, ["classic", "new", "den", "--broker", broker])
    const [alice, bob] = [await json(folder, ["id"]), await json(folder, ["--as", "bob", "id"])]
    const door = ["classic", "listen", "den", "--pair", "--expect", String(bob["digits"])]
    const listening = Running.start(folder, door)
    await listening.next("pairing")
    const join = (profile: string, expected: unknown, ...more: string[]): readonly string[] => [
      ...["--as", profile, "classic", "join", String(address), "--name", "den"],
      ...["--expect", String(expected), ...more],
    ]
    const eve = await stringphone(folder, join("eve", alice["words"], "--wait", "2"))
    expect(eve.code).toBe(1)
    expect(eve.stderr).toContain("Nobody let you in")
    expect(await json(folder, ["--as", "eve", "classic", "list"])).toEqual({ topics: [] })
    await listening.next("refused")
    expect((await stringphone(folder, join("bob", alice["hex"]))).code).toBe(0)
    const { participants } = await json(folder, ["classic", "participants", "den"])
    expect(participants).toMatchObject([{ trust: "verified", publicKey: bob["publicKey"] }])
    await listening.end()
    await home.end()

    const unsure = await stringphone(folder, ["classic", "remove", "den"], "n\n")
    expect(unsure).toMatchObject({ code: 1, stdout: "" })
    expect(await json(folder, ["classic", "remove", "den", "--yes"])).toEqual({ removed: "den" })
    expect(await json(folder, ["classic", "list"])).toEqual({ topics: [] })
  })
})
