import { fromUtf8, utf8 } from "stringphone/bytes"
import { type Store, update } from "stringphone/store"
import { nextSequence } from "./command.ts"

/** Takes the next command number; two tabs never take the same, and it is stored before it is used. */
export async function takeSequence(store: Store, nowMs: number): Promise<number> {
  const value = await update(store, "last command", (current) => {
    const last = Number(fromUtf8(current ?? utf8("0")))
    return utf8(String(nextSequence(Number.isSafeInteger(last) ? last : 0, nowMs)))
  })
  return Number(fromUtf8(value))
}
