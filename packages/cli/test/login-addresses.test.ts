import { expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { failure } from "./login-scene.js"

it.each(["127.0.0.1:8484", "localhost", "lamp.local", "lamp:8484", "[::1]:8484", "lamp.local/"])(
  "says how an address begins when it is typed as in a browser: %s",
  async (target) => {
    const { code, stderr } = await failure(freshHome(), ["login", target, "--login", "ann"])
    expect(code).toBe(2)
    expect(stderr).toContain(`so: stringphone login to http://${target}\n`)
  },
)

it.each(["invitation.txt", "sessoins", "ftp://lamp.local", "a:b"])(
  "takes no other word for an address: %s",
  async (target) => {
    const { code, stderr } = await failure(freshHome(), ["login", target, "--login", "ann"])
    expect(code).toBe(2)
    expect(stderr).toMatch(/and no file with an invitation\.\n$/)
  },
)

it("takes a host with a port for no address of a session", async () => {
  const args = ["login", "devices", "--at", "lamp.local:8484"]
  const { stderr } = await failure(freshHome(), args)
  expect(stderr).toContain("at lamp.local:8484. Log in: stringphone login to http://…")
})
