import { describe, expect, it } from "vitest"
import { fromUtf8, hex, utf8 } from "../../src/bytes/index.js"
import { addContact, decideTrust, Identity, type VerifiedBy } from "../../src/identity/index.js"
import { type ClassicTopicRecord, type KeyRing, openKeyRing } from "../../src/keyring/index.js"
import type { Commit, Store } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"

/** Weak on purpose: the tests are about what is sealed, not about how hard it is to guess. */
const cost = { passes: 1, memoryKib: 8 }
const trusted = { state: "trusted", atMs: 1_700_000_000_000 } as const
const bob = Identity.generate().publicKey

function garden(): ClassicTopicRecord {
  const topicKey = Identity.generate().exportSeed()
  return {
    name: "garden",
    address: "mqtt://host:1883/g",
    topicKey,
    keyProven: false,
    participants: [bob],
  }
}

async function dump(store: Store): Promise<string> {
  const entries = await store.list("")
  return entries.map(({ key, value }) => `${key}=${hex(value)} ${fromUtf8(value) ?? ""}`).join("\n")
}

function withCommit(store: Store, commit: Store["commit"]): Store {
  return {
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    close: () => store.close(),
    commit,
  }
}

describe("key ring", () => {
  it("makes an identity once, and finds everything again", async () => {
    const store = createMemoryStore()
    const ring = await openKeyRing({ store })
    const topic = garden()
    await ring.updateContacts((book) =>
      addContact(book, { petname: "Bob", publicKey: bob }, trusted),
    )
    await ring.updateTopic("garden", () => topic)

    const again = await openKeyRing({ store })
    expect(again.identity.publicKey).toEqual(ring.identity.publicKey)
    expect(await again.contacts()).toEqual([
      { petname: "Bob", publicKey: bob, exchangePublicKey: null, decisions: [trusted] },
    ])
    expect(await again.topics()).toEqual([topic])
    expect(await again.updateTopic("garden", () => null)).toBeNull()
    expect(await ring.topic("garden")).toBeNull()
  })

  it("gives two processes that start at once the same identity", async () => {
    const store = createMemoryStore()
    const rings = await Promise.all(Array.from({ length: 8 }, () => openKeyRing({ store })))
    expect(new Set(rings.map((ring) => hex(ring.identity.publicKey))).size).toBe(1)
  })

  it("loses no contact when many write at once", async () => {
    const store = createMemoryStore()
    const [one, other] = [await openKeyRing({ store }), await openKeyRing({ store })]
    const add = (ring: KeyRing, i: number) =>
      ring.updateContacts((book) =>
        addContact(book, { petname: `c${i}`, publicKey: Identity.generate().publicKey }, trusted),
      )
    await Promise.all(Array.from({ length: 40 }, (_, i) => add(i % 2 ? one : other, i)))
    expect(await one.contacts()).toHaveLength(40)
  })

  it.each([
    ["a short topic key", () => ({ ...garden(), topicKey: new Uint8Array(31) })],
    ["a short participant", () => ({ ...garden(), participants: [new Uint8Array(31)] })],
  ])("refuses a topic with %s, and stays usable", async (_, topic) => {
    const ring = await openKeyRing({ store: createMemoryStore() })
    await expect(ring.updateTopic("garden", topic)).rejects.toMatchObject({ code: "bad-record" })
    expect(await ring.topics()).toEqual([])
  })

  it("refuses a contact with a time that is none", async () => {
    const ring = await openKeyRing({ store: createMemoryStore() })
    const never = { state: "trusted", atMs: Number.NaN } as const
    const add = ring.updateContacts((book) =>
      addContact(book, { petname: "Bob", publicKey: bob }, never),
    )
    await expect(add).rejects.toMatchObject({ code: "bad-record" })
    expect(await ring.contacts()).toEqual([])
  })

  it("reads back every way in which a key was verified, and refuses others", async () => {
    const store = createMemoryStore()
    const ring = await openKeyRing({ store })
    const ways = ["words", "digits", "hex", "card", "emoji", "code", "invitation"] as const
    const verified = (by: string) => ({ state: "verified", atMs: 1, by: by as VerifiedBy }) as const
    await ring.updateContacts((book) =>
      ways.reduce(
        (now, by) => decideTrust(now, bob, verified(by)),
        addContact(book, { petname: "Bob", publicKey: bob }, trusted),
      ),
    )
    const [contact] = await (await openKeyRing({ store })).contacts()
    expect(contact?.decisions).toEqual([trusted, ...ways.map(verified)])
    for (const by of ["guess", "", "constructor", "__proto__"]) {
      const decide = ring.updateContacts((book) => decideTrust(book, bob, verified(by)))
      await expect(decide).rejects.toMatchObject({ code: "bad-record" })
    }
  })

  it("writes nothing when the change throws", async () => {
    const ring = await openKeyRing({ store: createMemoryStore() })
    await expect(
      ring.updateContacts(() => {
        throw new Error("no")
      }),
    ).rejects.toThrow("no")
    expect(await ring.contacts()).toEqual([])
  })
})

