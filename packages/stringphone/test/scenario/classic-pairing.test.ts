import { describe, expect, it, vi } from "vitest"
import { exchangePublicKey, sealBox } from "../../src/crypto/index.js"
import { concat, fromUtf8, hex, u8 } from "../../src/bytes/index.js"
import {
  addContact,
  type ContactBook,
  decideTrust,
  Identity,
  removeContact,
  trustOf,
} from "../../src/identity/index.js"
import { type KeyRing, openKeyRing } from "../../src/keyring/index.js"
import {
  type ClassicTopicEvent,
  type ClassicTopicSession,
  openClassicTopic,
} from "../../src/session/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { generateTopicKey, Message, participantId, Topic } from "../../src/topic/classic/index.js"
import { encodeReply } from "../../src/topic/classic/wire/reply.js"
import type { Transport } from "../../src/transport/index.js"
import {
  createMemoryNetwork,
  type MemoryNetwork,
  SimulatedClock,
} from "../../src/transport/memory.js"

interface Party {
  readonly ring: KeyRing
  readonly session: ClassicTopicSession
  readonly heard: string[]
  readonly events: ClassicTopicEvent[]
  readonly transport: Transport
}

class Stage {
  readonly clock = new SimulatedClock()
  readonly network: MemoryNetwork = createMemoryNetwork({ clock: this.clock })

  async enter(name: string, topicKey: Uint8Array | null, ring?: KeyRing): Promise<Party> {
    const own = ring ?? (await openKeyRing({ store: createMemoryStore() }))
    await own.updateTopic(
      "home",
      (record) =>
        record ?? {
          name: "home",
          address: "memory",
          topicKey,
          keyProven: topicKey !== null,
          participants: [],
        },
    )
    const heard: string[] = []
    const events: ClassicTopicEvent[] = []
    const transport = this.network.connect(name)
    const session = await openClassicTopic({
      ring: own,
      name: "home",
      transport,
      clock: this.clock,
      wallClock: () => 1_000 + this.clock.now(),
      onMessage: ({ payload }) => void heard.push(fromUtf8(payload) ?? "?"),
      onEvent: (event) => void events.push(event),
    })
    return { ring: own, session, heard, events, transport }
  }

  /** Somebody on the channel who sends and hears raw bytes. */
  attacker(): Transport {
    return this.network.connect("mallory")
  }

  /** Lamp holds the key, phone has none; both windows are open and the phone was heard. */
  async meeting(): Promise<{ lamp: Party; phone: Party }> {
    const lamp = await this.enter("lamp", generateTopicKey())
    const phone = await this.enter("phone", null)
    await lamp.session.openPairing()
    await phone.session.openPairing()
    await this.clock.advance(1)
    return { lamp, phone }
  }
}

/** Lamp and phone trust each other, and the lamp has spoken. */
async function paired(): Promise<{ stage: Stage; lamp: Party; phone: Party }> {
  const stage = new Stage()
  const { lamp, phone } = await stage.meeting()
  await lamp.session.accept(phone.session.publicKey)
  await stage.clock.advance(1)
  await phone.session.accept(lamp.session.publicKey)
  await lamp.session.send("welcome")
  await stage.clock.advance(1)
  return { stage, lamp, phone }
}

function kinds(party: Party): string[] {
  return party.events.filter(({ kind }) => kind !== "channel").map(({ kind }) => kind)
}

