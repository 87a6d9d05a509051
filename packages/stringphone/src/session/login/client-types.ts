import type { Price } from "../../login/index.js"
import type { Store } from "../../store/index.js"

/** Only called with a text for the address. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>

/** A server as it showed itself, before anything was believed. */
export interface OfferedServer {
  /** As `lamp.example`: what it is called, wherever it is. */
  readonly realm: string
  /** Ed25519, 32 bytes; its `fingerprint` (`stringphone/identity`) is for people to compare. */
  readonly serverKey: Uint8Array
}

/** `computing` takes as long as the password is made to be worth, a second or so. */
export type LoginProgress = "asking" | "computing" | "finishing"

interface CommonOptions {
  /** Used, and not kept. */
  readonly password: string
  /** A name for people: what the list of devices shows. */
  readonly device: string
  /** Session and pins are there, and belong to whoever can read it. */
  readonly store: Store
  /** Wanted; missing: all that the user may have. */
  readonly scopes?: readonly string[] | undefined
  readonly onProgress?: ((step: LoginProgress) => void) | undefined
  /** The platform's unless set. */
  readonly fetch?: Fetch | undefined
  /** Less than the least of the specification: for tests. */
  readonly minimumPrice?: Price | undefined
}

export interface LoginOptions extends CommonOptions {
  /** Where the server is, as `http://192.168.4.1`; with a path, that is where logins are. */
  readonly url: string
  readonly login: string
  /** Which one it must be. Without it, that of an earlier login at this address, or what the server says. */
  readonly realm?: string | undefined
  /** Its Ed25519 key, brought by a trusted path. Without it, that of an earlier login. */
  readonly serverKey?: Uint8Array | undefined
  /** Asked for a realm that is not known here; `false` ends the login. Without it, any is taken. */
  readonly confirm?: ((server: OfferedServer) => boolean | Promise<boolean>) | undefined
  /** Asked first, also for a server that is known here; `false` ends the login, and what is saved stays. */
  readonly expects?: ((serverKey: Uint8Array) => boolean) | undefined
}

export interface RegisterOptions extends CommonOptions {
  /** As it came: `stringphone:login/…` */
  readonly invitation: string
  /** Where the invitation leaves it to the user. */
  readonly login?: string | undefined
  /**
   * Its owner made the server anew: where this store knows the realm by other keys alone, the invitation's replaces
   * them, and the sessions there end here. Without it, such an invitation is refused: it may be anybody's.
   */
  readonly replacesServer?: boolean | undefined
}

/** Which session, if the store has several. */
export interface OpenSessionOptions {
  readonly store: Store
  /** Of the server; where it has moved to, if `realm` is given, too. */
  readonly url?: string | undefined
  readonly realm?: string | undefined
  readonly login?: string | undefined
  readonly fetch?: Fetch | undefined
}

/** What is known of a session without asking the server. */
export interface SessionStatus {
  readonly url: string
  readonly realm: string
  readonly login: string
  readonly device: string
  /** ID of the session, in base64url. */
  readonly session: string
  /** As the server said at the login or the last refresh. */
  readonly scopes: readonly string[]
  /** Ed25519, 32 bytes; its `fingerprint` (`stringphone/identity`) is for people to compare. */
  readonly serverKey: Uint8Array
  /** Refreshes that there were, and one. */
  readonly generation: number
}

/** One of the user's devices. */
export interface Device {
  /** ID of its session, in base64url. */
  readonly session: string
  /** Its name. */
  readonly device: string
  readonly scopes: readonly string[]
  readonly createdAt: Date
  /** `null`: it never called. */
  readonly seenAt: Date | null
  /** This one. */
  readonly isOwn: boolean
}

export interface ChangePasswordOptions {
  readonly oldPassword: string
  readonly newPassword: string
  /** Ends all other sessions; they stay unless set. */
  readonly endsOthers?: boolean | undefined
  readonly onProgress?: ((step: LoginProgress) => void) | undefined
  /** Less than the least of the specification: for tests. */
  readonly minimumPrice?: Price | undefined
}
