import { openIndexedDbStore } from "../store/indexeddb.js"
import { type KeyRing, openOwnKeyRing, type OpenKeyRingOptions } from "./key-ring.js"

/** Opens (or makes) the key ring of this page's origin in IndexedDB. */
export async function openBrowserKeyRing(
  options: Pick<OpenKeyRingOptions, "passphrase"> = {},
): Promise<KeyRing> {
  return openOwnKeyRing({
    ...options,
    store: await openIndexedDbStore({ name: "stringphone key ring" }),
  })
}
