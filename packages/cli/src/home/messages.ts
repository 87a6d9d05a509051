/**
 * What a home and its phones say to each other inside a topic: JSON, one message a payload
 * (docs/home.md). The same module reads and writes it on both sides. Nothing here guards against
 * replays and delays: the topic does.
 */

/** Device → everyone: what it is and how it is now. Sent at every change, and now and then. */
export type StateMessage = {
  readonly kind: "state"
  /** What the device calls itself: 1 to 64 characters. */
  readonly name: string
  /** `id` of the last command it carried out, so that its sender knows. */
  readonly done?: string
} & DeviceState

export type DeviceState =
  | { readonly device: "computer"; readonly readings: Readings }
  | { readonly device: "lamp"; readonly on: boolean }
  | { readonly device: "lock"; readonly locked: boolean }

/** One second of a computer; `null` where the machine can not tell. */
export interface Readings {
  /** Processor use, 0 to 1. */
  readonly load: number
  /** Memory in use, 0 to 1. */
  readonly memory: number
  /** Bytes a second, all interfaces but loopback. */
  readonly received: number | null
  readonly sent: number | null
  /** Disk in use, 0 to 1. */
  readonly disk: number | null
  /** Degrees Celsius. */
  readonly temperature: number | null
}

/** Phone → one device. Sent with `validForMs: commandValidForMs`: what comes late is refused. */
export interface CommandMessage {
  readonly kind: "command"
  /** Public key of the device, 64 hexadecimal digits. */
  readonly to: string
  /** 16 hexadecimal digits, drawn at random by the sender. */
  readonly id: string
  readonly set: { readonly on: boolean } | { readonly locked: boolean }
}

/** Device → phone: a command that was not carried out, as it is not one for this device. */
export interface RefusalMessage {
  readonly kind: "refused"
  /** `id` of the command. */
  readonly command: string
  /** Public key of who sent it, 64 hexadecimal digits. */
  readonly to: string
  readonly because: "not-mine"
}

/** How long a command counts. */
export const commandValidForMs = 5_000

export type HomeMessage = StateMessage | CommandMessage | RefusalMessage

export function encodeHomeMessage(message: HomeMessage): string {
  return JSON.stringify(message)
}

/** @returns `null` for whatever is no such message. Unknown fields are left out. */
export function decodeHomeMessage(payload: Uint8Array): HomeMessage | null {
  const value = parse(payload)
  switch (value["kind"]) {
    case "state":
      return readState(value)
    case "command":
      return readCommand(value)
    case "refused":
      return readRefusal(value)
    default:
      return null
  }
}

type Fields = Readonly<Record<string, unknown>>

function parse(payload: Uint8Array): Fields {
  try {
    return fields(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)))
  } catch {
    return {}
  }
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {}
}

function readState(value: Fields): StateMessage | null {
  const { done, name } = value as { done?: unknown; name?: unknown }
  const state = readDevice(value)
  if (typeof name !== "string" || name.length < 1 || name.length > 64 || !state) return null
  if (done !== undefined && !isCommandId(done)) return null
  return { kind: "state", name, ...(done !== undefined && { done }), ...state }
}

function readDevice(value: Fields): DeviceState | null {
  const { device, on, locked } = value as { device?: unknown; on?: unknown; locked?: unknown }
  if (device === "lamp" && typeof on === "boolean") return { device, on }
  if (device === "lock" && typeof locked === "boolean") return { device, locked }
  const readings = device === "computer" ? readReadings(fields(value["readings"])) : null
  return readings && { device: "computer", readings }
}

function readReadings(value: Fields): Readings | null {
  const load = number(value["load"])
  const memory = number(value["memory"])
  if (load === null || memory === null) return null
  return {
    load,
    memory,
    received: number(value["received"]),
    sent: number(value["sent"]),
    disk: number(value["disk"]),
    temperature: number(value["temperature"]),
  }
}

function readCommand(value: Fields): CommandMessage | null {
  const { id, to } = value as { id?: unknown; to?: unknown }
  const { locked, on } = fields(value["set"]) as { locked?: unknown; on?: unknown }
  if (!isPublicKey(to) || !isCommandId(id)) return null
  if (typeof on === "boolean") return { kind: "command", to, id, set: { on } }
  if (typeof locked === "boolean") return { kind: "command", to, id, set: { locked } }
  return null
}

function readRefusal(value: Fields): RefusalMessage | null {
  const { because, command, to } = value as { because?: unknown; command?: unknown; to?: unknown }
  if (!isCommandId(command) || !isPublicKey(to) || because !== "not-mine") return null
  return { kind: "refused", command, to, because }
}

function isPublicKey(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value)
}

function isCommandId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{16}$/.test(value)
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null
}
