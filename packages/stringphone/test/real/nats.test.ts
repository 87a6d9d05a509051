import { once } from "node:events"
import { type AddressInfo, type Socket, createServer } from "node:net"
import { inspect } from "node:util"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import type { Transport } from "../../src/transport/index.js"
import { type NatsOptions, connectNats } from "../../src/transport/nats.js"
import { drain, numberOf, numbered, reader, until } from "../contract/transport-contract.js"
import { freePort } from "./free-port.js"
import { natsContract } from "./nats-contract.js"
import { type NatsServer, natsServer, startNatsServer } from "./nats-server.js"

const opened: Transport[] = []
const open = async (options: NatsOptions): Promise<Transport> => {
  const transport = await connectNats(options)
  opened.push(transport)
  return transport
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

describe.skipIf(natsServer === null)("nats-server", () => {
  let server: NatsServer
  let url: string
  beforeAll(async () => {
    server = await startNatsServer()
    url = `nats://127.0.0.1:${server.tcpPort}`
  })
  afterAll(() => server.stop())

  natsContract(
    "over TCP",
    () => server,
    () => ({ url }),
  )
  natsContract(
    "over WebSocket",
    () => server,
    () => ({ url: `ws://127.0.0.1:${server.webPort}` }),
    2000,
  )

  it("is reached in both ways at the same time", async () => {
    const all = await Promise.all(
      [url, `ws://127.0.0.1:${server.webPort}`, url].map((at) =>
        open({ url: at, subject: "both" }),
      ),
    )
    expect(all.map(({ address }) => address.split(":")[0])).toEqual(["nats", "ws", "nats"])
    await all[1]?.send(numbered(1))
    expect(numberOf(await reader(all[0] as Transport).next())).toBe(1)
  })

  it("gives no copy of our own messages", async () => {
    for (const jetstream of [undefined, { stream: "echo" }]) {
      const subject = jetstream ? "echo.kept" : "echo.plain"
      const common = { url, subject, ...(jetstream && { jetstream }) }
      const [left, right] = [await open(common), await open(common)]
      expect(left.capabilities.echo).toBe(false)
      await left.send(numbered(1))
      await right.send(numbered(2))
      expect(numberOf(await reader(left).next())).toBe(2)
    }
  })

  it("says how large a message may be: its own limit, or ours", async () => {
    const plain = await open({ url, subject: "size", maxMessageBytes: 2 ** 30 })
    expect(plain.capabilities.maxMessageBytes).toBe(1024 * 1024)
    const small = await open({ url, subject: "size", maxMessageBytes: 100 })
    let dropped = 0
    small.onEvent((event) => {
      if (event.kind === "dropped") dropped += event.count
    })
    await plain.send(new Uint8Array(101))
    await plain.send(numbered(1))
    expect(numberOf(await reader(small).next())).toBe(1)
    expect(dropped).toBe(1)
  })

  describe("a stream", () => {
    let streams = 0
    let subject: string
    const at = (durable?: string, replay?: number): Promise<Transport> =>
      open({
        url,
        subject,
        jetstream: {
          stream: subject,
          ...(durable !== undefined && { durable }),
          ...(replay !== undefined && { replay }),
        },
      })
    const begin = (): void => {
      subject = `stream-${streams++}`
    }

    it("keeps what others send while we are away; what was read is not given again", async () => {
      begin()
      const [sender, first] = [await at(), await at("ada")]
      await sender.send(numbered(1))
      expect(numberOf(await reader(first).next())).toBe(1)
      await first.close()
      await sender.send(numbered(2))
      await sender.send(numbered(3))
      const second = reader(await at("ada"))
      expect(numberOf(await second.next())).toBe(2)
      expect(numberOf(await second.next())).toBe(3)
    })

    it("gives again what arrived and was not read", { timeout: 15_000 }, async () => {
      begin()
      const [sender, first] = [await at(), await at("ada")]
      for (const n of [1, 2, 3]) await sender.send(numbered(n))
      expect(numberOf(await reader(first).next())).toBe(1)
      await first.close()
      const second = reader(await at("ada"))
      const rest = [numberOf(await second.next()), numberOf(await second.next())]
      expect(rest.sort()).toEqual([2, 3])
    })

    it("gives those who come first as much of the past as they ask for", async () => {
      begin()
      const sender = await at()
      for (const n of [1, 2, 3]) await sender.send(numbered(n))
      const [none, two, all] = [await at(), await at("two", 2), await at(undefined, 100)]
      await sender.send(numbered(4))
      expect(numberOf(await reader(none).next())).toBe(4)
      const atTwo = reader(two)
      for (const n of [2, 3, 4]) expect(numberOf(await atTwo.next())).toBe(n)
      const atAll = reader(all)
      for (const n of [1, 2, 3, 4]) expect(numberOf(await atAll.next())).toBe(n)
    })

    it("loses nothing and repeats nothing over an outage, read or unread", async () => {
      begin()
      const [left, right] = [await at(), await at("ada")]
      const atRight = reader(right)
      for (let i = 0; i < 5; i++) await left.send(numbered(i))
      expect(numberOf(await atRight.next())).toBe(0)
      await server.down()
      await until(right, "reconnecting")
      const sent = Promise.all([5, 6, 7].map((n) => left.send(numbered(n))))
      await server.up()
      await sent
      for (let i = 1; i < 8; i++) expect(numberOf(await atRight.next())).toBe(i)
      await left.send(numbered(99))
      expect(numberOf(await atRight.next())).toBe(99)
    })

    it("that was deleted is made anew", async () => {
      begin()
      const [left, right] = [await at(), await at("ada")]
      const atRight = reader(right)
      await left.send(numbered(1))
      expect(numberOf(await atRight.next())).toBe(1)
      const { wsconnect } = await import("@nats-io/nats-core")
      const { jetstreamManager } = await import("@nats-io/jetstream")
      const { WebSocket } = await import("ws")
      const nc = await wsconnect({
        servers: `ws://127.0.0.1:${server.webPort}`,
        wsFactory: async (where) => ({
          socket: new WebSocket(where) as unknown as globalThis.WebSocket,
          encrypted: false,
        }),
      })
      const lost = until(right, "reconnecting")
      await (await jetstreamManager(nc)).streams.delete(subject)
      await lost
      await until(right, "open")
      await nc.close()
      await left.send(numbered(2))
      expect(numberOf(await atRight.next())).toBe(2)
    })

    it("has to have our subject", async () => {
      begin()
      await at()
      await expect(
        open({ url, subject: "elsewhere", jetstream: { stream: subject } }),
      ).rejects.toMatchObject({
        name: "ChannelError",
        code: "refused",
        message: expect.stringContaining(
          `can not keep elsewhere in the stream ${subject}`,
        ) as string,
      })
    })
  })
})

describe.skipIf(natsServer === null)("nats-server without JetStream", () => {
  it("is an error that says what to do", async () => {
    const server = await startNatsServer({ withoutStreams: true })
    await expect(
      open({
        url: `nats://127.0.0.1:${server.tcpPort}`,
        subject: "a",
        jetstream: { stream: "a" },
      }),
    ).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("-js") as string,
    })
    await server.stop()
  })
})