describe("pairing", () => {
  it("takes a person's yes on each side, and then both talk", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    expect(lamp.session.requests.map(({ kind, publicKey }) => [kind, hex(publicKey)])).toEqual([
      ["introduction", hex(phone.session.publicKey)],
    ])
    expect(phone.session.membership).toBe("outside")

    await lamp.session.accept(phone.session.publicKey, { petname: "phone", verifiedBy: "words" })
    await stage.clock.advance(1)
    expect(phone.session.requests.map(({ kind }) => kind)).toEqual(["reply"])
    expect(phone.session.membership).toBe("outside")

    await phone.session.accept(lamp.session.publicKey, { verifiedBy: "words" })
    expect(phone.session.membership).toBe("unproven")
    await lamp.session.send("on")
    await stage.clock.advance(1)
    await phone.session.send("off")
    await stage.clock.advance(1)
    expect([phone.heard, lamp.heard]).toEqual([["on"], ["off"]])
    expect(phone.session.membership).toBe("member")
    expect(kinds(phone)).toEqual(["request", "joined", "key-proven"])
    const contact = lamp.session.contact(phone.session.publicKey)
    expect(contact?.petname).toBe("phone")
    expect(trustOf(contact)).toEqual({ state: "verified", by: "words", atMs: 1_001 })
  })

  it("is remembered after a restart", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    await phone.session.accept(lamp.session.publicKey)
    await phone.session.close()
    await phone.session.close()
    const again = await stage.enter("phone again", null, phone.ring)
    await lamp.session.send("hello again")
    await stage.clock.advance(1)
    expect(again.heard).toEqual(["hello again"])
  })

  it("lists nobody while the window is closed, and closes by time", async () => {
    const stage = new Stage()
    const lamp = await stage.enter("lamp", generateTopicKey())
    const phone = await stage.enter("phone", null)
    await phone.session.openPairing(600_000)
    await stage.clock.advance(5_000)
    expect(lamp.session.requests).toEqual([])
    await lamp.session.openPairing(30_000)
    expect(lamp.session.pairingLeftMs).toBe(30_000)
    await stage.clock.advance(4_000)
    expect(lamp.session.requests).toHaveLength(1)
    await stage.clock.advance(30_000)
    expect(lamp.session.requests).toEqual([])
    expect(lamp.session.pairingLeftMs).toBe(0)
    expect(kinds(lamp)).toEqual(["request", "pairing-closed"])
    await expect(lamp.session.accept(phone.session.publicKey)).rejects.toMatchObject({
      code: "no-such-request",
    })
  })

  it("introduces itself until the window closes, and no longer", async () => {
    const stage = new Stage()
    const mallory = stage.attacker()
    const phone = await stage.enter("phone", null)
    let introductions = 0
    void (async () => {
      for await (const { bytes } of mallory.messages)
        if (new Message(bytes).type === "i") introductions++
    })()
    await phone.session.openPairing(10_000)
    await stage.clock.advance(60_000)
    expect(introductions).toBe(4)
  })

  it("does not list again whom the person refused, until the next window", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    lamp.session.refuse(phone.session.publicKey)
    await stage.clock.advance(10_000)
    expect(lamp.session.requests).toEqual([])
    await lamp.session.openPairing()
    await stage.clock.advance(4_000)
    expect(lamp.session.requests).toHaveLength(1)
  })

  it("is never offered to a revoked key", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    await lamp.session.accept(phone.session.publicKey)
    const revoke = { state: "revoked", atMs: 5 } as const
    await lamp.ring.updateContacts((book) => decideTrust(book, phone.session.publicKey, revoke))
    await stage.clock.advance(2_001)
    await lamp.session.openPairing()
    await stage.clock.advance(4_000)
    expect(lamp.session.requests).toEqual([])
    expect(lamp.events.at(-1)).toMatchObject({ kind: "rejected", error: { code: "revoked" } })
  })

  it("refuses windows of no or more than ten minutes' length", async () => {
    const lamp = await new Stage().enter("lamp", generateTopicKey())
    for (const forMs of [0, -1, Number.NaN, 600_001]) {
      await expect(lamp.session.openPairing(forMs)).rejects.toMatchObject({ code: "bad-duration" })
    }
  })
})

