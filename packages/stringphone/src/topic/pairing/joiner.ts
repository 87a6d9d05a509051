import { PeerError, sameBytes, UsageError } from "../../bytes/index.js"
import { exchange, exchangePublicKey } from "../../crypto/index.js"
import { codeIsOf, type PairingCode } from "./code.js"
import { comparisonOf } from "./comparison.js"
import type {
  EndReason,
  HostTrust,
  JoinerEffect,
  JoinerEvent,
  JoinerState,
} from "./joiner-state.js"
import {
  deriveOneTimeSecret,
  derivePairingKeys,
  joinerCommitment,
  noOneTimeSecret,
  transcriptOf,
} from "./keys.js"
import { comparisonMs, graceMs, repeatMs } from "./limits.js"
import { encodeJoinerProfile } from "./profile.js"
import { refusalOf } from "./refusal.js"
import { makeJoinerReveal, openHostReveal } from "./reveal.js"
import { makeCancellation, openReason, sealNothing } from "./sealing.js"
import type { JoinerContext } from "./signer.js"
import { windowEnd } from "./window.js"
import { answerType, decodeAnswer } from "./wire/answer.js"
import { cancellationType, type CancelReason, decodeCancellation } from "./wire/cancellation.js"
import { encodeConfirmation } from "./wire/confirmation.js"
import { decodeHostReveal, hostRevealType } from "./wire/host-reveal.js"
import { encodeOffer } from "./wire/offer.js"

type Stepped = readonly [JoinerState, readonly JoinerEffect[]]
type Active = Exclude<JoinerState, { phase: "idle" }>
type Phase<Name extends JoinerState["phase"]> = Extract<JoinerState, { phase: Name }>

export const idleJoiner: JoinerState = { phase: "idle" }

/**
 * One step of the joiner's side, spec/topic.md §9. What is not for this session gives the same state
 * and no effects.
 *
 * @throws {PeerError} `malformed`, `bad-key`, `not-authentic`: nothing happened, the session goes on
 * @throws {UsageError} of `open`: `bad-window`, `bad-pairing-code`, `bad-name`, `bad-key`
 */
export function stepJoiner(
  state: JoinerState,
  event: JoinerEvent,
  context: JoinerContext,
): Stepped {
  if (event.kind === "open") return open(state, event, context)
  if (state.phase === "idle") return [state, []]
  if ("nowMs" in event && event.nowMs >= state.untilMs) {
    return end(state, { because: "timed-out" }, "stopped")
  }
  switch (event.kind) {
    case "heard":
      return hear(state, event.bytes, event.nowMs, context)
    case "decide":
      return decide(state, event)
    case "tick":
      return repeat(state, event.nowMs)
    case "joined":
      return state.phase === "waiting" ? [idleJoiner, []] : [state, []]
    case "close":
      return end(state, { because: "closed" }, "stopped")
  }
}

/** When the next `tick` is due, milliseconds since 1970; `null`: never. */
export function joinerWakesAtMs(state: JoinerState): number | null {
  if (state.phase === "idle") return null
  return "repeatAtMs" in state ? Math.min(state.untilMs, state.repeatAtMs) : state.untilMs
}

function open(
  state: JoinerState,
  { code, forMs, nowMs }: Extract<JoinerEvent, { kind: "open" }>,
  context: JoinerContext,
): Stepped {
  const trust = code ? trustByCode(code, context) : ({ kind: "comparing" } as const)
  const oneTimeSecret = code ? deriveOneTimeSecret(code.secret) : noOneTimeSecret
  const untilMs = windowEnd(nowMs, forMs)
  const ownProfile = encodeJoinerProfile(context.signer.card(), context)
  const session = context.random(16)
  const ephemeralSecretKey = context.random(32)
  const ephemeralKey = exchangePublicKey(ephemeralSecretKey) // [TOPIC-9-1]
  const commitment = joinerCommitment(ephemeralKey, ownProfile)
  const offer = encodeOffer({ session, secretId: oneTimeSecret.id, commitment })
  const [, before] =
    state.phase === "idle" ? [state, []] : end(state, { because: "closed" }, "stopped")
  const next: Phase<"offered"> = {
    phase: "offered",
    session,
    untilMs,
    serial: context.serial,
    rekeyKey: context.rekeyKey.slice(),
    trust,
    oneTimeSecret,
    ephemeralSecretKey,
    ephemeralKey,
    ownProfile,
    commitment,
    offer,
    repeatAtMs: nowMs + repeatMs,
  }
  return [next, [...before, send(offer)]]
}

function trustByCode(code: PairingCode, { signer }: JoinerContext): HostTrust {
  if (code.role === "host") return { kind: "scanned", code }
  if (codeIsOf(code, signer.publicKey)) return { kind: "shown" }
  throw new UsageError(
    "bad-pairing-code",
    "This code is shown by a device that wants to join. Scan it with one that is in the topic.",
  )
}

function hear(state: Active, bytes: Uint8Array, nowMs: number, context: JoinerContext): Stepped {
  switch (bytes[0]) {
    case answerType:
      return hearAnswer(state, bytes.slice(), nowMs, context)
    case hostRevealType:
      return hearReveal(state, bytes.slice(), nowMs)
    case cancellationType:
      return hearCancellation(state, bytes)
    default:
      return [state, []]
  }
}

