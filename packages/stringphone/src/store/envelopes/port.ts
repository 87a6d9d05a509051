/**
 * Where a hub keeps the envelopes that it carries, most of them of strangers: many, small, all to be
 * dropped on a known day. Expiring a day costs as little as forgetting a table. spec/mailbox.md §7
 *
 * Envelopes and IDs are copied, in and out. Every method throws {UsageError} `bad-envelope` for what is
 * none (an ID of another length, a day that is no u16 …), `closed` after `close`, and {ChannelError}
 * `store-corrupt`, `store-newer`, `store-locked` or `store-failed` when the store can not be used.
 */
export interface EnvelopeStore {
  /**
   * Adds those that are not there yet, all durable when it resolves. One that is there already keeps
   * its link, and gets the better stamp of the two.
   *
   * @returns for each whether it is new
   * @throws {ChannelError} `store-full`: none was added
   */
  add(envelopes: readonly NewEnvelope[]): Promise<readonly boolean[]>

  /** @returns in the order of the IDs; `null`: it is not there */
  get(ids: readonly Uint8Array[]): Promise<readonly (StoredEnvelope | null)[]>

  /** Which of these are there. */
  has(ids: readonly Uint8Array[]): Promise<readonly boolean[]>

  /** What is there, without the bytes, sorted by day, then ID. A snapshot: later changes do not show. */
  index(): Promise<readonly EnvelopeEntry[]>

  /**
   * What was added after this number, in the order of adding, at most `limit`. Numbers only grow, also
   * when what had one is dropped: whoever keeps the last one misses nothing.
   */
  since(number: number, limit: number): Promise<readonly StoredEnvelope[]>

  /** Drops these. @returns how many were there */
  drop(ids: readonly Uint8Array[]): Promise<number>

  /** Drops all whose day is before this one. @returns how many */
  expire(beforeDay: number): Promise<number>

  usage(): Promise<EnvelopeUsage>

  /** May be called twice. */
  close(): Promise<void>
}

export interface NewEnvelope {
  /** 32 bytes. */
  readonly id: Uint8Array
  /** Expires at the end of this day since 1970-01-01, UTC; u16. */
  readonly day: number
  /** 8 bytes, all zero: none. */
  readonly stamp: Uint8Array
  /** Leading zero bits that the stamp is worth. */
  readonly stampBits: number
  /** From which neighbour it came; a name of at most 64 characters. */
  readonly link: string
  readonly bytes: Uint8Array
}

export interface StoredEnvelope extends NewEnvelope {
  /** Grows with each envelope that is added; 1 is the first. */
  readonly number: number
}

/** All but the bytes. */
export interface EnvelopeEntry {
  readonly id: Uint8Array
  readonly day: number
  readonly stampBits: number
  readonly link: string
  readonly size: number
  readonly number: number
}

export interface EnvelopeUsage {
  readonly count: number
  readonly bytes: number
  /** By link. */
  readonly links: ReadonlyMap<string, { readonly count: number; readonly bytes: number }>
  /** The last number given; 0: none yet. */
  readonly lastNumber: number
}