describe.skipIf(natsServer === null)("nats-server with TLS", () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await startNatsServer({ tls: true })
  })
  afterAll(() => server.stop())

  natsContract(
    "over TLS",
    () => server,
    () => ({ url: `tls://localhost:${server.tcpPort}`, ca: server.ca }),
    2000,
  )

  it("does not trust a certificate of an unknown authority, unless told to", async () => {
    for (const scheme of ["tls", "nats"]) {
      const url = `${scheme}://localhost:${server.tcpPort}`
      await expect(open({ url, subject: "tls" })).rejects.toMatchObject({
        name: "ChannelError",
        code: "untrusted-certificate",
        message: expect.stringContaining(`localhost:${server.tcpPort}`) as string,
      })
      await open({ url, subject: "tls", rejectUnauthorized: false })
    }
  })

  it("is not talked to in the clear when TLS is asked for", async () => {
    const plain = await startNatsServer()
    await expect(
      open({ url: `tls://localhost:${plain.tcpPort}`, subject: "tls" }),
    ).rejects.toMatchObject({ code: "refused" })
    await plain.stop()
  })
})

describe.skipIf(natsServer === null)("nats-server with passwords", () => {
  const login = { username: "alice", password: "correct horse:battery@staple" }
  let server: NatsServer
  const url = (auth = ""): string => `nats://${auth}127.0.0.1:${server.tcpPort}`
  beforeAll(async () => {
    server = await startNatsServer({
      more: `authorization { users: [
        { user: "alice", password: "${login.password}", permissions: {
          publish: ["open.>", "$JS.>", "_INBOX.>"], subscribe: ["open.>", "closed", "_INBOX.>"] } }
      ] }`,
    })
  })
  afterAll(() => server.stop())

  it("lets in who knows it, from the URL or the options", async () => {
    const inUrl = await open({
      url: url(`alice:${encodeURIComponent(login.password)}@`),
      subject: "open.door",
    })
    expect(inUrl.address).toBe(`${url()}/open.door`)
    expect(inspect(inUrl, { depth: 9, showHidden: true })).not.toContain("battery")
    await inUrl.send(numbered(1))
    await open({ ...login, url: url(), subject: "open.door" })
  })

  it("refuses others, and keeps the secret", async () => {
    for (const auth of ["alice:wr0ng@", "wr0ng@", ""]) {
      const error: unknown = await open({ url: url(auth), subject: "open.door" }).catch(
        (reason: unknown) => reason,
      )
      expect(error).toMatchObject({ name: "ChannelError", code: "refused" })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("wr0ng")
    }
  })

  it("says so when the subject, or a message, is refused", async () => {
    await expect(open({ ...login, url: url(), subject: "secret" })).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("does not let this user subscribe to secret") as string,
    })
    const transport = await open({ ...login, url: url(), subject: "closed" })
    for (let i = 0; i < 2; i++) {
      await expect(transport.send(numbered(1))).rejects.toMatchObject({
        name: "ChannelError",
        code: "send-failed",
        message: expect.stringContaining("does not let this user send to closed") as string,
      })
    }
    expect(transport.status).toBe("open")
  })

  it("does not keep knocking with a wrong password, even when told to wait", async () => {
    const transport = await open({
      url: url("alice:wr0ng@"),
      subject: "open.door",
      waitForServer: true,
    })
    await expect(transport.send(numbered(1))).rejects.toMatchObject({ code: "refused" })
    expect(transport.status).toBe("closed")
  })
})

