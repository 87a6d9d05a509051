import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Identity } from "../../src/identity/index.js"
import { openTopic } from "../../src/session/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { type IrcConnection, connectIrc, ircTransport } from "../../src/transport/irc/index.js"
import { observe } from "./irc-observer.js"
import { type IrcServerProcess, ngircd, startNgircd } from "./ngircd.js"
import { startRelay } from "./relay.js"

describe.skipIf(ngircd === null)("a topic over IRC", () => {
  let server: IrcServerProcess
  beforeAll(async () => {
    server = await startNgircd()
  })
  afterAll(() => server.stop())

  it(
    "pairs, and talks both ways, and the server sees none of it",
    { timeout: 240_000 },
    async () => {
      const relay = await startRelay(() => server.port)
      const observer = await observe(server.port, "observer", "#home")
      const connections: IrcConnection[] = []
      const open = async (name: string, found?: { name: string }) => {
        const connection = await connectIrc({
          host: "127.0.0.1",
          port: relay.port,
          tls: false,
          nick: name,
        })
        connections.push(connection)
        return openTopic({
          store: createMemoryStore(),
          identity: Identity.generate(),
          transport: ircTransport(await connection.join("#home")),
          ownName: name,
          ...(found && { found }),
        })
      }
      const phone = await open("phone", { name: "home" })
      const lamp = await open("lamp")
      const pairing = await phone.openPairing({ code: "show" })
      const joining = await lamp.join({ code: pairing.code ?? "" })
      expect(await joining.closed).toBe("paired")

      const first = async (session: typeof phone): Promise<string | null> => {
        for await (const { text } of session.messages) return text
        return null
      }
      const long = "Dinner is ready 🍝. ".repeat(100)
      const [atLamp] = await Promise.all([first(lamp), phone.send(long)])
      expect(atLamp).toBe(long)
      const [atPhone] = await Promise.all([first(phone), lamp.send("lamp is on")])
      expect(atPhone).toBe("lamp is on")

      const seen = relay.passed.toString() + observer.lines.join("\n")
      expect(seen).toContain("PRIVMSG #home :?SP2,")
      for (const word of ["Dinner", "🍝", "lamp is on"]) expect(seen).not.toContain(word)
      await Promise.all([phone.close(), lamp.close()])
      await Promise.all(connections.map((connection) => connection.close()))
      await observer.leave()
      await relay.stop()
    },
  )
})
