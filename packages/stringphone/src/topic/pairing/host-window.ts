import { exchangePublicKey } from "../../crypto/index.js"
import { secretFor } from "./admission.js"
import type { HostEffect, HostState, Offering, Shown, Waiting } from "./host-state.js"
import type { EndReason } from "./joiner-state.js"
import { hostCommitment } from "./keys.js"
import { answerMs, maxFailures, repeatMs } from "./limits.js"
import { encodeHostProfile } from "./profile.js"
import { makeCancellation } from "./sealing.js"
import type { HostContext } from "./signer.js"
import { encodeAnswer } from "./wire/answer.js"
import type { CancelReason } from "./wire/cancellation.js"

/** What a step of the host gives. */
export type Stepped = readonly [HostState, readonly HostEffect[]]
export type OpenHost = Extract<HostState, { phase: "open" }>

export function send(bytes: Uint8Array): HostEffect {
  return { kind: "send", bytes }
}

/** Nobody is in a session: the next one's turn, or the end of the window. [TOPIC-9-7] */
export function listening(state: OpenHost, nowMs: number, context: HostContext): Stepped {
  if (nowMs >= state.untilMs) return closeWindow(state, "timed-out")
  if (state.waiting.length === 0) return [state, []]
  const [first, ...waiting] = present(state, nowMs)
  const counted = { kind: "waiting", count: waiting.length } as const
  if (!first) return [{ ...state, waiting }, [counted]]
  const [next, effects] = offerTo({ ...state, waiting }, first, nowMs, context)
  return [next, [counted, ...effects]]
}

/** Those of the waiting that are there still, and whose secret nobody used meanwhile. */
export function present({ admission, waiting }: OpenHost, nowMs: number): readonly Waiting[] {
  return waiting.filter(
    ({ heardMs, offer }) => nowMs - heardMs < answerMs && secretFor(admission, offer.secretId),
  )
}

/**
 * '2'. The session then has at least 10 s, whatever comes: who could end it sooner could try one
 * comparison after the other before any person sees one.
 */
export function offerTo(
  state: OpenHost,
  { offer, offerBytes }: Waiting,
  nowMs: number,
  context: HostContext,
): Stepped {
  const oneTimeSecret = secretFor(state.admission, offer.secretId)
  if (!oneTimeSecret) return [state, []]
  const { session } = offer
  const ephemeralSecretKey = context.random(32)
  const ephemeralKey = exchangePublicKey(ephemeralSecretKey) // [TOPIC-9-1]
  const salt = context.random(16)
  const ownProfile = encodeHostProfile(context.signer.card(), context)
  const commitment = hostCommitment(ephemeralKey, salt, ownProfile)
  const answer = encodeAnswer({ session, ephemeralKey, commitment })
  const isCoded = state.admission.kind === "scanned"
  const current: Offering = {
    phase: "offering",
    session,
    untilMs: state.untilMs,
    yieldsAtMs: nowMs + answerMs,
    repeatAtMs: nowMs + repeatMs,
    offer,
    offerBytes,
    oneTimeSecret,
    code: isCoded ? state.admission.code : null,
    ephemeralSecretKey,
    ephemeralKey,
    salt,
    ownProfile,
    commitment,
    answer,
  }
  return [{ ...state, current, met: [...state.met, session] }, [send(answer)]]
}

/**
 * A session failed, whoever is to blame; with the third one the window closes. [TOPIC-9-7]
 *
 * @param tell what the joiner is told; `null`: nothing
 */
export function endSession(
  state: OpenHost,
  current: Shown | Offering,
  why: EndReason,
  tell: CancelReason | null,
  nowMs: number,
  context: HostContext,
): Stepped {
  const ended = endEffects(current, why, tell)
  const failed = { ...state, current: null, failures: state.failures + 1 }
  const [next, effects] =
    failed.failures >= maxFailures
      ? closeWindow(failed, "too-many-attempts")
      : listening(failed, nowMs, context)
  return [next, [...ended, ...effects]]
}

/** Whoever is shown is told; who waits hears nothing any more. */
export function closeWindow(
  { current, paired }: OpenHost,
  because: Extract<HostEffect, { kind: "closed" }>["because"],
): Stepped {
  const ended =
    current && current.phase !== "offering"
      ? endEffects(current, { because: "closed" }, "stopped")
      : []
  return [{ phase: "closed", paired }, [...ended, { kind: "closed", because }]]
}

function endEffects(
  current: Shown | Offering,
  why: EndReason,
  tell: CancelReason | null,
): readonly HostEffect[] {
  const { session } = current
  const ended: HostEffect = { kind: "ended", session, ...why }
  if (tell === null || current.phase === "offering") return [ended]
  return [send(makeCancellation(session, tell, current.agreed.keys.hostCancelKey)), ended]
}
