import { describe, expect, test } from "vitest"
import { concat, fromHex, utf8 } from "../../src/bytes/index.js"
import { exchangePublicKey } from "../../src/crypto/index.js"
import { base64, fromBase64 } from "../../src/room/classic/base64.js"
import {
  claimedIdentity,
  decodePacket,
  encodePacket,
  isUsableParticipantKey,
  openRoomMessage,
  openRoomMessageKey,
  packetSigner,
  sealRoomMessage,
  sealRoomMessageKey,
  signRoomJoin,
  verifyPacket,
} from "../../src/room/classic/index.js"
import points from "../vectors/crypto/x25519-low-order.json" with { type: "json" }
import { errorName, flipped, secret } from "./fixtures.js"
import {
  alice,
  bob,
  bobsRoomKey,
  carolsRoomKey,
  countingRandom,
  introduction,
  keyTransport,
  packets,
  roomJoin,
  roomMessage,
  roomMessageKey,
  text,
} from "./room-classic-fixtures.js"

const bytesOf = (packetText: string) => fromBase64(packetText.slice(2))
const decoded = (opcode: string, bytes: Uint8Array) => decodePacket(opcode + base64(bytes))

describe.each(packets)("$packet.kind", ({ packet, signer, bytes: length }) => {
  const packetText = encodePacket(packet)
  const opcode = packetText.slice(0, 2)
  const bytes = bytesOf(packetText)

  test("the length is that of its diagram; decoding gives the parts back", () => {
    expect(bytes.length).toBe(length)
    expect(decodePacket(packetText)).toEqual(packet)
    expect(encodePacket(decodePacket(packetText))).toBe(packetText)
  })

  test("its signer verifies, nobody else does", () => {
    expect(verifyPacket(packet, signer)).toBe(true)
    expect(verifyPacket(packet, packetSigner(secret(9)).publicKey)).toBe(false)
    expect(verifyPacket(packet, new Uint8Array(31))).toBe(false)
    expect(verifyPacket(packet)).toBe(packet.kind !== "room-message")
    const named = packet.kind === "room-message" ? null : signer
    expect(claimedIdentity(packet)).toEqual(named)
  })

  test("every truncation, one byte and 100 kB too many", () => {
    const isOpen = packet.kind === "room-message"
    for (let short = 0; short < bytes.length; short++) {
      const cut = bytes.slice(0, short)
      if (isOpen && short >= 104) {
        // A message has any length; the signature tells.
        expect(verifyPacket(decoded(opcode, cut), signer)).toBe(false)
        continue
      }
      if (packet.kind === "key-transport" && short === 132 + 72) {
        // One cell less is a key transport of one member less, with a wrong signature.
        expect(verifyPacket(decoded(opcode, cut))).toBe(false)
        continue
      }
      expect(errorName(() => decoded(opcode, cut))).toBe("MalformedPacketError")
    }
    for (const extra of [1, 100_000]) {
      const longer = concat(bytes, new Uint8Array(extra))
      if (isOpen) expect(verifyPacket(decoded(opcode, longer), signer)).toBe(false)
      else expect(errorName(() => decoded(opcode, longer))).toBe("MalformedPacketError")
    }
  }, 60_000)

  test("every bit flipped: no packet verifies, and none opens to something else", () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = decoded(opcode, flipped(bytes, bit))
      expect(verifyPacket(changed, signer), `bit ${bit}`).toBe(false)
      expect(verifyPacket(changed), `bit ${bit}`).toBe(false)
      if (changed.kind === "room-message") {
        const opened = openRoomMessage(changed, roomMessageKey)
        expect(opened, `bit ${bit}`).toEqual(bit < 64 * 8 ? text : null)
      }
      if (changed.kind === "key-transport" && bit >= 132 * 8) {
        const opened = openRoomMessageKey(changed, bobsRoomKey)
        expect(opened, `bit ${bit}`).toEqual(bit < (132 + 72) * 8 ? null : roomMessageKey)
      }
    }
  }, 60_000)

  test("every character of the text cut off or changed to one that is no base64", () => {
    for (let length = 0; length < packetText.length; length++) {
      const cut = packetText.slice(0, length)
      const error = errorName(() => {
        if (!verifyPacket(decodePacket(cut), signer)) throw new SyntaxError("verified wrong")
      })
      expect(["MalformedPacketError", "SyntaxError"]).toContain(error)
    }
    for (const wrong of [" ", "-", "_", "!", "é", "\n", "\0"]) {
      for (const at of [2, 30, packetText.length - 3]) {
        const changed = packetText.slice(0, at) + wrong + packetText.slice(at + 1)
        expect(errorName(() => decodePacket(changed))).toBe("MalformedPacketError")
      }
    }
  })

  test("under another opcode it is malformed, or its signature is wrong", () => {
    for (const other of ["00", "01", "02", "03"].filter((code) => code !== opcode)) {
      const error = errorName(() => {
        const changed = decodePacket(other + packetText.slice(2))
        if (!verifyPacket(changed, signer)) throw new SyntaxError("does not verify")
      })
      // The opcode is not signed: a ROOM_JOIN's bytes are a right message of its sender, which no key opens.
      const isMessage = other === "03" && packet.kind !== "introduction"
      const expected = isMessage ? "none" : "MalformedPacketError"
      expect(error).toBe(expected)
    }
  })
})

test("a packet that names one and is signed by another verifies for neither", () => {
  const signature = alice.sign(bob.publicKey)
  const forged = { ...introduction, signature }
  expect(verifyPacket(forged, alice.publicKey)).toBe(false)
  expect(verifyPacket(forged, bob.publicKey)).toBe(false)
  expect(verifyPacket(forged)).toBe(false)
})

