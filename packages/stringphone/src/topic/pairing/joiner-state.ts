import type { Comparison } from "./comparison.js"
import type { OneTimeSecret } from "./keys.js"
import type { PairingCode } from "./code.js"
import type { HostProfile } from "./profile.js"
import type { Agreed } from "./reveal.js"
import type { CancelReason } from "./wire/cancellation.js"
import type { Answer } from "./wire/answer.js"

/** How a joiner comes to trust its host. */
export type HostTrust =
  /** Two persons compare. */
  | { readonly kind: "comparing" }
  /** We scanned the host's code: its key must have this hash. */
  | { readonly kind: "scanned"; readonly code: PairingCode }
  /** The host scanned ours: who has the secret is the one. */
  | { readonly kind: "shown" }

/** What all phases of one session have. */
interface Session {
  /** 16 bytes. */
  readonly session: Uint8Array
  /** Milliseconds since 1970: then it is over. */
  readonly untilMs: number
  /** What we said to be reached by: the rekey message will be sealed to this key. */
  readonly serial: number
  readonly rekeyKey: Uint8Array
}

/** Both sides said who they are. */
interface Revealed extends Session {
  readonly profile: HostProfile
  /** `null`: a code proved it, and nobody compares. */
  readonly comparison: Comparison | null
  readonly agreed: Agreed
  /** The '4' as it came. */
  readonly hostReveal: Uint8Array
}

/**
 * The joiner's side of spec/topic.md §9, the table at its end. Holds secrets; lives in memory only.
 *
 *   idle ──open──► offered ──'2'──► revealed ──'4'──► comparing ──same──► waiting ──joined──► idle
 *
 * From any of them back to idle: time, close, '6', a host that cheats, "different".
 */
export type JoinerState =
  | { readonly phase: "idle" }
  | (Session & {
      /** '1' was sent. */
      readonly phase: "offered"
      readonly trust: HostTrust
      readonly oneTimeSecret: OneTimeSecret
      readonly ephemeralSecretKey: Uint8Array
      readonly ephemeralKey: Uint8Array
      /** Our profile, as bytes. */
      readonly ownProfile: Uint8Array
      readonly commitment: Uint8Array
      readonly offer: Uint8Array
      readonly repeatAtMs: number
    })
  | (Session & {
      /** '3' was sent. */
      readonly phase: "revealed"
      readonly trust: HostTrust
      readonly agreed: Agreed
      /** The '2' that we answered, as it came, and read. */
      readonly answerBytes: Uint8Array
      readonly answer: Answer
      readonly reveal: Uint8Array
      readonly repeatAtMs: number
    })
  | (Revealed & {
      /** The person compares. */
      readonly phase: "comparing"
    })
  | (Revealed & {
      /** '5' was sent: the host's rekey message is to be applied. */
      readonly phase: "waiting"
      readonly confirmation: Uint8Array
      readonly repeatAtMs: number
    })

export type JoinerEvent =
  /**
   * Asks to be let in. `code`: one that we scanned (role `host`) or show (role `joiner`); `null`: two
   * persons will compare. What was going on is closed first.
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
   * whom a code proved, until `joined`: no rekey message is applied then, though a host that was ready
   * may have let us in already, and only its removing us undoes that.
   */
  | {
      readonly kind: "decide"
      readonly nowMs: number
      readonly session: Uint8Array
      readonly same: boolean
    }
  | { readonly kind: "tick"; readonly nowMs: number }
  /** The host's rekey message was applied. */
  | { readonly kind: "joined" }
  | { readonly kind: "close" }

/** Why a session ended before it was paired. Nothing of it is kept. */
export type EndReason =
  /** Our person saw another comparison. */
  | { readonly because: "different" }
  /** The other side ended it; `different`: its person saw another comparison. */
  | { readonly because: "cancelled-by-peer"; readonly reason: CancelReason }
  | { readonly because: "timed-out" }
  /** The other side does not stand by what it announced, or is not whose code we scanned. */
  | { readonly because: "mismatch" }
  /** By `close`, or our person refused whom a code proved. */
  | { readonly because: "closed" }

export type JoinerEffect =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** Show it, and answer with `decide` before `untilMs`. */
  | {
      readonly kind: "compare"
      readonly session: Uint8Array
      readonly profile: HostProfile
      readonly comparison: Comparison
      readonly untilMs: number
    }
  /** The code proved who the host is; nobody compares. `ready` follows at once. */
  | { readonly kind: "scanned"; readonly session: Uint8Array; readonly profile: HostProfile }
  /**
   * From now on, until `ended` or `untilMs`, the first rekey message signed by `profile.publicKey` for
   * `profile.topicId` is to be applied, with the secret key of `rekeyKey`; then `joined`. Save that
   * before the `send` that follows.
   */
  | {
      readonly kind: "ready"
      readonly session: Uint8Array
      readonly profile: HostProfile
      readonly serial: number
      readonly rekeyKey: Uint8Array
      readonly untilMs: number
    }
  /** Nothing of the session counts any more, also not a `ready`. */
  | ({ readonly kind: "ended"; readonly session: Uint8Array } & EndReason)
