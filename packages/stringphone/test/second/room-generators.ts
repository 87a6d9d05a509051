// Values of the formats of rooms, as the line protocol of room.py has them: bytes in hexadecimal.
import fc from "fast-check"
import { hex, utf8 } from "../../src/bytes/index.js"
import type { Json } from "./json.js"

export const bytes = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((made) => hex(made))
const some = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((made) => hex(made))
const text = (maxBytes: number) =>
  fc
    .string({ unit: "grapheme", maxLength: maxBytes })
    .filter((made) => utf8(made).length <= maxBytes)

export const u32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffffffff })
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 })
export const [id, key, signature] = [bytes(16), bytes(32), bytes(64)] as const
export const name: fc.Arbitrary<string> = text(64)
export const heads: fc.Arbitrary<readonly string[]> = fc.array(id, { maxLength: 8 })
const proof = fc.option(id)
/** The last number says: none. */
export const formerLeaf: fc.Arbitrary<number | null> = fc.option(
  u32.filter((leaf) => leaf !== 0xffffffff),
)

function byLeaf<T extends { readonly leaf: number }>(
  item: fc.Arbitrary<T>,
  lengths: { readonly minLength?: number; readonly maxLength: number },
): fc.Arbitrary<readonly T[]> {
  return fc
    .uniqueArray(item, { ...lengths, selector: ({ leaf }) => leaf })
    .map((items) => items.sort((a, b) => a.leaf - b.leaf))
}

const votes = byLeaf(fc.record({ leaf: u32, signature }), { maxLength: 5 })
const is = <T extends string>(kind: T) => ({ kind: fc.constant(kind) })

export const unsignedBranch = {
  step: fc.constantFrom("change", "abdication", "election", "takeover", "entry", "witness"),
  leaf: u32,
  auth8: bytes(8),
  term: u32,
}
const branch = fc.record({ ...unsignedBranch, signature })

const said = { number: u32, sentAt: u48, parents: heads }
const payload = fc.oneof(
  fc.record({ ...is("text"), ...said, text: text(300) }),
  fc.record({ ...is("pulse"), ...said, branch: fc.option(branch) }),
  fc.record({ ...is("vote"), ...said, term: u32, candidate: u32, signature }),
  fc.record({ ...is("ask"), ...said, ids: fc.array(id, { minLength: 1, maxLength: 16 }) }),
  fc.record({ ...is("leave"), ...said }),
  fc.record({
    ...is("proof"),
    ...said,
    proofs: byLeaf(fc.record({ leaf: u32, proof: id }), { minLength: 1, maxLength: 32 }),
  }),
  fc.record({ ...is("again"), ...said, id, originalSentAt: u48, text: text(300) }),
)

const reason = fc.constantFrom("left", "removed", "absent")
const commitData = fc.oneof(
  fc.record({
    ...is("change"),
    heads,
    removed: byLeaf(fc.record({ leaf: u32, reason }), { maxLength: 9 }),
  }),
  fc.record({ ...is("abdication"), heads }),
  fc.record({ ...is("election"), heads, votes }),
  fc.record({
    ...is("takeover"),
    heads,
    removed: fc.uniqueArray(u32, { maxLength: 9 }).map((leaves) => leaves.sort((a, b) => a - b)),
  }),
)

const credential = fc.oneof(
  fc.record({ ...is("signed"), identityKey: key, ownName: name, binding: signature }),
  fc.record({
    ...is("deniable"),
    identityKey: key,
    exchangeKey: key,
    cardSignature: signature,
    roomExchangeKey: key,
    ownName: name,
  }),
)

const box = some(40, 120)
const attempt = bytes(8)
const slot = { roomId: id, epoch: u32, grantId: id, box }
const epochs = fc
  .uniqueArray(fc.record({ epoch: u32, auth8: bytes(8) }), {
    minLength: 1,
    maxLength: 16,
    selector: ({ epoch }) => epoch,
  })
  .map((marks) => marks.sort((a, b) => b.epoch - a.epoch))
const packet = fc.oneof(
  fc.record({ ...is("knock"), key }),
  fc.record({ ...is("offer"), attempt, captainKey: key, box }),
  ...(["request", "answer", "grant"] as const).map((kind) =>
    fc.record({ ...is(kind), attempt, box }),
  ),
  ...(["entry", "order"] as const).map((kind) => fc.record({ ...is(kind), ...slot })),
  ...([1, 3] as const).map((contentType) =>
    fc
      .tuple(id, u32, some(0, 100), some(0, 40), some(0, 20_000))
      .map(([roomId, epoch, ...fields]) => ({
        kind: contentType === 1 ? ("message" as const) : ("commit" as const),
        mls: `0001000210${roomId}${number(8, epoch)}0${contentType}${fields.map(opaque).join("")}`,
      })),
  ),
  fc.record({ ...is("behind"), roomId: id, epochs }),
  fc
    .record({ ...is("claim"), roomId: id, from: u32, proof: branch, votes })
    .map((claim) => (claim.proof.step === "election" ? claim : { ...claim, votes: [] })),
)

const number = (length: number, value: number) => value.toString(16).padStart(2 * length, "0")

/** RFC 9420 §2.1.2 */
function opaque(content: string): string {
  const length = content.length / 2
  const prefix =
    length < 64
      ? number(1, length)
      : length < 16_384
        ? number(2, length + 0x4000)
        : number(4, length + 0x80000000)
  return prefix + content
}

export const unsignedOffer = {
  roomId: id,
  epoch: u32,
  settings: some(0, 120),
  captainLeaf: u32,
  credential: some(0, 300),
}

/** A value of each format. */
export const values: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  settings: fc.record({
    isDeniable: fc.boolean(),
    captainKey: key,
    term: u32,
    takeovers: u32,
    title: name,
  }),
  credential,
  offer: fc.record({ ...unsignedOffer, signature }),
  request: fc.record({ roomKey: key, formerLeaf, credential: some(0, 300), signature, proof }),
  answer: fc.record({
    answer: fc.constantFrom("waiting", "declined", "full"),
    reason: text(255),
  }),
  grant: fc.record({
    grantId: id,
    slotKey: key,
    lifeSeconds: fc.nat(0xffff),
    grantSignature: signature,
    proof,
    groupInfo: some(1, 400),
  }),
  entryData: fc.record({ grantId: id, formerLeaf, grantSignature: signature }),
  order: fc.record({ commitHash: key, heads, signature }),
  commitData: commitData,
  payload: payload,
  packet: packet,
}
