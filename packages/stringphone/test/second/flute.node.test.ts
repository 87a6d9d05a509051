// Our classic rooms against a second implementation, in Python on libsodium, both ways.
import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { fromHex, hex, utf8 } from "../../src/bytes/index.js"
import { cryptoEngine, exchangePublicKey } from "../../src/crypto/index.js"
import {
  decodePacket,
  encodePacket,
  openRoomMessage,
  openRoomMessageKey,
  packetSigner,
  sealRoomMessage,
  sealRoomMessageKey,
  signIntroduction,
  signRoomJoin,
  verifyPacket,
} from "../../src/room/classic/index.js"
import type { TextChannel } from "../../src/transport/index.js"
import { type Person, Stage, identityOf } from "../scenario/room-classic-people.js"
import { errorName } from "../wire/fixtures.js"
import { texts } from "../wire/room-classic-fixtures.js"
import { requirePython, startPython } from "./python.js"
import recorded from "../vectors/flute-v0.json" with { type: "json" }

interface Answer {
  readonly ok?: unknown
  readonly error?: string
}

const hasPython = requirePython("classic rooms")

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const [key, nonce] = [bytes(32), bytes(24)]
const inHex = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return hex(value)
  return Array.isArray(value) ? value.map(inHex) : value
}
const parts = (text: string) =>
  Object.fromEntries(Object.entries(decodePacket(text)).map(([name, part]) => [name, inHex(part)]))

