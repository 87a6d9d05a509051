import { concat, decodeAll, fromUtf8, type Reader, u32, u48, utf8 } from "../../bytes/index.js"
import { type BranchProof, encodeBranchProof, readBranchProof } from "./branch-proof.js"
import { byLeaf, readByLeaf } from "./fields.js"
import { encodeHeads, messageIdBytes, readHeads, readIds } from "./heads.js"

/** What every message says. */
export interface PayloadHead {
  /** Of the sender's texts, from 1; of other kinds: of its last text, 0 before the first. */
  readonly number: number
  /** Milliseconds since 1970, by the sender's clock. */
  readonly sentAt: number
  /** The heads that the sender knew: message IDs, at most 8. */
  readonly parents: readonly Uint8Array[]
}

export interface MemberProof {
  /** To whom. */
  readonly leaf: number
  /** 16 bytes. */
  readonly proof: Uint8Array
}

export type PayloadBody =
  | { readonly kind: "text"; readonly text: string }
  /** `branch`: of the step into the epoch of this message. */
  | { readonly kind: "pulse"; readonly branch: BranchProof | null }
  | {
      readonly kind: "vote"
      readonly term: number
      /** A leaf. */
      readonly candidate: number
      /** By the voter's room key, 64 bytes. */
      readonly signature: Uint8Array
    }
  /** Message IDs, 1 to 16. */
  | { readonly kind: "ask"; readonly ids: readonly Uint8Array[] }
  | { readonly kind: "leave" }
  /** 1 to 32. */
  | { readonly kind: "proof"; readonly proofs: readonly MemberProof[] }
  | {
      readonly kind: "again"
      /** Of the text that it repeats. */
      readonly id: Uint8Array
      readonly originalSentAt: number
      readonly text: string
    }

/** The plaintext of a message. */
export type RoomPayload = PayloadHead & PayloadBody

export const maxTextBytes = 65_536
export const maxAsked = 16
const maxProofs = 32
const kinds = { text: 1, pulse: 2, vote: 3, ask: 4, leave: 5, proof: 6, again: 7 } as const

/**
 * Plaintext of a message, spec/room.md §5.
 *
 *   0      1        5         11          12
 *   +------+--------+---------+-----------+--------------+------+
 *   | kind | number | sent at | count     | parents      | body |
 *   | u8   | u32    | u48, ms | u8 n ≤ 8  | 16 × n bytes |      |
 *   +------+--------+---------+-----------+--------------+------+
 *
 *   1 text: UTF-8                     5 leave: nothing
 *   2 pulse: nothing, or branch proof 6 proof: (leaf u32 | proof 16) …
 *   3 vote: term u32 | leaf u32 |     7 again: message ID 16 | sent at u48 | UTF-8
 *           signature 64
 *   4 ask: message ID 16 …
 */
export function encodePayload(payload: RoomPayload): Uint8Array<ArrayBuffer> {
  const { kind, number, parents, sentAt } = payload
  const [heads, body] = [encodeHeads(parents), encodeBody(payload)]
  const out = new Uint8Array(11 + heads.length + body.length)
  out[0] = kinds[kind]
  out.set(u32(number), 1)
  out.set(u48(sentAt), 5)
  out.set(heads, 11)
  out.set(body, 11 + heads.length)
  return out
}

function encodeBody(body: PayloadBody): Uint8Array {
  switch (body.kind) {
    case "text":
      return encodeText(body.text)
    case "pulse":
      return body.branch ? encodeBranchProof(body.branch) : new Uint8Array(0)
    case "vote":
      return concat(u32(body.term), u32(body.candidate), body.signature)
    case "ask":
      return concat(...counted(body.ids, maxAsked))
    case "leave":
      return new Uint8Array(0)
    case "proof": {
      const proofs = byLeaf(counted(body.proofs, maxProofs))
      return concat(...proofs.flatMap(({ leaf, proof }) => [u32(leaf), proof]))
    }
    case "again":
      return concat(body.id, u48(body.originalSentAt), encodeText(body.text))
  }
}

/** @throws {PeerError} `malformed` */
export function decodePayload(bytes: Uint8Array): RoomPayload {
  return decodeAll(bytes, "room message", (r): RoomPayload => {
    const kind = r.u8("kind")
    if (kind < 1 || kind > 7) throw r.fail("unknown kind")
    const number = r.u32("number")
    const sentAt = r.u48("sent at")
    const parents = readHeads(r, "parents")
    return { ...readBody(r, kind), number, sentAt, parents }
  })
}

function readBody(r: Reader, kind: number): PayloadBody {
  switch (kind) {
    case kinds.text:
      return { kind: "text", text: readText(r) }
    case kinds.pulse:
      return { kind: "pulse", branch: r.remaining > 0 ? readBranchProof(r) : null }
    case kinds.vote: {
      const [term, candidate] = [r.u32("term"), r.u32("candidate's leaf")]
      return { kind: "vote", term, candidate, signature: r.take(64, "vote signature").slice() }
    }
    case kinds.ask: {
      const count = readCount(r, messageIdBytes, maxAsked)
      return { kind: "ask", ids: readIds(r, count, "message ID") }
    }
    case kinds.leave:
      return { kind: "leave" }
    case kinds.proof:
      return { kind: "proof", proofs: readProofs(r) }
    default: {
      const id = r.take(messageIdBytes, "message ID").slice()
      const originalSentAt = r.u48("sent at")
      return { kind: "again", id, originalSentAt, text: readText(r) }
    }
  }
}

function readProofs(r: Reader): readonly MemberProof[] {
  return readByLeaf(r, readCount(r, 20, maxProofs), () => ({
    leaf: r.u32("leaf"),
    proof: r.take(16, "proof").slice(),
  }))
}

/** Of items that fill the rest: 1 to `max`. What is left over, `decodeAll` refuses. */
function readCount(r: Reader, itemBytes: number, max: number): number {
  const count = Math.floor(r.remaining / itemBytes)
  if (count < 1 || count > max) throw r.fail(`it has not 1 to ${max} items`)
  return count
}

function counted<T>(items: readonly T[], max: number): readonly T[] {
  if (items.length < 1 || items.length > max) throw new RangeError(`1 to ${max} items.`)
  return items
}

function encodeText(text: string): Uint8Array {
  const bytes = utf8(text)
  if (bytes.length > maxTextBytes) throw new RangeError("A text has at most 65,536 bytes.")
  return bytes
}

function readText(r: Reader): string {
  if (r.remaining > maxTextBytes) throw r.fail(`a text of more than ${maxTextBytes} bytes`)
  const text = fromUtf8(r.rest("text"))
  if (text === null) throw r.fail("the text is not UTF-8")
  return text
}
