import { describe, expect, it } from "vitest"
import { utf8 } from "../../src/bytes/index.js"
import { connectIrc, ircTransport } from "../../src/transport/irc/index.js"
import { reader } from "../contract/transport-contract.js"
import { inspircd, startInspircd, startLinkedInspircds } from "./inspircd.js"
import { ircContract } from "./irc-contract.js"
import { observe } from "./irc-observer.js"

describe.skipIf(inspircd === null)("InspIRCd", () => {
  ircContract({ kind: "inspircd", start: startInspircd, startLinked: startLinkedInspircds })

  it("that hides our host: lines are as long as they can be", { timeout: 60_000 }, async () => {
    const server = await startInspircd({ isCloaking: true })
    const observer = await observe(server.port, "observer", "#cloak")
    const place = { host: "127.0.0.1", port: server.port, tls: false }
    const [ada, bob] = [
      await connectIrc({ ...place, nick: "ada" }),
      await connectIrc({ ...place, nick: "bob" }),
    ]
    const left = ircTransport(await ada.join("#cloak"))
    const right = ircTransport(await bob.join("#cloak"))
    await left.send(new Uint8Array(1_000).fill(9))
    expect((await reader(right).next()).bytes).toEqual(new Uint8Array(1_000).fill(9))
    const lines = observer.lines
      .filter((line) => line.includes("PRIVMSG #cloak"))
      .map((line) => line.replace(/^@\S+ /, ""))
    expect(lines[0]).not.toContain("@127.0.0.1")
    expect(utf8(lines[0] ?? "").length).toBeGreaterThanOrEqual(509)
    expect(utf8(lines[0] ?? "").length).toBeLessThanOrEqual(510)
    await observer.leave()
    await Promise.all([ada.close(), bob.close()])
    await server.stop()
  })
})