describe("sealed key ring", () => {
  async function sealed() {
    const store = createMemoryStore()
    const ring = await openKeyRing({ store })
    const topic = garden()
    await ring.updateTopic("garden", () => topic)
    await ring.setPassphrase("tin can", cost)
    return { store, ring, topic }
  }

  it("opens with the passphrase only, and stays usable", async () => {
    const { store, ring, topic } = await sealed()
    await expect(openKeyRing({ store })).rejects.toMatchObject({ code: "passphrase-needed" })
    await expect(openKeyRing({ store, passphrase: () => "tin" })).rejects.toMatchObject({
      code: "passphrase-wrong",
    })
    const again = await openKeyRing({ store, passphrase: async () => "tin can" })
    expect(again.sealed && ring.sealed).toBe(true)
    expect(await again.topics()).toEqual([topic])
    expect(again.identity.publicKey).toEqual(ring.identity.publicKey)
  })

  it("shows no secret, name or address in the store", async () => {
    const { store, ring, topic } = await sealed()
    const stored = await dump(store)
    for (const secret of [
      ring.identity.exportSeed(),
      topic.topicKey,
      utf8("garden"),
      utf8("host"),
    ]) {
      expect(stored).not.toContain(hex(secret as Uint8Array))
    }
    expect(stored).not.toContain("garden")
  })

  it("takes the same passphrase from another keyboard", async () => {
    const { store, ring } = await sealed()
    await ring.setPassphrase("café", cost)
    await expect(openKeyRing({ store, passphrase: () => "cafe\u0301" })).resolves.toBeDefined()
  })

  it("can be unsealed again", async () => {
    const { store, ring, topic } = await sealed()
    await ring.setPassphrase(null)
    expect(await (await openKeyRing({ store })).topics()).toEqual([topic])
    await expect(ring.setPassphrase("")).rejects.toMatchObject({ code: "passphrase-empty" })
  })

  it("does not write under an old ring key after another process changed the passphrase", async () => {
    const { store, ring, topic } = await sealed()
    const other = await openKeyRing({ store, passphrase: () => "tin can" })
    await other.setPassphrase("string", cost)
    await expect(ring.updateTopic("garden", () => null)).rejects.toMatchObject({
      code: "passphrase-changed",
    })
    await expect(ring.topics()).rejects.toMatchObject({ code: "passphrase-changed" })
    expect(await other.topics()).toEqual([topic])
  })

  /** Runs something between what a ring reads and what it writes. */
  function interrupted(store: Store, before: () => Promise<unknown>): Store {
    let once: typeof before | null = before
    return withCommit(store, async (commit) => {
      const run = once
      once = null
      await run?.()
      return store.commit(commit)
    })
  }

  it("seals an entry, too, that another process writes just now", async () => {
    const store = createMemoryStore()
    const other = await openKeyRing({ store })
    const topic = garden()
    const write = () => other.updateTopic("garden", () => topic)
    const ring = await openKeyRing({ store: interrupted(store, write) })
    await ring.setPassphrase("tin can", cost)
    expect(await dump(store)).not.toContain("garden")
    expect(await ring.topics()).toEqual([topic])
  })

  it("does not take another process's header for its own", async () => {
    const store = createMemoryStore()
    const seals = (commit: Commit) => commit.writes.length > 1 && commit.checks?.length !== 2
    const watched = withCommit(store, async (commit) => {
      const done = await store.commit(commit)
      if (seals(commit)) await (await openKeyRing({ store })).setPassphrase("theirs", cost)
      return done
    })
    const ring = await openKeyRing({ store: watched })
    await expect(ring.setPassphrase(null)).rejects.toMatchObject({ code: "passphrase-changed" })
    await expect(ring.updateTopic("garden", garden)).rejects.toMatchObject({
      code: "passphrase-changed",
    })
    const theirs = await openKeyRing({ store, passphrase: () => "theirs" })
    expect(await theirs.topics()).toEqual([])
  })

  it("asks again when the passphrase was changed while somebody typed", async () => {
    const { store, ring } = await sealed()
    const typed = ["tin can", "string"]
    const again = await openKeyRing({
      store,
      async passphrase() {
        if (typed.length === 2) await ring.setPassphrase("string", cost)
        // The old passphrase still opens the header that was read before.
        return typed.shift() ?? ""
      },
    })
    expect(again.identity.publicKey).toEqual(ring.identity.publicKey)
  })

  it.each([
    { passes: 0, memoryKib: 8 },
    { passes: 65, memoryKib: 8 },
    { passes: 1, memoryKib: 7 },
    { passes: 1.5, memoryKib: 8 },
    { passes: 1, memoryKib: 2 ** 30 },
  ])("refuses a cost that it would not open again: %j", async (bad) => {
    const { ring, topic } = await sealed()
    await expect(ring.setPassphrase("x", bad)).rejects.toMatchObject({ code: "bad-cost" })
    expect(await ring.topics()).toEqual([topic])
  })

  it("notices an entry that was altered or moved", async () => {
    const { store } = await sealed()
    const topics = (await store.get("topics"))?.value as Uint8Array
    await store.commit({ writes: [{ key: "contacts", value: topics }] })
    const ring = await openKeyRing({ store, passphrase: () => "tin can" })
    await expect(ring.contacts()).rejects.toMatchObject({ code: "keyring-corrupt" })
    topics[30] = (topics[30] as number) ^ 1
    await store.commit({ writes: [{ key: "topics", value: topics }] })
    await expect(ring.topics()).rejects.toMatchObject({ code: "keyring-corrupt" })
  })
})

