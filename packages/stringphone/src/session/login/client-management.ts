import { base64url, fromUtf8, PeerError, utf8 } from "../../bytes/index.js"
import { areScopes } from "../../login/index.js"
import type { Caller } from "./client-caller.js"
import type { RawAnswer } from "./client-channel.js"
import type { Endpoint } from "./client-endpoint.js"
import { sealed } from "./client-protection.js"
import type { Device } from "./client-types.js"

// What a device asks about itself and its user's others: sealed calls below the base. spec/login.md §8.4

/** All other sessions end but this one, too: 16 bytes, or none. */
export interface EndedOthers {
  readonly kept: Uint8Array | null
}

export async function listDevices(caller: Caller, endpoint: Endpoint): Promise<readonly Device[]> {
  const { body } = await manage(caller, endpoint, "GET", "/devices")
  const value = read(body)
  const devices = isRecord(value) && Array.isArray(value["devices"]) ? value["devices"] : null
  if (!devices) throw malformed()
  return devices.map(deviceOf)
}

/** @returns `false`: there is none, or it has ended */
export async function endDevice(
  caller: Caller,
  endpoint: Endpoint,
  session: string,
): Promise<boolean> {
  const path = `/devices/${encodeURIComponent(session)}`
  return (await manage(caller, endpoint, "DELETE", path)).status !== 404
}

export async function endOtherDevices(caller: Caller, endpoint: Endpoint): Promise<void> {
  await manage(caller, endpoint, "DELETE", "/devices")
}

/** @param others what becomes of the user's other sessions, in the same write; missing: they stay */
export async function putRecord(
  caller: Caller,
  endpoint: Endpoint,
  record: Uint8Array,
  others: EndedOthers | null,
): Promise<void> {
  const ended = others && {
    endOthers: true,
    ...(others.kept && { keep: base64url(others.kept) }),
  }
  const content = { record: base64url(record), ...ended }
  await manage(caller, endpoint, "PUT", "/password", content)
}

async function manage(
  caller: Caller,
  { base, origin }: Endpoint,
  method: string,
  path: string,
  content?: object,
): Promise<RawAnswer> {
  const answer = await caller.call(
    {
      method,
      url: new URL(origin + base + path),
      fields: content ? [["content-type", "application/json"]] : [],
      body: utf8(content ? JSON.stringify(content) : ""),
    },
    sealed,
  )
  const isDone = answer.status >= 200 && answer.status < 300
  if (isDone || answer.status === 404) return answer
  throw new PeerError(
    "server-failed",
    `The server could not do that (status ${answer.status}). Try again later.`,
  )
}

function deviceOf(value: unknown): Device {
  if (!isRecord(value)) throw malformed()
  const { createdAt, device, isOwn, scopes, seenAt, session } = value
  const isDevice =
    typeof session === "string" &&
    /^[A-Za-z0-9_-]{22}$/.test(session) &&
    typeof device === "string" &&
    typeof isOwn === "boolean" &&
    areScopes(scopes)
  if (!isDevice) throw malformed()
  const created = dateOf(createdAt)
  if (!created) throw malformed()
  return { session, device, scopes, createdAt: created, seenAt: dateOf(seenAt), isOwn }
}

function dateOf(value: unknown): Date | null {
  const date = typeof value === "string" ? new Date(value) : null
  return date && !Number.isNaN(date.getTime()) ? date : null
}

function read(body: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(body) ?? "")
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null
}

function malformed(): PeerError {
  return new PeerError(
    "malformed",
    "The server's list of devices does not read. Get a newer version of this program.",
  )
}
