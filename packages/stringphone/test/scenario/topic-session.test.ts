import { describe, expect, it } from "vitest"
import { Identity } from "../../src/identity/index.js"
import { openTopic, type TopicEvent, type TopicSession } from "../../src/session/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { createMemoryNetwork, SimulatedClock } from "../../src/transport/memory.js"

describe("a topic over a channel", () => {
  it("pairs by emoji, talks, rotates, removes", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock, seed: 3 })
    const wallClock = () => 1_800_000_000_000 + clock.now()
    const events: string[] = []
    const open = (name: string, found = false): Promise<TopicSession> =>
      openTopic({
        store: createMemoryStore(),
        identity: Identity.generate(),
        transport: network.connect(name),
        ownName: name,
        clock,
        wallClock,
        ...(found && { found: { name: "home" } }),
        onEvent: (event: TopicEvent) => {
          if (event.kind !== "channel")
            events.push(
              `${name}: ${event.kind} ${"code" in event ? event.code : ""}${"error" in event ? event.error.message : ""}`,
            )
        },
      })
    const phone = await open("phone", true)
    const lamp = await open("lamp")
    const window = await phone.openPairing()
    const joining = await lamp.join()
    const emoji: string[][] = []
    void (async () => {
      for await (const r of window) {
        emoji.push([...r.words])
        expect(r.name).toBe("lamp")
        await r.confirm()
      }
    })()
    void (async () => {
      for await (const r of joining) {
        emoji.push([...r.words])
        await r.confirm()
      }
    })()
    await clock.advance(10_000)
    expect(emoji).toHaveLength(2)
    expect(emoji[0]).toEqual(emoji[1])
    expect(lamp.standing).toBe("member")
    expect(lamp.name).toBe("home")
    const got: string[] = []
    void (async () => {
      for await (const m of lamp.messages)
        got.push(`${m.text} ${m.status} ${m.from.contact?.petname}`)
    })()
    await Promise.all([
      phone.send("on"),
      phone.send("off"),
      phone.send("late", { validForMs: 1000 }),
    ])
    await clock.advance(1_000)
    expect(got).toEqual(["on verified phone", "off verified phone", "late verified phone"])
    await phone.rotate()
    await clock.advance(3_000)
    expect(lamp.epoch).toBe(3)
    await phone.send("again")
    await clock.advance(1_000)
    expect(got.at(-1)).toBe("again verified phone")
    await phone.remove(lamp.publicKey)
    await phone.send("secret")
    await clock.advance(30_000)
    expect(lamp.standing).toBe("removed")
    expect(got).toHaveLength(4)
    expect(events).toEqual(["lamp: joined ", "lamp: rekeyed ", "lamp: behind ", "lamp: removed "])
    await Promise.all([phone.close(), lamp.close()])
  })
})
