import { fromUtf8, utf8 } from "stringphone/bytes"
import { type Store, update } from "stringphone/store"

const entry = "own name"
const kinds: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/iphone/i, "iPhone"],
  [/ipad/i, "iPad"],
  [/android/i, "Android phone"],
  [/mac/i, "Mac"],
  [/windows/i, "Windows PC"],
  [/cros/i, "Chromebook"],
  [/linux/i, "Linux PC"],
]

/** What others are told this phone is called, unless its owner says otherwise. */
export function guessName(userAgent: string): string {
  return kinds.find(([pattern]) => pattern.test(userAgent))?.[1] ?? "phone"
}

export async function loadOwnName(store: Store): Promise<string> {
  const saved = await store.get(entry)
  return (saved && fromUtf8(saved.value)) || guessName(navigator.userAgent)
}

export async function saveOwnName(store: Store, name: string): Promise<void> {
  await update(store, entry, () => utf8(name))
}
