import type { RandomBytes } from "../bytes/index.js"
import { exchangePublicKey } from "../crypto/index.js"
import { longestLifeDays } from "./day.js"

/** Serves who has the public address. [MAILBOX-3-1] */
export interface Prekey {
  /** 32 bytes, X25519. */
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  readonly lastDay: number
}

/** Serves one person. */
export interface Invited {
  /** 16 bytes. */
  readonly secret: Uint8Array
  readonly prekeySecret: Uint8Array
  readonly prekey: Uint8Array
  readonly lastDay: number
  /** Who has used it. */
  readonly usedBy: Uint8Array | null
}

export function newPrekey(lastDay: number, random: RandomBytes): Prekey {
  const secret = random(32)
  return { secret, publicKey: exchangePublicKey(secret), lastDay }
}

export function newInvited(lastDay: number, random: RandomBytes): Invited {
  const prekeySecret = random(32)
  const prekey = exchangePublicKey(prekeySecret)
  return { secret: random(16), prekeySecret, prekey, lastDay, usedBy: null }
}

/** Mail that was written on its last day has come, or never will. */
export function isOver({ lastDay }: { readonly lastDay: number }, today: number): boolean {
  return today > lastDay + longestLifeDays
}
