/**
 * What a home and its phones say to each other inside a topic: JSON, one message a payload
 * (docs/home.md). The same module reads and writes it on both sides.
 */

/** Device → everyone: what it is and how it is now. Sent at every change, and now and then. */
export type StateMessage = {
  readonly kind: "state"
  /** What the device calls itself: 1 to 64 characters. */
  readonly name: string
  /** Higher than in every earlier state of this device: an old one can be repeated by anyone. */
  readonly number: number
  /** The last command it carried out, so that its sender knows. */
  readonly done?: CommandReceipt
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

/** Phone → one device. Classic topics do not stop replays, so the number does: it must rise. */
export interface CommandMessage {
  readonly kind: "command"
  /** Participant ID of the device, 32 hexadecimal digits. */
  readonly to: string
  /** Higher than in every earlier command of this sender to this device. */
  readonly sequence: number
  readonly set: { readonly on: boolean } | { readonly locked: boolean }
}

/** Device → phone: a command that was not carried out. */
export interface RefusalMessage {
  readonly kind: "refused"
  readonly command: CommandReceipt
  readonly because: "stale" | "not-mine"
}

/** Which command: its sender's participant ID and its number. */
export interface CommandReceipt {
  readonly from: string
  readonly sequence: number
}

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
  const { name, number } = value as { name?: unknown; number?: unknown }
  const state = readDevice(value)
  const done = value["done"] === undefined ? undefined : readReceipt(value["done"])
  if (typeof name !== "string" || name.length < 1 || name.length > 64) return null
  if (!isSequence(number) || !state || done === null) return null
  return { kind: "state", name, number, ...(done && { done }), ...state }
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
  const { to, sequence } = value as { to?: unknown; sequence?: unknown }
  const set = fields(value["set"])
  if (!isId(to) || !isSequence(sequence)) return null
  if (typeof set["on"] === "boolean")
    return { kind: "command", to, sequence, set: { on: set["on"] } }
  if (typeof set["locked"] !== "boolean") return null
  return { kind: "command", to, sequence, set: { locked: set["locked"] } }
}

function readRefusal(value: Fields): RefusalMessage | null {
  const command = readReceipt(value["command"])
  const because = value["because"]
  if (!command || (because !== "stale" && because !== "not-mine")) return null
  return { kind: "refused", command, because }
}

function readReceipt(value: unknown): CommandReceipt | null {
  const { from, sequence } = fields(value) as { from?: unknown; sequence?: unknown }
  return isId(from) && isSequence(sequence) ? { from, sequence } : null
}

function isId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value)
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null
}
