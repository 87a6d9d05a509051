// A newcomer and a captain at the door, and what somebody on the channel can do to them.
import { describe, expect, test } from "vitest"
import { PeerError } from "../../src/bytes/index.js"
import { exchangePublicKey } from "../../src/crypto/index.js"
import {
  answerKnock,
  attemptOf,
  type AttemptKeys,
  newAttempt,
  openAnswer,
  openGrant,
  openOffer,
  openRequest,
  sealAnswer,
  sealGrant,
  sealOffer,
  sealRequest,
} from "../../src/room/attempt.js"
import { signOffer, signRequest } from "../../src/room/room-key.js"
import { decodeRoomPacket, type RoomPacket } from "../../src/room/wire/packet.js"
import { encodeSettings } from "../../src/room/wire/settings.js"
import { eachBit, flipped } from "../wire/fixtures.js"
import {
  alice,
  bob,
  bytes,
  lowOrder,
  mallory,
  type Person,
  roomId,
  settingsOf,
} from "./newcomers.js"

const attempt = newAttempt(bytes(32, 0xe0))
const keys = answerKnock(attempt.publicKey, bytes(32, 0x0f))!
const nonce = bytes(24, 0x11)
const room = { roomId, isDeniable: false }
const grant = {
  ...{ grantId: bytes(16, 1), slotKey: bytes(32, 2), lifeSeconds: 20 },
  ...{ grantSignature: bytes(64, 3), proof: null, groupInfo: bytes(300, 4) },
}

function packetOf<K extends RoomPacket["kind"]>(kind: K, wire: Uint8Array) {
  const packet = decodeRoomPacket(wire)
  expect(packet?.kind).toBe(kind)
  return packet as Extract<RoomPacket, { readonly kind: K }>
}

function offerFields(captain: Person, isDeniable = false) {
  return {
    ...{ roomId, epoch: 7, captainLeaf: 2 },
    settings: encodeSettings(settingsOf(captain, isDeniable)),
    credential: isDeniable ? captain.deniable : captain.signed,
  }
}

function requestFields({ roomKey, signed }: Person) {
  return { roomKey: roomKey.publicKey, credential: signed, formerLeaf: null, proof: null }
}

const offerOf = (captain: Person, of: AttemptKeys = keys) =>
  packetOf("offer", sealOffer(of, offerFields(captain), captain.roomKey.seed, nonce))
const requestOf = (newcomer: Person, of: AttemptKeys = keys) =>
  packetOf("request", sealRequest(of, requestFields(newcomer), newcomer.roomKey.seed, nonce))

/** The code of the PeerError that `run` throws, or what it returns. */
function codeOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (error instanceof PeerError) return error.code
    throw error
  }
}

describe("at the door", () => {
  test("both have the same keys, one for each direction", () => {
    const { keys: newcomers } = openOffer(attempt, offerOf(alice))!
    expect(newcomers).toEqual(keys)
    expect(keys.attempt).toEqual(attemptOf(attempt.publicKey))
    expect(keys.toCaptain).not.toEqual(keys.toNewcomer)
  })

  test("the newcomer learns room and captain", () => {
    expect(openOffer(attempt, offerOf(alice))).toMatchObject({
      fields: { roomId, epoch: 7, captainLeaf: 2 },
      settings: settingsOf(alice),
      credential: { kind: "signed", ownName: "alice" },
    })
  })

  test("the captain learns who asks", () => {
    const opened = openRequest(keys, room, requestOf(bob))
    expect(opened).toMatchObject({
      fields: requestFields(bob),
      credential: { kind: "signed", ownName: "bob" },
    })
  })

  test("answers and grants arrive", () => {
    const answer = { answer: "declined", reason: "Not today." } as const
    const answered = packetOf("answer", sealAnswer(keys, answer, nonce))
    expect(openAnswer(keys, answered)).toEqual(answer)
    const granted = packetOf("grant", sealGrant(keys, grant, nonce))
    expect(openGrant(keys, granted)).toEqual(grant)
  })

  test("several captains offer to one knock, each with keys of its own", () => {
    const other = answerKnock(attempt.publicKey, bytes(32, 0x77))!
    const offers = [openOffer(attempt, offerOf(alice)), openOffer(attempt, offerOf(bob, other))]
    expect(offers.map((offer) => offer?.credential.ownName)).toEqual(["alice", "bob"])
    expect(offers[1]!.keys.toCaptain).not.toEqual(offers[0]!.keys.toCaptain)
  })
})

describe("what is of another attempt is not for us", () => {
  const other = newAttempt(bytes(32, 0xe1))
  const others = answerKnock(other.publicKey, bytes(32, 0x0f))!

  test("offers, requests, answers, grants", () => {
    expect(openOffer(other, offerOf(alice))).toBeNull()
    expect(openRequest(others, room, requestOf(bob))).toBeNull()
    const answer = packetOf("answer", sealAnswer(keys, { answer: "full", reason: "" }, nonce))
    expect(openAnswer(others, answer)).toBeNull()
    expect(openGrant(others, packetOf("grant", sealGrant(keys, grant, nonce)))).toBeNull()
  })

  test("with the name of ours it is refused", () => {
    const renamed = { ...offerOf(alice), attempt: other.id }
    expect(codeOf(() => openOffer(other, renamed))).toBe("not-authentic")
    const request = { ...requestOf(bob), attempt: others.attempt }
    expect(codeOf(() => openRequest(others, room, request))).toBe("not-authentic")
  })
})

