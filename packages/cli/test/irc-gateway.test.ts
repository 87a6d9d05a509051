import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer as createHttpServer } from "node:http"
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net"
import { join } from "node:path"
import { createServer as createTlsServer } from "node:tls"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { makeCertificates } from "../../stringphone/test/real/certificates.js"
import { IrcGateway } from "../src/home/irc-gateway.js"
import { LineRate, LineSplitter, maxServerLineBytes } from "../src/home/irc-gateway-limits.js"
import { parseIrcServer, reportIrcServers } from "../src/home/irc-gateway-servers.js"
import { freshHome } from "./folder.js"
import { startHome } from "./home.js"
import { stringphone } from "./program.js"

const subprotocol = "text.ircv3.net"

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return (server.address() as AddressInfo).port
}

/** The gateway before these servers. @returns its port */
async function startGateway(...urls: string[]): Promise<number> {
  const gateway = new IrcGateway({ servers: urls.map(parseIrcServer), names: [] })
  const server = createHttpServer()
  server.on("upgrade", (request, socket, head) => {
    if (!gateway.upgrade(request, socket, head)) socket.destroy()
  })
  onTestFinished(() => {
    gateway.close()
    server.close()
  })
  return listen(server)
}

/** A server that only notes what it hears, and the sockets of its clients. */
async function startEar(): Promise<{ url: string; heard: () => string; sockets: Socket[] }> {
  const sockets: Socket[] = []
  let text = ""
  const server = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on("error", () => {})
    socket.on("data", (chunk) => (text += chunk.toString()))
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const port = await listen(server)
  return { url: `irc://127.0.0.1:${port}`, heard: () => text, sockets }
}

/** A page, as a browser would connect. */
class Page {
  readonly lines: string[] = []
  readonly socket: WebSocket
  readonly ended: Promise<{ code: number; reason: string }>
  readonly refused: Promise<number | undefined>

  constructor(
    port: number,
    path = "/irc/0",
    options: { origin?: string | null; protocol?: string } = {},
  ) {
    const { origin = `http://127.0.0.1:${port}`, protocol = subprotocol } = options
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocol, {
      ...(origin !== null && { origin }),
    })
    this.socket.on("message", (data) => this.lines.push((data as Buffer).toString()))
    this.socket.on("error", () => {})
    this.ended = new Promise((resolve) =>
      this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    )
    this.refused = new Promise((resolve) =>
      this.socket.on("unexpected-response", (_, { statusCode }) => resolve(statusCode)),
    )
    onTestFinished(() => this.socket.terminate())
  }

  async open(): Promise<this> {
    await once(this.socket, "open")
    return this
  }
}

