import { sameBytes } from "../../bytes/index.js"
import { admissionBy, secretFor } from "./admission.js"
import { hearConfirmation, hearJoinerReveal, pair } from "./host-session.js"
import type { HostEvent, HostState } from "./host-state.js"
import {
  closeWindow,
  endSession,
  listening,
  offerTo,
  type OpenHost,
  present,
  send,
  type Stepped,
} from "./host-window.js"
import { maxWaiting, repeatMs } from "./limits.js"
import { encodeHostProfile } from "./profile.js"
import { refusalOf } from "./refusal.js"
import { openReason } from "./sealing.js"
import type { HostContext } from "./signer.js"
import { windowEnd } from "./window.js"
import { cancellationType, decodeCancellation } from "./wire/cancellation.js"
import { confirmationType, decodeConfirmation } from "./wire/confirmation.js"
import { joinerRevealType } from "./wire/joiner-reveal.js"
import { decodeOffer, offerType } from "./wire/offer.js"

export const closedHost: HostState = { phase: "closed", paired: [] }

/**
 * One step of the host's side, spec/topic.md §9. What is not for its sessions gives the same state and
 * no effects.
 *
 * @throws {PeerError} `malformed`, `bad-key`, `not-authentic`, `bad-commitment`: nothing happened, the
 * session goes on
 * @throws {UsageError} of `open`: `bad-window`, `bad-pairing-code`, `bad-name`, `bad-topic-id`
 */
export function stepHost(state: HostState, event: HostEvent, context: HostContext): Stepped {
  if (event.kind === "open") return open(state, event, context)
  if (event.kind === "close") {
    return state.phase === "open" ? closeWindow(state, "closed") : [state, []]
  }
  const [now, before] = passTime(state, event.nowMs, context)
  const [next, after] = happen(now, event, context)
  return [next, before.length + after.length === 0 ? before : [...before, ...after]]
}

/** When the next `tick` is due, milliseconds since 1970; `null`: never. */
export function hostWakesAtMs(state: HostState): number | null {
  const times = state.paired.map(({ untilMs }) => untilMs)
  if (state.phase === "open") {
    const { current } = state
    // Whoever is shown may outlive the window.
    times.push(current ? current.untilMs : state.untilMs)
    if (current && "repeatAtMs" in current) times.push(current.repeatAtMs)
  }
  return times.length > 0 ? Math.min(...times) : null
}

type Timed = Exclude<HostEvent, { kind: "open" | "close" }>

function happen(state: HostState, event: Timed, context: HostContext): Stepped {
  switch (event.kind) {
    case "heard":
      return hear(state, event.bytes, event.nowMs, context)
    case "decide":
      return decide(state, event, context)
    case "admitted":
      return admit(state, event)
    case "tick":
      return repeat(state, event.nowMs)
  }
}

function open(
  state: HostState,
  { code, forMs, nowMs }: Extract<HostEvent, { kind: "open" }>,
  context: HostContext,
): Stepped {
  const admission = admissionBy(code, context.signer.publicKey)
  const untilMs = windowEnd(nowMs, forMs)
  encodeHostProfile(context.signer.card(), context) // A wrong name is the caller's, and found here.
  const [{ paired }, before] = state.phase === "open" ? closeWindow(state, "closed") : [state, []]
  const window = { untilMs, admission, current: null, waiting: [], met: [], failures: 0, paired }
  return [{ phase: "open", ...window }, before]
}

/** What is over by now. */
function passTime(state: HostState, nowMs: number, context: HostContext): Stepped {
  const fresh = state.paired.filter(({ untilMs }) => nowMs < untilMs)
  const pruned = fresh.length < state.paired.length ? { ...state, paired: fresh } : state
  if (pruned.phase === "closed") return [pruned, []]
  const { current } = pruned
  if (!current) return listening(pruned, nowMs, context)
  const isOver = nowMs >= current.untilMs
  if (current.phase !== "offering") {
    return isOver
      ? endSession(pruned, current, { because: "timed-out" }, "stopped", nowMs, context)
      : dismissLate(pruned, nowMs)
  }
  const yields = nowMs >= current.yieldsAtMs && present(pruned, nowMs).length > 0
  return isOver || yields ? listening({ ...pruned, current: null }, nowMs, context) : [pruned, []]
}

/** Whose turn can not come any more. [TOPIC-9-7] */
function dismissLate(state: OpenHost, nowMs: number): Stepped {
  if (nowMs < state.untilMs || state.waiting.length === 0) return [state, []]
  return [{ ...state, waiting: [] }, [{ kind: "waiting", count: 0 }]]
}

function hear(state: HostState, bytes: Uint8Array, nowMs: number, context: HostContext): Stepped {
  if (state.phase === "closed" && state.paired.length === 0) return [state, []]
  if (bytes[0] === confirmationType) return hearFifth(state, bytes.slice(), nowMs, context)
  if (state.phase === "closed") return [state, []]
  switch (bytes[0]) {
    case offerType:
      return hearOffer(state, bytes.slice(), nowMs, context)
    case joinerRevealType:
      return hearJoinerReveal(state, bytes.slice(), nowMs, context)
    case cancellationType:
      return hearCancellation(state, bytes, nowMs, context)
    default:
      return [state, []]
  }
}

