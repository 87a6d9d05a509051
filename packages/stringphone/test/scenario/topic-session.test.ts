import { describe, expect, it } from "vitest"
import { Identity } from "../../src/identity/index.js"
import {
  openTopic,
  type OpenTopicOptions,
  type TopicEvent,
  type TopicSession,
} from "../../src/session/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { IncomingMessage, Transport } from "../../src/transport/index.js"
import { createMemoryNetwork, SimulatedClock } from "../../src/transport/memory.js"

const found = { found: { name: "home" } }

/** A channel, and who is on it. */
function scene(seed: number, hear: (name: string, event: TopicEvent) => void) {
  const clock = new SimulatedClock()
  const network = createMemoryNetwork({ clock, seed })
  const open = (name: string, more: Partial<OpenTopicOptions> = {}): Promise<TopicSession> =>
    openTopic({
      store: createMemoryStore(),
      identity: Identity.generate(),
      transport: more.transport ?? network.connect(name),
      ownName: name,
      clock,
      wallClock: () => 1_800_000_000_000 + clock.now(),
      onEvent: (event) => hear(name, event),
      ...more,
    })
  return { clock, network, open }
}

describe("a topic over a channel", () => {
  it("pairs by emoji, talks, rotates, removes", async () => {
    const events: string[] = []
    const { clock, open } = scene(3, (name, event) => {
      if (event.kind !== "channel")
        events.push(
          `${name}: ${event.kind} ${"code" in event ? event.code : ""}${"error" in event ? event.error.message : ""}`,
        )
    })
    const phone = await open("phone", found)
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

  it("reads from the first message on, also if that overtakes what lets it in", async () => {
    const events: string[] = []
    const { clock, network, open } = scene(4, (name, { kind }) => {
      if (kind !== "channel") events.push(`${name}: ${kind}`)
    })
    const phone = await open("phone", found)
    const lamp = await open("lamp", { transport: firstRekeyLast(network.connect("lamp")) })
    await lamp.acceptInvitation(phone.invitation())
    await phone.acceptJoinRequest(await lamp.joinRequest())
    await Promise.all([phone.send("one"), phone.send("two", { validForMs: 60_000 })])
    await clock.advance(1_000)
    expect(lamp.standing).toBe("member")
    const got: string[] = []
    void (async () => {
      for await (const { text } of lamp.messages) got.push(text ?? "")
    })()
    await clock.advance(1_000)
    expect(got).toEqual(["one", "two"])
    expect(events).toEqual(["lamp: joined"])
    await Promise.all([phone.close(), lamp.close()])
  })

  it("tells what was sent before its sender knew of a removal from what somebody held back", async () => {
    const gaps: object[] = []
    const { clock, open } = scene(5, (name, event) => {
      if (event.kind !== "gap") return
      const { atRemoval, missing } = event
      gaps.push({ at: name, missing, atRemoval })
    })
    const phone = await open("phone", found)
    const [lamp, stranger] = [await open("lamp"), await open("stranger")]
    for (const one of [lamp, stranger]) {
      await one.acceptInvitation(phone.invitation())
      await phone.acceptJoinRequest(await one.joinRequest())
      await clock.advance(1_000)
    }
    const got: string[] = []
    void (async () => {
      for await (const { text } of phone.messages) got.push(text ?? "")
    })()
    await lamp.send("first")
    await clock.advance(1_000)
    // The lamp's is on its way while the phone removes the stranger.
    await Promise.all([phone.remove(stranger.publicKey), lamp.send("too late")])
    await clock.advance(5_000)
    await lamp.send("after")
    await clock.advance(1_000)
    expect(got).toEqual(["first", "after"])
    expect(gaps).toEqual([{ at: "phone", missing: 1, atRemoval: true }])
    await Promise.all([phone, lamp, stranger].map((one) => one.close()))
  })
})

/** The same channel, on which two data messages overtake the first rekey message. */
function firstRekeyLast(inner: Transport): Transport {
  async function* swapped(): AsyncGenerator<IncomingMessage, void, void> {
    let held: IncomingMessage | null = null
    let overtaking = 0
    for await (const message of inner.messages) {
      const type = String.fromCharCode(message.bytes[0] ?? 0)
      if (type === "K" && overtaking === 0) held = message
      else yield message
      if (held && "MT".includes(type) && ++overtaking === 2) {
        yield held
        held = null
      }
    }
  }
  return {
    address: inner.address,
    capabilities: inner.capabilities,
    get status() {
      return inner.status
    },
    messages: swapped(),
    send: (bytes, options) => inner.send(bytes, options),
    onEvent: (listener) => inner.onEvent(listener),
    close: () => inner.close(),
  }
}
