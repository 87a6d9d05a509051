import { concat, decodeAll, u32, u48 } from "../../../bytes/index.js"

/** Whole parcels. */
export interface Parcels {
  /** 0: pushed to all. */
  readonly run: number
  /** So many bytes of parcels the sender has sent in this run, these included. */
  readonly position: number
  /** 1 or more. */
  readonly parcels: readonly Uint8Array[]
}

export const parcelsHeaderBytes = 10
/** Before each parcel. */
export const parcelLengthBytes = 4

/**
 * Body of a parcels frame, spec/mailbox-sync.md §2.
 *
 *   0     4          10
 *   +-----+----------+- 1 or more times ----+
 *   | run | position | length | parcel      |
 *   | u32 | u48      | u32    | length      |
 *   +-----+----------+--------+-------------+
 */
export function encodeParcels({ parcels, position, run }: Parcels): Uint8Array {
  const parts = parcels.flatMap((parcel) => [u32(parcel.length), parcel])
  return concat(u32(run), u48(position), ...parts)
}

/** Views. @throws {PeerError} `malformed` */
export function decodeParcels(bytes: Uint8Array): Parcels {
  return decodeAll(bytes, "parcels", (r) => {
    const run = r.u32("run")
    const position = r.u48("position")
    const parcels: Uint8Array[] = []
    do parcels.push(r.take(r.u32("length"), "parcel"))
    while (r.remaining > 0)
    return { run, position, parcels }
  })
}
