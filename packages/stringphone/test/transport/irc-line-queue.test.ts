import { expect, it } from "vitest"
import { ChannelError } from "../../src/bytes/index.js"
import { SimulatedClock } from "../../src/transport/clock.js"
import { LineQueue } from "../../src/transport/irc/line-queue.js"

function setUp(burst = 2, linesPerSecond = 1) {
  const clock = new SimulatedClock()
  const queue = new LineQueue(clock, { burst, linesPerSecond })
  const written: string[] = []
  queue.open((line) => written.push(line))
  const send = (text: string, lane = { isReady: true }, urgency: "control" | "chat" = "chat") =>
    queue.send({ text, lane, urgency })
  return { clock, queue, written, send }
}

it("sends a burst at once, and then at its pace", async () => {
  const { clock, written, send } = setUp(3, 2)
  for (let i = 0; i < 6; i++) void send(String(i))
  expect(written).toEqual(["0", "1", "2"])
  await clock.advance(499)
  expect(written).toHaveLength(3)
  await clock.advance(1)
  expect(written).toHaveLength(4)
  await clock.advance(1_000)
  expect(written).toEqual(["0", "1", "2", "3", "4", "5"])
  await clock.advance(60_000)
  for (let i = 0; i < 6; i++) void send(String(i))
  expect(written).toHaveLength(9) // however long it was quiet
})

it("sends what is urgent first, and lets lanes take turns", async () => {
  const { clock, written, send } = setUp(1)
  const [a, b] = [{ isReady: true }, { isReady: true }]
  for (const n of [1, 2, 3]) void send(`a${n}`, a)
  for (const n of [1, 2]) void send(`b${n}`, b)
  void send("key", b, "control")
  await clock.advance(10_000)
  expect(written).toEqual(["a1", "key", "a2", "b1", "a3", "b2"])
})

it("counts what it sends at once", async () => {
  const { clock, queue, written, send } = setUp(2)
  queue.sendNow("PONG")
  queue.sendNow("PONG")
  void send("x")
  expect(written).toEqual(["PONG", "PONG"])
  await clock.advance(1_000)
  expect(written).toEqual(["PONG", "PONG", "x"])
})

it("keeps lines while there is no connection, or their lane is not ready", async () => {
  const { clock, queue, written, send } = setUp(10)
  const lane = { isReady: false }
  const sent = send("waits", lane)
  void send("goes")
  expect(written).toEqual(["goes"])
  queue.lost()
  lane.isReady = true
  queue.wake()
  expect(written).toEqual(["goes"])
  const later: string[] = []
  queue.open((line) => later.push(line))
  await sent
  expect(later).toEqual(["waits"])
  await clock.advance(0)
})

it("asks for obstacles when the turn comes, and gives up what is aborted or cleared", async () => {
  const { clock, queue, written, send } = setUp(1)
  const lane = { isReady: true }
  await send("first", lane)
  const gone = new ChannelError("not-connected", "Gone.")
  const stop = new AbortController()
  const outcomes = Promise.allSettled([
    queue.send({ text: "a", lane, urgency: "chat", obstacle: () => gone }),
    queue.send({ text: "b", lane, urgency: "chat", signal: stop.signal }),
    queue.send({ text: "c", lane, urgency: "chat" }),
    queue.send({ text: "d", lane: { isReady: true }, urgency: "control" }),
  ])
  stop.abort()
  await clock.advance(1_000) // d, which is urgent
  queue.clear(lane, new ChannelError("closed", "Closed."))
  await clock.advance(10_000)
  const codes = (await outcomes).map((outcome) =>
    outcome.status === "rejected" ? (outcome.reason as ChannelError).code : "sent",
  )
  expect(codes).toEqual(["closed", "aborted", "closed", "sent"])
  const late = queue.send({ text: "e", lane, urgency: "chat", obstacle: () => gone })
  await expect(late).rejects.toBe(gone)
  expect(written).toEqual(["first", "d"])
})

it("is idle when there is nothing to send", async () => {
  const { clock, send, written } = setUp(1)
  void send("a")
  void send("b")
  await clock.runUntilIdle()
  expect(written).toEqual(["a", "b"])
})