describe("damaged key ring", () => {
  const header = (seal: unknown, version = 1) => ({ format: "stringphone key ring", version, seal })
  const seal = {
    kdf: "argon2id",
    passes: 1,
    memoryKib: 8,
    salt: "00".repeat(16),
    nonce: "00".repeat(24),
    sealedKey: "00".repeat(48),
  }

  it.each([
    ["not JSON", "key-ring", "{", "keyring-corrupt"],
    ["another format", "key-ring", JSON.stringify({ format: "x" }), "keyring-corrupt"],
    ["a later version", "key-ring", JSON.stringify(header(null, 2)), "keyring-newer"],
    [
      "a seal that would take all memory",
      "key-ring",
      JSON.stringify(header({ ...seal, memoryKib: 2 ** 40 })),
      "keyring-corrupt",
    ],
    [
      "a seal that would take for ever",
      "key-ring",
      JSON.stringify(header({ ...seal, passes: 1e9 })),
      "keyring-corrupt",
    ],
    [
      "a seal without salt",
      "key-ring",
      JSON.stringify(header({ ...seal, salt: "" })),
      "keyring-corrupt",
    ],
    ["a short identity", "identity", "abc", "keyring-corrupt"],
  ])("with %s is refused and left as it is", async (_, key, value, code) => {
    const store = createMemoryStore()
    await openKeyRing({ store })
    await store.commit({ writes: [{ key, value: utf8(value) }] })
    const before = await dump(store)
    await expect(openKeyRing({ store, passphrase: () => "x" })).rejects.toMatchObject({ code })
    expect(await dump(store)).toBe(before)
  })

  it.each([
    ["contacts", "[{}]"],
    ["contacts", "{}"],
    ["contacts", '[{"petname":"a","publicKey":"00","exchangePublicKey":null,"decisions":[]}]'],
    ["topics", '[{"name":1}]'],
    ["topics", "null"],
    ["topics", "\u0000"],
  ])("with %s = %s says so, and a change does not overwrite it", async (key, value) => {
    const store = createMemoryStore()
    const ring = await openKeyRing({ store })
    await store.commit({ writes: [{ key, value: utf8(value) }] })
    await expect(ring.contacts().then(() => ring.topics())).rejects.toMatchObject({
      code: "keyring-corrupt",
    })
    const change =
      key === "topics" ? ring.updateTopic("x", () => garden()) : ring.updateContacts((book) => book)
    await expect(change).rejects.toMatchObject({ code: "keyring-corrupt" })
    expect(fromUtf8((await store.get(key))?.value as Uint8Array)).toBe(value)
  })
})
