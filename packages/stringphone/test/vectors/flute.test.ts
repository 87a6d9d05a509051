import { describe, expect, test } from "vitest"
import { fromHex, hex, utf8 } from "../../src/bytes/index.js"
import { exchangePublicKey } from "../../src/crypto/index.js"
import {
  claimedIdentity,
  type ClassicRoomState,
  decodePacket,
  encodePacket,
  fragment,
  type HeardMessage,
  openRoomMessage,
  openRoomMessageKey,
  outsideClassicRoom,
  type Packet,
  packetSigner,
  Reassembler,
  sealRoomMessage,
  sealRoomMessageKey,
  signIntroduction,
  signRoomJoin,
  stepClassicRoom,
  verifyPacket,
} from "../../src/room/classic/index.js"
import { addContact, type ContactBook } from "../../src/identity/index.js"
import recorded from "./flute-v0.json" with { type: "json" }

interface Line {
  readonly from: string
  readonly target: string
  readonly text: string
}

const scenario = recorded.scenarios[0]!
const people = Object.entries(scenario.participants).map(([name, person]) => ({
  name,
  signer: packetSigner(fromHex(person.identity_seed)),
  identityKey: person.identity_key,
  roomPrivateKey: fromHex(person.room_private_key),
  roomMessageKeys: person.room_message_keys,
}))
const named = (name: string) => people.find((person) => person.name === name)!
const captain = named(scenario.captain)

function lineOf({ from, line }: { from: string; line: string }): Line {
  const [, target, text] = /^PRIVMSG (\S+) :(.*)$/.exec(line) as unknown as [string, string, string]
  return { from, target, text }
}

const lines = scenario.transcript.flatMap((entry) =>
  "line" in entry ? [lineOf(entry as { from: string; line: string })] : [],
)

/** All packets of the recording, with who sent them and the lines they came in. */
const packets = (() => {
  const reassembler = new Reassembler()
  const found: { from: string; target: string; text: string; lines: string[]; packet: Packet }[] = []
  let waiting: string[] = []
  for (const line of lines) {
    waiting.push(line.text)
    const text = reassembler.add(line)
    if (text === null) continue
    const { from, target } = line
    found.push({ from, target, text, lines: waiting, packet: decodePacket(text) })
    waiting = []
  }
  return found
})()

