import type { KeyReport } from "../person.js"

/**
 * What happens in a home, told once to whoever watches: people get lines (report.ts), machines the
 * objects themselves, one a line. No secret is in any of them.
 */
export type HomeEvent =
  | ReadyEvent
  /** Something the person should know, in a sentence. */
  | { readonly event: "notice"; readonly level: "info" | "warning"; readonly text: string }
  | {
      readonly event: "pairing"
      readonly open: boolean
      readonly seconds?: number
      readonly because?: "time" | "person" | "done"
    }
  /** Somebody asks all devices at once to be trusted. */
  | ({
      readonly event: "request"
      /** Its name, if this home knows it already. */
      readonly petname: string | null
      /** More than 1: contradicting requests came in its name. */
      readonly offers: number
    } & KeyReport)
  | ({
      readonly event: "trusted"
      readonly petname: string
      readonly devices: readonly DeviceKind[]
    } & KeyReport)
  | ({ readonly event: "turned-away" } & KeyReport)
  | ({ readonly event: "untrusted"; readonly petname: string } & KeyReport)
  | { readonly event: "phones"; readonly phones: readonly Phone[] }
  | { readonly event: "devices"; readonly devices: readonly DeviceReport[] }
  | {
      readonly event: "command"
      readonly device: DeviceKind
      readonly petname: string
      readonly sequence: number
      readonly set: { readonly on: boolean } | { readonly locked: boolean }
    }
  | {
      readonly event: "refused"
      readonly device: DeviceKind
      readonly petname: string
      readonly sequence: number
      readonly because: "stale" | "not-mine"
    }
  /** What came in was not accepted, since the last such event. */
  | { readonly event: "rejected"; readonly code: string; readonly count: number }
  | {
      readonly event: "status"
      readonly broker: "lost" | "back"
      readonly code?: string
      readonly message?: string
    }
  /** Disk or network failed; the home goes on. */
  | {
      readonly event: "failed"
      readonly device: DeviceKind
      readonly code: string
      readonly message: string
    }
  | { readonly event: "stopping" }
  | { readonly event: "stopped" }

export type DeviceKind = "computer" | "lamp" | "lock"

export interface ReadyEvent {
  readonly event: "ready"
  readonly page: string
  /** Where other machines of the network find the page; empty unless the host allows it. */
  readonly lan: readonly string[]
  readonly devices: readonly DeviceReport[]
  readonly broker: {
    /** Without user and password. */
    readonly address: string
    readonly embedded: boolean
    readonly tcp: { readonly host: string; readonly port: number } | null
    readonly reached: boolean
  }
  /** The topic's address, for `stringphone topic join`. */
  readonly address: string
  readonly directory: string
}

export interface DeviceReport extends KeyReport {
  readonly device: DeviceKind
  readonly name: string
  /** Participant ID: 32 hexadecimal digits. */
  readonly id: string
  /** Its page, on this computer. */
  readonly url: string
}

export interface Phone extends KeyReport {
  readonly petname: string
  readonly trust: string
}

export type Emit = (event: HomeEvent) => void
