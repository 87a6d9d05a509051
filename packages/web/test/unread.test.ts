import { hex } from "stringphone/bytes"
import { generateTopicKey, Topic } from "stringphone/topic/classic"
import { expect, it } from "vitest"
import { claimedSender, unreadBecause } from "../src/lib/unread.ts"

const home = new Topic({ topicKey: generateTopicKey() })
const phone = new Topic()
const stranger = new Topic()
const outside = { ownId: phone.id, hasKey: false, pairing: false }

it("says why a message was not read", () => {
  const reply = home.constructReply(phone.constructIntro())
  const member = { ...outside, hasKey: true }
  expect(unreadBecause(home.encode("x"), outside)).toMatch(/no topic key/)
  expect(unreadBecause(phone.constructIntro(), outside)).toMatch(/Our own/)
  expect(unreadBecause(stranger.constructIntro(), member)).toMatch(/window is closed/)
  expect(unreadBecause(stranger.constructIntro(), { ...member, pairing: true })).toMatch(/say yes/)
  expect(unreadBecause(reply, { ...outside, pairing: true })).toMatch(/say yes/)
  expect(unreadBecause(reply, outside)).toMatch(/window is closed/)
  expect(unreadBecause(reply, { ...outside, ownId: stranger.id })).toMatch(/somebody else/)
  expect(unreadBecause(new Uint8Array(), outside)).toMatch(/no classic message/)
})

it("knows whom a message names", () => {
  expect(hex(claimedSender(home.encode("x"))!)).toBe(hex(home.id))
  expect(claimedSender(Uint8Array.of(9))).toBeNull()
})
