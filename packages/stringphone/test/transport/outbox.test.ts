import { expect, it } from "vitest"
import { ChannelError } from "../../src/bytes/index.js"
import { type OutgoingMessage, Outbox, type Outlet } from "../../src/transport/outbox.js"
import { numbered } from "../contract/transport-contract.js"

/** An outlet that takes messages when told to. */
function makeOutlet(window = 2) {
  const sent: string[] = []
  const pending: { resolve: () => void; reject: (error: Error) => void }[] = []
  const outlet: Outlet = {
    window,
    send({ bytes }) {
      sent.push(new TextDecoder().decode(bytes))
      return new Promise((resolve, reject) => pending.push({ resolve, reject }))
    },
  }
  return { sent, pending, outlet }
}

it("keeps no more on the way than the window allows", async () => {
  const { sent, pending, outlet } = makeOutlet()
  const outbox = new Outbox(() => 100)
  const all = [1, 2, 3].map((n) => outbox.send(numbered(n)))
  outbox.open(outlet)
  expect(sent).toEqual(["1", "2"])
  pending[0]?.resolve()
  await all[0]
  expect(sent).toEqual(["1", "2", "3"])
})

it("sends again, first and in order, what a lost connection had not taken", async () => {
  const [first, second] = [makeOutlet(), makeOutlet(10)]
  const outbox = new Outbox(() => 100)
  outbox.open(first.outlet)
  const all = [1, 2, 3].map((n) => outbox.send(numbered(n)))
  first.pending[0]?.resolve()
  await all[0]
  outbox.lost()
  outbox.open(second.outlet)
  expect(second.sent).toEqual(["2", "3"])
  first.pending[1]?.resolve() // too late: from a connection that is gone
  let settled = false
  void all[1]?.then(() => (settled = true))
  await new Promise((resolve) => setTimeout(resolve, 1))
  expect(settled).toBe(false)
  for (const { resolve } of second.pending) resolve()
  await Promise.all(all)
})

it("rejects the one message that the channel refuses, and goes on", async () => {
  const { pending, outlet } = makeOutlet()
  const outbox = new Outbox(() => 100)
  outbox.open(outlet)
  const all = [outbox.send(numbered(1)), outbox.send(numbered(2))]
  pending[0]?.reject(new ChannelError("send-failed", "No."))
  pending[1]?.resolve()
  await expect(all[0]).rejects.toMatchObject({ code: "send-failed" })
  await all[1]
})

it("gives up a message that breaks every connection", async () => {
  const outbox = new Outbox(() => 100)
  const poison = outbox.send(numbered(1))
  const refused = expect(poison).rejects.toMatchObject({ code: "send-failed" })
  for (let i = 0; i < 5; i++) {
    outbox.open(makeOutlet().outlet)
    outbox.lost()
  }
  await refused
})

it("is full by count and by bytes, but takes one message of any size", async () => {
  const outbox = new Outbox(() => 1000, { maxMessages: 2, maxBytes: 10 })
  const big = outbox.send(new Uint8Array(500))
  await expect(outbox.send(numbered(1))).rejects.toMatchObject({
    name: "ChannelError",
    code: "backlog-full",
  })
  const { pending, outlet } = makeOutlet()
  outbox.open(outlet)
  pending[0]?.resolve()
  await big
  outbox.lost()
  const waiting = [outbox.send(numbered(1)), outbox.send(numbered(2))]
  await expect(outbox.send(numbered(3))).rejects.toMatchObject({ code: "backlog-full" })
  outbox.close(new ChannelError("closed", "Over."))
  for (const one of waiting) await expect(one).rejects.toMatchObject({ code: "closed" })
})

it("takes an aborted message out of the queue", async () => {
  const { sent, outlet } = makeOutlet()
  const outbox = new Outbox(() => 100)
  const given = new AbortController()
  const first = outbox.send(numbered(1), { signal: given.signal })
  void outbox.send(numbered(2))
  given.abort()
  await expect(first).rejects.toMatchObject({ code: "aborted" })
  outbox.open(outlet)
  expect(sent).toEqual(["2"])
})

it("hands over the slot, unless the message is for one alone", async () => {
  const handed: OutgoingMessage[] = []
  const outbox = new Outbox(() => 10)
  outbox.open({ window: 9, send: async (message) => void handed.push(message) })
  await outbox.send(numbered(1), { retain: "card" })
  await outbox.send(numbered(2), { retain: "card", to: "bob" })
  expect(handed.map(({ to, retain }) => [to, retain])).toEqual([
    [undefined, "card"],
    ["bob", undefined],
  ])
  await expect(outbox.send(numbered(3), { retain: "No" })).rejects.toMatchObject({
    code: "bad-slot",
  })
})
