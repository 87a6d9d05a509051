import { describe, expect, it } from "vitest"
import { invitation, failure, loginScene, registered, secretFile } from "./login-scene.js"
import { middlebox } from "./login-middlebox.js"
import { json, Running, stringphone } from "./program.js"

type Session = { readonly login: string; readonly url: string }

async function addresses(home: string): Promise<readonly string[]> {
  const { sessions } = await json(home, ["login", "sessions"])
  return (sessions as Session[]).map(({ login, url }) => `${login} ${new URL(url).origin}`)
}

describe("a server that has moved", { timeout: 120_000 }, () => {
  it("is found again by all sessions of its realm, once it has proven itself", async () => {
    const [lamp, oven] = [await loginScene(), await loginScene([], "oven.example")]
    const home = await registered(lamp)
    for (const scene of [lamp, oven]) {
      const file = secretFile(await invitation(scene, ["--login", "bob"]))
      await json(home, ["login", "to", file, "--password-file", secretFile()])
    }
    await lamp.running.end()
    const down = await failure(home, ["login", "devices", "--at", lamp.url, "--login", "bob"])
    expect(down.stderr).toContain("does not answer")
    const moved = Running.start(lamp.home, ["login", "serve", "--listen", "127.0.0.1:0"])
    const url = String((await moved.next("started"))["url"])

    const which = await failure(home, ["login", "moved", url])
    expect(which.stderr).toContain("sessions of several servers: lamp.example, oven.example")
    const args = ["login", "moved", url, "--at", "lamp.example"]
    expect(await stringphone(home, args)).toEqual({
      code: 0,
      stdout: `lamp.example is at ${url} now, and has proven it. Sessions: ann, bob.\n`,
      stderr: "",
    })
    expect(await addresses(home)).toEqual([`ann ${url}`, `bob ${url}`, `bob ${oven.url}`])
    const call = ["login", "call", "GET", `${url}/`, "--signed", "--login", "ann"]
    expect(await json(home, call)).toMatchObject({ status: 200 })
    expect(await json(home, args)).toEqual({
      event: "moved",
      realm: "lamp.example",
      url,
      logins: ["ann", "bob"],
    })
  })

  it("is not taken for another, nor for nobody", async () => {
    const [lamp, other] = [await loginScene(), await loginScene()]
    const home = await registered(lamp)
    const portal = await middlebox(lamp.url, {
      answered: ({ fields }) => Object.assign(fields, { "content-type": "text/html" }),
    })
    for (const [url, says] of [
      [other.url, "may not be the server"],
      [portal.url, "not proven to be the server's answer"],
      ["http://127.0.0.1:1", "does not answer"],
    ] as const) {
      const { code, stderr, stdout } = await failure(home, ["login", "moved", url])
      expect(stderr).toContain(says)
      expect([code, stdout]).toEqual([1, ""])
      expect(await addresses(home)).toEqual([`ann ${lamp.url}`])
    }
    const bad = await failure(home, ["login", "moved", `${lamp.url}/?a`])
    expect(bad.code).toBe(2)
    expect(await json(home, ["login", "call", "GET", "/"])).toMatchObject({ status: 200 })
  })

  it("that takes no calls at that address says so", async () => {
    const lamp = await loginScene()
    const home = await registered(lamp)
    await lamp.running.end()
    const authority = ["--authority", "lamp.example:8484"]
    const moved = Running.start(lamp.home, [
      ...["login", "serve", "--listen", "127.0.0.1:0", ...authority],
    ])
    const { url } = await moved.next("started")
    const refused = await failure(home, ["login", "moved", String(url)])
    expect(refused.stderr).toContain("takes no calls at this address")
    expect(await addresses(home)).toEqual([`ann ${lamp.url}`])
  })
})
