import { callerOf, type Caller, type Handler, protect } from "stringphone/session/login/server"
import type { DeviceKind } from "./event.js"
import type { CommandMessage, DeviceState } from "./messages.js"

/** What a call may do with a device. */
export interface ApiDevice {
  readonly kind: DeviceKind
  readonly name: string
  state(): DeviceState
  /** @returns `null` when it could not be saved: nothing was changed */
  obey(set: CommandMessage["set"], caller: Caller): Promise<"done" | "not-mine" | null>
}

/** Scopes of calls; an invitation gives them. */
export const apiScopes = ["devices", "switch"] as const

const mostBodyCharacters = 1_024

/**
 * The home's API, spoken to by who is logged in and by nobody else (docs/home.md).
 * @param devices none before the home has started
 */
export function homeApi(devices: () => readonly ApiDevice[]): Handler {
  const list = protect(() => Response.json({ devices: devices().map(shown) }), {
    scopes: ["devices"],
  })
  const one = (device: ApiDevice): Handler =>
    protect(() => Response.json(shown(device)), { scopes: ["devices"] })
  const change = (device: ApiDevice): Handler =>
    protect((request) => obeyed(device, request), { scopes: ["switch"] })

  return protect((request) => {
    const { method } = request
    const { pathname } = new URL(request.url)
    if (pathname === "/api/me") return method === "GET" ? me(request) : notAllowed("GET")
    if (devices().length === 0) return problem(503, "The home is starting. Try again soon.")
    if (pathname === "/api/devices") return method === "GET" ? list(request) : notAllowed("GET")
    const device = devices().find(({ kind }) => pathname === `/api/devices/${kind}`)
    if (!device) return problem(404, "There is nothing here. Ask for /api/devices.")
    if (method === "GET") return one(device)(request)
    if (device.kind === "computer") {
      return notAllowed("GET", "The computer takes no commands. Ask the lamp or the lock.")
    }
    return method === "PUT" ? change(device)(request) : notAllowed("GET, PUT")
  })
}

function me(request: Request): Response {
  const caller = callerOf(request)
  return Response.json(
    caller && {
      login: caller.login,
      device: caller.device,
      scopes: caller.scopes,
      mode: caller.mode,
    },
  )
}

async function obeyed(device: ApiDevice, request: Request): Promise<Response> {
  const caller = callerOf(request)
  const set = readSet(device.kind, await request.text())
  if (!set || !caller) return problem(400, `Say what it shall be: ${examples[device.kind]}`)
  if ((await device.obey(set, caller)) === "done") return Response.json(stateOf(device))
  return problem(503, "It could not be saved, and nothing was changed. Try again later.")
}

function shown(device: ApiDevice): unknown {
  return { device: device.kind, name: device.name, state: stateOf(device) }
}

/** As the device's messages have it. */
function stateOf(device: ApiDevice): unknown {
  const { device: _, ...values } = device.state()
  return values
}

/** @returns `null` for whatever is no command for this kind of device. Other fields mean nothing. */
function readSet(kind: DeviceKind, body: string): CommandMessage["set"] | null {
  const { locked, on } = parse(body) as { locked?: unknown; on?: unknown }
  if (kind === "lamp" && typeof on === "boolean") return { on }
  if (kind === "lock" && typeof locked === "boolean") return { locked }
  return null
}

function parse(body: string): object {
  try {
    const value: unknown = body.length > mostBodyCharacters ? null : JSON.parse(body)
    return typeof value === "object" && value !== null ? value : {}
  } catch {
    return {}
  }
}

const examples = {
  computer: "",
  lamp: '{"on":true} or {"on":false}.',
  lock: '{"locked":true} or {"locked":false}.',
} as const

function notAllowed(allow: string, sentence = `Only ${allow} is answered here.`): Response {
  return Response.json({ error: sentence }, { status: 405, headers: { allow } })
}

function problem(status: number, sentence: string): Response {
  return Response.json({ error: sentence }, { status })
}
