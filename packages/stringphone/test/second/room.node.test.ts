// Our own rooms against a second implementation, in Python on libsodium, both ways.
import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { fromHex, hex } from "../../src/bytes/index.js"
import { cryptoEngine, exchangePublicKey } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { newRoomKey } from "../../src/room/room-key.js"
import type { Answer, Ask, Json } from "./json.js"
import { requirePython, runPython, startPython } from "./python.js"
import { answer } from "./room-answers.js"
import {
  bytes,
  formerLeaf,
  heads,
  id,
  key,
  name,
  u32,
  unsignedBranch,
  unsignedOffer,
  values,
} from "./room-generators.js"

const hasPython = requirePython("rooms")

/** One byte changed, bytes added, or bytes cut off. */
const change = fc
  .tuple(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.integer({ min: -3, max: 3 }))
  .map(([at, difference, growth]) => (encoded: string) => {
    const right = fromHex(encoded)
    const wrong = new Uint8Array(Math.max(0, right.length + growth))
    wrong.set(right.subarray(0, wrong.length))
    if (wrong.length > 0) wrong[at % wrong.length]! ^= difference
    return hex(wrong)
  })

const signed: Readonly<Record<string, fc.Arbitrary<Readonly<Record<string, Json>>>>> = {
  offer: fc.record({ newcomerKey: key, captainKey: key, ...unsignedOffer }),
  request: fc.record({ newcomerKey: key, captainKey: key, formerLeaf, credential: bytes(40) }),
  grant: fc.record({
    ...{ roomId: id, epoch: u32, grantId: id, roomKey: key },
    ...{ credential: bytes(40), formerLeaf },
  }),
  order: fc.record({ roomId: id, epoch: u32, grantId: id, commitHash: key, heads }),
  vote: fc.record({ roomId: id, epoch: u32, auth8: bytes(8), term: u32, candidateKey: key }),
  branch: fc.record({ roomId: id, from: u32, ...unsignedBranch }),
}

