import {
  type AnsweringKeys,
  answeringKeys,
  errorKey,
  type Generation,
  knownDeviceKey,
} from "./generation-keys.js"

/** How long a session lives. */
export interface Lifetimes {
  /** Of a generation's calls. */
  readonly accessSeconds: number
  /** Of a session that nobody refreshes. */
  readonly refreshSeconds: number
}

/** 1 h and 90 days. [LOGIN-5-6], [LOGIN-6-6] */
export const usualLifetimes: Lifetimes = { accessSeconds: 3_600, refreshSeconds: 90 * 86_400 }

/** The next generation, as it was told; nobody has used it yet. */
export interface Offer {
  /** The bytes that asked for it. */
  readonly request: Uint8Array
  readonly answer: Uint8Array
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** The generation before the one that is used. */
export interface Former {
  readonly generation: number
  readonly root: Uint8Array
  readonly sinceMs: number
  readonly request: Uint8Array
  readonly answer: Uint8Array
  /** When the next one was used first. */
  readonly untilMs: number
}

/**
 * A session at its server, as a store keeps it. Immutable. Secret. spec/login.md §6.3
 * Points in time are of the server's clock; nothing but differences of them is looked at. [LOGIN-10-1]
 */
export interface SessionRecord {
  readonly state: "living"
  /** 16 bytes. */
  readonly id: Uint8Array
  /** Those of its login, but for what refreshes left out. */
  readonly scopes: readonly string[]
  readonly lifetimes: Lifetimes
  readonly generation: number
  /** 32 bytes. */
  readonly root: Uint8Array
  /** When this generation was used first. */
  readonly sinceMs: number
  readonly refreshedMs: number
  readonly offered: Offer | null
  readonly former: Former | null
}

/**
 * A generation that has no place in the record any more: kept to tell reuse from noise. Its root is gone,
 * so who takes the store reads none of its calls. Secret. [LOGIN-6-3]
 */
export interface RetiredGeneration extends AnsweringKeys {
  /** The one request that was answered. */
  readonly request: Uint8Array
  /** To be forgotten when the session's refresh time has passed since. */
  readonly untilMs: number
}

export type EndReason = "revoked" | "reuse" | "time"

/** What stays of a session, so that its device learns that it ended. Secret. [LOGIN-6-6] */
export interface EndedSession {
  readonly state: "ended"
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly reason: EndReason
  readonly endedMs: number
  /** To be forgotten after so many seconds. */
  readonly keptSeconds: number
  /** Of the generations that its device may have. */
  readonly errorKeys: readonly { readonly generation: number; readonly key: Uint8Array }[]
  /** Of its last generation; `null`: it is known no more. [LOGIN-9-3] */
  readonly knownDeviceKey: Uint8Array | null
}

/** A session from its login on. */
export function newSession(
  first: Generation,
  scopes: readonly string[],
  lifetimes: Lifetimes,
  nowMs: number,
): SessionRecord {
  const { generation, root, session } = first
  const times = { sinceMs: nowMs, refreshedMs: nowMs }
  const empty = { offered: null, former: null } as const
  return { state: "living", id: session, scopes, lifetimes, generation, root, ...times, ...empty }
}

/** A call that comes now may be acted on. [LOGIN-5-6] */
export function isGenerationLiving(
  record: SessionRecord,
  generation: number,
  nowMs: number,
): boolean {
  const { former, lifetimes, sinceMs } = record
  if (!isSessionLiving(record, nowMs)) return false
  const accessMs = lifetimes.accessSeconds * 1_000
  if (generation === record.generation) return nowMs - sinceMs <= accessMs
  if (generation !== former?.generation) return false
  return nowMs - former.sinceMs <= accessMs && nowMs - former.untilMs <= overlapMs
}

/** Its refresh time has not passed. [LOGIN-6-6] */
export function isSessionLiving({ lifetimes, refreshedMs }: SessionRecord, nowMs: number): boolean {
  return nowMs - refreshedMs <= lifetimes.refreshSeconds * 1_000
}

/** What it may do now: what it may, of what its user may. [LOGIN-6-7] */
export function scopesNow({ scopes }: SessionRecord, ofUser: readonly string[]): readonly string[] {
  return scopes.filter((scope) => ofUser.includes(scope))
}

/** Whoever has one of its generations learns that it ended. */
export function endSession(record: SessionRecord, reason: EndReason, nowMs: number): EndedSession {
  return {
    state: "ended",
    id: record.id,
    reason,
    endedMs: nowMs,
    keptSeconds: record.lifetimes.refreshSeconds,
    errorKeys: generationsOf(record).map((one) => ({
      generation: one.generation,
      key: errorKey(one),
    })),
    knownDeviceKey: reason === "time" ? knownDeviceKey(currentGeneration(record)) : null,
  }
}

/** Of an ended session, or of a retired generation. */
export function isForgotten(sinceMs: number, keptSeconds: number, nowMs: number): boolean {
  return nowMs - sinceMs > keptSeconds * 1_000
}

export function currentGeneration({ generation, id, root }: SessionRecord): Generation {
  return { session: id, generation, root }
}

/** Every one whose root is in the record, newest first. */
export function generationsOf(record: SessionRecord): readonly Generation[] {
  const { former, generation, id, offered } = record
  return [
    ...(offered ? [{ session: id, generation: generation + 1, root: offered.root }] : []),
    currentGeneration(record),
    ...(former ? [{ session: id, generation: former.generation, root: former.root }] : []),
  ]
}

/** The next generation after it was used first, and what has no place any more. [LOGIN-6-3] */
export function takeOffer(
  record: SessionRecord,
  offer: Offer,
  nowMs: number,
): { readonly record: SessionRecord; readonly retired: RetiredGeneration | null } {
  const { former, generation, id, root, sinceMs } = record
  const { answer, request } = offer
  return {
    record: {
      ...record,
      generation: generation + 1,
      root: offer.root,
      sinceMs: nowMs,
      refreshedMs: nowMs,
      offered: null,
      former: { generation, root, sinceMs, request, answer, untilMs: nowMs },
    },
    retired: former && retire(id, former),
  }
}

/** Once nobody is answered anything by the root of the generation before; `null`: somebody may be. [LOGIN-6-3] */
export function retireFormer(
  record: SessionRecord,
  nowMs: number,
): { readonly record: SessionRecord; readonly retired: RetiredGeneration } | null {
  const { former, id } = record
  if (!former || nowMs - former.untilMs <= rememberedMs) return null
  return { record: { ...record, former: null }, retired: retire(id, former) }
}

function retire(session: Uint8Array, former: Former): RetiredGeneration {
  const { generation, request, root, untilMs } = former
  return { ...answeringKeys({ session, generation, root }), request, untilMs }
}

/** The generation before has so long for what is under way. [LOGIN-5-6] */
const overlapMs = 60_000

/** The answer to the remembered refresh is given again for so long. [LOGIN-6-3] */
export const rememberedMs = 600_000
