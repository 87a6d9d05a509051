import { sameBytes } from "../bytes/index.js"
import { exchangePublicKey, randomBytes } from "../crypto/index.js"
import { lateMs } from "./receiving-keys.js"
import type { RekeyKeyPair } from "./slot.js"

/** A rekey key that was just made; its serial is the clock, milliseconds since 1970. */
export function newRekeyKey(serial: number): RekeyKeyPair {
  const secretKey = randomBytes(32)
  return { serial, secretKey, publicKey: exchangePublicKey(secretKey), usedMs: null }
}

/**
 * Our rekey keys after one of them opened an epoch secret: older ones that never will go, and there is
 * always an unused one at the end. [TOPIC-4-1]
 */
export function afterUse(
  keys: readonly RekeyKeyPair[],
  used: RekeyKeyPair,
  nowMs: number,
): readonly RekeyKeyPair[] {
  const marked = keys
    .filter(({ serial, usedMs }) => serial >= used.serial || usedMs !== null)
    .map((key) => (key.serial === used.serial ? { ...key, usedMs: key.usedMs ?? nowMs } : key))
  const newest = marked.at(-1) ?? used
  if (newest.usedMs === null) return marked
  return [...marked, newRekeyKey(Math.max(nowMs, newest.serial + 1))]
}

/** Our own that may still be sealed to. */
const maxRekeyKeys = 8

/** One more, as the newest; the oldest goes, but not the one that the roster has. */
export function withAnother(
  keys: readonly RekeyKeyPair[],
  another: RekeyKeyPair,
  inRoster: Uint8Array | undefined,
): readonly RekeyKeyPair[] {
  const all = [...keys, another]
  const isKept = ({ publicKey }: RekeyKeyPair): boolean =>
    inRoster !== undefined && sameBytes(publicKey, inRoster)
  const surplus = all.length - maxRekeyKeys
  const going = all.filter((key) => !isKept(key)).slice(0, Math.max(0, surplus))
  return all.filter((key) => !going.includes(key))
}

/** A used one waits for rekeys that are under way, and goes. */
export function forgetUsed(keys: readonly RekeyKeyPair[], nowMs: number): readonly RekeyKeyPair[] {
  return keys.filter(({ usedMs }) => usedMs === null || nowMs - usedMs < lateMs)
}