describe.skipIf(!hasPython)(`Python and ours (${cryptoEngine()})`, () => {
  const second = hasPython
    ? startPython<Readonly<Record<string, unknown>>, Answer>("flute.py")
    : null
  afterAll(() => second?.stop())
  const ask = async (question: Readonly<Record<string, unknown>>) => {
    const { ok, error } = await second!.ask(question)
    return error ?? ok
  }

  test("the same packets from the same keys; each opens the other's", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(key, key, key, key, nonce),
        fc.array(fc.tuple(key, nonce), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 0xffffffff }),
        fc.string({ minLength: 1, maxLength: 300 }),
        async ([seed, room, k, transport, n], others, counter, said) => {
          const signer = packetSigner(seed)
          expect(encodePacket(signIntroduction(signer))).toBe(await ask({ do: "introduce", seed }))
          expect(encodePacket(signRoomJoin(signer, room))).toBe(
            await ask({ do: "join", seed, room }),
          )
          const members = [...others.map(([private_]) => private_), room].map(exchangePublicKey)
          const nonces = [...others.map(([, each]) => each), n]
          const content = {
            roomMessageKey: k,
            transportPrivateKey: transport,
            counter,
            participantKeys: members,
          }
          const left = [...nonces]
          const sealed = sealRoomMessageKey(signer, content, () => left.shift()!)
          const given = encodePacket(sealed)
          expect(given).toBe(
            await ask({ do: "transport", seed, key: k, transport, counter, members, nonces }),
          )
          expect(await ask({ do: "openKey", text: given, room })).toBe(hex(k))
          expect(openRoomMessageKey(sealed, room)).toEqual(k)
          const plaintext = utf8(said)
          const message = sealRoomMessage(signer, plaintext, k, () => n)
          const text = encodePacket(message)
          expect(text).toBe(await ask({ do: "say", seed, key: k, nonce: n, plaintext }))
          expect(await ask({ do: "open", text, key: k })).toBe(hex(plaintext))
          expect(openRoomMessage(message, k)).toEqual(plaintext)
          expect(await ask({ do: "verify", text, key: signer.publicKey })).toBe(true)
          expect(await ask({ do: "open", text, key: room })).toBeNull()
        },
      ),
      { numRuns: 40 },
    )
  }, 60_000)

  const lines = recorded.scenarios[0]!.transcript.flatMap((entry) =>
    "line" in entry && entry.line.includes("?VLA,1,1!") ? [entry.line.split("!")[1]!] : [],
  )
  const changed = fc
    .tuple(
      fc.constantFrom(...texts, ...lines),
      fc.nat(),
      fc.constantFrom("A", "/", "+", "=", "0", "-", "!", " ", "é"),
      fc.nat(3),
    )
    .map(([text, at, character, kind]) => {
      const i = at % (text.length + 1)
      if (kind === 0) return text
      if (kind === 1) return text.slice(0, i)
      if (kind === 2) return text.slice(0, i) + character + text.slice(i)
      return text.slice(0, i) + character + text.slice(i + 1)
    })

  test("both give the same answer to right and altered texts", async () => {
    const signer = packetSigner(identityOf("alice").exportSeed()).publicKey
    await fc.assert(
      fc.asyncProperty(changed, fc.boolean(), async (text, asAlice) => {
        const answer = await ask({ do: "decode", text })
        const error = errorName(() => decodePacket(text))
        expect(error === "none" ? parts(text) : error).toEqual(answer)
        if (error !== "none") return
        const claimed = asAlice ? signer : null
        expect(verifyPacket(decodePacket(text), claimed ?? undefined)).toBe(
          await ask({ do: "verify", text, key: claimed }),
        )
      }),
      { numRuns: 400 },
    )
  }, 60_000)

  /** Plays the second implementation on a channel: what it hears goes to Python, and back. */
  async function play(name: string, channel: TextChannel, friends: readonly string[]) {
    const shown: string[] = []
    const names = new Map(friends.map((friend) => [hex(identityOf(friend).publicKey), friend]))
    await ask({
      do: "become",
      seed: identityOf(name).exportSeed(),
      friends: [...names.keys()],
    })
    let turn: Promise<unknown> = Promise.resolve()
    const send = async (lines: unknown) => {
      for (const line of lines as string[]) await channel.send(line)
    }
    channel.onEvent((event) => {
      turn = turn.then(async () => {
        if (event.kind === "left") await send(await ask({ do: "left", who: event.who }))
        if (event.kind !== "line" || event.isPrivate) return
        const heard = (await ask({ do: "hear", from: event.from, line: event.text })) as {
          lines: string[]
          shown: [string, string | null, string][]
        }
        await send(heard.lines)
        for (const [nick, by, said] of heard.shown) {
          const text = new TextDecoder().decode(fromHex(said))
          shown.push(`${nick} (${names.get(by ?? "") ?? "unknown"}): ${text}`)
        }
      })
    })
    /** Lets lines arrive and Python answer, until neither has anything more. */
    const settle = async (stage: Stage) => {
      for (let quiet = 0; quiet < 3; quiet++) {
        const before = stage.server.lines.length
        await stage.settle()
        await turn
        if (stage.server.lines.length !== before) quiet = -1
      }
    }
    return { shown, settle, does: async (what: string) => send(await ask({ do: what })) }
  }

  const speak = (text: string) => ask({ do: "speak", plaintext: utf8(text) })

  test("Python leads, ours join, both speak, one leaves and reads on no more", async () => {
    const stage = new Stage()
    const channel = stage.server.connect("alice")
    const alice = await play("alice", channel, ["bob", "carol"])
    await alice.does("start")
    const bob = await stage.enter("bob", ["alice", "carol"])
    const carol = await stage.enter("carol", ["alice", "bob"])
    const mallory = await stage.enter("mallory", ["alice"])
    for (const person of [bob, carol, mallory]) await enter(person)
    expect([bob.phase, carol.phase, mallory.phase]).toEqual(["member", "member", "joining"])
    const long = "🎺 ".repeat(500)
    await bob.room.say(long)
    await alice.settle(stage)
    for (const line of (await speak("from Python 🐍")) as string[]) await channel.send(line)
    await alice.settle(stage)
    expect(alice.shown).toEqual([`bob (bob): ${long}`])
    expect(carol.shown).toEqual([`bob: ${long} (verified)`, "alice: from Python 🐍 (verified)"])
    stage.server.kick("carol")
    await alice.settle(stage)
    expect(bob.room.status.keyCounter).toBe(3)
    await bob.room.say("she is gone")
    for (const line of stage.server.lines) stage.server.inject(line, ["carol"])
    await alice.settle(stage)
    expect(alice.shown.at(-1)).toBe("bob (bob): she is gone")
    expect(carol.texts).toHaveLength(2)

    async function enter(person: Person) {
      const outcome = person.room.join({ answerWithinMs: 10_000 })
      await alice.settle(stage)
      await stage.clock.advance(10_000)
      await outcome
    }
  }, 60_000)

  test("ours leads, Python joins, both speak, and it hears every later key", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice", ["bob", "carol"])
    await alice.room.start()
    const bobsChannel = stage.server.connect("bob")
    const bob = await play("bob", bobsChannel, ["alice", "carol"])
    await bob.does("askIn")
    await bob.settle(stage)
    const carol = await stage.enter("carol", ["alice", "bob"])
    await stage.join(carol)
    await bob.settle(stage)
    await alice.room.say("hello Python")
    await carol.room.say("x".repeat(3000))
    await bob.settle(stage)
    for (const line of (await speak("hello yourself")) as string[]) await bobsChannel.send(line)
    await bob.settle(stage)
    expect(bob.shown).toEqual(["alice (alice): hello Python", `carol (carol): ${"x".repeat(3000)}`])
    expect(alice.shown.at(-1)).toBe("bob: hello yourself (verified)")
    await carol.room.close()
    for (let i = 0; i < 12; i++) await alice.room.rotate()
    await bob.settle(stage)
    for (const line of (await speak("still here")) as string[]) await bobsChannel.send(line)
    await bob.settle(stage)
    expect(alice.shown.at(-1)).toBe("bob: still here (verified)")
    expect(alice.room.status.keyCounter).toBe(15)
  }, 60_000)

  test("to a captain who is no friend it gives no trust, and has no key", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice", ["bob"])
    await alice.room.start()
    const bob = await play("bob", stage.server.connect("bob"), [])
    await bob.does("askIn")
    await bob.settle(stage)
    expect(alice.room.status.members).toHaveLength(1)
    expect(await speak("nobody hears")).toBe("not keyed")
  }, 60_000)
})
