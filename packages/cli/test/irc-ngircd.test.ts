import { statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { freshHome } from "./folder.js"
import { RawClient } from "./irc-client.js"
import { forTest, ngircd, startNgircd, startProxy } from "./irc-proxy.js"
import { Running, stringphone } from "./program.js"

const minuteMs = 60_000

describe.skipIf(ngircd === null)("stringphone irc on a real ngircd", () => {
  it(
    "serves clients like the server itself, several at once",
    async () => {
      const server = await forTest(startNgircd({ isFast: true }))
      const proxy = await startProxy(server, "ann")
      const bob = await RawClient.connect(server.port, { nick: "bob" })
      await bob.next(/ 376 /)
      bob.send("JOIN #pub")
      await bob.next(/ 366 /)

      const one = await RawClient.connect(proxy.port, { nick: "whatever" })
      await one.next(/:one.test.example 001 ann :/)
      await one.next(/ 005 ann .*NICKLEN=30/)
      await one.next(/ 376 | 422 /)
      one.send("JOIN #pub")
      await one.next(/^:ann!\S+ JOIN #pub$/)
      await one.next(/ 353 ann = #pub :.*@?bob/)
      await one.next(/ 366 /)
      await bob.next(/^:ann!\S+ JOIN :?#pub/)
      one.send("PRIVMSG #pub :hello from the proxy", "WHOIS bob", "MODE #pub", "LIST")
      await bob.next(/^:ann!\S+ PRIVMSG #pub :hello from the proxy/)
      await one.next(/ 311 ann bob /)
      await one.next(/ 318 /)
      await one.next(/ 324 ann #pub /)
      await one.next(/ 322 ann #pub 2 /)
      await one.next(/ 323 /)

      const two = await RawClient.connect(proxy.port, { user: "two" })
      await two.next(/ 353 ann = #pub :.*bob/)
      bob.send("PRIVMSG #pub :hello, both", "TOPIC #pub :Cakes")
      for (const client of [one, two]) {
        await client.next(/^:bob!\S+ PRIVMSG #pub :hello, both$/)
        await client.next(/^:bob!\S+ TOPIC #pub :Cakes$/)
      }
      two.send("PRIVMSG bob :in private")
      await bob.next(/^:ann!\S+ PRIVMSG ann|PRIVMSG bob :in private/)
      two.send("NICK anna")
      for (const client of [one, two]) await client.next(/^:ann!\S+ NICK :?anna$/)
      expect(two.lines.join("\n")).not.toContain(" 311 ")
      one.send("JOIN #private", "MODE #private +i", "PART #pub :bye")
      await one.next(/ 366 anna #private /)
      for (const client of [one, two]) await client.next(/^:anna!\S+ PART #pub/)
      await bob.next(/^:anna!\S+ PART #pub :bye/)
      bob.send("JOIN #private")
      await bob.next(/ 473 bob #private /)
      expect(await proxy.running.end()).toBe(0)
    },
    minuteMs,
  )

  it(
    "stays while clients come and go, and when the server does",
    async () => {
      const server = await forTest(startNgircd({ isFast: true }))
      const proxy = await startProxy(server, "ann")
      const bob = await RawClient.connect(server.port, { nick: "bob" })
      bob.send("JOIN #pub")
      await bob.next(/ 366 /)
      const client = await RawClient.connect(proxy.port)
      await client.next(/ 376 | 422 /)
      client.send("JOIN #pub")
      await client.next(/ 366 /)
      client.send("QUIT :off")
      await proxy.running.next("client", ({ status }) => status === "left")
      const watch = await RawClient.connect(proxy.port, { user: "watch" })
      await watch.next(/^:ann!\S+ JOIN #pub$/)
      bob.send("PRIVMSG #pub :are you there?")
      await watch.next(/^:bob!\S+ PRIVMSG #pub :are you there\?$/)
      const again = await RawClient.connect(proxy.port)
      await again.next(/^:ann!\S+ JOIN #pub$/)
      await again.next(/^:bob!\S+ PRIVMSG #pub :\[\d\d:\d\d\] are you there\?$/)

      await server.down()
      await again.next(/NOTICE ann :.* Trying again/)
      await server.up()
      await again.next(/NOTICE ann :Connected to irc:/)
      const carol = await RawClient.connect(server.port, { nick: "carol" })
      // It is connected before it is in its channels again; who is there first is no news of carol.
      const isBack = async (): Promise<boolean> => {
        carol.send("NAMES #pub")
        await carol.next(/ 366 /)
        return carol.lines.some((line) => / 353 carol .*ann/.test(line))
      }
      await expect.poll(isBack, { timeout: 20_000, interval: 100 }).toBe(true)
      carol.send("JOIN #pub")
      await carol.next(/ 366 /)
      await again.next(/^:carol!\S+ JOIN #pub$/)
      again.send("PRIVMSG #pub :back")
      await carol.next(/^:ann!\S+ PRIVMSG #pub :back/)
      expect(again.lines.filter((line) => /^:ann!\S+ JOIN /.test(line))).toHaveLength(1)
    },
    minuteMs,
  )

  it("connects over TLS, where somebody vouches for the server's certificate", async () => {
    const server = await forTest(startNgircd({ isFast: true }))
    const authority = join(freshHome(), "ca.crt")
    writeFileSync(authority, server.ca)
    vi.stubEnv("NODE_EXTRA_CA_CERTS", authority)
    onTestFinished(() => void vi.unstubAllEnvs())
    const url = `ircs://127.0.0.1:${server.tlsPort}/%23pub`
    const { port } = await startProxy(server, "ann", { url })
    const client = await RawClient.connect(port)
    await client.next(/^:ann!\S+ JOIN #pub$/)
    await client.next(/ 353 ann = #pub :@ann$/)
  })

  it("takes the first nick that is free, and says so", async () => {
    const server = await forTest(startNgircd({ isFast: true }))
    const ann = await RawClient.connect(server.port, { nick: "ann" })
    await ann.next(/ 001 ann /)
    const proxy = await startProxy(server, "ann")
    const client = await RawClient.connect(proxy.port, { nick: "ann" })
    await client.next(/ 001 ann_ /)
  })

  it("asks clients for the password of a file that it makes", async () => {
    const server = await forTest(startNgircd({ isFast: true }))
    const file = join(freshHome(), "password")
    const proxy = await startProxy(server, "ann", { args: ["--password-file", file] })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const stranger = await RawClient.connect(proxy.port, { password: "guess" })
    await stranger.next(/ 464 .*PASS/)
  })

  it("says in a sentence why it can not begin", async () => {
    const server = await forTest(startNgircd({ isFast: true, password: "needed" }))
    const url = `irc://127.0.0.1:${server.port}`
    const open = await stringphone(freshHome(), ["irc", url, "--listen", "0.0.0.0:0"])
    expect(open).toMatchObject({ code: 1 })
    expect(open.stderr).toContain("whoever connects speaks as you. Name a file for a password")
    const account = await stringphone(freshHome(), ["irc", url, "--sasl-account", "ann"])
    expect(account.stderr).toContain("STRINGPHONE_SASL_PASSWORD")
    const listen = await stringphone(freshHome(), ["irc", url, "--listen", "here"])
    expect(listen.code).toBe(2)
    const stranger = await stringphone(freshHome(), [
      "irc",
      `ircs://127.0.0.1:${server.tlsPort}`,
      "--listen",
      "127.0.0.1:0",
    ])
    expect(stranger.code).toBe(1)
    expect(stranger.stderr).toMatch(/certificate/)
    const refused = Running.start(freshHome(), ["irc", url, "--listen", "127.0.0.1:0"])
    await refused.next("server", ({ status }) => status === "closed")
    expect(await refused.exitCode()).toBe(1)
    expect(refused.stderr).toContain("does not let us in")
  })
})
