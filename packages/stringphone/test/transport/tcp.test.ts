import { once } from "node:events"
import { type Socket, connect } from "node:net"
import { afterEach, expect, it } from "vitest"
import { concat } from "../../src/bytes/index.js"
import { encodeFrame } from "../../src/transport/frame.js"
import type { Transport } from "../../src/transport/index.js"
import { type TcpServerOptions, connectTcp, listenTcp } from "../../src/transport/tcp.js"
import {
  drain,
  numberOf,
  numbered,
  reader,
  until,
  watchEvents,
} from "../contract/transport-contract.js"
import { freePort } from "../real/free-port.js"

const opened: Transport[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const transport of opened.splice(0)) await transport.close()
})

async function listen(options: Omit<TcpServerOptions, "port"> = {}) {
  const hub = await listenTcp({ port: 0, ...options })
  opened.push(hub)
  return hub
}

async function dial(port: number, options = {}) {
  const transport = await connectTcp({ host: "127.0.0.1", port, ...options })
  opened.push(transport)
  return transport
}

async function rawSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {})
  sockets.push(socket)
  await once(socket, "connect")
  return socket
}

function left(hub: Transport): Promise<{ who: string; error?: unknown }> {
  return new Promise((resolve) => {
    hub.onEvent((event) => {
      if (event.kind === "left") resolve(event)
    })
  })
}

it("hangs up on a length above the most, and says so; others stay", async () => {
  const hub = await listen({ maxMessageBytes: 1000 })
  const good = await dial(hub.port)
  const bad = await rawSocket(hub.port)
  const gone = left(hub)
  bad.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3))
  expect(await gone).toMatchObject({ error: { name: "ChannelError", code: "frame-too-large" } })
  await once(bad, "close")
  await good.send(numbered(1))
  expect(numberOf(await reader(hub).next())).toBe(1)
})

it("tells the client why when the server's message is too large", async () => {
  const hub = await listen()
  const client = await dial(hub.port, { maxMessageBytes: 10 })
  const events = watchEvents(client)
  await hub.send(new Uint8Array(11))
  await until(client, "reconnecting")
  expect(events[0]).toMatchObject({ kind: "status", error: { code: "frame-too-large" } })
})

it("forgets half a frame at the end", async () => {
  const hub = await listen()
  const socket = await rawSocket(hub.port)
  const [header, message] = encodeFrame(numbered(42))
  const gone = left(hub)
  socket.end(concat(header, message, header, message.subarray(1)))
  expect((await gone).error).toBeUndefined()
  await hub.close()
  const received = []
  for await (const one of hub.messages) received.push(numberOf(one))
  expect(received).toEqual([42])
})

it("disconnects a client that does not read, and nobody else", async () => {
  const hub = await listen({ maxClientBytes: 1_000_000 })
  const stuck = await rawSocket(hub.port)
  stuck.pause()
  const events = watchEvents(hub)
  const [talker, listener] = [await dial(hub.port), await dial(hub.port)]
  const gone = left(hub)
  void drain(hub)
  const atListener = reader(listener)
  const there = (): boolean => events.every((event) => event.kind !== "left")
  for (let i = 0; there(); i++) {
    await talker.send(new Uint8Array(200_000).fill(i))
    expect((await atListener.next()).bytes[0]).toBe(i & 0xff)
  }
  expect(await gone).toMatchObject({ error: { code: "slow-client" } })
  await talker.send(numbered(7))
  expect(numberOf(await atListener.next())).toBe(7)
})

it("waits for a slow client with our own messages, but not for ever", async () => {
  const hub = await listen({ maxClientBytes: 1_000_000, slowClientMs: 100 })
  const stuck = await rawSocket(hub.port)
  stuck.pause()
  await new Promise((resolve) => setTimeout(resolve, 20))
  const gone = left(hub)
  for (let i = 0; i < 100; i++) await hub.send(new Uint8Array(200_000))
  expect(await gone).toMatchObject({ error: { code: "slow-client" } })
})

it("slows the sender down when the reader does not read", async () => {
  const hub = await listen()
  const client = await dial(hub.port, { inbox: { maxBytes: 1_000_000 } })
  const total = 200
  let taken = 0
  const all = Array.from({ length: total }, () =>
    hub.send(new Uint8Array(256 * 1024)).then(() => (taken += 1)),
  ).map((sent) => sent.catch(() => {})) // the backlog has a bound of its own
  await new Promise((resolve) => setTimeout(resolve, 200))
  const takenBefore = taken
  expect(takenBefore).toBeLessThan(total)
  void drain(client)
  await Promise.all(all)
  expect(taken).toBeGreaterThan(takenBefore)
})

it("turns away more clients than allowed", async () => {
  const hub = await listen({ maxConnections: 1 })
  const first = await dial(hub.port)
  const second = await rawSocket(hub.port)
  await once(second, "close")
  await first.send(numbered(1))
  expect(numberOf(await reader(hub).next())).toBe(1)
})

it("tells who joined and left", async () => {
  const hub = await listen()
  const events = watchEvents(hub)
  const client = await dial(hub.port)
  await client.send(numbered(1))
  const { from } = await reader(hub).next()
  const gone = left(hub)
  await client.close()
  await gone
  expect(events).toEqual([
    { kind: "joined", who: from },
    { kind: "left", who: from },
  ])
})

it("closes although somebody connected and never says anything", async () => {
  const hub = await listen({ maxConnections: 2 })
  const idle = await rawSocket(hub.port)
  const stuck = await rawSocket(hub.port)
  stuck.pause()
  stuck.write(Uint8Array.of(0, 0)) // half a header
  const gone = once(idle, "close")
  idle.resume()
  await hub.close()
  await gone
})

it("says what is wrong when it can not connect or listen", async () => {
  const port = await freePort()
  await expect(dial(port)).rejects.toMatchObject({
    name: "ChannelError",
    code: "unreachable",
    message: `No server answers at 127.0.0.1:${port}. Is it running?`,
  })
  const hub = await listen()
  await expect(listenTcp({ port: hub.port })).rejects.toMatchObject({
    name: "ChannelError",
    code: "address-in-use",
  })
})

it("waits for the server when asked to, and can be closed meanwhile", async () => {
  const port = await freePort()
  const client = await dial(port, { waitForServer: true, backoff: { initialMs: 10 } })
  await until(client, "reconnecting")
  const sent = client.send(numbered(1))
  const hub = await listenTcp({ port })
  opened.push(hub)
  await sent
  expect(numberOf(await reader(hub).next())).toBe(1)
  const lonely = await dial(await freePort(), { waitForServer: true })
  const waiting = lonely.send(numbered(1))
  await lonely.close()
  await expect(waiting).rejects.toMatchObject({ code: "closed" })
})

it("leaves nothing behind that keeps a process alive", async () => {
  const before = process.getActiveResourcesInfo().sort()
  const hub = await listenTcp({ port: 0 })
  const client = await connectTcp({ host: "127.0.0.1", port: hub.port })
  await client.send(numbered(1))
  await client.close()
  await hub.close()
  await new Promise((resolve) => setImmediate(resolve))
  expect(process.getActiveResourcesInfo().sort()).toEqual(before)
})