/** '2' → '3'. Only the first one that can be answered: a second one would be a second guess. */
function hearAnswer(
  state: Active,
  bytes: Uint8Array,
  nowMs: number,
  { signer }: JoinerContext,
): Stepped {
  const answer = decodeAnswer(bytes)
  if (!sameBytes(answer.session, state.session)) return [state, []]
  if (state.phase === "revealed" && sameBytes(bytes, state.answerBytes)) {
    return [state, [send(state.reveal)]] // [TOPIC-9-11]
  }
  if (state.phase !== "offered") return [state, []] // [TOPIC-9-7]
  const { commitment, ephemeralKey, ephemeralSecretKey, oneTimeSecret, ownProfile } = state
  const exchanged = exchange(ephemeralSecretKey, answer.ephemeralKey)
  if (!exchanged)
    throw new PeerError("bad-key", "A pairing message has an ephemeral key of low order.")
  const { rekeyKey, serial, session, trust, untilMs } = state
  const transcript = transcriptOf({
    session,
    secretId: oneTimeSecret.id,
    joinerCommitment: commitment,
    hostEphemeralKey: answer.ephemeralKey,
    hostCommitment: answer.commitment,
    joinerEphemeralKey: ephemeralKey,
  })
  const agreed = { transcript, keys: derivePairingKeys(exchanged, oneTimeSecret, transcript) }
  const reveal = makeJoinerReveal(signer, agreed, session, ephemeralKey, ownProfile)
  const next: Phase<"revealed"> = {
    phase: "revealed",
    session,
    untilMs,
    serial,
    rekeyKey,
    trust,
    agreed,
    answerBytes: bytes,
    answer,
    reveal,
    repeatAtMs: nowMs + repeatMs,
  }
  return [next, [send(reveal)]]
}

/** '4': the host is known, and the comparison with it. */
function hearReveal(state: Active, bytes: Uint8Array, nowMs: number): Stepped {
  const hostReveal = decodeHostReveal(bytes)
  if (!sameBytes(hostReveal.session, state.session)) return [state, []]
  if (state.phase === "waiting" && sameBytes(bytes, state.hostReveal)) {
    return [state, [send(state.confirmation)]] // [TOPIC-9-11]
  }
  if (state.phase !== "revealed") return [state, []]
  const { agreed, answer, rekeyKey, serial, session, trust } = state
  const profile = openHostReveal(hostReveal, agreed, answer)
  const known = profile && (trust.kind !== "scanned" || codeIsOf(trust.code, profile.publicKey))
  if (!known) return end(state, { because: "mismatch" }, null)
  const untilMs = nowMs + comparisonMs // [TOPIC-9-7]
  const isCompared = trust.kind === "comparing"
  const comparison = isCompared ? comparisonOf(agreed.keys.comparisonBytes) : null
  const next: Phase<"comparing"> = {
    phase: "comparing",
    session,
    untilMs,
    serial,
    rekeyKey,
    profile,
    comparison,
    agreed,
    hostReveal: bytes,
  }
  if (comparison) {
    return [next, [{ kind: "compare", session, profile, comparison, untilMs }]]
  }
  const [waiting, effects] = confirm(next, nowMs) // [TOPIC-9-9]
  return [waiting, [{ kind: "scanned", session, profile }, ...effects]]
}

function hearCancellation(state: Active, bytes: Uint8Array): Stepped {
  const { sealed, session } = decodeCancellation(bytes)
  if (state.phase === "offered" || !sameBytes(session, state.session)) return [state, []]
  const reason = openReason(sealed, state.agreed.keys.hostCancelKey)
  return end(state, { because: "cancelled-by-peer", reason }, null)
}

/** "No" counts until we joined, also after "the same" and after a code. [TOPIC-9-8] */
function decide(
  state: Active,
  { nowMs, same, session }: Extract<JoinerEvent, { kind: "decide" }>,
): Stepped {
  if (state.phase !== "comparing" && state.phase !== "waiting") return [state, []]
  if (!sameBytes(session, state.session)) return [state, []]
  if (same) return state.phase === "comparing" ? confirm(state, nowMs) : [state, []]
  const { tell, why } = refusalOf(state.comparison)
  return end(state, why, tell)
}

/** '5'. The rekey message may be applied from here on, and not before. [TOPIC-9-8] */
function confirm(state: Phase<"comparing">, nowMs: number): Stepped {
  const { agreed, comparison, hostReveal, profile, rekeyKey, serial, session } = state
  const confirmation = encodeConfirmation({ session, sealed: sealNothing(agreed.keys.confirmKey) })
  const untilMs = state.untilMs + graceMs
  const next: Phase<"waiting"> = {
    phase: "waiting",
    session,
    untilMs,
    serial,
    rekeyKey,
    profile,
    comparison,
    agreed,
    hostReveal,
    confirmation,
    repeatAtMs: nowMs + repeatMs,
  }
  return [
    next,
    [{ kind: "ready", session, profile, serial, rekeyKey, untilMs }, send(confirmation)],
  ]
}

/** Who waits for the other device repeats its last message. [TOPIC-9-11] */
function repeat(state: Active, nowMs: number): Stepped {
  if (state.phase === "comparing" || nowMs < state.repeatAtMs) return [state, []]
  return [{ ...state, repeatAtMs: nowMs + repeatMs }, [send(lastMessage(state))]]
}

function lastMessage(state: Exclude<Active, { phase: "comparing" }>): Uint8Array {
  switch (state.phase) {
    case "offered":
      return state.offer
    case "revealed":
      return state.reveal
    case "waiting":
      return state.confirmation
  }
}

/** @param tell what the host is told, if there is a key to say it with; `null`: nothing. */
function end(state: Active, why: EndReason, tell: CancelReason | null): Stepped {
  const { session } = state
  const ended: JoinerEffect = { kind: "ended", session, ...why }
  if (tell === null || state.phase === "offered") return [idleJoiner, [ended]]
  const cancellation = makeCancellation(session, tell, state.agreed.keys.joinerCancelKey)
  return [idleJoiner, [send(cancellation), ended]]
}

function send(bytes: Uint8Array): JoinerEffect {
  return { kind: "send", bytes }
}
