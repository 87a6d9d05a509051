import { concat, decodeAll, u32 } from "../../../bytes/index.js"

/** Opens a run, or accepts one. */
export interface RunStart {
  /** Chosen by who starts. */
  readonly run: number
  /** 16 random bytes of the sender. */
  readonly nonce: Uint8Array
  /** So many bytes of parcels may be sent to the sender before it grants more. */
  readonly windowBytes: number
}

export const runNonceBytes = 16

/**
 * Body of a start and of an accept, spec/mailbox-sync.md §2.
 *
 *   0     4          20
 *   +-----+----------+--------------+
 *   | run | nonce 16 | window bytes |
 *   | u32 |          | u32          |
 *   +-----+----------+--------------+
 */
export function encodeRunStart({ nonce, run, windowBytes }: RunStart): Uint8Array {
  return concat(u32(run), nonce, u32(windowBytes))
}

/** @throws {PeerError} `malformed` */
export function decodeRunStart(bytes: Uint8Array): RunStart {
  return decodeAll(bytes, "run start", (r) => ({
    run: r.u32("run"),
    nonce: r.take(runNonceBytes, "nonce").slice(),
    windowBytes: r.u32("window bytes"),
  }))
}
