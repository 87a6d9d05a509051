import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { freshHome } from "./folder.js"
import { type Meddling, middlebox } from "./login-middlebox.js"
import { failure, loginScene, password, registered } from "./login-scene.js"
import { type Finished, json, stringphone } from "./program.js"

type Check = { readonly check: string; readonly ok: boolean | null; readonly text: string }

/** A device with a proxy in the way. @returns what the doctor says when that does this */
async function behindProxy(
  serve: readonly string[] = [],
): Promise<(meddling: Meddling) => Promise<Finished>> {
  const scene = await loginScene(serve)
  let now: Meddling = {}
  const box = await middlebox(scene.url, {
    asked: (passing) => now.asked?.(passing),
    answered: (passing) => now.answered?.(passing),
  })
  const home = await registered({ ...scene, url: box.url })
  return (meddling) => {
    now = meddling
    return stringphone(home, ["login", "doctor"])
  }
}

function without(...names: readonly string[]): NonNullable<Meddling["asked"]> {
  return ({ fields }) => {
    for (const name of names) fields[name] = undefined
  }
}

function having(added: Readonly<Record<string, string>>): NonNullable<Meddling["asked"]> {
  return ({ fields }) => Object.assign(fields, added)
}

const yearMs = 365 * 86_400_000

/** What a proxy does, and what the doctor says then. */
const harmless: readonly (readonly [Meddling, says: string])[] = [
  [
    { answered: having({ date: new Date(Date.now() + yearMs).toUTCString() }) },
    "The two clocks differ by 365 days. That does not matter",
  ],
  [{ answered: having({ date: "yesterday" }) }, "The server tells no time; none is needed."],
  [
    { asked: having({ via: "1.1 a", "x-forwarded-for": "::1" }), answered: having({ via: "a" }) },
    "Both clocks agree",
  ],
]
const againstSigned: readonly (readonly [Meddling, says: string])[] = [
  [{ asked: without("signature", "signature-input") }, "somebody is in between"],
  [{ asked: without("content-digest") }, "somebody is in between"],
  [{ answered: without("signature") }, "somebody is in between"],
  [{ answered: without("stringphone-error") }, "somebody is in between"],
  [{ asked: having({ host: "lamp.internal" }) }, "A proxy in between may set another host"],
  [
    { asked: (passing) => (passing.target = passing.target.replace("/session", "/meeting")) },
    "A proxy in between may set another host or path",
  ],
]
const againstAll: readonly (readonly [Meddling, says: RegExp])[] = [
  [
    { answered: ({ body }) => body.length > 200 && (body[100]! ^= 1) },
    /✘ Sealed calls fail: .*\n {4}→ Something between changes what goes by/,
  ],
  [
    { answered: having({ "content-type": "text/plain" }) },
    /✘ What answers there is no login server \(HTTP 200\)\./,
  ],
]

describe("login doctor", { timeout: 120_000 }, () => {
  it("says what works, and in words what does not", async () => {
    const scene = await loginScene()
    const home = await registered(scene)
    const good = await json(home, ["login", "doctor"])
    const checks = good["checks"] as readonly Check[]
    expect(good["ok"]).toBe(true)
    expect(checks.map(({ check }) => check)).toEqual([
      ...["session", "reachable", "server", "clock", "sealed", "server-key", "signed"],
    ])
    expect(checks.map(({ text }) => text).join(" ")).toContain(scene.fingerprint)
    await json(scene.home, ["login", "user", "revoke", "ann"])
    const revoked = await failure(home, ["login", "doctor"])
    expect(revoked.code).toBe(1)
    expect(revoked.stdout).toContain("✘ Sealed calls fail: This session has ended.")
    expect(revoked.stdout).not.toContain("\x1b")

    const nobody = await failure(freshHome(), ["login", "doctor", "--at", scene.url])
    expect(nobody.stdout).toContain(
      `✘ This key ring has no session there.\n    → Log in: stringphone login to ${scene.url}\n`,
    )
    expect(nobody.stdout).toContain("✔ A login server answers there")
  })

  it("tells a portal, a forger and a dead server from each other", async () => {
    const scene = await loginScene()
    const home = await registered(scene)
    expect(await scene.running.end()).toBe(0)
    const dead = await failure(home, ["login", "doctor"])
    expect(dead.stdout).toContain("does not answer")
    expect(dead.stdout).toContain("stringphone login moved http://…")
    const port = Number(new URL(scene.url).port)
    const type = { "content-type": "application/stringphone-login" }
    const answers = [
      [{ "content-type": "text/html" }, "no login server"],
      [type, "not proven"],
    ] as const
    for (const [fields, says] of answers) {
      const server = createServer((_, response) => response.writeHead(200, fields).end("hi"))
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
      onTestFinished(() => void server.close())
      expect((server.address() as AddressInfo).port).toBe(port)
      const found = await failure(home, ["login", "doctor"])
      expect(found.code).toBe(1)
      expect(found.stdout).toContain(says)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
    // And nothing of all that has ended the session.
    const { sessions } = await json(home, ["login", "sessions"])
    expect(sessions).toHaveLength(1)
    expect(JSON.stringify(sessions)).not.toContain(password)
  })
})

describe("login doctor behind a proxy", { timeout: 120_000 }, () => {
  it("tells what is harmless, what only signed calls can not stand, and what nothing can", async () => {
    const examine = await behindProxy()
    for (const [meddling, says] of harmless) {
      const { code, stdout } = await examine(meddling)
      expect(stdout).toContain(says)
      expect(stdout).toContain("Nothing is wrong.")
      expect(code).toBe(0)
    }
    for (const [meddling, says] of againstSigned) {
      const { code, stdout } = await examine(meddling)
      expect(stdout).toContain("✔ Sealed calls work")
      expect(stdout).toContain("✘ Signed calls fail: ")
      expect(stdout).toContain(says)
      expect(stdout).toContain("Sealed calls get through: leave out --signed.")
      expect(code).toBe(1)
    }
    for (const [meddling, says] of againstAll) {
      const { code, stdout } = await examine(meddling)
      expect(stdout).toMatch(says)
      expect(stdout).not.toContain("igned calls")
      expect(code).toBe(1)
    }
  })

  it("knows that a server takes no calls at this address", async () => {
    const examine = await behindProxy(["--authority", "lamp.example:8484"])
    const { code, stdout } = await examine({})
    expect(stdout).toContain("✘ Sealed calls fail: The server says no")
    expect(stdout).toContain("login serve --authority")
    expect(code).toBe(1)
  })

  it("knows another server of the same name from the one that it was", async () => {
    const [scene, other] = [await loginScene(), await loginScene()]
    let where = scene.url
    const box = await middlebox(() => where, {})
    const home = await registered({ ...scene, url: box.url })
    where = other.url
    const { code, stdout } = await stringphone(home, ["login", "doctor"])
    expect(stdout).toContain("✔ A login server answers there, or somebody who looks like one.")
    expect(stdout).toContain("✘ Sealed calls fail: ")
    expect(stdout).toContain("or it is another server")
    expect(code).toBe(1)
  })
})

it("login doctor says that there is no session at all", async () => {
  const { code, stdout } = await stringphone(freshHome(), ["login", "doctor"])
  expect(stdout).toBe(
    "✘ This key ring has no session.\n    → Log in: stringphone login to http://…\nSomething is wrong; see ✘.\n",
  )
  expect(code).toBe(1)
})
