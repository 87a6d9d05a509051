import { beforeEach, describe, expect, test } from "vitest"
import { createMemoryTextChannels } from "../../src/transport/memory-text.js"
import { SimulatedClock } from "../../src/transport/memory.js"
import type { TextChannel } from "../../src/transport/index.js"

let clock = new SimulatedClock()
beforeEach(() => {
  clock = new SimulatedClock()
})

/** What one client saw, in few words. */
function watch(channel: TextChannel): string[] {
  const seen: string[] = []
  channel.onEvent((event) => {
    if (event.kind === "line") {
      seen.push(`${event.from}${event.isPrivate ? " to us" : ""}: ${event.text}`)
    }
    if (event.kind === "joined") seen.push(`+${event.who}`)
    if (event.kind === "left") seen.push(`-${event.who} ${event.reason}`)
    if (event.kind === "renamed") seen.push(`${event.who} → ${event.to}${event.isSelf ? "!" : ""}`)
    if (event.kind === "status") seen.push(event.status)
  })
  return seen
}

function three() {
  const server = createMemoryTextChannels({ clock })
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => server.connect(name)) as [
    TextChannel,
    TextChannel,
    TextChannel,
  ]
  return { server, alice, bob, carol }
}

describe("a channel of lines in memory", () => {
  test("lines reach all others in order, private ones one alone; the server sees all", async () => {
    const { server, alice, bob, carol } = three()
    await clock.runUntilIdle()
    const [a, b, c] = [watch(alice), watch(bob), watch(carol)]
    await alice.send("one")
    await alice.send("two", { to: "bob" })
    await alice.send("three")
    await clock.runUntilIdle()
    expect(a).toEqual([])
    expect(b).toEqual(["alice: one", "alice to us: two", "alice: three"])
    expect(c).toEqual(["alice: one", "alice: three"])
    expect(server.lines.map(({ to, text }) => `${to ?? "*"} ${text}`)).toEqual([
      "* one",
      "bob two",
      "* three",
    ])
    expect(carol.names).toEqual(["alice", "bob", "carol"])
  })

  test("who comes, parts, is kicked, quits, returns and takes another name", async () => {
    const { server, alice, bob, carol } = three()
    await clock.runUntilIdle()
    const [a, b] = [watch(alice), watch(bob)]
    server.rename("carol", "caroline")
    server.kick("bob")
    server.disconnect("caroline")
    await clock.runUntilIdle()
    expect(alice.names).toEqual(["alice"])
    expect(carol.status).toBe("reconnecting")
    expect(carol.names).toEqual([])
    server.reconnect("caroline")
    await clock.runUntilIdle()
    await carol.close()
    await clock.runUntilIdle()
    expect(a).toEqual([
      "carol → caroline",
      "-bob kicked",
      "-caroline quit",
      "+caroline",
      "-caroline parted",
    ])
    expect(b).toContain("-bob kicked")
    expect(b.at(-1)).toBe("closed")
    await expect(bob.send("still here")).rejects.toMatchObject({ code: "kicked" })
    await expect(carol.send("still here")).rejects.toMatchObject({ code: "closed" })
    expect(server.names).toEqual(["alice"])
  })

  test("a netsplit parts the groups and heals", async () => {
    const { server, alice, bob, carol } = three()
    await clock.runUntilIdle()
    const [a, c] = [watch(alice), watch(carol)]
    server.split(["alice", "bob"], ["carol"])
    await alice.send("among us")
    await expect(alice.send("hello", { to: "carol" })).rejects.toMatchObject({
      code: "not-connected",
    })
    server.heal()
    await bob.send("again")
    await clock.runUntilIdle()
    expect(a).toEqual(["-carol netsplit", "+carol", "bob: again"])
    expect(c).toEqual(["-alice netsplit", "-bob netsplit", "+alice", "+bob", "bob: again"])
  })

  test("what is sent without a connection waits for it, or is given up", async () => {
    const { server, alice, bob } = three()
    const b = watch(bob)
    server.disconnect("alice")
    const controller = new AbortController()
    const abandoned = alice.send("never", { signal: controller.signal })
    const waiting = alice.send("later")
    controller.abort()
    await expect(abandoned).rejects.toMatchObject({ code: "aborted" })
    server.reconnect("alice")
    await waiting
    await clock.runUntilIdle()
    expect(b.at(-1)).toBe("alice: later")
    expect(b).not.toContain("alice: never")
  })

  test("bad lines are refused", async () => {
    const { alice } = three()
    for (const text of ["a\nb", "a\rb", "a\0b", ""]) {
      await expect(alice.send(text)).rejects.toMatchObject({ code: "bad-line" })
    }
    await expect(alice.send("é".repeat(201))).rejects.toMatchObject({ code: "line-too-long" })
    await alice.send("é".repeat(200))
  })

  test("the server drops, duplicates, reorders, replays, filters and invents", async () => {
    const { server, alice, bob } = three()
    await clock.runUntilIdle()
    const b = watch(bob)
    server.setFaults({ drop: 1 })
    await alice.send("dropped")
    server.setFaults({ duplicate: 1 })
    await alice.send("twice")
    server.setFaults({ replay: 1 })
    await alice.send("new")
    server.setFaults({ reorder: 0.5 })
    for (let i = 0; i < 20; i++) await alice.send(String(i))
    await clock.runUntilIdle()
    expect(b).not.toEqual([...b].sort())
    expect(b.slice(0, 3)).toEqual(["alice: twice", "alice: twice", "alice: new"])
    expect(new Set(b).size).toBeGreaterThanOrEqual(22)
    server.setFaults({})
    server.setFilter((line, receiver) => receiver !== "bob" || line.text !== "hidden")
    b.length = 0
    await alice.send("hidden")
    server.inject({ from: "alice", to: null, text: "invented" }, ["bob"])
    server.inject({ from: "alice", to: "bob", text: "in private" })
    await clock.runUntilIdle()
    expect(b).toEqual(["alice: invented", "alice to us: in private"])
  })

  test("the same seed gives the same deliveries", async () => {
    const run = async (seed: number): Promise<string[]> => {
      const faults = { drop: 0.2, duplicate: 0.2, reorder: 0.3, replay: 0.1 }
      const server = createMemoryTextChannels({ clock, seed, faults })
      const alice = server.connect("alice")
      const seen = watch(server.connect("bob"))
      for (let i = 0; i < 40; i++) await alice.send(String(i))
      await clock.runUntilIdle()
      return seen
    }
    expect(await run(3)).toEqual(await run(3))
    expect(await run(3)).not.toEqual(await run(4))
  })
})
