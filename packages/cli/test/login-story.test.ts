import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { freshHome } from "./folder.js"
import {
  failure,
  invitation,
  loggedIn,
  loginScene,
  password,
  plainApi,
  registered,
  secretFile,
} from "./login-scene.js"
import { json, Running, stringphone } from "./program.js"

type Row = Readonly<Record<string, unknown>>

describe("a login server before a plain API", { timeout: 120_000 }, () => {
  it("is made, invites, registers, forwards sealed and signed calls, and ends what is revoked", async () => {
    const api = await plainApi()
    const scene = await loginScene(["--forward", api.url, "--scope", "lamps"])
    expect(scene.started).toMatchObject({ realm: "lamp.example", forward: api.url })
    const laptop = await registered(scene)
    expect(await json(scene.home, ["login", "users"])).toMatchObject({
      users: [{ login: "ann", scopes: ["lamps"] }],
    })

    const sealed = await stringphone(laptop, [
      ...["login", "call", "put", `${scene.url}/lamps/3?who=%C3%A9&x=a+b`, "--data", '{"on":true}'],
      ...["--header", "X-Room: kitchen", "--header", "Stringphone-Login: eve"],
    ])
    expect(sealed).toEqual({
      code: 0,
      stdout: "on\n",
      stderr: "stringphone: HTTP 200, sealed, proven to be of lamp.example\n",
    })
    const signed = await stringphone(laptop, ["login", "call", "GET", "/lamps", "--signed"])
    expect(signed).toEqual({
      code: 0,
      stdout: "on\n",
      stderr: "stringphone: HTTP 200, signed, proven to be of lamp.example\n",
    })
    expect(api.asked).toMatchObject([
      {
        method: "PUT",
        url: "/lamps/3?who=%C3%A9&x=a+b",
        body: '{"on":true}',
        fields: {
          host: new URL(api.url).host,
          "content-type": "application/json",
          "x-room": "kitchen",
          "stringphone-login": "ann",
          "stringphone-device": "laptop",
          "stringphone-scopes": "lamps",
          "stringphone-mode": "sealed",
        },
      },
      { method: "GET", url: "/lamps", body: "", fields: { "stringphone-mode": "signed" } },
    ])

    const phone = await loggedIn(scene, "phone")
    const { devices } = await json(laptop, ["login", "devices"])
    expect((devices as Row[]).map(({ device, isOwn }) => [device, isOwn]).sort()).toEqual([
      ["laptop", true],
      ["phone", false],
    ])
    expect(await json(laptop, ["login", "revoke", "phone"])).toMatchObject({ device: "phone" })
    const revoked = await failure(phone, ["login", "call", "GET", "/lamps"])
    expect(revoked).toEqual({
      code: 1,
      stdout: "",
      stderr: "stringphone: This session has ended. Log in again.\n",
    })
    expect(api.asked).toHaveLength(2)
    expect(await json(phone, ["login", "sessions"])).toEqual({ sessions: [] })

    // Its owner ends sessions, too, while the server runs.
    await json(scene.home, ["login", "user", "set-scopes", "ann", ""])
    const without = await failure(laptop, ["login", "call", "GET", "/lamps"])
    expect(without.stderr).toContain("This session may not do that.")
    await json(scene.home, ["login", "user", "revoke", "ann"])
    const ended = await failure(laptop, ["login", "call", "GET", "/lamps", "--signed"])
    expect(ended).toMatchObject({ code: 1, stdout: "" })
    expect(ended.stderr).toContain("This session has ended.")
    await json(scene.home, ["login", "user", "remove", "ann", "--yes"])
    expect(await json(scene.home, ["login", "users"])).toEqual({ users: [] })
    expect(await scene.running.end("SIGTERM")).toBe(0)
    expect(scene.running.events.at(-1)).toMatchObject({ event: "stopped" })
  })

  it("refuses calls that nobody signed, and forwards none of them", async () => {
    const api = await plainApi()
    const scene = await loginScene(["--forward", api.url])
    for (const init of [{}, { method: "POST", body: "on" }]) {
      const answer = await fetch(`${scene.url}/lamps`, {
        ...init,
        headers: { "stringphone-login": "ann", "stringphone-scopes": "lamps" },
      })
      expect(answer.status).toBe(400)
      expect(answer.headers.get("stringphone-error")).toBe("unprotected")
    }
    expect(api.asked).toEqual([])
  })

  it("knows its devices again when it was stopped and started", async () => {
    const scene = await loginScene()
    const laptop = await registered(scene)
    await json(laptop, ["login", "call", "GET", "/a"])
    expect(await scene.running.end("SIGINT")).toBe(0)
    const down = await failure(laptop, ["login", "call", "GET", "/a"])
    expect(down).toMatchObject({ code: 1 })
    expect(down.stderr).toContain("does not answer")
    const { port } = new URL(scene.url)
    const again = Running.start(scene.home, ["login", "serve", "--listen", `127.0.0.1:${port}`])
    await again.next("started")
    expect(await json(laptop, ["login", "call", "GET", "/b"])).toMatchObject({ status: 200 })
    expect(await again.end()).toBe(0)
  })
})

