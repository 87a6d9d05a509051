import type { PairingCode } from "./code.js"
import type { Comparison } from "./comparison.js"
import type { EndReason } from "./joiner-state.js"
import type { OneTimeSecret } from "./keys.js"
import type { JoinerProfile } from "./profile.js"
import type { Agreed } from "./reveal.js"
import type { Offer } from "./wire/offer.js"

/** Whom a window listens to. */
export type Admission =
  /** Joiners without a code: two persons compare. */
  | { readonly kind: "comparing" }
  /** We show a code: who has its secret scanned it. Others compare. */
  | { readonly kind: "shown"; readonly oneTimeSecret: OneTimeSecret }
  /** We scanned a joiner's code: this one only, and its key must have the hash. */
  | {
      readonly kind: "scanned"
      readonly oneTimeSecret: OneTimeSecret
      readonly code: PairingCode
    }
  /** The scanned code was used. */
  | { readonly kind: "nobody" }

/** A joiner that waits for its turn. */
export interface Waiting {
  readonly offer: Offer
  /** The '1' as it came. */
  readonly offerBytes: Uint8Array
  /** When we last heard of it. */
  readonly heardMs: number
}

/** '2' was sent; who it is, nobody knows yet. */
export interface Offering {
  readonly phase: "offering"
  readonly session: Uint8Array
  /** The end of the window. */
  readonly untilMs: number
  /** From then on, another one that waits has its turn. */
  readonly yieldsAtMs: number
  readonly repeatAtMs: number
  readonly offer: Offer
  readonly offerBytes: Uint8Array
  readonly oneTimeSecret: OneTimeSecret
  /** The key hash that the joiner must have; `null`: any. */
  readonly code: PairingCode | null
  readonly ephemeralSecretKey: Uint8Array
  readonly ephemeralKey: Uint8Array
  readonly salt: Uint8Array
  readonly ownProfile: Uint8Array
  readonly commitment: Uint8Array
  readonly answer: Uint8Array
}

interface Revealed {
  readonly session: Uint8Array
  readonly untilMs: number
  readonly profile: JoinerProfile
  /** `null`: a code proved it, and nobody compares. */
  readonly comparison: Comparison | null
  readonly agreed: Agreed
  /** The '3' as it came. */
  readonly joinerReveal: Uint8Array
  /** Our '4'. */
  readonly reveal: Uint8Array
}

/** '4' was sent. */
export type Shown = Revealed &
  (
    | {
        /** Neither our person nor the other one has decided. */
        readonly phase: "comparing"
      }
    | {
        /** '5' came; our person has not decided. */
        readonly phase: "confirmed-by-peer"
        readonly confirmation: Uint8Array
      }
    | {
        /** Our person said "the same", or a code did; '5' has not come. */
        readonly phase: "confirmed-by-us"
        readonly repeatAtMs: number
      }
  )

/** Paired; answers a repeated '5' with the rekey message. */
export interface Paired {
  readonly session: Uint8Array
  readonly confirmation: Uint8Array
  /** `null`: not made yet. */
  readonly rekey: Uint8Array | null
  /** When `rekey` was last sent. */
  readonly sentMs: number
  readonly untilMs: number
}

/**
 * The host's side of spec/topic.md §9, the table at its end. Holds secrets; lives in memory only.
 *
 *   closed ──open──► open, listening ──'1'──► offering ──'3'──► comparing ──both confirmed──► paired
 *
 * From any session back to listening: time, '6', "different", a joiner that cheats. When the window is
 * over, the session that is shown goes on, and then the window is closed.
 */
export type HostState =
  | { readonly phase: "closed"; readonly paired: readonly Paired[] }
  | {
      readonly phase: "open"
      /** Milliseconds since 1970: then nobody new is heard. */
      readonly untilMs: number
      readonly admission: Admission
      readonly current: Offering | Shown | null
      /** In the order in which they came. */
      readonly waiting: readonly Waiting[]
      /** Sessions that had their turn in this window. */
      readonly met: readonly Uint8Array[]
      /** How many of them failed. */
      readonly failures: number
      readonly paired: readonly Paired[]
    }

export type HostEvent =
  /**
   * Lets joiners in. `code`: one that we show (role `host`) or scanned (role `joiner`); `null`: two
   * persons will compare. A window that is open is closed first.
   */
  | {
      readonly kind: "open"
      readonly nowMs: number
      /** At most 600,000. */
      readonly forMs: number
      readonly code: PairingCode | null
    }
  /** Any message from the channel. */
  | { readonly kind: "heard"; readonly nowMs: number; readonly bytes: Uint8Array }
  /**
   * The person's answer to `compare`. `same: false` also takes back an earlier "the same", and refuses
   * whom a code proved (after `scanned`), until `ready`: from then on nothing is taken back, and
   * removing the participant is the way.
   */
  | {
      readonly kind: "decide"
      readonly nowMs: number
      readonly session: Uint8Array
      readonly same: boolean
    }
  /** The rekey message ('K') with the joiner of a `ready` was made, saved and sent. */
  | {
      readonly kind: "admitted"
      readonly nowMs: number
      readonly session: Uint8Array
      readonly rekey: Uint8Array
    }
  | { readonly kind: "tick"; readonly nowMs: number }
  | { readonly kind: "close" }

export type HostEffect =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** Show it, and answer with `decide` before `untilMs`. */
  | {
      readonly kind: "compare"
      readonly session: Uint8Array
      readonly profile: JoinerProfile
      readonly comparison: Comparison
      readonly untilMs: number
    }
  /**
   * The code proved who the joiner is; nobody compares. `ready` follows with its '5', unless the
   * person refuses with `decide` before.
   */
  | { readonly kind: "scanned"; readonly session: Uint8Array; readonly profile: JoinerProfile }
  /**
   * Both sides confirmed, and nothing is taken back any more: make the rekey message with this joiner,
   * then `admitted`.
   */
  | { readonly kind: "ready"; readonly session: Uint8Array; readonly profile: JoinerProfile }
  /** A session that was shown ended before it was paired. */
  | ({ readonly kind: "ended"; readonly session: Uint8Array } & EndReason)
  /** How many joiners wait for their turn now. */
  | { readonly kind: "waiting"; readonly count: number }
  /** One more wants in than can wait. */
  | { readonly kind: "crowded" }
  /** The window is closed; nothing is shown any more. */
  | { readonly kind: "closed"; readonly because: "timed-out" | "closed" | "too-many-attempts" }
