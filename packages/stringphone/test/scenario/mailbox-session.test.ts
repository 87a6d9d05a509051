// Mailboxes with their stores, and hubs that somebody carries from one to the other.
import { describe, expect, it } from "vitest"
import { addContact } from "../../src/identity/index.js"
import { openMailbox } from "../../src/session/mailbox/index.js"
import { createMemoryEnvelopeStore } from "../../src/store/envelopes/memory.js"
import type { Store } from "../../src/store/index.js"
import { carry, dayMs, Person } from "./mailbox-owners.js"

describe("a mailbox", () => {
  it("writes offline, and the letter is read wherever its envelope comes", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    const { text } = await a.invite()
    const file = { name: "map.png", bytes: new Uint8Array(5_000).fill(3) }
    const sent = await b.write({
      to: [{ address: text }],
      text: "hello",
      files: [file],
      wantsReceipt: true,
    })
    expect(sent).toMatchObject({ direction: "out", isRead: true, authorship: "deniable" })
    expect(sent.to[0]?.publicKey).toEqual(alice.identity.publicKey)
    await carry(bob, alice)
    expect(await a.look()).toEqual({ letters: 1, looked: 1 })
    expect(await a.look()).toEqual({ letters: 0, looked: 0 })
    const [letter] = await a.letters()
    expect(letter).toMatchObject({
      text: "hello",
      direction: "in",
      isRead: false,
      files: [{ name: "map.png", size: 5_000 }],
    })
    expect(letter?.from).toMatchObject({ trust: "invited", contact: null })
    expect(await a.file(letter!.id, 0)).toEqual(file.bytes)
    expect(await a.file(letter!.id, 1)).toBeNull()
    alice.book = addContact(
      alice.book,
      { petname: "Bob", publicKey: bob.identity.publicKey },
      { state: "verified", atMs: 1, by: "words" },
    )
    expect((await a.letter(letter!.id.slice(0, 6)))?.from).toMatchObject({
      name: "Bob",
      trust: "verified",
    })
    await a.markRead(letter!.id)
    expect((await a.status()).unread).toBe(0)

    await a.confirm(letter!.id)
    expect((await a.look()).looked).toBe(0)
    alice.now += dayMs + 3_600_000
    bob.now = alice.now
    await a.look()
    await carry(alice, bob)
    await b.look()
    expect(bob.events.map(({ kind }) => kind)).toEqual(["receipt"])
    expect((await b.letter(sent.id))?.confirmedBy).toHaveLength(1)
    await a.deleteLetter(letter!.id)
    expect(await a.letters()).toEqual([])
    expect(await a.file(letter!.id, 0)).toBeNull()
  })

  it("is found by twelve words", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    const { words } = await a.invite({ withWords: true })
    expect(words).toHaveLength(12)
    expect(await b.findInvitation(words!)).toBeNull()
    await carry(alice, bob)
    const address = await b.findInvitation(words!)
    expect(b.readAddress(address!)).toMatchObject({
      isInvitation: true,
      publicKey: alice.identity.publicKey,
    })
    await b.write({ to: [{ address: address! }], text: "by words" })
    await carry(bob, alice)
    await a.look()
    expect((await a.letters()).map(({ text }) => text)).toEqual(["by words"])
  })

  it("finds what came before it was known", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    const { text } = await a.invite()
    await b.write({ to: [{ address: text }], text: "first" })
    await carry(bob, alice)
    await a.look()
    await a.write({ to: [{ publicKey: bob.identity.publicKey }], text: "answer" })
    await carry(alice, bob)
    await b.look()
    for (let i = 0; i < 70; i++) {
      await b.write({ to: [{ publicKey: alice.identity.publicKey }], text: `number ${i}` })
    }
    // The last come first.
    const all = await bob.hub.since(0, 1_000)
    await alice.hub.add([...all].reverse().map((one) => ({ ...one, link: "stick" })))
    await a.look()
    expect(await a.letters()).toHaveLength(72)
  })

  it("saves nothing for envelopes that are not its own", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    const { text } = await a.invite({ withWords: true })
    await a.look()
    await a.look()
    const before = (await alice.store.get("mail/state"))?.version
    await carry(alice, bob)
    expect((await b.look()).looked).toBe(1)
    expect((await alice.store.get("mail/state"))?.version).toBe(before)
    // Another hub counts anew: what it has is looked at, all of it.
    await b.write({ to: [{ address: text }], text: "to the new hub" })
    const other = createMemoryEnvelopeStore()
    await other.add((await bob.hub.since(0, 10)).slice(-1))
    const { store, identity } = alice
    const moved = await openMailbox({
      store,
      identity,
      envelopes: other,
      wallClock: () => alice.now,
    })
    expect(await moved.look()).toEqual({ letters: 1, looked: 1 })
  })

  it("shows wrong letters as such, and goes on", async () => {
    const [alice, bob, carol] = [new Person("alice"), new Person("bob"), new Person("carol")]
    const [a, b, c] = [await alice.open(), await bob.open(), await carol.open()]
    const { text } = await a.invite()
    await b.write({ to: [{ address: text }], text: "by bob" })
    await c.write({ to: [{ address: text }], text: "by carol" })
    await carry(bob, alice)
    await carry(carol, alice)
    await a.look()
    expect(
      alice.events.map((event) => (event.kind === "rejected" ? event.error.code : event.kind)),
    ).toEqual(["pair", "letter", "invitation-used"])
  })

  it("loses nothing between two programs on one store", async () => {
    const [alice, bob] = [new Person("alice"), new Person("bob")]
    const [a, b] = [await alice.open(), await bob.open()]
    const again = await alice.open()
    const { text } = await a.invite()
    await b.write({ to: [{ address: text }], text: "x" })
    await carry(bob, alice)
    await Promise.all([a.look(), again.look()])
    const to = [{ publicKey: bob.identity.publicKey }]
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 ? a : again).write({ to, text: `letter ${i}` })),
    )
    await carry(alice, bob)
    await b.look()
    expect((await b.letters()).filter(({ direction }) => direction === "in")).toHaveLength(10)
    expect((await a.letters()).filter(({ direction }) => direction === "in")).toHaveLength(1)
  })

  it("loses no letter and uses no number twice when the program is killed at any write", async () => {
    for (let kill = 0; kill < 12; kill++) {
      const [alice, bob] = [new Person("alice"), new Person("bob")]
      const [a, b] = [await alice.open(), await bob.open()]
      const { text } = await a.invite()
      await b.write({ to: [{ address: text }], text: "x" })
      await carry(bob, alice)
      await a.look()
      const to = [{ publicKey: bob.identity.publicKey }]
      let commits = 0
      const dying: Store = {
        get: (key) => alice.store.get(key),
        list: (prefix) => alice.store.list(prefix),
        close: async () => undefined,
        commit: (commit) => {
          if (commits++ >= kill) throw new Error("killed")
          return alice.store.commit(commit)
        },
      }
      const told: string[] = []
      try {
        const session = await alice.open(dying)
        for (let i = 0; i < 3; i++) {
          await session.write({ to, text: `letter ${i}` })
          told.push(`letter ${i}`)
        }
      } catch (error) {
        expect(String(error)).toContain("killed")
      }
      const after = await alice.open()
      await after.write({ to, text: "after" })
      await carry(alice, bob)
      await b.look()
      const got = (await b.letters())
        .filter(({ direction }) => direction === "in")
        .map((one) => one.text)
      expect(got).toEqual(expect.arrayContaining([...told, "after"]))
      expect(new Set(got).size).toBe(got.length)
      const kept = (await after.letters())
        .filter(({ direction }) => direction === "out")
        .map((one) => one.text)
      expect([...got].sort()).toEqual([...kept].sort())
    }
  })

  it("says whether its public address is open, and for how long", async () => {
    const alice = new Person("alice")
    const a = await alice.open()
    expect((await a.status()).publicAddress).toBeNull()
    const text = await a.publicAddress()
    const { expiresAt } = a.readAddress(text)
    expect((await a.status()).publicAddress).toEqual({ text, expiresAt })
    for (let week = 0; week < 3; week++) {
      alice.now += 6 * dayMs
      await a.look()
    }
    const later = await a.publicAddress()
    expect(later).not.toBe(text)
    expect((await a.status()).publicAddress?.text).toBe(later)
    await a.closePublicAddress()
    expect((await a.status()).publicAddress).toBeNull()
    await a.publicAddress()
    alice.now += 29 * dayMs
    // Letters may still come to it, but nobody can write to it any more.
    expect((await a.status()).publicAddress).toBeNull()
  })

  it("says what is wrong with the clock", async () => {
    const alice = new Person("alice")
    await (await alice.open()).invite()
    alice.now += 40 * dayMs
    const a = await alice.open()
    expect(alice.events).toMatchObject([{ kind: "clock" }])
    expect((await a.status()).clock).toContain("weeks more")
    await a.confirmDate()
    expect((await a.status()).clock).toBeNull()
  })
})
