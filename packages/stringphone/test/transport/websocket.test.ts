import { once } from "node:events"
import { type Server, createServer } from "node:http"
import { type AddressInfo, type Socket, connect } from "node:net"
import { afterEach, expect, it, vi } from "vitest"
import { WebSocket } from "ws"
import type { Transport } from "../../src/transport/index.js"
import { connectWebSocket } from "../../src/transport/websocket.js"
import {
  type WebSocketServerOptions,
  listenWebSocket,
} from "../../src/transport/websocket-server.js"
import { numberOf, numbered, reader, until, watchEvents } from "../contract/transport-contract.js"
import { freePort } from "../real/free-port.js"

const opened: Transport[] = []
const sockets: Socket[] = []

afterEach(async () => {
  vi.unstubAllGlobals()
  vi.doUnmock("ws")
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const transport of opened.splice(0)) await transport.close()
})

async function listen(options: WebSocketServerOptions = {}) {
  const hub = await listenWebSocket(options)
  opened.push(hub)
  return hub
}

async function dial(url: string, options = {}) {
  const transport = await connectWebSocket({ url, ...options })
  opened.push(transport)
  return transport
}

/** Connects, and says no more than this. */
async function rawSocket(port: number, said: string): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {})
  sockets.push(socket)
  await once(socket, "connect")
  socket.write(said)
  return socket
}

function left(hub: Transport): Promise<{ who: string; error?: unknown }> {
  return new Promise((resolve) => {
    hub.onEvent((event) => {
      if (event.kind === "left") resolve(event)
    })
  })
}

it("shares a server that is there already, on one path, and leaves it running", async () => {
  const server: Server = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const hub = await listen({ server, path: "/garden" })
  expect(hub.port).toBe(port)
  const client = await dial(`ws://127.0.0.1:${port}/garden?token=s3cret`)
  expect(client.address).toBe(`ws://127.0.0.1:${port}/garden`)
  await client.send(numbered(1))
  expect(numberOf(await reader(hub).next())).toBe(1)
  await expect(dial(`ws://127.0.0.1:${port}/elsewhere`)).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("HTTP status 400") as string,
  })
  await hub.close()
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("hello")
  server.closeAllConnections()
  server.close()
})

it("hangs up on a message that is too large, on either side", async () => {
  const hub = await listen({ maxMessageBytes: 1000 })
  const careless = await dial(hub.address, { maxMessageBytes: 5000 })
  const gone = left(hub)
  void careless.send(new Uint8Array(5000)).catch(() => {})
  expect(await gone).toMatchObject({ error: { code: "frame-too-large" } })
  await careless.close()

  const modest = await dial(hub.address, { maxMessageBytes: 10 })
  const events = watchEvents(modest)
  await hub.send(new Uint8Array(11))
  await until(modest, "reconnecting")
  expect(events[0]).toMatchObject({ kind: "status", status: "reconnecting" })
})

it("hangs up on text", async () => {
  const hub = await listen()
  const socket = new WebSocket(hub.address)
  await once(socket, "open")
  socket.send("hello")
  const [code] = (await once(socket, "close")) as [number]
  expect(code).toBe(1003)
})

it("turns away more clients than allowed", async () => {
  const hub = await listen({ maxConnections: 1 })
  await dial(hub.address)
  await expect(dial(hub.address)).rejects.toMatchObject({ code: "unreachable" })
})

it("notices a client that no longer answers", async () => {
  const hub = await listen({ heartbeatMs: 50 })
  const alive = await dial(hub.address)
  const dead = new WebSocket(hub.address, { autoPong: false })
  await once(dead, "open")
  expect(await left(hub)).toMatchObject({ error: { code: "no-answer" } })
  await alive.send(numbered(1))
  expect(numberOf(await reader(hub).next())).toBe(1)
})

