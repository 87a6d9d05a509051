import type { Identity } from "../../identity/index.js"
import type { Price, RandomBytes } from "../../login/index.js"
import type { Store } from "../../store/index.js"

export interface LoginServerOptions {
  /** Several servers may share it, all with the same identity and realm. */
  readonly store: Store
  /** Its public key is the server key. */
  readonly identity: Identity
  /** Earlier identities of this server, for devices that have not heard of the new one. */
  readonly formerIdentities?: readonly Identity[]
  /** As `lamp.example`: stays the same wherever the server moves. */
  readonly realm: string
  /** Path of everything but signed calls; `/.stringphone/login` unless set. */
  readonly base?: string
  /** Hosts (with their ports) that this server is reached by; without them any is taken. */
  readonly authorities?: readonly string[]
  /**
   * Pages that log in and call from a browser, and are not from this server: origins as `http://page.example:8080`, or
   * `*` for any; none unless set. With `*` every page that somebody here opens can ask who this server is, and try
   * passwords from here.
   */
  readonly origins?: readonly string[]
  /**
   * Where lanes and begun logins are: `memory`, the default, is fast, and each process has its own; `store`
   * is for several processes behind one address, and costs a commit for each call.
   */
  readonly lanes?: "memory" | "store"
  readonly limits?: LoginServerLimits
  /** What one guess of a password costs. */
  readonly price?: Price
  /** Less than the least of the specification: for tests. */
  readonly minimumPrice?: Price
  /** For logs; it has no secrets. What it throws is thrown where nobody catches it. */
  readonly onEvent?: (event: LoginServerEvent) => void
  /** Milliseconds since 1970; `Date.now` unless set. */
  readonly wallClock?: () => number
  readonly randomBytes?: RandomBytes
}

export interface LoginServerLimits {
  /** How long a generation's calls are taken; 1 h unless set. */
  readonly accessSeconds?: number
  /** How long a session lives that nobody refreshes; 90 days unless set. */
  readonly refreshSeconds?: number
  /** Of one user that live at once; 100 unless set. With one more, that used least recently ends. */
  readonly sessions?: number
  /** Lanes in memory, of all sessions together; 200,000 unless set. One user has at most a quarter of them. */
  readonly lanes?: number
  /** For bodies of more than 64 KiB, all that are being read at once; 256 MiB unless set. */
  readonly bodyBytes?: number
}

/** How a request came. */
export interface RequestInfo {
  /** Of the sender, IPv4 or IPv6, as the connection has it: limits of logins count by it. */
  readonly address?: string | undefined
  /** Path and query exactly as on the wire: a `Request` normalises them. */
  readonly target?: string | undefined
  /** The field `host`; that of the URL unless set. */
  readonly authority?: string | undefined
}

export type Handler = (request: Request) => Response | Promise<Response>
export type InformedHandler = (request: Request, info?: RequestInfo) => Promise<Response>

/** Who calls, as it is proven: no header says it. */
export interface Caller {
  readonly login: string
  /** ID of the session, in base64url. */
  readonly session: string
  /** Its name for people. */
  readonly device: string
  /** What it may now. */
  readonly scopes: readonly string[]
  readonly mode: CallMode
}

export type CallMode = "signed" | "sealed"

export type LoginServerEvent =
  | { readonly kind: "invited"; readonly login: string; readonly scopes: readonly string[] }
  | { readonly kind: "registered"; readonly login: string }
  /** Somebody proved a password. */
  | {
      readonly kind: "logged-in"
      readonly login: string
      readonly session: string
      readonly device: string
    }
  | {
      readonly kind: "login-denied"
      readonly login: string | null
      readonly address: string | null
    }
  | { readonly kind: "slowed-down"; readonly login: string; readonly address: string | null }
  | {
      readonly kind: "refreshed"
      readonly login: string
      readonly session: string
      readonly device: string
    }
  /** Two had one session: it has ended. */
  | {
      readonly kind: "reuse"
      readonly login: string
      readonly session: string
      readonly device: string
    }
  | {
      readonly kind: "revoked"
      readonly login: string
      /** `null`: all, or all others. */
      readonly session: string | null
      readonly device: string | null
      /** It ended for a newer one: the user had as many as there may be. */
      readonly isDisplaced?: true
    }
  | { readonly kind: "password-changed"; readonly login: string }
  | { readonly kind: "user-removed"; readonly login: string }
  /** A call was not acted on. `reason` is the name of the error. */
  | { readonly kind: "call-refused"; readonly session: string; readonly reason: string }
  /** A part of the work could not be done: the store failed, or a handler. */
  | { readonly kind: "trouble"; readonly error: unknown }

export interface LoginUser {
  readonly login: string
  readonly scopes: readonly string[]
  readonly createdAt: Date
}

export interface LoginDevice {
  /** ID of the session, in base64url. */
  readonly session: string
  readonly login: string
  readonly device: string
  readonly scopes: readonly string[]
  readonly createdAt: Date
  /** To about ten minutes; `null`: it never called. */
  readonly seenAt: Date | null
}

export interface InviteOptions {
  /** Missing: the user chooses. */
  readonly login?: string
  /** What the user may from the registration on. */
  readonly scopes: readonly string[]
  /** Where this server is. */
  readonly url: string
  /** 7 unless set. */
  readonly days?: number
}

export interface LoginInvitation {
  /** Secret: whoever has it can register. */
  readonly text: string
  /** It ends then. */
  readonly expiresAt: Date
}

export interface ProtectOptions {
  /** All of them are needed. */
  readonly scopes?: readonly string[]
  /** Both unless set. */
  readonly modes?: readonly CallMode[]
}