describe("pairing under attack", () => {
  it("a flood of introductions fills the list, is announced, and harms nothing else", async () => {
    const stage = new Stage()
    const lamp = await stage.enter("lamp", generateTopicKey())
    const mallory = stage.attacker()
    await lamp.session.openPairing()
    for (let i = 0; i < 40; i++) await mallory.send(new Topic().constructIntro())
    await stage.clock.advance(1)
    expect(lamp.session.requests).toHaveLength(16)
    expect(kinds(lamp).filter((kind) => kind === "crowded")).toHaveLength(24)
    expect(lamp.session.participants()).toEqual([])
  })

  /** A reply in the lamp's name, which Mallory made: replies are not signed. */
  async function lieTo(stage: Stage, lamp: Party): Promise<void> {
    const introduction = lamp.session.requests[0]?.offers[0]?.message as Uint8Array
    const forged = new Topic({ topicKey: generateTopicKey() }).constructReply(introduction)
    const mallory = stage.attacker()
    await mallory.send(concat(forged.subarray(0, 121), lamp.session.publicKey))
    await mallory.close()
    await stage.clock.advance(1)
  }

  it("two topic keys in one name: neither can be accepted, and a new window helps", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    await lieTo(stage, lamp)
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    expect(phone.session.requests[0]?.offers).toHaveLength(2)
    await expect(phone.session.accept(lamp.session.publicKey)).rejects.toMatchObject({
      code: "contradicting-offers",
    })
    expect(phone.session.membership).toBe("outside")
    expect(phone.session.participants()).toEqual([])
    await phone.session.openPairing()
    await lamp.session.openPairing()
    await stage.clock.advance(3_001)
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    await phone.session.accept(lamp.session.publicKey)
    await lamp.session.send("it is me")
    await stage.clock.advance(1)
    expect(phone.heard).toEqual(["it is me"])
  })

  it("a false key that came first is not used for sending, and gives way in the next window", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    await lieTo(stage, lamp)
    await phone.session.accept(lamp.session.publicKey)
    expect(phone.session.membership).toBe("unproven")
    await expect(phone.session.send("secret")).rejects.toMatchObject({ code: "unproven-key" })
    // The right answer comes now: an alarm, not a silent loss.
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    expect(phone.events.at(-1)).toMatchObject({
      kind: "rejected",
      error: { code: "contradicting-offer" },
    })
    await lamp.session.openPairing()
    await phone.session.openPairing()
    await stage.clock.advance(3_001)
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    await phone.session.accept(lamp.session.publicKey)
    await lamp.session.send("it is me")
    await stage.clock.advance(1)
    expect([phone.heard, phone.session.membership]).toEqual([["it is me"], "member"])
  })

  it("a holder that says nothing by itself greets a newcomer, which then may speak", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    await phone.session.accept(lamp.session.publicKey)
    await expect(phone.session.send("too early")).rejects.toMatchObject({ code: "unproven-key" })
    lamp.session.closePairing()
    await stage.clock.advance(3_001)
    expect(phone.session.membership).toBe("member")
    await phone.session.send("hello")
    await stage.clock.advance(1)
    expect([lamp.heard, phone.heard]).toEqual([["hello"], []])
  })

  it("repeating an introduction of a participant draws few greetings, and lists nobody", async () => {
    const { stage, lamp, phone } = await paired()
    const introduction = new Topic({
      signingKeySeed: phone.ring.identity.exportSeed(),
    }).constructIntro()
    lamp.session.closePairing()
    const mallory = stage.attacker()
    for (let i = 0; i < 50; i++) await mallory.send(introduction)
    await stage.clock.advance(1)
    await mallory.close()
    let greetings = 0
    for await (const { bytes } of mallory.messages) if (bytes.length === 121) greetings++
    expect([greetings, lamp.session.requests]).toEqual([1, []])
  })

  it("two keys of two senders, accepted at once: only one is taken", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    const other = await stage.enter("other", generateTopicKey())
    await other.session.openPairing()
    await stage.clock.advance(3_001)
    await lamp.session.accept(phone.session.publicKey)
    await other.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    const both = [lamp, other].map(({ session }) => phone.session.accept(session.publicKey))
    const results = await Promise.allSettled(both)
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"])
    expect(phone.session.participants()).toEqual([lamp.session.publicKey])
  })

  it("a reply in the joiner's own name does not keep it out", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    // The lamp's reply shows its encryption key; Mallory seals another topic key to it.
    const { encryptionKey } = new Message(
      phone.session.requests[0]?.offers[0]?.message as Uint8Array,
    )
    const secret = generateTopicKey()
    const nonce = new Uint8Array(24)
    const box = sealBox(generateTopicKey(), nonce, encryptionKey, secret) as Uint8Array
    const forged = encodeReply({
      recipientId: participantId(lamp.session.publicKey),
      encryptedTopicKey: concat(nonce, box),
      encryptionKey: exchangePublicKey(secret),
      signingKey: phone.session.publicKey,
    })
    await lamp.session.openPairing()
    await stage.attacker().send(forged)
    await stage.clock.advance(3_001)
    expect(lamp.session.requests.map(({ kind }) => kind)).toEqual(["reply", "introduction"])
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    await phone.session.accept(lamp.session.publicKey)
    await lamp.session.send("welcome")
    await stage.clock.advance(1)
    expect(phone.heard).toEqual(["welcome"])
  })

  it("a reply for somebody else, or with a damaged box, is not listed", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    const mallory = stage.attacker()
    const introduction = lamp.session.requests[0]?.offers[0]?.message as Uint8Array
    const reply = new Topic({ topicKey: generateTopicKey() }).constructReply(introduction)
    const damaged = Uint8Array.from(reply)
    damaged[60] = (damaged[60] as number) ^ 1
    const elsewhere = Uint8Array.from(reply)
    elsewhere.set(participantId(new Uint8Array(32)), 1)
    await mallory.send(damaged)
    await mallory.send(elsewhere)
    await stage.clock.advance(1)
    expect(phone.session.requests).toEqual([])
    expect(kinds(phone)).toEqual(["rejected"])
  })

  it("an introduction whose encryption key was swapped is refused", async () => {
    const stage = new Stage()
    const { lamp } = await stage.meeting()
    const swapped = new Topic().constructIntro().slice()
    swapped.set(Identity.generate().exchangePublicKey, 97)
    await stage.attacker().send(swapped)
    await stage.clock.advance(1)
    expect(lamp.session.requests).toHaveLength(1)
    expect(lamp.events.at(-1)).toMatchObject({ kind: "rejected", error: { code: "bad-signature" } })
  })

  it("hostile bytes become notices and never end the session", async () => {
    const { stage, lamp, phone } = await paired()
    const mallory = stage.attacker()
    const real = new Topic({ topicKey: generateTopicKey() }).encode("stranger")
    const hostile = [
      new Uint8Array(),
      u8(0x73),
      u8(0xff),
      new Uint8Array(1_000_000),
      real,
      real.slice(0, 120),
    ]
    for (const bytes of hostile) await mallory.send(bytes)
    await phone.session.send("still here")
    await stage.clock.advance(1)
    expect(lamp.heard).toEqual(["still here"])
    const rejected = lamp.events.flatMap((event) =>
      event.kind === "rejected" ? [event.error.code] : [],
    )
    expect(rejected).toEqual([
      "malformed-message",
      "malformed-message",
      "malformed-message",
      "malformed-message",
      "untrusted-key",
      "malformed-message",
    ])
  })

  it("a contact revoked by another process is refused two seconds later", async () => {
    const { stage, lamp, phone } = await paired()
    await lamp.ring.updateContacts((book) =>
      decideTrust(book, phone.session.publicKey, { state: "revoked", atMs: 9 }),
    )
    await stage.clock.advance(2_001)
    await phone.session.send("unlock")
    await stage.clock.advance(1)
    expect(lamp.heard).toEqual([])
    expect(lamp.events.at(-1)).toMatchObject({ kind: "rejected", error: { code: "untrusted-key" } })
  })

  it("nothing is sent when it could not be saved", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    lamp.ring.updateContacts = () => Promise.reject(new Error("disk full"))
    await expect(lamp.session.accept(phone.session.publicKey)).rejects.toThrow("disk full")
    await stage.clock.advance(10)
    expect(phone.session.requests).toEqual([])
    expect(lamp.session.participants()).toEqual([])
    expect(lamp.session.requests).toHaveLength(1)
  })
})