/** '1': answered at once, or put in line. */
function hearOffer(
  state: OpenHost,
  offerBytes: Uint8Array,
  nowMs: number,
  context: HostContext,
): Stepped {
  const offer = decodeOffer(offerBytes)
  const { admission, current, met, waiting } = state
  const isSame = (session: Uint8Array) => sameBytes(session, offer.session)
  if (nowMs >= state.untilMs || !secretFor(admission, offer.secretId)) return [state, []]
  if (current?.phase === "offering" && sameBytes(offerBytes, current.offerBytes)) {
    return [state, [send(current.answer)]] // [TOPIC-9-11]
  }
  if (met.some(isSame)) return [state, []]
  const arrival = { offer, offerBytes, heardMs: nowMs }
  if (!current) return offerTo(state, arrival, nowMs, context)
  const known = waiting.find((other) => isSame(other.offer.session))
  if (known) {
    if (!sameBytes(known.offerBytes, offerBytes)) return [state, []]
    const refreshed = waiting.map((other) => (other === known ? arrival : other))
    return [{ ...state, waiting: refreshed }, []]
  }
  const others = present(state, nowMs)
  if (others.length >= maxWaiting) return [state, [{ kind: "crowded" }]] // [TOPIC-9-7]
  const queue = [...others, arrival]
  return [{ ...state, waiting: queue }, [{ kind: "waiting", count: queue.length }]]
}

function hearFifth(
  state: HostState,
  bytes: Uint8Array,
  nowMs: number,
  context: HostContext,
): Stepped {
  const message = decodeConfirmation(bytes)
  const done = state.paired.find(({ session }) => sameBytes(session, message.session))
  if (!done) {
    return state.phase === "open"
      ? hearConfirmation(state, message, bytes, nowMs, context)
      : [state, []]
  }
  const { confirmation, rekey, sentMs } = done
  // Anybody can repeat a '5', and a rekey message may be large: not more often than its joiner asks.
  const due = rekey !== null && nowMs >= sentMs + repeatMs
  if (!due || !sameBytes(bytes, confirmation)) return [state, []]
  const paired = state.paired.map((one) => (one === done ? { ...one, sentMs: nowMs } : one))
  return [{ ...state, paired }, [send(rekey)]] // [TOPIC-9-11]
}

function hearCancellation(
  state: OpenHost,
  bytes: Uint8Array,
  nowMs: number,
  context: HostContext,
): Stepped {
  const { sealed, session } = decodeCancellation(bytes)
  const { current } = state
  if (!current || current.phase === "offering" || !sameBytes(session, current.session)) {
    return [state, []]
  }
  const reason = openReason(sealed, current.agreed.keys.joinerCancelKey)
  const why = { because: "cancelled-by-peer", reason } as const
  return endSession(state, current, why, null, nowMs, context)
}

/** "No" counts until both confirmed, also after "the same" and after a code. [TOPIC-9-8] */
function decide(
  state: HostState,
  { nowMs, same, session }: Extract<HostEvent, { kind: "decide" }>,
  context: HostContext,
): Stepped {
  const current = state.phase === "open" ? state.current : null
  if (state.phase === "closed" || !current || current.phase === "offering") return [state, []]
  if (!sameBytes(session, current.session)) return [state, []]
  if (!same) {
    const { tell, why } = refusalOf(current.comparison)
    return endSession(state, current, why, tell, nowMs, context)
  }
  switch (current.phase) {
    case "comparing": {
      const repeatAtMs = nowMs + repeatMs
      return [{ ...state, current: { ...current, phase: "confirmed-by-us", repeatAtMs } }, []]
    }
    case "confirmed-by-peer":
      return pair(state, current, current.confirmation, nowMs, context)
    case "confirmed-by-us":
      return [state, []]
  }
}

function admit(
  state: HostState,
  { nowMs, rekey, session }: Extract<HostEvent, { kind: "admitted" }>,
): Stepped {
  const done = state.paired.find((one) => sameBytes(one.session, session))
  if (!done) return [state, []]
  const known = { ...done, rekey: rekey.slice(), sentMs: nowMs }
  return [{ ...state, paired: state.paired.map((one) => (one === done ? known : one)) }, []]
}

/** Who waits for the other device repeats its last message. [TOPIC-9-11] */
function repeat(state: HostState, nowMs: number): Stepped {
  const current = state.phase === "open" ? state.current : null
  if (state.phase === "closed" || !current || !("repeatAtMs" in current)) return [state, []]
  if (nowMs < current.repeatAtMs) return [state, []]
  const next = { ...state, current: { ...current, repeatAtMs: nowMs + repeatMs } }
  if (current.phase !== "offering") return [next, [send(current.reveal)]]
  // Whoever is there after 10 s without an answer asks by itself.
  return [next, nowMs < current.yieldsAtMs ? [send(current.answer)] : []]
}
