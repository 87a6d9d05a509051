import type { TransportStatus } from "stringphone/transport"

/** Where the page is between opening it and being on the channel. */
export type Stage =
  | { readonly at: "starting"; readonly what: string }
  | { readonly at: "sealed"; readonly error: string | null; readonly open: (text: string) => void }
  | { readonly at: "opening" }
  | { readonly at: "login"; readonly error: string }
  | { readonly at: "broken"; readonly error: string }
  /** Another tab of this browser receives now. */
  | { readonly at: "elsewhere" }
  | { readonly at: "ready" }

export interface Channel {
  readonly status: TransportStatus
  readonly sinceMs: number
  readonly error: string | null
  /** The broker wants to know who we are. */
  readonly refused: boolean
}
