import { concat, decodeAll, PeerError, u8 } from "../../bytes/index.js"
import { authenticate, equal, hash, labelled } from "../../crypto/index.js"

const type = 0x06

/**
 * The answer to a request for a lane, which it belongs to. spec/login.md §5
 *
 *   0      1      17
 *   +------+------+-----+
 *   | type | lane | mac |
 *   | 6    | 16   | 32  |
 *   +------+------+-----+
 */
export function encodeLane(
  lane: Uint8Array,
  request: Uint8Array,
  laneOpeningKey: Uint8Array,
): Uint8Array {
  return concat(u8(type), lane, macOf(lane, request, laneOpeningKey))
}

/**
 * @returns the ID of the lane, 16 bytes
 * @throws {PeerError} `malformed`, `unauthenticated-answer`
 */
export function openLaneAnswer(
  bytes: Uint8Array,
  request: Uint8Array,
  laneOpeningKey: Uint8Array,
): Uint8Array {
  const { lane, mac } = decodeLane(bytes)
  if (!equal(mac, macOf(lane, request, laneOpeningKey))) {
    throw new PeerError(
      "unauthenticated-answer",
      "The lane that was offered is not by the server: somebody is in between. Try another network.",
    ) // [LOGIN-5-1]
  }
  return lane
}

/** @throws {PeerError} `malformed` */
export function decodeLane(bytes: Uint8Array): {
  readonly lane: Uint8Array
  readonly mac: Uint8Array
} {
  return decodeAll(bytes, "lane", (r) => {
    r.expect(type, "type")
    return { lane: r.take(16, "lane").slice(), mac: r.take(32, "mac").slice() }
  })
}

function macOf(lane: Uint8Array, request: Uint8Array, key: Uint8Array): Uint8Array {
  return authenticate(labelled("login lane", hash(request), u8(type), lane), key)
}
