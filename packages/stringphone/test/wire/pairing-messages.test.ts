// spec/topic.md §9: where the fields of the six messages are, and what is refused before any key.
import { describe, expect, test } from "vitest"
import { concat, u8, utf8 } from "../../src/bytes/index.js"
import {
  authenticate,
  derive,
  exchange,
  exchangePublicKey,
  hash,
  open,
  verify,
} from "../../src/crypto/index.js"
import { isPairingMessage } from "../../src/topic/pairing/index.js"
import { decodeAnswer, encodeAnswer } from "../../src/topic/pairing/wire/answer.js"
import {
  decodeCancellation,
  encodeCancellation,
} from "../../src/topic/pairing/wire/cancellation.js"
import {
  decodeConfirmation,
  encodeConfirmation,
} from "../../src/topic/pairing/wire/confirmation.js"
import { decodeHostReveal, encodeHostReveal } from "../../src/topic/pairing/wire/host-reveal.js"
import {
  decodeJoinerReveal,
  encodeJoinerReveal,
} from "../../src/topic/pairing/wire/joiner-reveal.js"
import { decodeOffer, encodeOffer } from "../../src/topic/pairing/wire/offer.js"
import { compared, Host, Joiner, joinerContext, seededRandom } from "../scenario/pairing-devices.js"
import { errorName, viewAtOffset } from "./fixtures.js"

const joiner = new Joiner()
const host = new Host()
const [offer, answer, joinerReveal, hostReveal] = compared(joiner, host.open()) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
const confirmation = joiner.decide(true).takeOne()
joiner.run({ kind: "close" })
const cancellation = joiner.takeOne()

const formats = [
  ["1", offer, decodeOffer, (m: Uint8Array) => encodeOffer(decodeOffer(m)), 57],
  ["2", answer, decodeAnswer, (m: Uint8Array) => encodeAnswer(decodeAnswer(m)), 81],
  [
    "3",
    joinerReveal,
    decodeJoinerReveal,
    (m: Uint8Array) => encodeJoinerReveal(decodeJoinerReveal(m)),
    49 + 248 + "Joiner".length,
  ],
  [
    "4",
    hostReveal,
    decodeHostReveal,
    (m: Uint8Array) => encodeHostReveal(decodeHostReveal(m)),
    17 + 247 + "Kitchen".length + "Host".length,
  ],
  [
    "5",
    confirmation,
    decodeConfirmation,
    (m: Uint8Array) => encodeConfirmation(decodeConfirmation(m)),
    33,
  ],
  [
    "6",
    cancellation,
    decodeCancellation,
    (m: Uint8Array) => encodeCancellation(decodeCancellation(m)),
    34,
  ],
] as const

describe.each(formats)("message %s", (type, message, decode, again, length) => {
  test("its length, its first byte, its session; decoded and encoded it is the same", () => {
    expect(message.length).toBe(length)
    expect(message[0]).toBe(type.charCodeAt(0))
    expect(message.slice(1, 17)).toEqual(offer.slice(1, 17))
    expect(again(message)).toEqual(message)
    expect(again(viewAtOffset(message))).toEqual(message)
    expect(isPairingMessage(message)).toBe(true)
  })

  test("what is too short or too long is malformed", () => {
    const isSealed = type === "3" || type === "4"
    const shortest = isSealed ? (type === "3" ? 49 + 248 : 17 + 247) : message.length
    for (let cut = 0; cut < shortest; cut++) {
      expect(() => decode(message.slice(0, cut))).toThrow(/Malformed pairing message/)
    }
    const longer = isSealed ? concat(message, new Uint8Array(200)) : concat(message, u8(0))
    expect(() => decode(longer)).toThrow(/Malformed pairing message/)
  })

  test("another type", () => {
    for (const byte of [0, 0x30, 0x37, "M".charCodeAt(0), "i".charCodeAt(0)]) {
      const other = message.with(0, byte)
      expect(errorName(() => decode(other))).toBe("PeerError")
      expect(isPairingMessage(other)).toBe(false)
    }
  })
})

test("nothing is no pairing message", () => {
  expect(isPairingMessage(new Uint8Array(0))).toBe(false)
})

/** A second writing of §9.2 to 9.5 from the text of the specification, with the host's secrets. */
test("commitments, transcript, keys and signatures are those of the specification", () => {
  const label = (name: string, ...parts: Uint8Array[]) =>
    concat(utf8(`stringphone/2 ${name}`), u8(0), ...parts)
  const random = seededRandom("host Host")
  const [secretKey, salt] = [random(32), random(16)] as const
  const session = offer.slice(1, 17)
  const secretId = offer.slice(17, 25)
  const commitmentJ = offer.slice(25)
  const ephemeralH = answer.slice(17, 49)
  const commitmentH = answer.slice(49)
  const ephemeralJ = joinerReveal.slice(17, 49)
  expect(exchangePublicKey(secretKey)).toEqual(ephemeralH)
  expect(secretId).toEqual(new Uint8Array(8))

  const t = hash(
    label(
      "topic pairing",
      ...[session, secretId, commitmentJ, ephemeralH, commitmentH, ephemeralJ],
    ),
  )
  const secret = concat(exchange(secretKey, ephemeralJ)!, new Uint8Array(32))
  const key = (name: string, length = 32) => derive(secret, t, label(name), length)
  const opened = (sealed: Uint8Array, name: string) =>
    open(sealed, new Uint8Array(24), key(name), new Uint8Array(0))!

  const contentJ = opened(joinerReveal.slice(49), "topic pairing joiner key")
  const profileJ = contentJ.slice(0, -64)
  expect(commitmentJ).toEqual(hash(label("topic pairing joiner", ephemeralJ, profileJ)))
  const cardJ = joiner.context.signer.card()
  const serial = Uint8Array.of(0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00) // 1,700,000,000,000
  expect(profileJ).toEqual(
    concat(cardJ, serial, joinerContext("Joiner").rekeyKey, u8(6), utf8("Joiner")),
  )
  const signedJ = label("topic pairing joiner", t)
  expect(verify(contentJ.slice(-64), signedJ, joiner.context.signer.publicKey)).toBe(true)

  const contentH = opened(hostReveal.slice(17), "topic pairing host key")
  const profileH = contentH.slice(16, -64)
  expect(contentH.slice(0, 16)).toEqual(salt)
  expect(commitmentH).toEqual(hash(label("topic pairing host", ephemeralH, salt, profileH)))
  expect(profileH).toEqual(
    concat(
      host.context.signer.card(),
      new Uint8Array(16).fill(0x70),
      Uint8Array.of(0, 0, 0, 7),
      ...[u8(7), utf8("Kitchen"), u8(4), utf8("Host")],
    ),
  )
  const signedH = label("topic pairing host", t)
  expect(verify(contentH.slice(-64), signedH, host.context.signer.publicKey)).toBe(true)

  expect(opened(confirmation.slice(17), "topic pairing confirm key")).toEqual(new Uint8Array(0))
  expect(opened(cancellation.slice(17), "topic pairing joiner cancel key")).toEqual(u8(2))
  const bits = [...key("topic pairing comparison", 12)]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("")
  const group = (i: number) => 1_000 + Number.parseInt(bits.slice(48 + 13 * i, 61 + 13 * i), 2)
  expect(host.get("compare").comparison.digits).toBe([0, 1, 2].map(group).join(" "))
  // HKDF itself once by hand (RFC 5869): one block is HMAC(HMAC(secret, salt), info ‖ 1).
  const block = authenticate(concat(label("x"), u8(1)), authenticate(secret, t))
  expect(key("x")).toEqual(block)
})
