// spec/topic.md §9.10: the two texts of pairing without a channel.
import { describe, expect, test } from "vitest"
import { base64url, concat, fromBase64url, sameBytes, u8, utf8 } from "../../src/bytes/index.js"
import { sign, signingKeyPair } from "../../src/crypto/index.js"
import {
  makeInvitation,
  makeJoinRequest,
  openInvitation,
  openJoinRequest,
} from "../../src/topic/pairing/index.js"
import { hostContext, identityOf, joinerContext } from "../scenario/pairing-devices.js"
import { eachBit, errorName, flipped } from "./fixtures.js"

const joiner = joinerContext("Joiner")
const host = hostContext("Höst")
const request = makeJoinRequest(joiner.signer, joiner)
const invitation = makeInvitation(host.signer, host)

const kinds = [
  ["join request", "stringphone:join/", request, openJoinRequest, "bad-join-request"],
  ["invitation", "stringphone:topic/", invitation, openInvitation, "bad-invitation"],
] as const

/** `PeerError malformed` and the like; `"none"` when it was opened. */
function refusal(run: () => unknown): string {
  try {
    run()
    return "none"
  } catch (error) {
    const { code, name } = error as Error & { code: string }
    return `${name} ${code}`
  }
}

test("a join request tells who wants in and which key to seal to", () => {
  const { publicKey } = joiner.signer
  const { name, rekeyKey, serial } = joiner
  const card = identityOf("Joiner").card()
  expect(openJoinRequest(request)).toMatchObject({ publicKey, name, rekeyKey, serial, card })
  expect(request.length).toBeLessThanOrEqual(413)
})

test("an invitation tells who invites and into which topic", () => {
  const { epoch, name, topicId, topicName } = host
  const { publicKey } = host.signer
  expect(openInvitation(invitation)).toMatchObject({ publicKey, epoch, name, topicId, topicName })
})

test("names of 0 and of 64 bytes; longer ones are the caller's mistake", () => {
  const long = "ü".repeat(32)
  const empty = openJoinRequest(makeJoinRequest(joiner.signer, { ...joiner, name: "" }))
  expect(empty.name).toBe("")
  const longest = makeInvitation(host.signer, { ...host, name: long, topicName: long })
  expect(openInvitation(longest)).toMatchObject({ name: long, topicName: long })
  expect(longest.length).toBe(477)
  expect(makeJoinRequest(joiner.signer, { ...joiner, name: long }).length).toBe(413)
  const tooLong = { ...joiner, name: `${long}x` }
  expect(refusal(() => makeJoinRequest(joiner.signer, tooLong))).toBe("UsageError bad-name")
  const noKey = { ...joiner, rekeyKey: new Uint8Array(31) }
  expect(refusal(() => makeJoinRequest(joiner.signer, noKey))).toBe("UsageError bad-key")
  const noTopic = { ...host, topicId: new Uint8Array(15) }
  expect(refusal(() => makeInvitation(host.signer, noTopic))).toBe("UsageError bad-topic-id")
})

describe.each(kinds)("%s", (_, prefix, text, open, code) => {
  const bytes = fromBase64url(text.slice(prefix.length))
  const coded = (changed: Uint8Array) => prefix + base64url(changed)

  test("white space around it does not matter", () => {
    expect(open(`\n${text} `)).toEqual(open(text))
  })

  test("another text, or a broken one", () => {
    const other = text === request ? invitation : request
    for (const wrong of ["", "hello", other, "stringphone:card/AAAA", `${text}!`]) {
      expect(refusal(() => open(wrong))).toBe(`UsageError ${code}`)
    }
  })

  test("every truncation, one byte too many", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(errorName(() => open(coded(bytes.slice(0, length))))).toBe("PeerError")
    }
    expect(errorName(() => open(coded(concat(bytes, u8(0)))))).toBe("PeerError")
    for (let length = 0; length < text.length; length++) {
      expect(errorName(() => open(text.slice(0, length)))).not.toBe("none")
    }
  })

  test("every bit flipped", { timeout: 60_000 }, () => {
    eachBit(0, bytes.length, (bit) => {
      expect(errorName(() => open(coded(flipped(bytes, bit))))).toBe("PeerError")
    })
  })

  test("signed by another, for another purpose, or as the other text", () => {
    const profile = bytes.slice(1, -64)
    const stranger = identityOf("Stranger")
    const resigned = (signature: Uint8Array) => coded(concat(u8(1), profile, signature))
    const purpose = text === request ? "topic join request" : "topic invitation"
    const forged = resigned(stranger.sign(purpose, profile))
    expect(refusal(() => open(forged))).toBe("PeerError bad-signature")
    const owner = text === request ? joiner.signer : host.signer
    const crossed = resigned(owner.sign("topic message", profile))
    expect(refusal(() => open(crossed))).toBe("PeerError bad-signature")
    expect(open(resigned(owner.sign(purpose, profile)))).toEqual(open(text))
  })

  test("a card whose two keys do not belong together", () => {
    const { secretKey } = signingKeyPair(new Uint8Array(32).fill(9))
    const wrong = Uint8Array.from(bytes.slice(1, -64))
    wrong.set(sign(utf8("anything"), secretKey), 65)
    const owner = text === request ? joiner.signer : host.signer
    const purpose = text === request ? "topic join request" : "topic invitation"
    const signed = coded(concat(u8(1), wrong, owner.sign(purpose, wrong)))
    expect(refusal(() => open(signed))).toBe("PeerError bad-signature")
  })
})

test("what was opened keeps no views of the text's bytes", () => {
  const opened = openJoinRequest(request)
  expect(opened.rekeyKey.buffer.byteLength).toBe(32)
  expect(sameBytes(opened.rekeyKey, joiner.rekeyKey)).toBe(true)
})
