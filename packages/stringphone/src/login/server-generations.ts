import { PeerError, sameBytes } from "../bytes/index.js"
import { exchangePublicKey } from "../crypto/index.js"
import type { Identity } from "../identity/index.js"
import { box } from "./box.js"
import type { LoginErrorName } from "./error-codes.js"
import { errorAnswer } from "./error-proof.js"
import { type AnsweringKeys, answeringKeys } from "./generation-keys.js"
import { refreshKeys } from "./refresh-keys.js"
import { signRefreshed } from "./refresh-proof.js"
import {
  currentGeneration,
  type EndedSession,
  endSession,
  generationsOf,
  isSessionLiving,
  rememberedMs,
  type RetiredGeneration,
  scopesNow,
  type SessionRecord,
  takeOffer,
} from "./session-record.js"
import { decodeRefresh, provesRefresh, type ReadRefresh } from "./wire/refresh.js"
import { encodeRefreshed } from "./wire/refreshed.js"
import { encodeSessionTerms } from "./wire/session-terms.js"

/** What a store has of the session that a request names. */
export interface FoundSession {
  /** `null`: nothing. */
  readonly record: SessionRecord | EndedSession | null
  /** Of the generation that the request names; `null`: none. */
  readonly retired: RetiredGeneration | null
}

export interface RefreshCircumstances {
  readonly nowMs: number
  readonly realm: string
  /** What it is now: its card is told. */
  readonly server: Identity
  /** Whose key the device knows, as it asks: it signs. `null`: this server does not have it. [LOGIN-10-3] */
  readonly signer: Identity | null
  /** 32 random bytes. */
  readonly ephemeralSecret: Uint8Array
  /** What the session's user may now. */
  readonly userScopes: readonly string[]
}

/** What to save, all at once and before the answer is sent; and the answer. */
export interface SessionStep {
  /** The very same object: there is nothing to save. */
  readonly record: SessionRecord | EndedSession | null
  /** To be kept beside it. */
  readonly retired: RetiredGeneration | null
  readonly answer: Uint8Array
  readonly event: "offered" | "repeated" | "reuse" | "refused"
}

/**
 * A refresh came. Pure: who saves compares and sets, and starts anew when another was faster.
 * spec/login.md §6.3
 *
 * @throws {PeerError} `malformed`: nothing is answered but that
 */
export function refreshSession(
  found: FoundSession,
  request: Uint8Array,
  circumstances: RefreshCircumstances,
): SessionStep {
  const refresh = decodeRefresh(request)
  const { nowMs } = circumstances
  const server = circumstances.signer ?? circumstances.server
  const { record } = found
  const refuse = (name: LoginErrorName, by: AnsweringKeys | null): SessionStep => ({
    record,
    retired: null,
    answer: errorAnswer(request, name, by?.errorKey ?? server),
    event: "refused",
  })
  if (record?.state !== "living") {
    const answer = endedAnswer(record, refresh.generation, request, server)
    return { record, retired: null, answer, event: "refused" }
  }
  const asked = keysNamed({ record, retired: found.retired }, refresh.generation)
  // Noise: nobody who knew the generation made it. [LOGIN-6-3]
  if (!asked || !provesRefresh(request, asked.refreshKey)) return refuse("denied", asked)
  if (!isSessionLiving(record, nowMs)) return refuse("revoked", asked) // [LOGIN-6-6]
  const offer = (of: SessionRecord, retired: RetiredGeneration | null): SessionStep =>
    offerNext(of, retired, refresh, request, circumstances) ?? refuse("denied", asked)
  if (refresh.generation === record.generation) {
    const { offered } = record
    if (!offered) return offer(record, null)
    if (sameBytes(offered.request, request)) return repeat(record, offered.answer)
    return endByReuse(record, asked, request, nowMs)
  }
  if (refresh.generation > record.generation && record.offered) {
    // Who asks on has the offer, even if no lane was opened.
    const { record: next, retired } = takeOffer(record, record.offered, nowMs)
    return offer(next, retired)
  }
  const answered = answeredBefore(found, record, refresh.generation)
  if (!answered || !sameBytes(answered.request, request)) {
    return endByReuse(record, asked, request, nowMs)
  }
  // A listener can send it again at any time: late, it says nothing about anybody. [LOGIN-6-3]
  const isLate = !answered.answer || nowMs - answered.untilMs > rememberedMs
  return isLate || !answered.answer ? refuse("denied", asked) : repeat(record, answered.answer)
}

/**
 * The answer to a session that is none, or none any more. [LOGIN-6-6]
 * @param generation that the request names
 */
export function endedAnswer(
  ended: EndedSession | null,
  generation: number,
  request: Uint8Array,
  server: Identity,
): Uint8Array {
  const known = ended?.errorKeys.find((one) => one.generation === generation)
  return errorAnswer(request, "revoked", known?.key ?? server)
}

/** What a request of it can be checked with, and an error to it proven. */
export function keysNamed(found: FoundSession, generation: number): AnsweringKeys | null {
  const { record, retired } = found
  if (record?.state !== "living") return null
  const inRecord = generationsOf(record).find((one) => one.generation === generation)
  if (inRecord) return answeringKeys(inRecord)
  return retired?.generation === generation ? retired : null
}

function answeredBefore(
  { retired }: FoundSession,
  { former }: SessionRecord,
  generation: number,
): { request: Uint8Array; answer: Uint8Array | null; untilMs: number } | null {
  if (former?.generation === generation) return former
  return retired && { ...retired, answer: null }
}

/** `null`: there is nobody whom its device would believe. [LOGIN-10-3] */
function offerNext(
  record: SessionRecord,
  retired: RetiredGeneration | null,
  { ephemeralKey }: ReadRefresh,
  request: Uint8Array,
  { ephemeralSecret, nowMs, realm, server, signer, userScopes }: RefreshCircumstances,
): SessionStep | null {
  if (!signer) return null
  const serverKey = exchangePublicKey(ephemeralSecret)
  const ephemerals = { ownSecret: ephemeralSecret, otherKey: ephemeralKey, serverKey }
  const keys = refreshKeys(currentGeneration(record).root, request, ephemerals)
  if (!keys) {
    throw new PeerError("malformed", "Malformed refresh: its key is none. Refresh with another.") // [LOGIN-6-1]
  }
  const scopes = scopesNow(record, userScopes) // [LOGIN-6-7]
  const text = encodeSessionTerms({
    ...record.lifetimes,
    scopes,
    card: server.card(),
  })
  const sealed = box(keys.answerKey, 0, keys.transcript, text)
  const signature = signRefreshed({ realm, transcript: keys.transcript, sealed }, signer)
  const answer = encodeRefreshed({ ephemeralKey: serverKey, signature, sealed })
  const offered = { request, answer, root: keys.nextRoot }
  const next = { ...record, scopes, refreshedMs: nowMs, offered }
  return { record: next, retired, answer, event: "offered" }
}

function repeat(record: SessionRecord, answer: Uint8Array): SessionStep {
  return { record, retired: null, answer, event: "repeated" }
}

/** Two have it, and one of them stole it: neither goes on. [LOGIN-6-3] */
function endByReuse(
  record: SessionRecord,
  asked: AnsweringKeys,
  request: Uint8Array,
  nowMs: number,
): SessionStep {
  return {
    record: endSession(record, "reuse", nowMs),
    retired: null,
    answer: errorAnswer(request, "revoked", asked.errorKey),
    event: "reuse",
  }
}
