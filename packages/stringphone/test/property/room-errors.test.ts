// The fuzz target's invariant, with its corpus, and with inputs that fast-check makes and shrinks.
import fc from "fast-check"
import { expect, test } from "vitest"
import corpus from "../../fuzz/corpus/room-decode.json" with { type: "json" }
import { roomDecodeTarget } from "../../fuzz/room-decode.js"
import secrets from "../../fuzz/room-secrets.json" with { type: "json" }
import { concat, fromHex, PeerError, utf8 } from "../../src/bytes/index.js"
import { cryptoEngine } from "../../src/crypto/index.js"
import * as attempt from "../../src/room/attempt.js"
import * as slot from "../../src/room/slot.js"
import * as answer from "../../src/room/wire/answer.js"
import * as behind from "../../src/room/wire/behind.js"
import * as claim from "../../src/room/wire/claim.js"
import * as commit from "../../src/room/wire/commit.js"
import * as commitData from "../../src/room/wire/commit-data.js"
import * as credential from "../../src/room/wire/credential.js"
import * as entry from "../../src/room/wire/entry.js"
import * as entryData from "../../src/room/wire/entry-data.js"
import * as grant from "../../src/room/wire/grant.js"
import * as knock from "../../src/room/wire/knock.js"
import * as message from "../../src/room/wire/message.js"
import * as offer from "../../src/room/wire/offer.js"
import * as order from "../../src/room/wire/order.js"
import * as packet from "../../src/room/wire/packet.js"
import * as payload from "../../src/room/wire/payload.js"
import * as request from "../../src/room/wire/request.js"
import * as settings from "../../src/room/wire/settings.js"

const room = {
  PeerError,
  ...{ ...attempt, ...slot, ...packet },
  ...{ ...knock, ...offer, ...request, ...answer, ...grant, ...entry, ...entryData, ...order },
  ...{ ...commit, ...commitData, ...message, ...payload, ...behind, ...claim },
  ...{ ...credential, ...settings },
}
const check = roomDecodeTarget(room, secrets) as (bytes: Uint8Array) => string[]
const samples = Object.values(corpus).map(fromHex)
const numRuns = cryptoEngine() === "native" ? 1000 : 150

test.each(Object.entries(corpus))("the fuzz corpus: %s", (_, bytes) => {
  expect(check(fromHex(bytes)).length).toBeGreaterThan(0)
})

test("the corpus has something of every kind", () => {
  const found = new Set(samples.flatMap(check))
  const opened = ["offer", "request", "answer", "grant", "entry", "order"]
  const kinds = ["knock", "commit", "message", "behind", "claim", "not for us", "malformed"]
  const decoders = Object.keys(room).filter((name) =>
    /^decode(Settings|Credential|.+(Fields|Data)|Payload)$/.test(name),
  )
  expect(decoders).toHaveLength(10)
  const wanted = [...kinds, ...opened.map((kind) => `${kind}, opened`), ...decoders]
  expect(wanted.filter((kind) => !found.has(kind))).toEqual([])
})

const types = fc.constantFrom(...utf8("koragescmbv"), 1, 2, 3, 4, 5, 6, 7)
const sample = fc.constantFrom(...samples)
const change = fc.record({
  how: fc.constantFrom("byte", "cut", "grow", "insert", "remove", "graft", "type"),
  at: fc.nat(700),
  value: fc.nat(255),
})
const mutated = fc
  .tuple(sample, sample, types, fc.array(change, { minLength: 1, maxLength: 4 }))
  .map(([start, donor, type, changes]) => {
    let bytes = Uint8Array.from(start)
    for (const { at: anywhere, how, value } of changes) {
      const at = anywhere % (bytes.length + 1)
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
      if (how === "byte" && after.length > 0) bytes[at] = value
      if (how === "cut") bytes = before.slice()
      if (how === "grow") bytes = concat(bytes, new Uint8Array(value % 40).fill(at))
      if (how === "insert") bytes = concat(before, Uint8Array.of(value), after)
      if (how === "remove") bytes = concat(before, after.subarray(1 + (value % 33)))
      if (how === "graft") bytes = concat(before, donor.subarray(at))
      if (how === "type" && bytes.length > 0) bytes[0] = type
    }
    return bytes
  })
const junk = fc
  .tuple(types, fc.uint8Array({ maxLength: 400 }))
  .map(([type, rest]) => concat(Uint8Array.of(type), rest))

test("any bytes and any mutation of a message keep the invariant", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.oneof(mutated, junk, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      expect(check(bytes).length).toBeGreaterThan(0)
    }),
    { numRuns },
  )
})
