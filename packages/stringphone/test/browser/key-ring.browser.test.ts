import { expect, it } from "vitest"
import { addContact, Identity } from "../../src/identity/index.js"
import { openBrowserKeyRing } from "../../src/keyring/browser.js"

const cost = { passes: 1, memoryKib: 64 }
const trusted = { state: "trusted", atMs: 1 } as const

it("is there again after the page was left, also when sealed", async () => {
  const ring = await openBrowserKeyRing()
  const { publicKey } = Identity.generate()
  await ring.updateContacts((book) => addContact(book, { petname: "Bob", publicKey }, trusted))
  await ring.setPassphrase("tin can", cost)
  await ring.close()

  await expect(openBrowserKeyRing()).rejects.toMatchObject({ code: "passphrase-needed" })
  await expect(openBrowserKeyRing({ passphrase: () => "tin" })).rejects.toMatchObject({
    code: "passphrase-wrong",
  })
  // A failed opening leaves no connection behind: the database could not be deleted otherwise.
  const again = await openBrowserKeyRing({ passphrase: () => "tin can" })
  expect(again.identity.publicKey).toEqual(ring.identity.publicKey)
  expect((await again.contacts()).map(({ petname }) => petname)).toEqual(["Bob"])
  await again.close()
  await deleted("stringphone key ring")
  expect((await openBrowserKeyRing()).identity.publicKey).not.toEqual(ring.identity.publicKey)
})

function deleted(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onblocked = () => reject(new Error("blocked"))
  })
}
