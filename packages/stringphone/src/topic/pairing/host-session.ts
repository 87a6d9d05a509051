import { PeerError, sameBytes } from "../../bytes/index.js"
import { exchange } from "../../crypto/index.js"
import { afterUse } from "./admission.js"
import { codeIsOf } from "./code.js"
import { comparisonOf } from "./comparison.js"
import type { Offering, Shown } from "./host-state.js"
import { endSession, listening, type OpenHost, send, type Stepped } from "./host-window.js"
import { derivePairingKeys, isCoded, transcriptOf } from "./keys.js"
import { comparisonMs, graceMs, repeatMs, repeatRekeyMs } from "./limits.js"
import { type Agreed, makeHostReveal, openJoinerReveal } from "./reveal.js"
import { openOnce } from "./sealing.js"
import type { HostContext } from "./signer.js"
import type { Confirmation } from "./wire/confirmation.js"
import { decodeJoinerReveal, type JoinerReveal } from "./wire/joiner-reveal.js"

/** '3' → '4': the joiner is known, and the comparison with it. */
export function hearJoinerReveal(
  state: OpenHost,
  bytes: Uint8Array,
  nowMs: number,
  context: HostContext,
): Stepped {
  const message = decodeJoinerReveal(bytes)
  const { current } = state
  if (!current || !sameBytes(message.session, current.session)) return [state, []]
  if (current.phase !== "offering") {
    const isRepeated = sameBytes(bytes, current.joinerReveal)
    return [state, isRepeated ? [send(current.reveal)] : []] // [TOPIC-9-11]
  }
  const agreed = agree(current, message)
  const profile = openJoinerReveal(message, agreed, current.offer.commitment)
  // Whoever made it knew the secret: it is used, whatever else is wrong.
  const used = { ...state, admission: afterUse(state.admission, current.oneTimeSecret) }
  if (!profile || (current.code && !codeIsOf(current.code, profile.publicKey))) {
    return endSession(used, current, { because: "mismatch" }, null, nowMs, context)
  }
  const { ownProfile, salt, session } = current
  const reveal = makeHostReveal(context.signer, agreed, session, salt, ownProfile)
  const common = { session, profile, agreed, joinerReveal: bytes, reveal }
  if (isCoded(current.oneTimeSecret)) {
    const scanned: Shown = {
      phase: "confirmed-by-us", // [TOPIC-9-9]
      ...common,
      comparison: null,
      untilMs: nowMs + graceMs,
      repeatAtMs: nowMs + repeatMs,
    }
    return [{ ...used, current: scanned }, [send(reveal), { kind: "scanned", session, profile }]]
  }
  const untilMs = nowMs + comparisonMs // [TOPIC-9-7]
  const comparison = comparisonOf(agreed.keys.comparisonBytes)
  const shown: Shown = { phase: "comparing", ...common, comparison, untilMs }
  const compare = { kind: "compare", session, profile, comparison, untilMs } as const
  return [{ ...used, current: shown }, [send(reveal), compare]]
}

function agree(
  { commitment, ephemeralKey, ephemeralSecretKey, offer, oneTimeSecret }: Offering,
  reveal: JoinerReveal,
): Agreed {
  const exchanged = exchange(ephemeralSecretKey, reveal.ephemeralKey)
  if (!exchanged)
    throw new PeerError("bad-key", "A pairing message has an ephemeral key of low order.")
  const transcript = transcriptOf({
    session: offer.session,
    secretId: offer.secretId,
    joinerCommitment: offer.commitment,
    hostEphemeralKey: ephemeralKey,
    hostCommitment: commitment,
    joinerEphemeralKey: reveal.ephemeralKey,
  })
  return { transcript, keys: derivePairingKeys(exchanged, oneTimeSecret, transcript) }
}

/** '5', of the session that is shown. */
export function hearConfirmation(
  state: OpenHost,
  { sealed, session }: Confirmation,
  bytes: Uint8Array,
  nowMs: number,
  context: HostContext,
): Stepped {
  const { current } = state
  if (!current || !sameBytes(session, current.session)) return [state, []]
  if (current.phase === "offering") return [state, []]
  openOnce(sealed, current.agreed.keys.confirmKey)
  switch (current.phase) {
    case "comparing":
      return [
        { ...state, current: { ...current, phase: "confirmed-by-peer", confirmation: bytes } },
        [],
      ]
    case "confirmed-by-peer":
      return [state, []]
    case "confirmed-by-us":
      return pair(state, current, bytes, nowMs, context)
  }
}

/** Our person (or a code) and the other one confirmed: both are needed. [TOPIC-9-8] */
export function pair(
  state: OpenHost,
  { profile, session }: Shown,
  confirmation: Uint8Array,
  nowMs: number,
  context: HostContext,
): Stepped {
  const untilMs = nowMs + repeatRekeyMs
  const done = { session, confirmation, rekey: null, sentMs: nowMs, untilMs }
  const paired = [...state.paired, done]
  const [next, effects] = listening({ ...state, current: null, paired }, nowMs, context)
  return [next, [{ kind: "ready", session, profile }, ...effects]]
}
