/** A request or an answer, as it was on the wire: anybody there has it. */
export interface WirePart {
  /** In their order, as they were written. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** What was kept of it. */
  readonly body: Uint8Array
  /** How long it was. */
  readonly bytes: number
}

export interface WireRequest extends WirePart {
  readonly method: string
  readonly target: string
}

export interface WireAnswer extends WirePart {
  readonly status: number
}

/** One request and its answer. */
export interface Exchange {
  readonly n: number
  readonly atMs: number
  /** An address, or `this computer`. */
  readonly from: string
  readonly request: WireRequest
  readonly answer: WireAnswer
}

/** @returns `null` for what is no exchange: the home tells it, and is not trusted */
export function readExchange(value: unknown): Exchange | null {
  if (!isRecord(value)) return null
  const { answer, atMs, from, n, request } = value
  if (!isCount(n) || !isTime(atMs) || typeof from !== "string") return null
  if (!isRecord(request) || !isRecord(answer)) return null
  const [asked, answered] = [readPart(request), readPart(answer)]
  const { method, target } = request
  const { status } = answer
  if (!asked || !answered || typeof method !== "string" || !/^[A-Z]{1,20}$/.test(method))
    return null
  if (typeof target !== "string" || !isCount(status)) return null
  return { n, atMs, from, request: { ...asked, method, target }, answer: { ...answered, status } }
}

function readPart({ body, bytes, fields }: Readonly<Record<string, unknown>>): WirePart | null {
  const read = typeof body === "string" ? fromBase64(body) : null
  if (!read || !isCount(bytes) || !Array.isArray(fields) || !fields.every(isField)) return null
  return { fields, body: read, bytes }
}

function isField(value: unknown): value is readonly [string, string] {
  return (
    Array.isArray(value) && value.length === 2 && value.every((text) => typeof text === "string")
  )
}

function fromBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** What is beyond it no calendar shows. */
const lastMs = 8.64e15

function isTime(value: unknown): value is number {
  return isCount(value) && value <= lastMs
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

export function fieldOf({ fields }: Pick<WirePart, "fields">, name: string): string | null {
  return fields.find(([one]) => one.toLowerCase() === name)?.[1] ?? null
}

/** Path and query of an address. */
export function targetOf(address: string): string {
  const { pathname, search } = new URL(address)
  return pathname + search
}
