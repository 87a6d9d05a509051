import { concat, decodeAll, u32 } from "../../../bytes/index.js"

/** One message of a reconciliation, in its place. */
export interface ReconcilePart {
  readonly run: number
  /** Counts the sender's parts of this run, from 0. */
  readonly number: number
  readonly message: Uint8Array
}

export const reconcilePartHeaderBytes = 8

/**
 * Body of a reconcile frame, spec/mailbox-sync.md §2.
 *
 *   0     4        8
 *   +-----+--------+-------------+
 *   | run | number | message     |
 *   | u32 | u32    |             |
 *   +-----+--------+-------------+
 */
export function encodeReconcilePart({ message, number, run }: ReconcilePart): Uint8Array {
  return concat(u32(run), u32(number), message)
}

/** @throws {PeerError} `malformed` */
export function decodeReconcilePart(bytes: Uint8Array): ReconcilePart {
  return decodeAll(bytes, "reconcile part", (r) => ({
    run: r.u32("run"),
    number: r.u32("number"),
    message: r.rest("message"),
  }))
}
