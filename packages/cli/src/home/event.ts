import type { KeyReport } from "../person.js"
import type { EavesdropperAction } from "../server/eavesdropper.js"
import type { CommandMessage } from "./messages.js"

/**
 * What happens in a home, told once to whoever watches: people get lines (report.ts), machines the
 * objects themselves, one a line. No secret is in any of them but the code of an open pairing window
 * and an invitation that nobody has used yet.
 */
export type HomeEvent =
  | ReadyEvent
  /** Something the person should know, in a sentence. */
  | { readonly event: "notice"; readonly level: "info" | "warning"; readonly text: string }
  | PairingEvent
  | RequestEvent
  /** A phone was let in. */
  | ({
      readonly event: "paired"
      readonly petname: string
      readonly isAdmin: boolean
      readonly verifiedBy: "emoji" | "code"
    } & KeyReport)
  /** A request ended without; `message` says what that may mean. */
  | ({
      readonly event: "not-paired"
      readonly name: string
      readonly because: string
      readonly message: string
    } & KeyReport)
  | { readonly event: "members"; readonly members: readonly MemberReport[] }
  | {
      readonly event: "devices"
      readonly devices: readonly DeviceReport[]
      readonly login: LoginReport | null
    }
  /** A new epoch: new keys, which those who were removed do not have. */
  | {
      readonly event: "rekeyed"
      readonly epoch: number
      readonly by: NamedKey
      readonly added: readonly NamedKey[]
      readonly removed: readonly NamedKey[]
    }
  /** A device of this home was removed by somebody else. */
  | { readonly event: "removed"; readonly device: DeviceKind; readonly by: NamedKey | null }
  | {
      readonly event: "command"
      readonly device: DeviceKind
      readonly petname: string
      readonly id: string
      readonly set: CommandMessage["set"]
    }
  | {
      readonly event: "refused"
      readonly device: DeviceKind
      readonly petname: string
      readonly id: string
      readonly because: "not-mine"
    }
  | InvitationEvent
  /** What somebody who is logged in wanted was done. */
  | {
      readonly event: "call"
      readonly device: DeviceKind
      readonly login: string
      /** The name of their device; they chose it. */
      readonly from: string
      readonly id: string
      readonly set: CommandMessage["set"]
    }
  | LoginEvent
  /** What came in was not accepted, since the last such event. */
  | {
      readonly event: "rejected"
      readonly code: string
      readonly count: number
      /** In whose name it came; not proven. */
      readonly claimed: string | null
    }
  /** Messages of this participant did not arrive. */
  | { readonly event: "gap"; readonly of: string; readonly missing: number }
  /** Somebody asked the broker to tamper. */
  | { readonly event: "eavesdropper"; readonly do: EavesdropperAction }
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
  /** Who answers logins; `null`: they do not work, and it was said why. */
  readonly login: LoginReport | null
  readonly broker: {
    /** Without user and password. */
    readonly address: string
    readonly embedded: boolean
    readonly tcp: { readonly host: string; readonly port: number } | null
    readonly reached: boolean
  }
  /** Where the topic talks, for `stringphone topic join`. */
  readonly address: string
  readonly directory: string
}

export type PairingEvent =
  | {
      readonly event: "pairing"
      readonly open: true
      readonly seconds: number
      /** To be scanned or pasted, `stringphone:pair/…`: works once, and while the window is open. */
      readonly code: string
    }
  | {
      readonly event: "pairing"
      readonly open: false
      readonly because: "time" | "person" | "too-many-attempts"
    }

/** For one person, who registers with it and chooses login and password. */
export interface InvitationEvent {
  readonly event: "invitation"
  /** `stringphone:login/…`: whoever has it first can register. */
  readonly text: string
  /** Of the page and the API. */
  readonly url: string
  readonly expiresAt: string
}

/** What happened with logins. */
export type LoginEvent =
  | {
      readonly event: "login"
      readonly what: "registered" | "password-changed" | "user-removed"
      readonly login: string
    }
  | {
      readonly event: "login"
      readonly what: "logged-in" | "refreshed" | "reuse"
      readonly login: string
      /** On which it was, as it calls itself. */
      readonly device: string
    }
  | {
      readonly event: "login"
      readonly what: "revoked"
      readonly login: string
      readonly device?: string
      /** All of this user's sessions, or all but one. */
      readonly isAll?: true
      /** It made room for a newer one. */
      readonly isDisplaced?: true
    }
  /** What strangers can cause as often as they like, since the last such event. */
  | {
      readonly event: "login"
      readonly what: "login-denied" | "slowed-down" | "call-refused"
      readonly count: number
      /** Why calls were refused, as `used`. */
      readonly reason?: string
    }
  | { readonly event: "login"; readonly what: "trouble"; readonly message: string }

/** The login server, as devices that come by address alone show it. */
export interface LoginReport extends KeyReport {
  readonly realm: string
}

/** Somebody asks to be let in. */
export interface RequestEvent extends KeyReport {
  readonly event: "request"
  /** What it calls itself. Proves nothing. */
  readonly name: string
  /** Its name, if this home knows it already. */
  readonly petname: string | null
  /** Somebody else has the name that it calls itself. */
  readonly nameClash: string | null
  /** It scanned the code: nothing is to be compared, and it is let in by itself. */
  readonly isProven: boolean
  /** Seven to compare; empty when proven. */
  readonly emoji: readonly { readonly symbol: string; readonly name: string }[]
  /** Twelve to compare instead. */
  readonly comparedDigits: string
}

export interface DeviceReport extends KeyReport {
  readonly device: DeviceKind
  readonly name: string
  /** Its page, on this computer. */
  readonly url: string
}

/** One who is in the topic. */
export interface MemberReport extends KeyReport {
  readonly petname: string
  /** `null`: none of this home's devices. */
  readonly device: DeviceKind | null
  readonly isAdmin: boolean
  /** In words, as `verified by emoji on 2026-11-21`; `itself` for the computer. */
  readonly trust: string
}

export interface NamedKey {
  readonly petname: string
  readonly publicKey: string
}

export type Emit = (event: HomeEvent) => void
