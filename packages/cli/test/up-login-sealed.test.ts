import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { startHome } from "./home.js"
import { secretFile } from "./login-scene.js"
import { stringphone } from "./program.js"

describe("a home whose login ring is sealed", { timeout: 120_000 }, () => {
  it("works without logins, and says how they come back", async () => {
    const folder = freshHome()
    const first = await startHome(folder)
    await first.home.end()
    const { directory } = first.ready
    const passphrase = secretFile("two cans")
    const login = ["--as", "login", "id"]
    const sealing = [...login, "seal", "--new-passphrase-file", passphrase]
    expect((await stringphone(directory, sealing)).code).toBe(0)

    const { home } = await startHome(folder)
    const { text } = await home.next("notice", ({ level }) => level === "warning")
    expect(text).toContain("Logins do not work, and the rest does.")
    expect(text).toContain(`stringphone --as login id unseal, with STRINGPHONE_HOME=${directory}`)
    await home.end()

    const unsealing = ["--passphrase-file", passphrase, ...login, "unseal"]
    expect((await stringphone(directory, unsealing)).code).toBe(0)
    const back = await startHome(folder)
    expect(back.ready).toMatchObject({ login: { realm: expect.any(String) as string } })
    await back.home.end()
  })
})
