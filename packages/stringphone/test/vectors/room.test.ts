// Our own rooms against vectors that a second implementation wrote from the specification.
import { describe, expect, test } from "vitest"
import { concat, fromHex, hex } from "../../src/bytes/index.js"
import { newAttempt, openOffer, openRequest, sealOffer, sealRequest } from "../../src/room/attempt.js"
import { decodeOfferFields } from "../../src/room/wire/offer.js"
import { decodeRoomPacket, type RoomPacket } from "../../src/room/wire/packet.js"
import { decodeRequestFields } from "../../src/room/wire/request.js"
import type { Answer, Ask, Json } from "../second/json.js"
import { answer } from "../second/room-answers.js"
import vectors from "./room.json" with { type: "json" }

interface Vector {
  readonly name: string
  readonly ask: Ask
  readonly answer: Answer
}

interface Refusal extends Omit<Vector, "answer"> {
  readonly rule: string
}

const requests = vectors.requests as unknown as readonly Vector[]
const refusals = vectors.refusals as unknown as readonly Refusal[]
const named = (name: string) => requests.find((one) => one.name === name)!

/** What is signed when it is sealed is in the attempt below. */
const isWhole = ({ ask }: Vector) =>
  ask.do !== "sealBox" || ["a", "g"].includes(ask["letter"] as string)

test.each(requests.filter(isWhole))("$name", ({ answer: expected, ask }) => {
  expect(answer(ask)).toEqual(expected)
})

test.each(requests.filter(({ ask }) => ask.do === "encode"))(
  "$name, decoded and encoded again",
  ({ answer: { bytes }, ask: { format, value } }) => {
    const decoded = answer({ do: "decode", format: format!, bytes: bytes! })["value"]!
    expect(decoded).toMatchObject(value as Readonly<Record<string, Json>>)
    expect(answer({ do: "encode", format: format!, value: decoded })).toEqual({ bytes })
  },
)

test.each(refusals)("refused: $name ($rule)", ({ ask }) => {
  expect(answer(ask)["error"]).toMatch(/^PeerError: [a-z-]+$/)
})

describe("an attempt", () => {
  const { newcomerSecret } = named("keys of an attempt").ask as unknown as Record<string, string>
  const attempt = newAttempt(fromHex(newcomerSecret!))
  const bytesOf = (name: string, of = "bytes") => fromHex(named(name).answer[of] as string)
  const seedOf = (what: string) => fromHex(named(`signature: ${what}`).ask["seed"] as string)
  const packetOf = <K extends RoomPacket["kind"]>(kind: K) =>
    decodeRoomPacket(bytesOf(`packet: ${kind}`)) as Extract<RoomPacket, { readonly kind: K }>

  const offer = openOffer(attempt, packetOf("offer"))!

  test("the offer is opened and sealed alike", () => {
    const fields = decodeOfferFields(bytesOf("offer: of alice"))
    expect(offer.fields).toEqual(fields)
    expect(offer.settings.title).toBe("Küche")
    expect(offer.credential).toMatchObject({ kind: "signed", ownName: "alice ⚓" })
    const nonce = fromHex(named("box: offer").ask["nonce"] as string)
    const { signature: _, ...unsigned } = fields
    expect(sealOffer(offer.keys, unsigned, seedOf("offer"), nonce)).toEqual(bytesOf("packet: offer"))
  })

  test("the request is opened and sealed alike", () => {
    const fields = decodeRequestFields(bytesOf("request: of bob"))
    const room = { roomId: offer.fields.roomId, isDeniable: false }
    const opened = openRequest(offer.keys, room, packetOf("request"))!
    expect(opened.fields).toEqual(fields)
    expect(opened.credential).toMatchObject({ kind: "signed", ownName: "bob ⚓" })
    const nonce = fromHex(named("box: request").ask["nonce"] as string)
    const { signature: _, ...unsigned } = fields
    const made = sealRequest(offer.keys, unsigned, seedOf("request"), nonce)
    expect(made).toEqual(bytesOf("packet: request"))
  })

  test("both have the keys of the vector", () => {
    const keys = named("keys of an attempt").answer
    expect(hex(offer.keys.toCaptain)).toBe(keys["toCaptain"])
    expect(hex(offer.keys.toNewcomer)).toBe(keys["toNewcomer"])
  })

  test("another letter, attempt or key opens nothing", () => {
    const packet = packetOf("request")
    const room = { roomId: offer.fields.roomId, isDeniable: false }
    const { keys } = offer
    expect(openRequest({ ...keys, attempt: new Uint8Array(8) }, room, packet)).toBeNull()
    const swapped = { ...keys, toCaptain: keys.toNewcomer }
    expect(() => openRequest(swapped, room, packet)).toThrow(/changed on the way/)
    const longer = { ...packet, box: concat(packet.box, new Uint8Array(1)) }
    expect(() => openRequest(keys, room, longer)).toThrow(/changed on the way/)
  })
})
