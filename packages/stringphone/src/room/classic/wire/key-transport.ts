import { concat, type Reader, u32 } from "../../../bytes/index.js"

/** Bytes of one cell: nonce 24 ‖ NaCl box (16 + 32) of the room message key. */
export const cellBytes = 72

/** The captain gives everyone in the room a fresh room message key. */
export interface KeyTransport {
  readonly kind: "key-transport"
  /** Ed25519 by the captain's identity key, over all that follows. */
  readonly signature: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly captainIdentityKey: Uint8Array
  /** X25519, 32 bytes: the other side of every cell's box. */
  readonly captainTransportKey: Uint8Array
  /** From 1, higher each time. */
  readonly counter: number
  /** One of 72 bytes for each member; nothing says whose. */
  readonly cells: readonly Uint8Array[]
}

/**
 * Key transport, opcode 02, spec/room-classic.md §4.3. Captain → everyone.
 *
 *   0           64             96              128       132          132 + 72 m
 *   +-----------+--------------+---------------+---------+------------+
 *   | signature | captain      | captain       | counter | m cells    |
 *   | 64 bytes  | identity key | transport key | u32 BE  | 72 bytes   |
 *   |           | 32 bytes     | 32 bytes      |         | each       |
 *   +-----------+--------------+---------------+---------+------------+
 *               |<----------------------- signed -------------------->|
 */
export function keyTransportFields(packet: Omit<KeyTransport, "signature">): Uint8Array {
  const { captainIdentityKey, captainTransportKey, counter, cells } = packet
  return concat(captainIdentityKey, captainTransportKey, u32(counter), ...cells)
}

export function readKeyTransport(r: Reader, signature: Uint8Array): KeyTransport {
  const captainIdentityKey = r.take(32, "captain identity key")
  const captainTransportKey = r.take(32, "captain transport key")
  const counter = r.u32("counter")
  if (counter === 0) throw r.fail("the counter is 0, it starts at 1") // [FLUTE-4.3-3]
  const cells = [r.take(cellBytes, "first cell")] // [FLUTE-4.3-2]
  while (r.remaining > 0) cells.push(r.take(cellBytes, "cell"))
  return {
    kind: "key-transport",
    signature,
    captainIdentityKey,
    captainTransportKey,
    counter,
    cells,
  }
}
