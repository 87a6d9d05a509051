import { once } from "node:events"
import { type AddressInfo, type Socket, connect, createServer } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import { connectIrc } from "../../src/transport/irc/index.js"
import { freePort } from "../real/free-port.js"

const cleanUp: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0)) await each()
})

async function listen(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    serve(socket)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  cleanUp.push(async () => {
    for (const socket of sockets) socket.destroy()
    const closed = once(server, "close")
    server.close()
    await closed
  })
  return (server.address() as AddressInfo).port
}

/** Greets everyone, and answers nothing. */
function ircServer(): Promise<number> {
  return listen((socket) => {
    socket.write(":s 001 ada :Hi\r\n:s 004 ada s x y z\r\n:s 422 ada :No MO")
    setTimeout(() => socket.write("TD\r\n"), 10) // lines come in pieces
  })
}

/** A SOCKS5 proxy after RFC 1928 and RFC 1929; `asked` says for what. */
async function socksProxy(options: {
  readonly login?: { readonly username: string; readonly password: string }
  readonly reply?: number
  readonly target?: number
}): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = []
  const port = await listen((socket) => {
    let step = 0
    const take = (chunk: Buffer): void => {
      step += 1
      if (step === 1) {
        const method = options.login ? 2 : 0
        socket.write(Uint8Array.of(5, chunk.subarray(2).includes(method) ? method : 255))
        if (!options.login) step += 1
        return
      }
      if (step === 2) {
        const user = chunk.subarray(2, 2 + (chunk[1] ?? 0)).toString()
        const secret = chunk.subarray(3 + user.length).toString()
        const fits = user === options.login?.username && secret === options.login.password
        return void socket.write(Uint8Array.of(1, fits ? 0 : 1))
      }
      const length = chunk[4] ?? 0
      asked.push(`${chunk.subarray(5, 5 + length).toString()}:${chunk.readUInt16BE(5 + length)}`)
      const { reply = 0 } = options
      socket.write(Uint8Array.of(5, reply, 0))
      socket.write(Uint8Array.of(1, 127, 0, 0, 1, 0, 0))
      if (reply !== 0) return
      socket.off("data", take)
      const onward = connect(options.target ?? 0, "127.0.0.1")
      onward.on("error", () => {})
      socket.pipe(onward)
      onward.pipe(socket)
    }
    socket.on("data", take)
  })
  return { port, asked }
}

describe("IRC through a SOCKS5 proxy", () => {
  const common = { host: "hidden.onion", port: 6667, tls: false, nick: "ada" }

  it("lets the proxy look the name up", async () => {
    const { port, asked } = await socksProxy({ target: await ircServer() })
    const connection = await connectIrc({ ...common, proxy: { host: "127.0.0.1", port } })
    expect([connection.status, connection.nick]).toEqual(["open", "ada"])
    expect(connection.address).toBe("irc://hidden.onion:6667")
    expect(asked).toEqual(["hidden.onion:6667"])
    await connection.close()
  })

  it("logs in to the proxy, as for a circuit of its own in Tor", async () => {
    const login = { username: "me", password: "s3cret" }
    const { port } = await socksProxy({ login, target: await ircServer() })
    const proxy = { host: "127.0.0.1", port, ...login }
    const connection = await connectIrc({ ...common, proxy })
    await connection.close()
    const wrong = connectIrc({ ...common, proxy: { ...proxy, password: "wr0ng" } })
    const error: unknown = await wrong.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: "proxy-refused" })
    expect(String((error as Error).stack)).not.toContain("wr0ng")
    await expect(
      connectIrc({ ...common, proxy: { host: "127.0.0.1", port } }),
    ).rejects.toMatchObject({ code: "proxy-refused" })
  })

  it("says why the proxy did not connect us", async () => {
    const { port } = await socksProxy({ reply: 5 })
    await expect(
      connectIrc({ ...common, proxy: { host: "127.0.0.1", port } }),
    ).rejects.toMatchObject({
      code: "proxy-refused",
      message: expect.stringContaining("nobody answers there") as string,
    })
  })

  it("says so when there is no proxy, or something else", async () => {
    const nobody = { host: "127.0.0.1", port: await freePort() }
    await expect(connectIrc({ ...common, proxy: nobody })).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining(`127.0.0.1:${nobody.port}`) as string,
    })
    const web = await listen((socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"))
    await expect(
      connectIrc({ ...common, proxy: { host: "127.0.0.1", port: web } }),
    ).rejects.toMatchObject({ code: "proxy-refused" })
  })
})

describe("an IRC server", () => {
  const common = { host: "127.0.0.1", tls: false, nick: "ada" }

  it("that is not there is waited for, where it is asked for", async () => {
    const port = await freePort()
    const options = { ...common, port, backoff: { initialMs: 10, maxMs: 20 } }
    await expect(connectIrc(options)).rejects.toMatchObject({ code: "unreachable" })
    const connection = await connectIrc({ ...options, waitForServer: true })
    expect(connection.status).toBe("connecting")
    await expect.poll(() => connection.status).toBe("reconnecting")
    const server = createServer((socket) => {
      socket.on("error", () => {})
      socket.write(":s 001 ada :Hi\r\n:s 422 ada :No MOTD\r\n")
    })
    server.listen(port, "127.0.0.1")
    await expect.poll(() => connection.status, { timeout: 10_000 }).toBe("open")
    await connection.close()
    server.close()
  })

  it("that hangs up, or says nothing in time, is unreachable", async () => {
    const rude = await listen((socket) => socket.end())
    await expect(connectIrc({ ...common, port: rude })).rejects.toMatchObject({
      code: "connection-lost",
    })
    const mute = await listen(() => {})
    await expect(
      connectIrc({ ...common, port: mute, connectTimeoutMs: 100 }),
    ).rejects.toMatchObject({ code: "unreachable" })
    const stop = new AbortController()
    const given = connectIrc({ ...common, port: mute, signal: stop.signal })
    stop.abort()
    await expect(given).rejects.toMatchObject({ code: "aborted" })
  })

  it("that never ends a line is not listened to for ever", async () => {
    const port = await listen((socket) => socket.write("x".repeat(200_000)))
    await expect(connectIrc({ ...common, port })).rejects.toMatchObject({ name: "ChannelError" })
  })

  it("is not given names that would be more than one word or line", async () => {
    const port = await ircServer()
    for (const bad of [
      { nick: "a b" },
      { nick: "" },
      { username: "a b" },
      { realName: "a\r\nQUIT" },
      { serverPassword: "a\nb" },
      { capabilities: ["a b"] },
    ]) {
      await expect(connectIrc({ ...common, port, ...bad })).rejects.toMatchObject({
        name: "UsageError",
      })
    }
  })
})
