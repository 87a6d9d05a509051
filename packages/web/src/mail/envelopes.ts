import { concat } from "stringphone/bytes"
import { checkEnvelope } from "stringphone/mailbox"
import { openHub } from "stringphone/session/mailbox/hub"
import type { AcceptResult, MailHub } from "stringphone/session/mailbox/hub"
import { openIndexedDbEnvelopeStore } from "stringphone/store/envelopes/indexeddb"

export type EnvelopeStore = Awaited<ReturnType<typeof openIndexedDbEnvelopeStore>>

const database = "stringphone mail"
/** Of mail of others; browsers give a page at least as much. */
const maxBytes = 256 * 1_048_576

/** What this browser carries, own mail and that of others. @throws {ChannelError} as the store */
export function openEnvelopes(): Promise<EnvelopeStore> {
  return openIndexedDbEnvelopeStore({ name: database })
}

/** Deletes all of it; no tab may have it open. */
export function forgetEnvelopes(): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(database)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error ?? new Error(`${database} was not deleted`))
  })
}

/** What a stick hands over at once. */
export interface CarriedParcel {
  readonly stamp: Uint8Array
  readonly bytes: Uint8Array
}

/** Lends the store to a hub, which knows what to take in and what to drop. */
export async function withHub<T>(
  store: EnvelopeStore,
  use: (hub: MailHub) => Promise<T>,
): Promise<T> {
  const hub = await openHub({ store: lent(store), check: checkEnvelope, limits: { maxBytes } })
  try {
    return await use(hub)
  } finally {
    await hub.close()
  }
}

/** @param link by which name the hub charges for the room */
export async function acceptInto(
  hub: MailHub,
  parcels: readonly CarriedParcel[],
  link: string,
): Promise<readonly ("new" | "known" | "refused")[]> {
  const results = await hub.accept(
    parcels.map(({ bytes, stamp }) => concat(stamp, bytes)),
    link,
  )
  return results.map(({ kind }: AcceptResult) => (kind === "stored" ? "new" : kind))
}

/** A hub closes its store with itself; the mailbox goes on with it. */
function lent(store: EnvelopeStore): EnvelopeStore {
  return {
    add: (envelopes) => store.add(envelopes),
    get: (ids) => store.get(ids),
    has: (ids) => store.has(ids),
    index: () => store.index(),
    since: (number, limit) => store.since(number, limit),
    drop: (ids) => store.drop(ids),
    expire: (beforeDay) => store.expire(beforeDay),
    usage: () => store.usage(),
    close: async () => undefined,
  }
}