describe("the recorded packets", () => {
  test("are all four kinds", () => {
    expect(packets.map(({ packet }) => packet.kind)).toEqual([
      "room-join",
      "key-transport",
      "room-join",
      "key-transport",
      "room-message",
      "room-message",
      "room-message",
      "key-transport",
      "room-message",
      "introduction",
    ])
  })

  test.each(packets.map((entry, index) => ({ ...entry, index })))(
    "$index: $packet.kind of $from decodes, verifies, and encodes to the same lines",
    ({ from, packet, text, lines }) => {
      expect(encodePacket(packet)).toBe(text)
      expect(fragment(text)).toEqual(lines)
      const { identityKey } = named(from)
      expect(verifyPacket(packet, fromHex(identityKey))).toBe(true)
      expect(verifyPacket(packet)).toBe(packet.kind !== "room-message")
      for (const other of people) {
        if (other.name !== from) {
          expect(verifyPacket(packet, fromHex(other.identityKey))).toBe(false)
        }
      }
      const claimed = claimedIdentity(packet)
      expect(claimed && hex(claimed)).toBe(packet.kind === "room-message" ? null : identityKey)
    },
  )

  test("participant and transport keys are those recorded", () => {
    for (const { from, packet } of packets) {
      const key = exchangePublicKey(named(from).roomPrivateKey)
      if (packet.kind === "room-join") expect(packet.participantKey).toEqual(key)
      // The original captain uses one transport key for all.
      if (packet.kind === "key-transport") expect(packet.captainTransportKey).toEqual(key)
    }
  })

  test("each member's key opens its cell, and nobody else's", () => {
    const transports = packets.flatMap(({ packet }) =>
      packet.kind === "key-transport" ? [packet] : [],
    )
    expect(transports.map(({ counter }) => counter)).toEqual([1, 2, 3])
    expect(transports.map(({ cells }) => cells.length)).toEqual([1, 2, 1])
    transports.forEach((packet, i) => {
      const key = captain.roomMessageKeys[i]
      const opened = (name: string) => {
        const found = openRoomMessageKey(packet, named(name).roomPrivateKey)
        return found && hex(found)
      }
      expect(opened("bob")).toBe(key)
      expect(opened("carol")).toBe(i === 1 ? key : null)
    })
  })

  test("messages open with the recorded key of their time, and with no other", () => {
    const said = scenario.transcript.flatMap((entry) =>
      entry.event === "say" && "text" in entry ? [entry.text] : [],
    )
    const messages = packets.flatMap(({ packet }) =>
      packet.kind === "room-message" ? [packet] : [],
    )
    const shown = messages.map((packet) =>
      captain.roomMessageKeys.map((key) => {
        const plaintext = openRoomMessage(packet, fromHex(key))
        return plaintext && new TextDecoder().decode(plaintext)
      }),
    )
    const [one, two, three, four] = said
    expect(shown).toEqual([
      [null, one, null],
      [null, two, null],
      [null, three, null],
      [null, null, four],
    ])
  })

  test("are sealed again, byte for byte", () => {
    let plaintexts = scenario.transcript.flatMap((entry) =>
      entry.event === "say" && "text" in entry ? [entry.text] : [],
    )
    for (const { from, packet, text } of packets) {
      const { signer, roomPrivateKey } = named(from)
      if (packet.kind === "introduction") {
        expect(encodePacket(signIntroduction(signer))).toBe(text)
      }
      if (packet.kind === "room-join") {
        expect(encodePacket(signRoomJoin(signer, roomPrivateKey))).toBe(text)
      }
      if (packet.kind === "key-transport") {
        const nonces = packet.cells.map((cell) => cell.slice(0, 24))
        const members = ["bob", "carol"].slice(0, packet.cells.length)
        const again = sealRoomMessageKey(
          signer,
          {
            roomMessageKey: fromHex(captain.roomMessageKeys[packet.counter - 1]!),
            transportPrivateKey: roomPrivateKey,
            counter: packet.counter,
            participantKeys: members.map((name) => exchangePublicKey(named(name).roomPrivateKey)),
          },
          () => nonces.shift()!,
        )
        expect(encodePacket(again)).toBe(text)
      }
      if (packet.kind === "room-message") {
        const key = plaintexts.length > 1 ? captain.roomMessageKeys[1]! : captain.roomMessageKeys[2]!
        const plaintext = utf8(plaintexts[0]!)
        plaintexts = plaintexts.slice(1)
        const again = sealRoomMessage(signer, plaintext, fromHex(key), () => packet.nonce)
        expect(encodePacket(again)).toBe(text)
      }
    }
    expect(plaintexts).toEqual([])
  })
})

/** One client of the recording: our machine, given the recorded random bytes. */
class Client {
  state: ClassicRoomState = outsideClassicRoom
  readonly shown: string[] = []
  readonly notices: string[] = []
  readonly sent: Line[] = []
  readonly #name: string
  readonly #contacts: ContactBook
  readonly #random: Uint8Array[] = []
  readonly #reassembler = new Reassembler()

  constructor(name: string) {
    this.#name = name
    this.#contacts = people
      .filter((other) => other.name !== name)
      .reduce<ContactBook>(
        (book, { name: petname, identityKey }) =>
          addContact(book, { petname, publicKey: fromHex(identityKey) }, { state: "trusted", atMs: 0 }),
        [],
      )
  }

  recordedRandom(...parts: readonly Uint8Array[]): void {
    this.#random.push(...parts)
  }

