import { concat, decodeAll, u8 } from "../../../bytes/index.js"

export const hubNumberBytes = 8

/** To every hub on the channel. */
export const toAll: Uint8Array = new Uint8Array(hubNumberBytes)

/** Each kind of frame by its first byte. */
export const frameTypes = {
  hello: 0x68, // h
  bye: 0x62, // b
  start: 0x73, // s
  accept: 0x61, // a
  decline: 0x64, // d
  reconcile: 0x72, // r
  parcels: 0x70, // p
  piece: 0x63, // c
  credit: 0x67, // g
  end: 0x65, // e
} as const

export type FrameKind = keyof typeof frameTypes

export interface Frame {
  readonly kind: FrameKind
  /** 8 bytes, made anew at each start. */
  readonly from: Uint8Array
  /** 8 bytes; zeros: all. */
  readonly to: Uint8Array
  readonly body: Uint8Array
}

export const frameHeaderBytes = 17

/**
 * Frame, spec/mailbox-sync.md §2. Hub → hub, or all.
 *
 *   0      1        9      17
 *   +------+--------+------+---------------+
 *   | type | from 8 | to 8 | body          |
 *   +------+--------+------+---------------+
 */
export function encodeFrame({ body, from, kind, to }: Frame): Uint8Array {
  return concat(u8(frameTypes[kind]), from, to, body)
}

/** Views. @throws {PeerError} `malformed` */
export function decodeFrame(bytes: Uint8Array): Frame {
  return decodeAll(bytes, "hub frame", (r) => {
    const kind = kinds.get(r.u8("type"))
    if (kind === undefined) throw r.fail("its type is unknown")
    const from = r.take(hubNumberBytes, "from")
    if (from.every((byte) => byte === 0)) throw r.fail("it is from nobody") // [SYNC-2-2]
    return { kind, from, to: r.take(hubNumberBytes, "to"), body: r.rest("body") }
  })
}

const kinds: ReadonlyMap<number, FrameKind> = new Map(
  (Object.keys(frameTypes) as FrameKind[]).map((kind) => [frameTypes[kind], kind]),
)
