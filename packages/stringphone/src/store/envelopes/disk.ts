import type { Row } from "./envelope-index.js"
import type { StoredEnvelope } from "./port.js"

/**
 * Where an {@link IndexedEnvelopeStore} keeps what has to last. It calls one of the methods that
 * change something at a time; reading goes on beside them.
 */
export interface EnvelopeDisk<Place> {
  /**
   * All of it or nothing, durable when it resolves.
   *
   * @returns where the added ones are, in their order
   */
  write(changes: Changes<Place>): Promise<readonly Place[]>

  /** @returns `null` for one whose bytes are not what they were */
  read(rows: readonly Row<Place>[]): Promise<readonly (Uint8Array | null)[]>

  /** Called while they are in the index still. */
  drop(rows: readonly Row<Place>[]): Promise<void>

  /** Drops all days before this one. */
  expire(beforeDay: number): Promise<void>

  close(): Promise<void>
}

export interface Changes<Place> {
  readonly added: readonly StoredEnvelope[]
  readonly stamped: readonly Restamp<Place>[]
}

/** A better stamp for one that is there. */
export interface Restamp<Place> {
  readonly row: Row<Place>
  readonly stamp: Uint8Array
  readonly stampBits: number
}
