import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connectIrc, connectIrcWebSocket, ircTransport } from "../../src/transport/irc/index.js"
import { reader } from "../contract/transport-contract.js"
import { inspircd, startInspircd } from "./inspircd.js"

describe.skipIf(inspircd === null)("IRC over WebSocket", () => {
  let server: Awaited<ReturnType<typeof startInspircd>>
  beforeAll(async () => {
    server = await startInspircd()
  })
  afterAll(() => server.stop())

  it("meets IRC over a socket", { timeout: 60_000 }, async () => {
    const url = `ws://127.0.0.1:${server.webPort}/`
    const web = await connectIrcWebSocket({ url, nick: "web" })
    const tcp = await connectIrc({ host: "127.0.0.1", port: server.port, tls: false, nick: "tcp" })
    expect(web.address).toBe(`ws://127.0.0.1:${server.webPort}`)
    expect(web.server).toMatchObject({ kind: "inspircd", name: server.name })
    const left = ircTransport(await web.join("#web"))
    const right = ircTransport(await tcp.join("#web"))
    const [atLeft, atRight] = [reader(left), reader(right)]
    const large = Uint8Array.from({ length: 2_000 }, (_, i) => i * 3)
    await left.send(large)
    expect(await atRight.next()).toEqual({ from: "web", bytes: large })
    await right.send(large, { to: "web" })
    expect(await atLeft.next()).toEqual({ from: "tcp", bytes: large })
    await web.close()
    await tcp.close()
    expect([left.status, right.status]).toEqual(["closed", "closed"])
  })

  it("says so when there is no gateway", async () => {
    const where = `ws://127.0.0.1:${server.tlsPort}/`
    await expect(connectIrcWebSocket({ url: where, nick: "web" })).rejects.toMatchObject({
      name: "ChannelError",
      code: "unreachable",
    })
    await expect(
      connectIrcWebSocket({ url: "http://secret@x/", nick: "web" }),
    ).rejects.toMatchObject({
      code: "bad-url",
      message: expect.not.stringContaining("secret") as string,
    })
  })
})