describe("secrets of a login", { timeout: 120_000 }, () => {
  it("are in no output, log, list of processes, or file of others, nor on the wire", async () => {
    const api = await plainApi()
    const scene = await loginScene(["--forward", api.url])
    const wire = await tap(scene.url)
    const text = await invitation({ ...scene, url: wire.url })
    const laptop = freshHome()
    const said: string[] = []
    const run = async (args: readonly string[]): Promise<void> => {
      const { code, stderr, stdout } = await stringphone(laptop, args)
      said.push(stdout, stderr)
      expect(code, stderr).toBe(0)
    }
    const file = secretFile(text)
    const lists: string[] = []
    const watching = setInterval(() => {
      lists.push(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }))
    }, 50)
    onTestFinished(() => clearInterval(watching))
    await run(["login", "to", file, "--password-file", secretFile()])
    clearInterval(watching)
    expect(lists.some((list) => list.includes(`login to ${file}`))).toBe(true)
    await run(["login", "call", "PUT", "/secret-path", "--data", "secret body"])
    await run(["--debug", "login", "devices"])
    await run(["login", "sessions"])
    await run(["login", "doctor"])
    expect(api.asked).toMatchObject([{ url: "/secret-path", body: "secret body" }])

    const served = JSON.stringify(scene.running.events) + scene.running.stderr
    const files = filesIn(scene.home).map((bytes) => bytes.toString("latin1"))
    // That we would see it: the device has it all in its ring, and the login's name is in the log.
    expect(served).toContain("ann")
    expect(wire.seen()).toContain("/.stringphone/login")
    for (const secret of [password, text]) {
      for (const place of [...said, ...lists, served, ...files, wire.seen()]) {
        expect(place).not.toContain(secret)
      }
    }
    for (const secret of ["secret-path", "secret body"]) {
      for (const place of [served, ...files, wire.seen()]) expect(place).not.toContain(secret)
    }
    for (const path of ["server.keyring.json", "logins.json", "logins.sqlite"]) {
      const at = join(scene.home, "login-server", path)
      const { mode } = statSync(at, { throwIfNoEntry: false }) ?? { mode: 0o600 }
      expect(mode & 0o777).toBe(0o600)
    }
  })
})

/** Hears all that goes by. */
async function tap(url: string): Promise<{ readonly url: string; readonly seen: () => string }> {
  const heard: Buffer[] = []
  const { hostname, port } = new URL(url)
  const pass = (from: Socket, to: Socket): void => {
    from.on("data", (data: Buffer) => heard.push(data))
    from.on("error", () => to.destroy())
    from.pipe(to)
  }
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    pass(near, far)
    pass(far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const own = (server.address() as AddressInfo).port
  return {
    url: `http://127.0.0.1:${own}`,
    seen: () => Buffer.concat(heard).toString("latin1"),
  }
}

function filesIn(folder: string): readonly Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ name, parentPath }) => readFileSync(join(parentPath, name)))
}