describe("on a hostile network", () => {
  it("what arrives is right, whatever the network does", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    await phone.session.accept(lamp.session.publicKey)
    stage.network.setFaults({ drop: 0.2, duplicate: 0.2, reorder: 0.3, corrupt: 0.3, replay: 0.2 })
    const sent = Array.from({ length: 300 }, (_, i) => `message ${i}`)
    for (const text of sent) await lamp.session.send(text)
    await stage.clock.runUntilIdle(60_000)
    expect(phone.heard.length).toBeGreaterThan(100)
    expect(phone.heard.filter((text) => !sent.includes(text))).toEqual([])
    const rejected = phone.events.filter(({ kind }) => kind === "rejected")
    expect(rejected.length).toBeGreaterThan(30)
  })
})

describe("trust that was taken back", () => {
  it.each([
    ["removed", (book: ContactBook, key: Uint8Array) => removeContact(book, key)],
    [
      "revoked, then removed",
      (book: ContactBook, key: Uint8Array) =>
        removeContact(decideTrust(book, key, { state: "revoked", atMs: 5 }), key),
    ],
    [
      "no longer trusted",
      (book: ContactBook, key: Uint8Array) => decideTrust(book, key, { state: "unknown", atMs: 5 }),
    ],
  ])("a contact that is %s is no participant any more", async (_, change) => {
    const { stage, lamp, phone } = await paired()
    await lamp.ring.updateContacts((book) => change(book, phone.session.publicKey))
    await lamp.session.refresh()
    expect(lamp.session.participants()).toEqual([])
    await phone.session.send("unlock")
    await stage.clock.advance(1)
    expect(lamp.heard).toEqual([])
  })

  it("a contact that was left out of all topics has to be met anew", async () => {
    const { lamp, phone } = await paired()
    const key = phone.session.publicKey
    await lamp.ring.leaveOut(key)
    await lamp.ring.updateContacts((book) => removeContact(book, key))
    const trusted = { state: "trusted", atMs: 9 } as const
    await lamp.ring.updateContacts((book) =>
      addContact(book, { petname: "p", publicKey: key }, trusted),
    )
    await lamp.session.refresh()
    expect(lamp.session.participants()).toEqual([])
  })
})

