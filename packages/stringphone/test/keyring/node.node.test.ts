import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterEach, expect, it } from "vitest"
import { openNodeKeyRing } from "../../src/keyring/node.js"

const folder = mkdtempSync(join(tmpdir(), "stringphone-ring-"))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it("is one file of mode 0600 in a folder of mode 0700", async () => {
  const directory = join(folder, "new")
  const ring = await openNodeKeyRing({ directory, profile: "alice" })
  await ring.close()
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  expect(statSync(join(directory, "alice.keyring.json")).mode & 0o777).toBe(0o600)
})

it.each(["", "../alice", "a/b", ".hidden", "x".repeat(65)])(
  "refuses the profile %j",
  async (profile) => {
    await expect(openNodeKeyRing({ directory: folder, profile })).rejects.toMatchObject({
      code: "bad-profile",
    })
  },
)

it("loses nothing when processes add contacts at once", { timeout: 30_000 }, async () => {
  const program = `
    import { addContact, Identity } from "stringphone/identity"
    import { openNodeKeyRing } from "stringphone/keyring/node"
    const [directory, name] = process.argv.slice(1)
    const ring = await openNodeKeyRing({ directory })
    for (let i = 0; i < 10; i++) {
      const { publicKey } = Identity.generate()
      const contact = { petname: name + i, publicKey }
      await ring.updateContacts((book) => addContact(book, contact, { state: "trusted", atMs: 1 }))
    }
    await ring.close()`
  const run = (name: string) =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, folder, name], {
      cwd: import.meta.dirname,
    })
  await Promise.all(["a", "b", "c"].map(run))
  const ring = await openNodeKeyRing({ directory: folder })
  expect(await ring.contacts()).toHaveLength(30)
  await ring.close()
})
