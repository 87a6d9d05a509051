import { describe, expect, it } from "vitest"
import {
  addContact,
  type ContactBook,
  contactByKey,
  decideTrust,
  Identity,
  removeContact,
  renameContact,
  resolveContact,
  takePetname,
  trustOf,
} from "../../src/identity/index.js"
import { nameClash } from "../../src/identity/contacts.js"
import { hex } from "../../src/bytes/index.js"

const alice = Identity.generate().publicKey
const bob = Identity.generate().publicKey
const trusted = { state: "trusted", atMs: 1 } as const
const book = addContact(
  addContact([], { petname: "Alice", publicKey: alice }, trusted),
  { petname: "Bob", publicKey: bob },
  { state: "unknown", atMs: 2 },
)

describe("contact book", () => {
  it("keeps every decision, and the last one counts", () => {
    const verified = decideTrust(book, alice, { state: "verified", atMs: 3, by: "words" })
    expect(contactByKey(verified, alice)?.decisions).toEqual([
      trusted,
      { state: "verified", atMs: 3, by: "words" },
    ])
    expect(trustOf(contactByKey(verified, alice)).state).toBe("verified")
    expect(trustOf(contactByKey(book, alice)).state).toBe("trusted")
  })

  it("never trusts a revoked key again, except as a new contact", () => {
    const revoked = decideTrust(book, alice, { state: "revoked", atMs: 4 })
    expect(() => decideTrust(revoked, alice, trusted)).toThrow(/revoked/)
    const anew = addContact(
      removeContact(revoked, alice),
      { petname: "Alice", publicKey: alice },
      trusted,
    )
    expect(trustOf(contactByKey(anew, alice)).state).toBe("trusted")
  })

  it("finds people by name, whatever the case, and by the start of the key", () => {
    expect(resolveContact(book, "ALICE").publicKey).toEqual(alice)
    expect(resolveContact(book, hex(bob).slice(0, 8)).publicKey).toEqual(bob)
    expect(() => resolveContact(book, "carol")).toThrow('There is no contact "carol".')
    expect(() => resolveContact(book, hex(bob).slice(0, 7))).toThrow("There is no contact")
  })

  it("does not give one name, or one that looks the same, to two keys", () => {
    const carol = Identity.generate().publicKey
    for (const petname of ["alice", "ALICE", " Alice ", "Ａlice", "Alice\uFE0F"]) {
      expect(() => addContact(book, { petname, publicKey: carol }, trusted)).toThrow(/another name/)
      expect(() => renameContact(book, bob, petname)).toThrow(/another name/)
    }
    expect(resolveContact(renameContact(book, alice, "ALICE"), "alice").petname).toBe("ALICE")
  })

  it.each([
    "Alice",
    "ALICE",
    " alice\n",
    "Ａlice",
    "Alice\uFE0F",
    "Al\u200Bice",
    "\u202EAlice\u0007",
    "Alice\u2800",
  ])("knows another key in the name of a contact: %j", (name) => {
    const mallory = Identity.generate().publicKey
    expect(nameClash(book, name, mallory)?.publicKey).toEqual(alice)
    expect(nameClash(book, name, bob)?.petname).toBe("Alice")
    expect(nameClash(book, name, alice)).toBeNull()
    const revoked = decideTrust(book, alice, { state: "revoked", atMs: 4 })
    expect(nameClash(revoked, name, mallory)?.publicKey).toEqual(alice)
  })

  it.each(["", "  ", "Alice B", "Al ice", "Carol", "\ud83d", "x".repeat(1000)])(
    "has nobody of the name %j",
    (name) => {
      expect(nameClash(book, name, Identity.generate().publicKey)).toBeNull()
    },
  )

  it("takes keys of 32 bytes only", () => {
    const short = new Uint8Array(31)
    for (const keys of [{ publicKey: short }, { publicKey: bob, exchangePublicKey: short }]) {
      expect(() => addContact([], { petname: "x", ...keys }, trusted)).toThrow("32 bytes")
    }
  })

  it("does not list one key twice", () => {
    expect(() => addContact(book, { petname: "Al", publicKey: alice }, trusted)).toThrow("Alice")
  })

  it("changes no book that it was given", () => {
    const frozen: ContactBook = Object.freeze([...book])
    removeContact(frozen, alice)
    renameContact(frozen, alice, "A")
    expect(frozen).toEqual(book)
  })
})

describe("petname", () => {
  it.each([
    "",
    "   ",
    "a\nb",
    "a\u0007",
    "a\u202Eb",
    "a\u200Bb",
    "\u3164",
    "x".repeat(65),
    "\u2028",
  ])("refuses %j", (name) => {
    expect(() => takePetname(name)).toThrow(/1 to 64 characters/)
  })

  it.each(["Ann", "Ann O’Hara", "台所", "lamp 2", "🙂", "❤️"])("takes %s", (name) => {
    expect(takePetname(` ${name} `)).toBe(name)
  })
})
