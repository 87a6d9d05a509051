import { ChannelError, decodeJson, encodeJson } from "../../bytes/index.js"
import type { ClientSession, KnownSession, Price } from "../../login/index.js"

/** Since when, by this device's clock, its session has its generation, and how long that lives. [LOGIN-5-7] */
export interface GenerationAge {
  readonly sinceMs: number
  readonly accessSeconds: number
}

/** What a device keeps of one login. Secret. */
export interface SavedLogin {
  /** With the base. */
  readonly url: string
  readonly realm: string
  readonly login: string
  readonly device: string
  /** Pinned: first what its session was told last, then what it and others were told before. [LOGIN-3-4] */
  readonly serverKeys: readonly Uint8Array[]
  /** The price at the last login or registration: the floor of the next one. [LOGIN-2-3] */
  readonly price: Price
  readonly scopes: readonly string[]
  /** `null`: logged out. */
  readonly session: ClientSession | null
  /** `null`: not known. */
  readonly age: GenerationAge | null
  /** Of the session before, to be let in among strangers. [LOGIN-9-3] */
  readonly known: KnownSession | null
}

const version = 1

export function encodeSaved(saved: SavedLogin): Uint8Array {
  return encodeJson({ version, ...saved })
}

/** @throws {ChannelError} `store-corrupt`, `store-newer` */
export function decodeSaved(bytes: Uint8Array): SavedLogin {
  const value = read(bytes)
  if (isRecord(value) && typeof value["version"] === "number" && value["version"] > version) {
    throw new ChannelError(
      "store-newer",
      "This session was saved by a newer version of this program. Get that one.",
    )
  }
  if (!isSaved(value)) {
    throw new ChannelError(
      "store-corrupt",
      "The saved session does not read. Restore the store, or log in with another one.",
    )
  }
  const { device, known, login, price, realm, scopes, serverKeys, session, url } = value
  // Those of before have none.
  const age = (value as Partial<SavedLogin>).age ?? null
  return { url, realm, login, device, serverKeys, price, scopes, session, age, known }
}

function read(bytes: Uint8Array): unknown {
  try {
    return decodeJson(bytes)
  } catch {
    return null
  }
}

function isSaved(value: unknown): value is SavedLogin {
  if (!isRecord(value)) return false
  const { age, device, known, login, price, realm, scopes, serverKeys, session, url } = value
  return (
    [url, realm, login, device].every((text) => typeof text === "string") &&
    Array.isArray(serverKeys) &&
    serverKeys.length > 0 &&
    serverKeys.every((key) => isBytes(key, 32)) &&
    isRecord(price) &&
    [price["passes"], price["kib"], price["lanes"]].every(Number.isSafeInteger) &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === "string") &&
    (session === null || isSession(session)) &&
    (age === undefined || age === null || isAge(age)) &&
    (known === null ||
      (isRecord(known) && isBytes(known["session"], 16) && isBytes(known["key"], 32)))
  )
}

function isSession(value: unknown): value is ClientSession {
  if (!isRecord(value)) return false
  const { generation, pending, root, session } = value
  const isPending =
    pending === null ||
    (isRecord(pending) &&
      isBytes(pending["ephemeralSecret"], 32) &&
      pending["request"] instanceof Uint8Array)
  const isNumber = Number.isSafeInteger(generation) && Number(generation) >= 1
  return isNumber && isPending && isBytes(root, 32) && isBytes(session, 16)
}

function isAge(value: unknown): value is GenerationAge {
  return isRecord(value) && [value["sinceMs"], value["accessSeconds"]].every(Number.isSafeInteger)
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
