import type { ChannelError } from "../../bytes/index.js"
import type {
  EnvelopeCheck,
  HubLimits,
  LinkUsage,
  MixLimits,
  RandomBytes,
  Unfit,
} from "../../mailbox/hub/index.js"
import type { EnvelopeStore, NewEnvelope } from "../../store/envelopes/port.js"
import type { Clock } from "../../transport/index.js"

export interface MailHubOptions {
  /** Closed together with the hub. */
  readonly store: EnvelopeStore
  /** What an envelope is. Default: those of spec/mailbox.md. */
  readonly check?: EnvelopeCheck
  /** Default: 1 GiB, half of it for one neighbour at most, no stamp needed. */
  readonly limits?: Partial<HubLimits>
  /** Default: held for 30 s on average, let go of every 5 s. */
  readonly mixing?: Partial<MixLimits>
  /** Default: none; own mail is let go of as everybody else's. */
  readonly cover?: CoverOptions
  /** Default: what is in the store at the start counts as let go of. */
  readonly released?: ReleasedMark
  /** Not waited for; what it throws is shown as an error of an event listener is. */
  readonly onEvent?: (event: MailHubEvent) => void | Promise<void>
  readonly clock?: Clock
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number
  /** The operating system's generator when absent. */
  readonly randomBytes?: RandomBytes
}

/** At each tick one envelope of ours goes out: mail, or else a dummy. */
export interface CoverOptions {
  readonly everyMs: number
  /** A new envelope that looks as any other. @param today days since 1970-01-01 UTC */
  readonly makeDummy: (today: number) => Uint8Array
}

/** Where a hub remembers what it has let go of, so that a restart shows nothing early. */
export interface ReleasedMark {
  /** @returns 0 at first */
  load(): Promise<number>
  /** @param number of an envelope in the store: all up to this one were let go of */
  save(number: number): Promise<void>
}

export type Refusal = "malformed" | Unfit | "quota" | "full"

/** What became of one parcel. */
export type AcceptResult =
  | { readonly kind: "stored" | "known"; readonly id: Uint8Array }
  | { readonly kind: "refused"; readonly why: Refusal }

/** An envelope that others may see now. */
export interface ReleasedEnvelope {
  readonly id: Uint8Array
  readonly day: number
  readonly size: number
  readonly link: string
}

export type MailHubEvent =
  /** Durable by now. */
  | { readonly kind: "new"; readonly envelopes: readonly NewEnvelope[] }
  | { readonly kind: "released"; readonly envelopes: readonly ReleasedEnvelope[] }
  | {
      readonly kind: "refused"
      readonly link: string
      readonly counts: Readonly<Partial<Record<Refusal, number>>>
    }
  /** Had to make room; by the link that had brought them. */
  | { readonly kind: "evicted"; readonly counts: ReadonlyMap<string, number> }
  | { readonly kind: "expired"; readonly count: number }
  /** The store can take no more, or does not work. */
  | { readonly kind: "trouble"; readonly error: ChannelError }
  /** The date jumped by so many days: for a day nothing expires, unless `trustClock` is called. */
  | { readonly kind: "clock-jumped"; readonly days: number }

export interface MailHubUsage {
  readonly count: number
  readonly bytes: number
  readonly maxBytes: number
  /** Not yet shown to others. */
  readonly heldCount: number
  readonly links: ReadonlyMap<string, LinkUsage>
}