describe("the gateway to IRC", () => {
  it("carries lines both ways, one in a frame, and ends with either side", async () => {
    const ear = await startEar()
    const port = await startGateway(ear.url)
    const page = await new Page(port).open()
    expect(page.socket.protocol).toBe(subprotocol)
    page.socket.send("NICK ada")
    page.socket.send("PRIVMSG #kitchen :Grüße 🍲\r\n")
    await expect.poll(ear.heard).toBe("NICK ada\r\nPRIVMSG #kitchen :Grüße 🍲\r\n")
    ear.sockets[0]!.write(":irc 001 ada :Wel")
    ear.sockets[0]!.write("come\r\nPING :1\n\r\n")
    await expect.poll(() => page.lines).toEqual([":irc 001 ada :Welcome", "PING :1"])

    const hungUp = once(ear.sockets[0]!, "end")
    page.socket.close()
    await hungUp

    const other = await new Page(port).open()
    other.socket.send("NICK bob")
    await expect.poll(() => ear.sockets).toHaveLength(2)
    ear.sockets[1]!.end(":irc NOTICE bob :Bye\r\n")
    expect(await other.ended).toEqual({ code: 1000, reason: `${ear.url} ended the connection.` })
    expect(other.lines).toEqual([":irc NOTICE bob :Bye", `ERROR :${ear.url} ended the connection`])
  })

  it("lets in the home's own page only, and nowhere but where it was told", async () => {
    const ear = await startEar()
    const port = await startGateway(ear.url)
    expect(await new Page(port, "/irc/0", { origin: "http://evil.example" }).refused).toBe(403)
    expect(await new Page(port, "/irc/0", { origin: null }).refused).toBe(403)
    expect(await new Page(port, "/irc/1").refused).toBe(404)
    expect(await new Page(port, "/irc/irc.example.org:6697").refused).toBe(404)
    expect(await new Page(port, "/irc?host=127.0.0.1").refused).toBe(404)
    expect(await new Page(port, "/irc/0", { protocol: "mqtt" }).refused).toBe(400)
    expect(ear.sockets).toHaveLength(0)
  })

  it("takes single lines of text, not too long, not too many, and not too many pages", async () => {
    const ear = await startEar()
    const port = await startGateway(ear.url)
    const ends = async (...frames: (string | Buffer)[]): Promise<number> => {
      const page = await new Page(port).open()
      for (const frame of frames) page.socket.send(frame)
      return (await page.ended).code
    }
    expect(await ends("JOIN #a\r\nQUIT")).toBe(1008)
    expect(await ends("JOIN #a\0")).toBe(1008)
    expect(await ends(Buffer.from("JOIN #a"))).toBe(1003)
    expect(await ends("x".repeat(4_607))).toBe(1009)
    expect(await ends(...Array.from({ length: 200 }, (_, i) => `PING ${i}`))).toBe(1008)
    expect(ear.heard()).not.toMatch(/JOIN|QUIT|PING 150/)

    for (let i = 0; i < 16; i++) await new Page(port).open()
    expect(await new Page(port).refused).toBe(503)
  })

  it("says in a sentence why a server can not be reached", async () => {
    const unused = createTcpServer()
    const free = await listen(unused)
    await new Promise((resolve) => unused.close(resolve))
    const away = await new Page(await startGateway(`irc://127.0.0.1:${free}`)).open()
    const sentence = `irc://127.0.0.1:${free} can not be reached (ECONNREFUSED)`
    expect((await away.ended).reason).toBe(`${sentence}.`)
    expect(away.lines).toEqual([`ERROR :${sentence}`])
  })

  it("checks the certificate, and sends nothing before", async () => {
    const folder = freshHome()
    makeCertificates(folder)
    const file = (name: string): string => readFileSync(join(folder, name), "utf8")
    let heard = ""
    const server = createTlsServer(
      { key: file("server.key"), cert: file("server.crt") },
      (socket) =>
        socket.on("data", (chunk: Buffer) => (heard += chunk.toString())).on("error", () => {}),
    )
    onTestFinished(() => void server.close())
    const page = await new Page(
      await startGateway(`ircs://127.0.0.1:${await listen(server)}`),
    ).open()
    page.socket.send("PASS :secret")
    const { code, reason } = await page.ended
    expect(code).toBe(1013)
    expect(reason).toMatch(/^The certificate of ircs:.* is not one to be trusted \(.+\)\.$/)
    expect(heard).toBe("")
  })

  it("is part of the home that was told of servers", async () => {
    const ear = await startEar()
    const { home, ready } = await startHome(freshHome(), "--irc", `${ear.url}/%23kitchen`)
    const told = (await (await fetch(new URL("home.json", ready.page))).json()) as {
      channel: string
      rooms: unknown
    }
    expect(told.rooms).toEqual({
      channel: `${told.channel}/room`,
      irc: [{ address: ear.url, channel: "#kitchen", path: "/irc/0" }],
    })
    const page = await new Page(Number(new URL(ready.page).port)).open()
    page.socket.send("NICK ada")
    await expect.poll(ear.heard).toBe("NICK ada\r\n")
    expect(await home.end()).toBe(0)
    await page.ended

    const wrong = await stringphone(freshHome(), [
      "up",
      "--irc",
      "ircs://ada:secret@irc.example.org",
    ])
    expect(wrong.code).not.toBe(0)
    expect(wrong.stderr).toMatch(/A password does not belong in a URL/)
  })
})

describe("what the gateway is made of", () => {
  it("reads the URLs of servers", () => {
    const servers = ["ircs://irc.example.org", "irc://[::1]:7000/%23tea"].map(parseIrcServer)
    expect(reportIrcServers(servers)).toEqual([
      { address: "ircs://irc.example.org:6697", channel: null, path: "/irc/0" },
      { address: "irc://[::1]:7000", channel: "#tea", path: "/irc/1" },
    ])
    expect(() => parseIrcServer("http://irc.example.org")).toThrow(/URL like ircs:/)
    expect(() => parseIrcServer("ircs://ada@irc.example.org")).toThrow(/only the server/)
  })

  it("lets a page send as fast as servers take it, and no faster for long", () => {
    let nowMs = 0
    const rate = new LineRate(() => nowMs)
    const taken = (): number =>
      Array.from({ length: 100 }, () => rate.take()).filter(Boolean).length
    expect(taken()).toBe(60)
    nowMs += 2_000
    expect(taken()).toBe(30)
    nowMs += 3_600_000
    expect(taken()).toBe(60)
  })

  it("puts lines together from any pieces, and gives up on what is none", () => {
    const bytes = Buffer.from("a\r\n\r\nbü\nc")
    const splitter = new LineSplitter()
    const lines = [...bytes].flatMap((byte) => splitter.push(Buffer.of(byte)) ?? ["too long"])
    expect(lines).toEqual(["a", "bü"])
    expect(splitter.push(Buffer.from("\n"))).toEqual(["c"])
    expect(new LineSplitter().push(Buffer.alloc(maxServerLineBytes + 1, "x"))).toBeNull()
  })
})