describe("changed on the way", () => {
  const sealed = [
    ["offer", sealOffer(keys, offerFields(alice), alice.roomKey.seed, nonce)],
    ["request", sealRequest(keys, requestFields(bob), bob.roomKey.seed, nonce)],
    [
      "answer",
      sealAnswer(keys, { answer: "waiting", reason: "Somebody is asked.".repeat(4) }, nonce),
    ],
    ["grant", sealGrant(keys, grant, nonce)],
  ] as const

  function open(packet: RoomPacket | null): unknown {
    if (packet?.kind === "offer") return openOffer(attempt, packet)
    if (packet?.kind === "request") return openRequest(keys, room, packet)
    if (packet?.kind === "answer") return openAnswer(keys, packet)
    return packet?.kind === "grant" ? openGrant(keys, packet) : null
  }

  test.each(sealed)("%s: no bit, not the letter either", { timeout: 60_000 }, (kind, wire) => {
    expect(open(decodeRoomPacket(wire))).not.toBeNull()
    const found = new Set<unknown>()
    eachBit(0, wire.length, (bit) =>
      found.add(codeOf(() => open(decodeRoomPacket(flipped(wire, bit))))),
    )
    // One bit of an offer's O (the highest) does not count in X25519, but in the salt of the keys.
    const expected = [null, "malformed", "not-authentic"]
    expect([...found].filter((one) => !expected.includes(one as string | null))).toEqual([])
    expect(found).toContain("not-authentic")
    for (const [other, letter] of Array.from("orag").entries()) {
      if (sealed[other]![0] === kind) continue
      const swapped = Uint8Array.from(wire)
      swapped[0] = letter.charCodeAt(0)
      expect(codeOf(() => open(decodeRoomPacket(swapped)))).toBe("not-authentic")
    }
  })
})

describe("somebody else on the channel", () => {
  const unsignedOffer = offerFields(alice)

  test("does not pass an offer on to another newcomer", () => {
    // Mallory knocked at alice's, and hands alice's signature to bob as if he had.
    const mallorys = answerKnock(newAttempt(bytes(32, 0x66)).publicKey, bytes(32, 0x0f))!
    const signature = signOffer({ ...mallorys, ...unsignedOffer }, alice.roomKey.seed)
    const toBob = answerKnock(attempt.publicKey, bytes(32, 0x66))!
    const genuine = signOffer({ ...toBob, ...unsignedOffer }, alice.roomKey.seed)
    expect(signature).not.toEqual(genuine)
    const offer = sealOffer(toBob, unsignedOffer, mallory.roomKey.seed, nonce)
    expect(codeOf(() => openOffer(attempt, packetOf("offer", offer)))).toBe("bad-signature")
  })

  test("does not offer with another's credential", () => {
    const feigned = { ...offerFields(mallory), credential: alice.signed }
    const offer = packetOf("offer", sealOffer(keys, feigned, mallory.roomKey.seed, nonce))
    expect(codeOf(() => openOffer(attempt, offer))).toBe("bad-credential")
  })

  test("does not offer a deniable room with credentials of a signed one", () => {
    const feigned = { ...offerFields(alice, true), credential: alice.signed }
    const offer = packetOf("offer", sealOffer(keys, feigned, alice.roomKey.seed, nonce))
    expect(codeOf(() => openOffer(attempt, offer))).toBe("bad-credential")
    const right = sealOffer(keys, offerFields(alice, true), alice.roomKey.seed, nonce)
    expect(openOffer(attempt, packetOf("offer", right))?.credential.kind).toBe("deniable")
  })

  test("does not ask in under another's credential", () => {
    const feigned = { ...requestFields(mallory), credential: bob.signed }
    const request = sealRequest(keys, feigned, mallory.roomKey.seed, nonce)
    const opening = () => openRequest(keys, room, packetOf("request", request))
    expect(codeOf(opening)).toBe("bad-credential")
  })

  test("does not ask in with another's room key", () => {
    const request = sealRequest(keys, requestFields(bob), mallory.roomKey.seed, nonce)
    const opening = () => openRequest(keys, room, packetOf("request", request))
    expect(codeOf(opening)).toBe("bad-signature")
  })

  test("does not use a request in another attempt", () => {
    const other = answerKnock(attempt.publicKey, bytes(32, 0x70))!
    expect(codeOf(() => openRequest(other, room, requestOf(bob)))).toBe("not-authentic")
    const signatures = [keys, other].map((of) =>
      signRequest({ ...of, ...requestFields(bob) }, bob.roomKey.seed),
    )
    expect(signatures[0]).not.toEqual(signatures[1])
  })

  test("does not ask into another room", () => {
    const other = { roomId: bytes(16, 9), isDeniable: false }
    expect(codeOf(() => openRequest(keys, other, requestOf(bob)))).toBe("bad-credential")
    const deniable = { roomId, isDeniable: true }
    expect(codeOf(() => openRequest(keys, deniable, requestOf(bob)))).toBe("bad-credential")
  })

  test("does not send settings that are none", () => {
    const feigned = { ...unsignedOffer, settings: bytes(50, 9) }
    const offer = packetOf("offer", sealOffer(keys, feigned, alice.roomKey.seed, nonce))
    expect(codeOf(() => openOffer(attempt, offer))).toBe("malformed")
  })
})

describe("keys of low order", () => {
  test("in a knock have no answer", () => {
    expect(lowOrder.filter((key) => answerKnock(key, bytes(32, 5)) !== null)).toEqual([])
  })

  test("in an offer are refused", () => {
    const codes = lowOrder.map((captainKey) =>
      codeOf(() => openOffer(attempt, { ...offerOf(alice), captainKey })),
    )
    expect(codes).toEqual(lowOrder.map(() => "low-order-key"))
  })
})

test("an attempt keeps its own copy of the secret", () => {
  const random = bytes(32, 0x21)
  const made = newAttempt(random)
  random.fill(0)
  expect(exchangePublicKey(made.secretKey)).toEqual(made.publicKey)
})
