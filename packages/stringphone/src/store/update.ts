import type { Store } from "./port.js"

/**
 * Reads one value, computes the next from it, writes it, and starts over when somebody else wrote
 * in between. `next` may run several times and returns `null` to delete.
 *
 * @returns what was written.
 */
export async function update<T extends Uint8Array | null>(
  store: Store,
  key: string,
  next: (current: Uint8Array | null) => T | Promise<T>,
): Promise<T> {
  for (;;) {
    const entry = await store.get(key)
    const value = await next(entry?.value ?? null)
    const checks = [{ key, version: entry?.version ?? null }]
    if (await store.commit({ checks, writes: [{ key, value }] })) return value
  }
}
