import { expect, it } from "vitest"
import { Hub, type HubClient } from "../../src/transport/hub.js"
import { numbered, watchEvents } from "../contract/transport-contract.js"

const maxClientBytes = 64 * 1024

function hubWith(...clients: HubClient[]): Hub {
  const hub = new Hub("test://", 0, { maxClientBytes, slowClientMs: 20 }, async () => {})
  for (const client of clients) hub.join(client)
  return hub
}

function client(id: string, write: HubClient["write"] = (_, taken) => taken()): HubClient {
  return { id, write, pause() {}, resume() {}, async end() {}, destroy() {} }
}

it.each([0, 1])("disconnects who never reads, even if all messages have %i bytes", (length) => {
  let held = 0
  const hub = hubWith(
    client("talker"),
    client("stuck", () => void (held += 1)),
  )
  const events = watchEvents(hub)
  for (let i = 0; i < maxClientBytes; i++) hub.receive("talker", new Uint8Array(length))
  expect(events).toMatchObject([{ kind: "left", who: "stuck", error: { code: "slow-client" } }])
  expect(held).toBeGreaterThan(50)
  expect(held).toBeLessThan(maxClientBytes / 500)
})

it("disconnects who never reads our own empty messages", async () => {
  const hub = hubWith(client("stuck", () => {}))
  const events = watchEvents(hub)
  for (let i = 0; i < 200; i++) await hub.send(new Uint8Array(0))
  expect(events).toMatchObject([{ kind: "left", who: "stuck", error: { code: "slow-client" } }])
})

it("forgets what a message cost when it is taken", () => {
  const waiting: (() => void)[] = []
  const hub = hubWith(
    client("talker"),
    client("steady", (_, taken) => void waiting.push(taken)),
  )
  const events = watchEvents(hub)
  for (let i = 0; i < 10_000; i++) {
    hub.receive("talker", i % 2 ? numbered(i) : new Uint8Array(0))
    if (waiting.length === 50) for (const taken of waiting.splice(0)) taken()
  }
  expect(events).toEqual([])
})
