import type { DialIrc } from "./link.js"

/** How a connection comes to its links. */
export interface ConnectionPlan {
  readonly address: string
  /** As in `irc.example.org:6697`. */
  readonly where: string
  readonly dial: DialIrc
  /** Another program introduced itself on this link already; `nick` is what it is called there. */
  readonly isRegistered: boolean
}
