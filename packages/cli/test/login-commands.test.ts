import { readFileSync, statSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { freshHome } from "./folder.js"
import { middlebox } from "./login-middlebox.js"
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
import { type Finished, json, Running, stringphone } from "./program.js"

describe("logging in", { timeout: 120_000 }, () => {
  it("asks on first contact, believes an expected fingerprint, and no other", async () => {
    const scene = await loginScene()
    await registered(scene)
    const home = freshHome()
    const args = ["login", scene.url, "--login", "ann", "--password-file", secretFile()]
    const asked = await failure(home, args)
    expect(asked.code).toBe(1)
    expect(asked.stderr).toContain(scene.fingerprint)
    expect(asked.stderr).toContain("first contact with lamp.example")
    expect(asked.stderr).toContain("Not answered with y")
    const other = await failure(home, [...args, "--expect", "0".repeat(30)])
    expect(other).toMatchObject({ code: 1, stdout: "" })
    expect(other.stderr).toContain("another server than the one you expect")
    expect(await json(home, ["login", "sessions"])).toEqual({ sessions: [] })

    expect(await stringphone(home, args, "y\n")).toMatchObject({ code: 0 })
    // Pinned now: nobody is asked again.
    expect(await json(home, args)).toMatchObject({ event: "logged-in", realm: "lamp.example" })
    const before = await json(home, ["login", "sessions"])
    expect(before["sessions"]).toHaveLength(1)
    const pinned = await failure(home, [...args, "--expect", "0".repeat(30)])
    expect(pinned.stderr).toContain("another server than the one you expect")
    const realm = await failure(home, [...args, "--realm", "oven.example"])
    expect(realm).toMatchObject({ code: 1 })
    // What was logged in still is.
    expect(await json(home, ["login", "sessions"])).toEqual(before)
    expect(await json(home, ["login", "call", "GET", "/"])).toMatchObject({ status: 200 })
  })

  it("takes no invitation of another server of a known realm, unless its owner says so", async () => {
    const [known, other] = [await loginScene(), await loginScene()]
    const home = await registered(known)
    const file = secretFile(await invitation(other))
    const args = ["login", "to", file, "--password-file", secretFile()]
    const refused = await failure(home, args)
    expect(refused).toMatchObject({ code: 1, stdout: "" })
    expect(refused.stderr).toContain("not of the server of lamp.example that you know")
    expect(refused.stderr).toContain("give its fingerprint with --expect")
    const wrong = await failure(home, [...args, "--expect", known.fingerprint])
    expect(wrong.stderr).toContain("another server than the one you expect")
    const call = ["login", "call", "GET", "/"]
    expect(await json(home, call)).toMatchObject({ status: 200 })
    expect(known.running.events.filter(({ event }) => event === "logged-in")).toHaveLength(1)

    expect(await json(home, [...args, "--expect", other.fingerprint])).toMatchObject({
      event: "registered",
      server: { words: other.fingerprint },
    })
    expect(await json(home, call)).toMatchObject({ status: 200 })
    const { sessions } = await json(home, ["login", "sessions"])
    expect(sessions).toMatchObject([
      { realm: "lamp.example", url: expect.stringContaining(other.url) as string },
    ])
    const back = await failure(home, [
      ...["login", "to", known.url, "--login", "ann", "--password-file", secretFile()],
    ])
    expect(back.stderr).toContain("not the server of lamp.example that you know")
  })

  it("waits for who compares fingerprints until the server has forgotten the login", async () => {
    const scene = await loginScene()
    await registered(scene)
    const login = Running.start(freshHome(), [
      ...["login", "to", scene.url, "--login", "ann", "--password-file", secretFile()],
    ])
    await vi.waitFor(() => expect(login.stderr).toContain("y/n"), { timeout: 60_000 })
    await scene.running.end()
    const again = Running.start(scene.home, ["login", "serve", "--listen", new URL(scene.url).host])
    await again.next("started")
    login.type("y")
    expect(await login.next("logged-in")).toMatchObject({ realm: "lamp.example", login: "ann" })
    expect(login.stderr.match(/y\/n/g)).toHaveLength(1)
  })

  it("with a wrong password, or as nobody who is registered, says the same", async () => {
    const scene = await loginScene()
    await registered(scene)
    const home = freshHome()
    const common = ["login", "to", scene.url, "--expect", scene.fingerprint]
    const wrong = await failure(home, [
      ...[...common, "--login", "ann", "--password-file", secretFile("wrong horse")],
    ])
    const nobody = await failure(home, [
      ...[...common, "--login", "bob", "--password-file", secretFile()],
    ])
    expect(wrong).toMatchObject({ code: 1, stdout: "" })
    expect(wrong.stderr).toMatch(/^stringphone: [^\n]*password[^\n]*\n$/)
    expect(nobody).toEqual(wrong)
    expect(wrong.stderr).not.toContain("wrong horse")
  })

  it("has to wait after too many attempts, but not where ann is known", async () => {
    const scene = await loginScene()
    const laptop = await registered(scene)
    const guess = async (home: string, secret: string, login = "ann"): Promise<Finished> =>
      stringphone(home, [
        ...["login", "to", scene.url, "--login", login, "--expect", scene.fingerprint],
        ...["--password-file", secretFile(secret)],
      ])
    const untilSlow = async (home: string, login: string): Promise<string> => {
      for (let i = 0; i < 30; i++) {
        const { code, stderr } = await guess(home, `guess ${i}`, login)
        expect(code).toBe(1)
        if (!stderr.includes("password")) return stderr
      }
      throw new Error("Never slow.")
    }
    // A device that knows no server yet can not tell whose answer it is.
    expect(await untilSlow(freshHome(), "ann")).toContain('Somebody says "slow-down"')
    expect(await untilSlow(laptop, "bob")).toMatch(/too many attempts\. Try again in \d+ s\./)
    expect((await guess(laptop, password)).code).toBe(0)
    const slowed = await scene.running.next("slowed-down")
    expect(Object.keys(slowed).sort()).toEqual(["at", "count", "event"])
    const denied = scene.running.events.filter(({ event }) => event === "login-denied")
    expect(JSON.stringify(denied)).not.toContain("guess")
  })

  it("registers once by an invitation, from a text, a file or a pipe", async () => {
    const scene = await loginScene()
    const file = join(freshHome(), "for-bob.txt")
    const made = await json(scene.home, [
      ...["login", "invite", "--url", scene.url, "--file", file, "--days", "1"],
    ])
    expect(made).toMatchObject({ event: "invitation", file, login: null })
    expect(made).not.toHaveProperty("text")
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const text = readFileSync(file, "utf8").trim()
    const secret = ["--password-file", secretFile()]
    const word = await failure(freshHome(), ["login", "to", text, "--login", "bob", ...secret])
    expect(word).toMatchObject({ code: 2, stdout: "" })
    expect(word.stderr).toContain("others see the words of a command")
    expect(word.stderr).not.toContain(text.slice(0, 30))
    const nameless = await failure(freshHome(), ["login", "to", file, ...secret])
    expect(nameless).toMatchObject({ code: 2 })
    const elsewhere = await failure(freshHome(), [
      ...["login", "to", file, "--login", "bob", "--realm", "oven.example", ...secret],
    ])
    expect(elsewhere.stderr).toContain("The invitation is of lamp.example")
    const home = freshHome()
    const { code, stdout } = await stringphone(
      home,
      ["login", "to", "-", "--login", "Bob", "--device", "Bob's phone", ...secret],
      `${text}\n`,
    )
    expect(code).toBe(0)
    expect(stdout).toBe(
      `Registered, and logged in at lamp.example as bob.\nDevice    Bob's phone\nScopes    none\nServer    ${scene.fingerprint}\n`,
    )
    const again = await failure(freshHome(), ["login", "to", file, "--login", "eve", ...secret])
    expect(again).toMatchObject({ code: 1 })
    expect(again.stderr).toContain("does not take this invitation: it was used")
    expect(again.stderr).toContain(`login to ${scene.url} --login eve`)
    const other = secretFile(broken(await invitation(scene, ["--login", "carol"])))
    const wrong = await failure(freshHome(), ["login", "to", other, "--login", "eve", ...secret])
    expect(wrong.stderr).toContain("The invitation is for carol.")
    expect(await json(freshHome(), ["login", "to", other, ...secret])).toMatchObject({
      login: "carol",
    })
  })
})

/** As a message or an editor breaks a long line. */
function broken(text: string): string {
  return text.replace(/.{60}/g, "$&\r\n")
}

describe("sessions", { timeout: 120_000 }, () => {
  it("change their password, end others, and log out", async () => {
    const scene = await loginScene()
    const laptop = await registered(scene)
    const phone = await loggedIn(scene, "phone")
    const change = ["login", "password", "--new-password-file", secretFile("a new password")]
    const wrong = await failure(laptop, [...change, "--old-password-file", secretFile("wrong")])
    expect(wrong).toMatchObject({ code: 1, stdout: "" })
    expect(
      await json(laptop, [...change, "--old-password-file", secretFile(), "--end-others"]),
    ).toMatchObject({ event: "password-changed", endedOthers: true })
    expect((await failure(phone, ["login", "devices"])).stderr).toContain("has ended")
    await expect(loggedIn(scene, "tablet")).rejects.toThrow("password")
    const tablet = await loggedIn(scene, "tablet", "a new password")

    const own = await failure(tablet, ["login", "revoke", "tablet"])
    expect(own.stderr).toContain("login logout")
    expect((await failure(tablet, ["login", "revoke", "nothing"])).stderr).toContain("no device")
    expect((await failure(tablet, ["login", "revoke", "--others"])).stderr).toContain("y")
    await json(tablet, ["login", "revoke", "--others", "--yes"])
    expect((await failure(laptop, ["login", "devices"])).stderr).toContain("has ended")
    expect(await json(tablet, ["login", "logout"])).toMatchObject({ event: "logged-out" })
    expect((await failure(tablet, ["login", "devices"])).stderr).toContain("has no session")
    expect(await json(scene.home, ["login", "user", "devices", "ann"])).toMatchObject({
      devices: [],
    })
  })

  it("are kept beside each other, and the one that is meant has to be said", async () => {
    const [lamp, oven] = [await loginScene(), await loginScene()]
    const home = await registered(lamp)
    const secret = ["--password-file", secretFile()]
    const ofBob = secretFile(await invitation(lamp, ["--login", "bob"]))
    await json(home, ["login", "to", ofBob, ...secret])
    await json(home, ["login", "logout", "--login", "bob"])
    await json(home, ["login", "to", lamp.url, "--login", "bob", ...secret])
    const several = await failure(home, ["login", "call", "GET", "/"])
    expect(several.stderr).toMatch(/ann at lamp.example, bob at lamp.example/)
    for (const login of ["ann", "bob"]) {
      const choice = ["--at", "lamp.example", "--login", login]
      const called = await json(home, ["login", "call", "GET", "/", ...choice])
      expect(JSON.parse(String(called["body"]))).toMatchObject({ login })
    }
    const elsewhere = await failure(home, ["login", "call", "GET", `${oven.url}/`])
    expect(elsewhere.stderr).toContain("has no session at")
  })

  it("are sealed with the key ring, and forgotten without their server", async () => {
    const scene = await loginScene()
    const home = await registered(scene)
    const seal = secretFile("of the ring")
    await json(home, ["id", "seal", "--new-passphrase-file", seal])
    expect((await failure(home, ["login", "call", "GET", "/"])).stderr).toContain("sealed")
    const opened = ["--passphrase-file", seal]
    expect(await json(home, [...opened, "login", "call", "GET", "/"])).toMatchObject({
      status: 200,
    })
    await scene.running.end()
    expect(await failure(home, [...opened, "login", "logout"])).toMatchObject({ code: 1 })
    expect(await json(home, [...opened, "login", "logout", "--forget"])).toMatchObject({
      event: "forgotten",
    })
  })
})

describe("calls", { timeout: 120_000 }, () => {
  it("give bodies as they are, and 1 for what the API refuses", async () => {
    const bytes = Buffer.from([0, 255, 10, 27])
    const api = await plainApi((request, response) => {
      if (request.url === "/bytes") response.end(bytes)
      else response.writeHead(404, { "X-Why": "no" }).end("nothing here")
    })
    const scene = await loginScene(["--forward", api.url])
    const home = await registered(scene)
    const binary = await json(home, ["login", "call", "GET", "/bytes", "--signed"])
    expect(Buffer.from(String(binary["bodyBase64url"]), "base64url")).toEqual(bytes)
    const missing = await failure(home, ["login", "call", "GET", "/x"])
    expect(missing).toEqual({
      code: 1,
      stdout: "nothing here",
      stderr: "stringphone: HTTP 404, sealed, proven to be of lamp.example\n",
    })
    const image = join(freshHome(), "image.bin")
    writeFileSync(image, bytes)
    for (const [from, input] of [
      [image, ""],
      ["-", "from a pipe"],
    ] as const) {
      await stringphone(home, ["login", "call", "POST", "/up", "--data-file", from], input)
    }
    expect(api.asked.map(({ body }) => body)).toEqual([
      "",
      "",
      bytes.toString("utf8"),
      "from a pipe",
    ])
    const header = await failure(home, ["login", "call", "GET", "/", "--header", "Host: evil"])
    expect(header).toMatchObject({ code: 2 })
  })

  it("go by the ways and scopes that the server asks for", async () => {
    const scene = await loginScene(["--mode", "sealed", "--scope", "heating"])
    const home = await registered(scene)
    const scope = await failure(home, ["login", "call", "GET", "/"])
    expect(scope.stderr).toContain("This session may not do that.")
    const mode = await failure(home, ["login", "call", "GET", "/", "--signed"])
    expect(mode.stderr).toContain("in the other way, sealed or signed")
  })

  it("end when they said that they would, also where nobody answers", async () => {
    const scene = await loginScene()
    const silent = createServer((socket) => socket.on("error", () => undefined))
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void silent.close())
    let where = scene.url
    const home = await registered({ ...scene, url: (await middlebox(() => where, {})).url })
    where = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    for (const way of [[], ["--signed"]]) {
      const late = await failure(home, ["login", "call", "GET", "/", "--wait", "1", ...way])
      expect(late).toMatchObject({ code: 1, stdout: "" })
      expect(late.stderr).toContain("There was no answer within 1 s.")
    }
  })

  it("say that an API behind the server is away", async () => {
    const scene = await loginScene(["--forward", "http://127.0.0.1:1"])
    const home = await registered(scene)
    expect(await failure(home, ["login", "call", "GET", "/"])).toMatchObject({
      code: 1,
      stdout: "The API does not answer.\n",
    })
  })
})