  step(event: Parameters<typeof stepClassicRoom>[1]): void {
    const [state, effects] = stepClassicRoom(this.state, event, {
      signer: named(this.#name).signer,
      contacts: this.#contacts,
      nowMs: 0,
      random: (length) => {
        const next = this.#random.shift()
        if (next?.length !== length) throw new Error(`nothing recorded for ${length} bytes`)
        return next
      },
    })
    this.state = state
    for (const effect of effects) {
      if (effect.kind === "notice") this.notices.push(effect.notice.kind)
      if (effect.kind === "deliver") this.shown.push(this.#show(effect.message))
      if (effect.kind === "send") {
        const target = effect.to ?? "#flute"
        this.sent.push(...fragment(effect.text).map((text) => ({ from: this.#name, target, text })))
      }
    }
  }

  hear({ from, target, text: line }: Line): void {
    const text = this.#reassembler.add({ from, target, text: line })
    if (text) this.step({ kind: "packet", from, isPrivate: target === this.#name, text })
  }

  /** As the original shows it; ours says also whose signature it bears. */
  #show({ nick, identityKey, text, isLate }: HeardMessage): string {
    expect(identityKey && hex(identityKey)).toBe(named(nick).identityKey)
    expect(isLate).toBe(false)
    return `[ENCRYPTED] ${text}`
  }
}

test("the recording replays: our clients send the same bytes and show what the original showed", () => {
  const clients = new Map(people.map(({ name }) => [name, new Client(name)]))
  const client = (name: string) => clients.get(name)!
  const present = new Set([scenario.captain])
  const left = packets.map((entry) => entry)
  const delivered: string[] = []
  const due: string[] = []

  /** Random bytes that the recording shows the next packet of this sender was made of. */
  const prime = (name: string) => {
    const packet = left.find(({ from }) => from === name)!.packet
    const { roomPrivateKey } = named(name)
    if (packet.kind === "room-join") client(name).recordedRandom(roomPrivateKey)
    if (packet.kind === "room-message") client(name).recordedRandom(packet.nonce)
    if (packet.kind === "key-transport") {
      const key = fromHex(captain.roomMessageKeys[packet.counter - 1]!)
      const nonces = packet.cells.map((cell) => cell.slice(0, 24))
      client(name).recordedRandom(key, roomPrivateKey, ...nonces)
    }
  }

  for (const entry of scenario.transcript) {
    if ("deliver" in entry) due.push(`${entry.deliver} ${entry.shows}`)
    if ("line" in entry) {
      const line = lineOf(entry as { from: string; line: string })
      const { from, target } = line
      expect(client(from).sent.shift()).toEqual(line)
      const isLast = left[0]!.lines.at(-1) === line.text
      if (isLast) left.shift()
      const isJoin = isLast && client(scenario.captain).state.phase === "captain"
      if (isJoin && from !== scenario.captain && left[0]?.from === scenario.captain) {
        if (left[0].packet.kind === "key-transport") prime(scenario.captain)
      }
      for (const [name, other] of clients) {
        if (name === from || (target.startsWith("#") && !present.has(name))) continue
        if (!target.startsWith("#") && target !== name) continue
        const before = other.shown.length
        other.hear(line)
        for (const text of other.shown.slice(before)) delivered.push(`${name} ${text}`)
      }
    }
    if (!("by" in entry)) continue
    const { event, by } = entry as { event: string; by: string; text?: string; to?: string }
    const others = [...present].filter((name) => name !== by)
    if (event === "start-room") client(by).step({ kind: "start", others })
    if (event === "join-room") {
      present.add(by)
      prime(by)
      client(by).step({ kind: "join", others })
    }
    if (event === "say") {
      prime(by)
      client(by).step({ kind: "say", text: (entry as { text: string }).text })
    }
    if (event === "introduction") {
      client(by).step({ kind: "introduce", to: (entry as { to: string }).to })
    }
    if (event === "part") {
      present.delete(by)
      prime(scenario.captain)
      for (const name of present) client(name).step({ kind: "left", who: by, reason: "parted" })
    }
  }

  expect(delivered.sort()).toEqual(due.sort())
  expect(due).toHaveLength(7)
  expect(left).toEqual([])
  for (const { name, roomMessageKeys } of people) {
    const { state, sent } = client(name)
    expect(sent).toEqual([])
    const keys = "keys" in state ? state.keys.map(({ key }) => hex(key)).reverse() : []
    expect(keys).toEqual(roomMessageKeys)
  }
  expect(client("alice").notices).toEqual([
    "admitted",
    "rekeyed",
    "admitted",
    "rekeyed",
    "removed",
    "rekeyed",
    "introduced",
  ])
  expect(client("bob").notices).toEqual(["joined", "rekeyed", "rekeyed"])
  expect(client("carol").notices).toEqual(["joined"])
})