describe.skipIf(natsServer === null)("nats-server with a token", () => {
  it("lets in who knows it", async () => {
    const server = await startNatsServer({ more: `authorization { token: "s3cret" }` })
    const where = `127.0.0.1:${server.tcpPort}`
    await open({ url: `nats://s3cret@${where}`, subject: "a" })
    await open({ url: `nats://${where}`, token: "s3cret", subject: "a" })
    await expect(open({ url: `nats://${where}`, subject: "a" })).rejects.toMatchObject({
      code: "refused",
    })
    await Promise.all(opened.splice(0).map((one) => one.close()))
    await server.stop()
  })
})

describe("no NATS server", () => {
  it("is an error that says where", async () => {
    const port = await freePort()
    for (const scheme of ["nats", "tls", "ws"]) {
      await expect(
        open({ url: `${scheme}://127.0.0.1:${port}`, subject: "garden" }),
      ).rejects.toMatchObject({
        name: "ChannelError",
        code: "unreachable",
        message: `No NATS server answers at 127.0.0.1:${port}. Is it running?`,
      })
    }
  })

  it("is given up when the time is over or the signal aborts, and let go", async () => {
    const sockets: Socket[] = []
    const mute = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1")
    await once(mute, "listening")
    const url = `nats://127.0.0.1:${(mute.address() as AddressInfo).port}`
    await expect(open({ url, subject: "garden", connectTimeoutMs: 50 })).rejects.toMatchObject({
      code: "unreachable",
    })
    const given = new AbortController()
    const connecting = open({ url, subject: "garden", signal: given.signal })
    await expect.poll(() => sockets.length).toBe(2)
    given.abort()
    await expect(connecting).rejects.toMatchObject({ code: "aborted" })
    await expect.poll(() => sockets.every((socket) => socket.readyState !== "open")).toBe(true)
    for (const socket of sockets) socket.destroy()
    mute.close()
  })

  it("is what something else is that listens there", async () => {
    const other = createServer((socket) => socket.end("220 mail.example ESMTP\r\n"))
    await once(other.listen(0, "127.0.0.1"), "listening")
    const url = `nats://127.0.0.1:${(other.address() as AddressInfo).port}`
    await expect(open({ url, subject: "garden" })).rejects.toMatchObject({ code: "unreachable" })
    other.close()
  })

  it.skipIf(natsServer === null)("is waited for when asked to", async () => {
    const server = await startNatsServer()
    await server.down()
    const transport = await open({
      url: `nats://127.0.0.1:${server.tcpPort}`,
      subject: "garden",
      jetstream: { stream: "garden" },
      waitForServer: true,
      backoff: { initialMs: 20, maxMs: 20 },
    })
    expect(transport.status).not.toBe("open")
    void drain(transport)
    const sent = transport.send(numbered(1))
    await server.up()
    await sent
    expect(transport.status).toBe("open")
    await transport.close()
    await server.stop()
  })
})
