import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"
import { authenticate, equal, labelled } from "../../crypto/index.js"

/** A program asks for a lane. */
export interface OpenLane {
  /** 16 bytes. */
  readonly session: Uint8Array
  readonly generation: number
  /** 16 bytes. */
  readonly clientRandom: Uint8Array
}

export interface ReadOpenLane extends OpenLane {
  /** 32 bytes. */
  readonly mac: Uint8Array
}

const type = 0x05
const macAt = 37

/**
 * spec/login.md §5
 *
 *   0      1         17           21              37
 *   +------+---------+------------+---------------+-----+
 *   | type | session | generation | client random | mac |
 *   | 5    | 16      | u32        | 16            | 32  |
 *   +------+---------+------------+---------------+-----+
 */
export function encodeOpenLane(lane: OpenLane, laneOpeningKey: Uint8Array): Uint8Array {
  const before = concat(u8(type), lane.session, u32(lane.generation), lane.clientRandom)
  return concat(before, macOf(before, laneOpeningKey))
}

/** @throws {PeerError} `malformed` */
export function decodeOpenLane(bytes: Uint8Array): ReadOpenLane {
  return decodeAll(bytes, "request for a lane", (r) => {
    r.expect(type, "type")
    const session = r.take(16, "session").slice()
    const generation = r.u32("generation")
    if (generation < 1) throw r.fail("generation is 0")
    const clientRandom = r.take(16, "client random").slice()
    return { session, generation, clientRandom, mac: r.take(32, "mac").slice() }
  })
}

/** Its mac is right. [LOGIN-5-1] */
export function provesOpenLane(request: Uint8Array, laneOpeningKey: Uint8Array): boolean {
  return equal(request.subarray(macAt), macOf(request.subarray(0, macAt), laneOpeningKey))
}

function macOf(before: Uint8Array, key: Uint8Array): Uint8Array {
  return authenticate(labelled("login open lane", before), key)
}
