// Two programs with one mailbox: what one deletes or marks, the other does not undo.
import { beforeEach, describe, expect, it } from "vitest"
import type { MailboxSession } from "../../src/session/mailbox/index.js"
import { carry, dayMs, meddled, Person } from "./mailbox-owners.js"

const letterFolder = "mail/letter/"

let alice: Person
let bob: Person
let other: MailboxSession

beforeEach(async () => {
  ;[alice, bob] = [new Person("alice"), new Person("bob")]
  other = await alice.open()
  const b = await bob.open()
  await b.write({ to: [{ address: (await other.invite()).text }], text: "from bob" })
  await carry(bob, alice)
  await other.look()
})

/** Alice's second program, in which this happens just before a letter is saved. */
function disturbed(by: () => Promise<unknown>): Promise<MailboxSession> {
  return alice.open(meddled(alice.store, { before: letterFolder, by }))
}

async function received() {
  return (await other.letters()).find(({ direction }) => direction === "in")!
}

/** Alice's letter to both, whose receipts wait in her hub. */
async function confirmedByBoth(): Promise<string> {
  const carol = new Person("carol")
  const [b, c] = [await bob.open(), await carol.open()]
  await c.write({ to: [{ address: (await other.invite()).text }], text: "from carol" })
  await carry(carol, alice)
  await other.look()
  const people = [bob, carol]
  const to = people.map(({ identity: { publicKey } }) => ({ publicKey }))
  const sent = await other.write({ to, text: "both", wantsReceipt: true })
  for (const [person, session] of [
    [bob, b],
    [carol, c],
  ] as const) {
    await carry(alice, person)
    await session.look()
    const letter = (await session.letters()).find(({ text }) => text === "both")
    await session.confirm(letter!.id)
    person.now += dayMs + 3_600_000
    await session.look()
  }
  await carry(bob, alice)
  await carry(carol, alice)
  return sent.id
}

describe("two programs with one mailbox", () => {
  it("a letter that one deletes while the other marks it stays deleted", async () => {
    const { id } = await received()
    const session = await disturbed(() => other.deleteLetter(id))
    await expect(session.markRead(id)).rejects.toMatchObject({ code: "no-such-letter" })
    expect(await other.letters()).toEqual([])
    expect(await alice.store.list(letterFolder)).toEqual([])
  })

  it("a letter that one deletes while the other takes a receipt in stays deleted", async () => {
    const id = await confirmedByBoth()
    const session = await disturbed(() => other.deleteLetter(id))
    await session.look()
    expect(await other.letter(id)).toBeNull()
    expect(alice.events.filter(({ kind }) => kind === "receipt")).toEqual([])
  })

  it("receipts that one takes in while the other marks their letter count", async () => {
    const id = await confirmedByBoth()
    const session = await disturbed(() => other.look())
    await session.markRead(id)
    expect((await other.letter(id))?.confirmedBy).toHaveLength(2)
  })

  it("a letter that one marks while the other takes its receipts in is confirmed, and told of once", async () => {
    const id = await confirmedByBoth()
    const session = await disturbed(() => other.markRead(id))
    await session.look()
    expect((await other.letter(id))?.confirmedBy).toHaveLength(2)
    expect(alice.events.filter(({ kind }) => kind === "receipt")).toHaveLength(2)
  })
})
