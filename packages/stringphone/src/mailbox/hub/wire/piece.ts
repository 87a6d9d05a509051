import { concat, decodeAll, u32, u48 } from "../../../bytes/index.js"

/** Of a parcel that is too large for one frame. */
export interface Piece {
  readonly run: number
  /** As in {@link Parcels}; this piece included. */
  readonly position: number
  /** The length of the parcel. */
  readonly total: number
  readonly offset: number
  /** 1 byte or more. */
  readonly piece: Uint8Array
}

export const pieceHeaderBytes = 18

/**
 * Body of a piece frame, spec/mailbox-sync.md §2.
 *
 *   0     4          10      14       18
 *   +-----+----------+-------+--------+----------------+
 *   | run | position | total | offset | piece          |
 *   | u32 | u48      | u32   | u32    | 1 byte or more |
 *   +-----+----------+-------+--------+----------------+
 */
export function encodePiece({ offset, piece, position, run, total }: Piece): Uint8Array {
  return concat(u32(run), u48(position), u32(total), u32(offset), piece)
}

/** Views. @throws {PeerError} `malformed` */
export function decodePiece(bytes: Uint8Array): Piece {
  return decodeAll(bytes, "piece", (r) => ({
    run: r.u32("run"),
    position: r.u48("position"),
    total: r.u32("total"),
    offset: r.u32("offset"),
    piece: r.rest("piece", 1),
  }))
}