describe("what can not be read any more", () => {
  it("a topic that was removed from the ring is heard and used no more", async () => {
    const { stage, lamp, phone } = await paired()
    await lamp.ring.updateTopic("home", () => null)
    await lamp.session.refresh()
    expect([lamp.session.membership, lamp.session.participants()]).toEqual(["outside", []])
    await phone.session.send("unlock")
    await stage.clock.advance(1)
    expect(lamp.heard).toEqual([])
    await expect(lamp.session.send("x")).rejects.toMatchObject({ code: "missing-topic-key" })
  })

  it("a ring whose passphrase another process changed: nobody is trusted", async () => {
    const store = createMemoryStore()
    const stage = new Stage()
    const ring = await openKeyRing({ store })
    const lamp = await stage.enter("lamp", generateTopicKey(), ring)
    const phone = await stage.enter("phone", null)
    await lamp.session.openPairing()
    await phone.session.openPairing()
    await stage.clock.advance(1)
    await lamp.session.accept(phone.session.publicKey)
    await (await openKeyRing({ store })).setPassphrase("tin can", { passes: 1, memoryKib: 8 })
    await stage.clock.advance(2_001)
    expect(lamp.session.participants()).toEqual([])
    expect(lamp.events.at(-1)).toMatchObject({
      kind: "failed",
      error: { code: "passphrase-changed" },
    })
  })

  it("a message does not bring back a topic key that was replaced meanwhile", async () => {
    const stage = new Stage()
    const { lamp, phone } = await stage.meeting()
    await lamp.session.accept(phone.session.publicKey)
    await stage.clock.advance(1)
    await phone.session.accept(lamp.session.publicKey)
    const topicKey = generateTopicKey()
    await phone.ring.updateTopic("home", (topic) => topic && { ...topic, topicKey })
    await lamp.session.send("under the old key")
    await stage.clock.advance(1)
    expect(await phone.ring.topic("home")).toMatchObject({ topicKey, keyProven: false })
  })
})

describe("handlers with bugs", () => {
  it("do not end the session", async () => {
    const { stage, lamp, phone } = await paired()
    const bugs: unknown[] = []
    const queued = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
      try {
        task()
      } catch (error) {
        bugs.push(error)
      }
    })
    lamp.heard.push = () => {
      throw new Error("a bug")
    }
    await phone.session.send("one")
    await phone.session.send("two")
    await stage.clock.advance(1)
    queued.mockRestore()
    expect(bugs).toEqual([new Error("a bug"), new Error("a bug")])
  })

  it("may close the session", async () => {
    const { stage, lamp, phone } = await paired()
    const closed = new Promise<void>((resolve) => {
      lamp.heard.push = () => {
        void lamp.session.close().then(resolve)
        return 0
      }
    })
    await phone.session.send("close")
    await stage.clock.advance(1)
    await closed
  })
})

describe("sending", () => {
  it("gives up when its signal says so, and then the message is never sent", async () => {
    const stage = new Stage()
    const lamp = await stage.enter("lamp", generateTopicKey())
    const mallory = stage.attacker()
    stage.network.disconnect("lamp")
    const giveUp = new AbortController()
    const sent = lamp.session.send("unlock", { signal: giveUp.signal })
    giveUp.abort()
    await expect(sent).rejects.toMatchObject({ code: "aborted" })
    stage.network.reconnect("lamp")
    await lamp.session.send("lock")
    await stage.clock.advance(1)
    await mallory.close()
    const onTheWire: Uint8Array[] = []
    for await (const { bytes } of mallory.messages) onTheWire.push(bytes)
    expect(onTheWire.map(({ length }) => length)).toEqual(["lock".length + 121])
  })
})