it("disconnects a client that does not read, and nobody else", async () => {
  const hub = await listen({ maxClientBytes: 1_000_000, slowClientMs: 100 })
  const stuck = new WebSocket(hub.address)
  await once(stuck, "open")
  stuck.pause()
  const listener = await dial(hub.address)
  const atListener = reader(listener)
  const gone = left(hub)
  for (let i = 0; i < 60; i++) {
    await hub.send(new Uint8Array(200_000).fill(i))
    expect((await atListener.next()).bytes[0]).toBe(i)
  }
  expect(await gone).toMatchObject({ error: { code: "slow-client" } })
  stuck.terminate()
})

it("uses the platform's WebSocket where there is no `ws`; a full inbox drops the oldest", async () => {
  const used: string[] = []
  class PlatformSocket extends WebSocket {
    constructor(url: string) {
      super(url)
      used.push(url)
      Object.assign(this, { pause: undefined, resume: undefined, terminate: undefined })
    }
  }
  vi.stubGlobal("WebSocket", PlatformSocket)
  const hub = await listen()
  vi.doMock("ws", () => {
    throw new Error("Cannot find package 'ws'")
  })
  const client = await dial(hub.address, { inbox: { maxMessages: 2 }, maxMessageBytes: 100 })
  expect(used).toHaveLength(1)
  await client.send(numbered(0))
  expect(numberOf(await reader(hub).next())).toBe(0)
  const dropped = new Promise((resolve) => {
    let count = 0
    client.onEvent((event) => {
      if (event.kind === "dropped" && (count += event.count) === 3) resolve(count)
    })
  })
  await hub.send(new Uint8Array(101)) // too large: dropped too
  for (let i = 1; i <= 4; i++) await hub.send(numbered(i))
  await dropped
  expect(numberOf(await reader(client).next())).toBe(3)
})

it.each(["", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\n"])(
  "closes although somebody connected, said %j, and never asks for a WebSocket",
  async (said) => {
    const hub = await listen()
    const client = await dial(hub.address)
    const idle = await rawSocket(hub.port, said)
    await client.send(numbered(1))
    expect(numberOf(await reader(hub).next())).toBe(1)
    const gone = new Promise((resolve) => idle.once("close", resolve))
    idle.on("error", () => {}) // from Node 24 on it is hung up on with a reset
    idle.resume()
    await hub.close()
    await gone
    expect(await (await listen({ port: hub.port })).close()).toBeUndefined()
  },
)

it("says its farewell to clients before it hangs up on the rest", async () => {
  const hub = await listen()
  await rawSocket(hub.port, "")
  const socket = new WebSocket(hub.address)
  await once(socket, "open")
  const farewell = once(socket, "close")
  await hub.close()
  expect((await farewell)[0]).toBe(1001)
})

it("does not hang up on the idle ones of a server that it shares", async () => {
  const server = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const hub = await listen({ server })
  const idle = await rawSocket(port, "GET / HT")
  await hub.close()
  idle.write("TP/1.1\r\nHost: a\r\n\r\n")
  const [answer] = (await once(idle, "data")) as [Buffer]
  expect(answer.toString()).toContain("200 OK")
  server.closeAllConnections()
  server.close()
})

it("sends away who does not want a WebSocket", async () => {
  const hub = await listen()
  expect((await fetch(`http://127.0.0.1:${hub.port}/`)).status).toBe(426)
})

it("says what is wrong when it can not connect or listen", async () => {
  const port = await freePort()
  await expect(dial(`ws://127.0.0.1:${port}`)).rejects.toMatchObject({
    code: "unreachable",
    message: `No WebSocket server answers at 127.0.0.1:${port}. Is it running?`,
  })
  await expect(dial("http://user:s3cret@host")).rejects.toMatchObject({
    name: "UsageError",
    code: "bad-url",
    message: expect.not.stringContaining("s3cret") as string,
  })
  const hub = await listen()
  await expect(listenWebSocket({ port: hub.port })).rejects.toMatchObject({
    code: "address-in-use",
  })
})
