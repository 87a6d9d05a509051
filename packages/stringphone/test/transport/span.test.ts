import { describe, expect, it } from "vitest"
import type { Transport } from "../../src/transport/index.js"
import { type MemoryNetwork, createMemoryNetwork } from "../../src/transport/memory.js"
import { type CopyMemory, Copies } from "../../src/transport/copies.js"
import { type SpanTransport, spanTransports } from "../../src/transport/span.js"
import { numberOf, numbered, reader, watchEvents } from "../contract/transport-contract.js"

/** Ada spans two networks; Bob is on each of them by himself. */
function meet(): {
  networks: readonly [MemoryNetwork, MemoryNetwork]
  ada: SpanTransport
  bob: readonly [Transport, Transport]
} {
  const networks = [createMemoryNetwork(), createMemoryNetwork({ maxMessageBytes: 100 })] as const
  return {
    networks,
    ada: spanTransports(networks.map((network) => network.connect("ada"))),
    bob: [networks[0].connect("bob"), networks[1].connect("bob")],
  }
}

describe("a span", () => {
  it("sends to all", async () => {
    const { ada, bob } = meet()
    await ada.send(numbered(1))
    for (const one of bob) expect(numberOf(await reader(one).next())).toBe(1)
  })

  it("lets a message through once, and its repetition on one channel once more", async () => {
    const { ada, bob } = meet()
    const atAda = reader(ada)
    await bob[0].send(numbered(1))
    await bob[1].send(numbered(1))
    await bob[1].send(numbered(2))
    await bob[0].send(numbered(2))
    await bob[0].send(numbered(2))
    await bob[0].send(numbered(3))
    const numbers: number[] = []
    while (numbers.at(-1) !== 3) numbers.push(numberOf(await atAda.next()))
    expect(numbers).toEqual([1, 2, 2, 3])
  })

  it("carries on with one of them, tells of the other, and sends there later", async () => {
    const { ada, bob, networks } = meet()
    const events = watchEvents(ada)
    networks[1].disconnect("ada")
    expect(ada.status).toBe("open")
    expect(events.at(-1)).toMatchObject({
      kind: "trouble",
      address: "memory:ada",
      error: { code: "connection-lost" },
    })
    await ada.send(numbered(1))
    expect(numberOf(await reader(bob[0]).next())).toBe(1)
    networks[1].reconnect("ada")
    expect(numberOf(await reader(bob[1]).next())).toBe(1)
  })

  it("tells of a channel that did not take what another took", async () => {
    const { ada, bob } = meet()
    const events = watchEvents(ada)
    await bob[1].close()
    await ada.send(numbered(1), { to: "bob" })
    await expect
      .poll(() => events)
      .toContainEqual(
        expect.objectContaining({
          kind: "trouble",
          error: expect.objectContaining({ code: "not-connected" }) as unknown,
        }),
      )
  })

  it("is reconnecting when all are, and closed when all are", async () => {
    const { ada, networks } = meet()
    const events = watchEvents(ada)
    for (const network of networks) network.disconnect("ada")
    expect(ada.status).toBe("reconnecting")
    for (const network of networks) network.reconnect("ada")
    expect(ada.status).toBe("open")
    await ada.members[0]?.close()
    expect(ada.status).toBe("open")
    await ada.send(numbered(1))
    await ada.members[1]?.close()
    expect(ada.status).toBe("closed")
    expect(await reader(ada).result()).toMatchObject({ done: true })
    await expect(ada.send(numbered(1))).rejects.toMatchObject({ code: "closed" })
    const statuses = events.flatMap((event) => (event.kind === "status" ? event.status : []))
    expect(statuses).toEqual(["reconnecting", "open", "closed"])
  })

  it("promises what all of them keep", async () => {
    const { ada } = meet()
    expect(ada.address).toBe("memory:ada + memory:ada")
    expect(ada.capabilities).toEqual({
      maxMessageBytes: 100,
      ordered: false,
      addressed: true,
      presence: true,
      echo: false,
      retained: true,
    })
    await expect(ada.send(new Uint8Array(101))).rejects.toMatchObject({ code: "message-too-large" })
    await expect(ada.send(numbered(1), { retain: "A" })).rejects.toMatchObject({ code: "bad-slot" })
  })

  it("tells once who is there by two channels", async () => {
    const { ada, networks } = meet()
    const events = watchEvents(ada)
    const carol = networks.map((network) => network.connect("carol"))
    for (const one of carol) await one.close()
    expect(events).toEqual([
      { kind: "joined", who: "carol" },
      { kind: "left", who: "carol" },
    ])
  })

  it("gives up everywhere when told to before anyone took the message", async () => {
    const { ada, bob, networks } = meet()
    for (const network of networks) network.disconnect("ada")
    const given = new AbortController()
    const sent = ada.send(numbered(1), { signal: given.signal })
    given.abort()
    await expect(sent).rejects.toMatchObject({ code: "aborted" })
    for (const network of networks) network.reconnect("ada")
    await ada.send(numbered(2))
    for (const one of bob) expect(numberOf(await reader(one).next())).toBe(2)
  })

  it("needs a channel", () => {
    expect(() => spanTransports([])).toThrow(expect.objectContaining({ code: "no-channels" }))
  })
})

describe("copies", () => {
  const arrivals = (memory: CopyMemory, ...come: readonly (readonly [number, number])[]) => {
    const copies = new Copies(memory)
    return come.map(([message, channel]) => copies.isNews(numbered(message), channel))
  }

  it("are what came by another channel, as often as it came there", () => {
    expect(arrivals({}, [1, 0], [1, 1], [1, 2])).toEqual([true, false, false])
    expect(arrivals({}, [1, 0], [1, 0], [1, 1], [1, 1])).toEqual([true, true, false, false])
    expect(arrivals({}, [1, 0], [1, 1], [1, 1])).toEqual([true, false, true])
  })

  it("are forgotten, the oldest first, by count and by bytes", () => {
    expect(arrivals({ maxMessages: 2 }, [1, 0], [2, 0], [3, 0], [2, 1], [1, 1])).toEqual([
      ...[true, true, true],
      ...[false, true],
    ])
    expect(arrivals({ maxBytes: 2 }, [1, 0], [2, 0], [3, 0], [3, 1], [1, 1])).toEqual([
      ...[true, true, true],
      ...[false, true],
    ])
  })

  it("differ when one byte does", () => {
    const copies = new Copies()
    for (let byte = 0; byte < 256; byte++) {
      expect(copies.isNews(Uint8Array.of(byte), 0)).toBe(true)
    }
    for (let byte = 0; byte < 256; byte++) {
      expect(copies.isNews(Uint8Array.of(byte), 1)).toBe(false)
    }
    const long = (last: number): Uint8Array => new Uint8Array(100_000).fill(0x81).with(-1, last)
    expect(copies.isNews(long(1), 0)).toBe(true)
    expect(copies.isNews(long(2), 1)).toBe(true)
  })
})