describe.skipIf(!hasPython)(`Python and ours (${cryptoEngine()})`, () => {
  const second = hasPython ? startPython<Ask, Answer>("room.py") : null
  afterAll(() => second?.stop())
  const theirs = (ask: Ask) => second!.ask(ask)

  /** Both give this; what one refuses, the other refuses. @returns the answer */
  async function same(ask: Ask): Promise<Answer> {
    const [one, other] = [answer(ask), await theirs(ask)]
    if (one["error"] === undefined || other["error"] === undefined) expect(one).toEqual(other)
    return one
  }

  test("room_vectors.py --check", { timeout: 60_000 }, () => {
    const { status, stderr, stdout } = runPython("room_vectors.py", "--check")
    expect(`${stdout}${stderr}`).toMatch(/^\d+ checks passed\n$/)
    expect(status).toBe(0)
  })

  test.each(Object.entries(values))("the format %s", { timeout: 60_000 }, async (format, value) => {
    await fc.assert(
      fc.asyncProperty(value, change, async (one, changed) => {
        const made = await same({ do: "encode", format, value: one })
        const encoded = made["bytes"] as string
        const decoded = await same({ do: "decode", format, bytes: encoded })
        expect(decoded["value"]).toMatchObject(one as Readonly<Record<string, Json>>)
        const other = await same({ do: "decode", format, bytes: changed(encoded) })
        if (other["value"] === undefined) return
        expect(other["value"]).not.toEqual(decoded["value"])
        const again = await same({ do: "encode", format, value: other["value"] })
        expect(again["bytes"]).toBe(changed(encoded))
      }),
      { numRuns: 150 },
    )
  })

  test.each(Object.entries(signed))("signature: %s", { timeout: 60_000 }, async (what, of) => {
    await fc.assert(
      fc.asyncProperty(of, key, change, async (fields, seed, changed) => {
        const { publicKey } = newRoomKey(fromHex(seed))
        const whole = what === "request" ? { ...fields, roomKey: hex(publicKey) } : fields
        const made = await same({ do: "sign", what, seed, of: whole })
        const signature = made["signature"] as string
        const check = { do: "verify", what, publicKey: hex(publicKey), of: whole }
        expect(await same({ ...check, signature })).toEqual({})
        const wrong = changed(signature).padEnd(128, "0").slice(0, 128)
        if (wrong === signature) return
        expect(await same({ ...check, signature: wrong })).toHaveProperty("error")
      }),
      { numRuns: 40 },
    )
  })

  test("message IDs, digits, keys of attempts and slots", { timeout: 60_000 }, async () => {
    const ask = fc.oneof(
      fc.record({ do: fc.constant("messageId"), message: bytes(77) }),
      fc.record({ do: fc.constant("attempt"), newcomerSecret: key, captainSecret: key }),
      fc.record({ do: fc.constant("digits"), authenticator: key }),
      fc.record({ do: fc.constant("slotKey"), exported: key, grantId: id }),
    )
    await fc.assert(
      fc.asyncProperty(ask, async (one) => {
        expect(await same(one)).not.toHaveProperty("error")
      }),
      { numRuns: 150 },
    )
  })

  test("boxes of attempts and slots", { timeout: 60_000 }, async () => {
    const sealing = { attempt: bytes(8), key, nonce: bytes(24) }
    const slot = { roomId: id, epoch: u32, grantId: id, slotKey: key, nonce: bytes(24) }
    await fc.assert(
      fc.asyncProperty(
        fc.record(sealing),
        fc.record(slot),
        values["answer"]!,
        values["order"]!,
        change,
        async (box, entry, reply, order, changed) => {
          const encode = async (format: string, value: Json) =>
            (await same({ do: "encode", format, value }))["bytes"]!
          const fields = await encode("answer", reply)
          const made = await same({ do: "sealBox", letter: "a", ...box, fields })
          const { attempt, key: boxKey } = box
          const open = { do: "openBox", letter: "a", attempt, key: boxKey }
          expect(await same({ ...open, box: made["box"]! })).toEqual({ fields })
          const wrong = changed(made["box"] as string)
          expect(await same({ ...open, box: wrong })).toHaveProperty("error")

          for (const letter of ["e", "s"]) {
            const content = await encode("order", order)
            const sealed = await same({ do: "sealSlot", letter, ...entry, content })
            const message = sealed["message"] as string
            const toOpen = { do: "openSlot", slotKey: entry.slotKey }
            expect(await same({ ...toOpen, message })).toEqual({ content })
            const other = await theirs({ ...toOpen, message: changed(message) })
            const ours = answer({ ...toOpen, message: changed(message) })
            expect([other, ours].map((one) => "error" in one)).toEqual([true, true])
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  test("credentials", { timeout: 60_000 }, async () => {
    const options = { seed: key, roomId: id, roomKey: key, ownName: name }
    await fc.assert(
      fc.asyncProperty(
        fc.record(options),
        fc.option(key),
        change,
        async (one, exchange, changed) => {
          const isDeniable = exchange !== null
          const { roomId, roomKey } = one
          const made = await same({
            do: "credential",
            ...one,
            ...(exchange !== null && { roomExchangeKey: exchange }),
          })
          const credential = made["credential"] as string
          const check = { do: "checkCredential", credential, roomId, roomKey, isDeniable }
          const { value } = await same(check)
          expect(value).toMatchObject({
            ownName: one.ownName,
            identityKey: hex(new Identity(fromHex(one.seed)).publicKey),
          })
          expect(await same({ ...check, isDeniable: !isDeniable })).toHaveProperty("error")
          await same({ ...check, credential: changed(credential) })
          if (!isDeniable)
            expect(await same({ ...check, roomKey: one.seed })).toHaveProperty("error")
        },
      ),
      { numRuns: 60 },
    )
  })

  test("proofs, from both sides", { timeout: 60_000 }, async () => {
    const person = fc.record({ seed: key, x: key, roomKey: key })
    await fc.assert(
      fc.asyncProperty(person, person, id, async (one, other, roomId) => {
        const credentialOf = ({ roomKey, seed, x }: typeof one) => {
          const roomExchangeKey = hex(exchangePublicKey(fromHex(x)))
          const made = { do: "credential", seed, roomId, roomKey, ownName: "", roomExchangeKey }
          return answer(made)["credential"] as string
        }
        const proof = async (from: typeof one, to: typeof one) =>
          same({
            ...{ do: "proof", seed: from.seed, roomExchangeSecret: from.x, roomId },
            ...{ own: credentialOf(from), other: credentialOf(to) },
            ...{ ownRoomKey: from.roomKey, otherRoomKey: to.roomKey },
          })
        const [ours, others] = [await proof(one, other), await proof(other, one)]
        if (one.seed === other.seed) return
        expect(ours).toEqual({
          key: others["key"],
          proof: others["theirs"],
          theirs: others["proof"],
        })
      }),
      { numRuns: 50 },
    )
  })
})
