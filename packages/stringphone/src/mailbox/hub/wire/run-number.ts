import { decodeAll, u32 } from "../../../bytes/index.js"

/**
 * Body of a decline (no run now), spec/mailbox-sync.md §2.
 *
 *   0
 *   +-----+
 *   | run |
 *   | u32 |
 *   +-----+
 */
export function encodeRunNumber(run: number): Uint8Array {
  return u32(run)
}

/** @throws {PeerError} `malformed` */
export function decodeRunNumber(bytes: Uint8Array): number {
  return decodeAll(bytes, "run number", (r) => r.u32("run"))
}
