import { describe, expect, it } from "vitest"
import { RawClient } from "./irc-client.js"
import { forTest, ngircd, startNgircd, startProxy, type Proxy } from "./irc-proxy.js"
import { json } from "./program.js"

/** Two proxies with a client each on #kitchen. */
async function start(): Promise<{
  server: Awaited<ReturnType<typeof startNgircd>>
  proxies: readonly [Proxy, Proxy]
  ann: RawClient
  bob: RawClient
}> {
  const server = await forTest(startNgircd({ isFast: true }))
  const proxies = [await startProxy(server, "ann"), await startProxy(server, "bob")] as const
  const clients = await Promise.all(proxies.map(({ port }) => RawClient.connect(port)))
  const [ann, bob] = clients as [RawClient, RawClient]
  for (const client of clients) {
    await client.next(/ 376 /)
    client.send("JOIN #kitchen")
    await client.next(/ 366 /)
  }
  await ann.next(/JOIN #kitchen|bob/)
  return { server, proxies, ann, bob }
}

describe.skipIf(ngircd === null)("rooms through the proxy", () => {
  it("outlive a restart of the proxy, in which nothing leaves in clear", async () => {
    const { ann, bob, proxies, server } = await start()
    ann.send("FLUTE start-room #kitchen")
    await ann.next(/You are captain/)
    bob.send("FLUTE join-room #kitchen")
    await ann.next(/asks to be let in/)
    ann.send("FLUTE admit #kitchen")
    await bob.next(/MODE #kitchen \+ov ann ann$/)
    bob.send("PRIVMSG ann :psst")
    await bob.next(/Private messages, as this one to ann, are not encrypted/)

    await proxies[1].running.end("SIGKILL")
    const again = await startProxy(server, "bob", { home: proxies[1].home })
    const second = await RawClient.connect(again.port)
    await second.next(/ 353 \S+ = #kitchen :/)
    second.send("PRIVMSG #kitchen :I am back")
    await ann.next(/^:\?bob_?!unverified@room PRIVMSG #kitchen :I am back$/)
    ann.send("PRIVMSG #kitchen :welcome")
    await second.next(/^:\?ann!unverified@room PRIVMSG #kitchen :welcome$/)

    await server.down()
    for (const client of [ann, second]) await client.next(/Trying again/)
    ann.send("PRIVMSG #kitchen :typed while nobody is connected")
    await server.up()
    await second.next(
      /^:\?ann_*!unverified@room PRIVMSG #kitchen :typed while nobody is connected$/,
    )
    second.send("PRIVMSG #kitchen :it arrived")
    await ann.next(/^:\?bob_*!unverified@room PRIVMSG #kitchen :it arrived$/)
  }, 120_000)

  it("can be classic ones, with Flute's commands", async () => {
    const { ann, bob, proxies } = await start()
    const keys = await Promise.all(
      proxies.map(({ home }) => json(home, ["id"]).then(({ publicKey }) => publicKey as string)),
    )
    ann.send(`FLUTE trust-key bob ${keys[1]!}`)
    await ann.next(/bob: trusted/)
    bob.send("FLUTE introduction ann", `FLUTE trust-key ann ${keys[0]!}`)
    await bob.next(/ann: trusted/)
    ann.send("FLUTE start-room #kitchen --classic")
    await ann.next(/You are captain/)
    bob.send("FLUTE join-room #kitchen --classic")
    await bob.next(/You are in the room on #kitchen/)
    bob.send("PRIVMSG #kitchen :in the classic way")
    await ann.next(/^:\?bob!unverified@room PRIVMSG #kitchen :in the classic way$/)
    ann.send("PRIVMSG #kitchen :heard", "FLUTE room-status #kitchen")
    await bob.next(/^:\?ann!unverified@room PRIVMSG #kitchen :heard$/)
    await ann.next(/#kitchen · encrypted · epoch \d+ · captain you · 2 members/)
    ann.send("FLUTE kick #kitchen bob")
    await ann.next(/A classic captain can not remove anybody by command/)
    expect(ann.lines.join("\n")).not.toContain("VLA")
  }, 120_000)
})