test("fields are where the diagrams put them", () => {
  const join = bytesOf(encodePacket(roomJoin))
  expect(join.slice(0, 64)).toEqual(bob.sign(join.slice(64)))
  expect(join.slice(64, 96)).toEqual(bob.publicKey)
  expect(join.slice(96)).toEqual(exchangePublicKey(bobsRoomKey))
  const transport = bytesOf(encodePacket(keyTransport))
  expect(transport.slice(0, 64)).toEqual(alice.sign(transport.slice(64)))
  expect(transport.slice(64, 96)).toEqual(alice.publicKey)
  expect(transport.slice(96, 128)).toEqual(exchangePublicKey(secret(11)))
  expect([...transport.slice(128, 132)]).toEqual([1, 2, 3, 4])
  expect(transport.slice(132, 156)).toEqual(new Uint8Array(24).fill(1))
  expect(transport.slice(204, 228)).toEqual(new Uint8Array(24).fill(2))
  const message = bytesOf(encodePacket(roomMessage))
  expect(message.slice(64, 88)).toEqual(new Uint8Array(24).fill(1))
  const intro = bytesOf(encodePacket(introduction))
  expect(intro.slice(64)).toEqual(bob.publicKey)
})

describe("malformed texts", () => {
  test.each([
    "",
    "0",
    "00",
    "04AAAA",
    "000",
    "0A",
    "??",
    "-1AAAA",
    "03",
    "03AAAA",
    "03AAA",
    "03A===",
  ])("%j", (packetText) => {
    expect(errorName(() => decodePacket(packetText))).toBe("MalformedPacketError")
  })

  test("counter 0, and no cell", () => {
    const bytes = bytesOf(encodePacket(keyTransport))
    const zero = Uint8Array.from(bytes)
    zero.set([0, 0, 0, 0], 128)
    expect(errorName(() => decoded("02", zero))).toBe("MalformedPacketError")
    expect(errorName(() => decoded("02", bytes.slice(0, 132)))).toBe("MalformedPacketError")
  })

  test("base64 is canonical: as libraries write it, and no other way", () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 0xff)
      const written = btoa(String.fromCharCode(...bytes))
      expect(base64(bytes)).toBe(written)
      expect(fromBase64(written)).toEqual(bytes)
    }
    for (const wrong of [
      "QQ=",
      "QQ",
      "QR==",
      "QUJ=",
      "QUI",
      "=",
      "====",
      "Q===",
      "QQ==QQ==",
      "Q Q=",
    ]) {
      expect(
        errorName(() => fromBase64(wrong)),
        wrong,
      ).toBe("MalformedPacketError")
    }
  })
})

describe("sealing and opening", () => {
  test("each member's key opens its cell, others' none", () => {
    expect(openRoomMessageKey(keyTransport, bobsRoomKey)).toEqual(roomMessageKey)
    expect(openRoomMessageKey(keyTransport, carolsRoomKey)).toEqual(roomMessageKey)
    expect(openRoomMessageKey(keyTransport, secret(99))).toBeNull()
    expect(openRoomMessage(roomMessage, roomMessageKey)).toEqual(text)
    expect(openRoomMessage(roomMessage, secret(99))).toBeNull()
  })

  test("an empty and a long text", () => {
    for (const length of [0, 1, 100_000]) {
      const plaintext = new Uint8Array(length).fill(7)
      const sealed = sealRoomMessage(bob, plaintext, roomMessageKey, countingRandom())
      expect(openRoomMessage(sealed, roomMessageKey)).toEqual(plaintext)
    }
  })

  test("a transport key of low order opens nothing; a participant key of low order is unusable", () => {
    for (const { point } of points.lowOrder) {
      const lowOrder = fromHex(point)
      const forged = { ...keyTransport, captainTransportKey: lowOrder }
      expect(openRoomMessageKey(forged, bobsRoomKey)).toBeNull()
      expect(isUsableParticipantKey(lowOrder)).toBe(false)
      expect(codeOf(() => sealTo([lowOrder]))).toBe("bad-key")
    }
    expect(isUsableParticipantKey(roomJoin.participantKey)).toBe(true)
  })

  test("keys of wrong length, wrong counters and no members are the caller's mistakes", () => {
    const short = new Uint8Array(31)
    expect(codeOf(() => packetSigner(short))).toBe("bad-key")
    expect(codeOf(() => signRoomJoin(bob, short))).toBe("bad-key")
    expect(codeOf(() => openRoomMessage(roomMessage, short))).toBe("bad-key")
    expect(codeOf(() => openRoomMessageKey(keyTransport, short))).toBe("bad-key")
    expect(codeOf(() => sealRoomMessage(bob, utf8("x"), short, countingRandom()))).toBe("bad-key")
    expect(codeOf(() => sealTo([short]))).toBe("bad-key")
    expect(codeOf(() => sealTo([]))).toBe("no-members")
    for (const counter of [0, -1, 1.5, NaN, 2 ** 32]) {
      expect(codeOf(() => sealTo([roomJoin.participantKey], counter))).toBe("bad-counter")
    }
    expect(sealTo([roomJoin.participantKey], 2 ** 32 - 1).counter).toBe(2 ** 32 - 1)
  })
})

function sealTo(participantKeys: readonly Uint8Array[], counter = 1) {
  const transportPrivateKey = secret(11)
  const content = { roomMessageKey, transportPrivateKey, counter, participantKeys }
  return sealRoomMessageKey(alice, content, countingRandom())
}

function codeOf(run: () => unknown): string {
  try {
    run()
    return "none"
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}
