import { Database, answer } from "../indexeddb-database.js"
import { assertDay, assertIds, ownEnvelopes } from "./own-envelopes.js"
import type {
  EnvelopeEntry,
  EnvelopeStore,
  EnvelopeUsage,
  NewEnvelope,
  StoredEnvelope,
} from "./port.js"

export interface IndexedDbEnvelopeStoreOptions {
  /** Name of the database; every page of the same origin that uses it shares the envelopes. */
  readonly name: string
}

/**
 * An envelope store in an IndexedDB database (browsers). Any number of tabs and workers may use it at
 * once. What has expired is deleted as one range of keys.
 *
 * @throws {ChannelError} `store-failed` when the browser has no database for us (private window,
 * blocked by a setting), `store-corrupt` when the database belongs to something else, `store-newer`
 * when a newer version of this page made it, `store-locked` when an older one keeps it open.
 * @example
 * const store = await openIndexedDbEnvelopeStore({ name: "stringphone-mail" })
 */
export async function openIndexedDbEnvelopeStore({
  name,
}: IndexedDbEnvelopeStoreOptions): Promise<EnvelopeStore> {
  const store = new IndexedDbEnvelopeStore(name)
  // Tells of a database that can not be used now, not in the middle of the work.
  await store.has([])
  return store
}

const VERSION = 1
/** Of type {@link Head}, by day, then ID. */
const HEADS = "heads"
const BY_ID = "id"
const BY_NUMBER = "number"
/** The bytes, under the same keys: listing what is there does not read them. */
const BODIES = "bodies"
/** Under {@link LAST}: the last number given. It only rises. */
const NUMBERS = "numbers"
const LAST = "last"
/** A browser counts no further. */
const MOST = 0xffff_ffff

/** All but the bytes, with their size. */
interface Head extends EnvelopeEntry {
  readonly stamp: Uint8Array
}

class IndexedDbEnvelopeStore implements EnvelopeStore {
  readonly #database: Database

  constructor(name: string) {
    this.#database = new Database(name, VERSION, [HEADS, BODIES, NUMBERS], makeStores)
  }

  async add(envelopes: readonly NewEnvelope[]): Promise<readonly boolean[]> {
    const own = ownEnvelopes(envelopes)
    return this.#database.transact("readwrite", async (transaction) => {
      const heads = transaction.objectStore(HEADS)
      const numbers = transaction.objectStore(NUMBERS)
      let last = await lastNumber(transaction)
      const isNew: boolean[] = []
      for (const { id, day, stamp, stampBits, link, bytes } of own) {
        const found = await findHead(transaction, id)
        isNew.push(found === null)
        if (found === null) {
          const size = bytes.length
          const head: Head = { id, day, stamp, stampBits, link, size, number: ++last }
          heads.put(head)
          transaction.objectStore(BODIES).put(bytes, keyOf(head))
        } else if (stampBits > found.stampBits) {
          heads.put({ ...found, stamp, stampBits } satisfies Head)
        }
      }
      // What fails here aborts the transaction, and that is reported.
      numbers.put(last, LAST)
      return isNew
    })
  }

  async get(ids: readonly Uint8Array[]): Promise<readonly (StoredEnvelope | null)[]> {
    assertIds(ids)
    const own = ids.map((id) => new Uint8Array(id))
    return this.#database.transact("readonly", (transaction) =>
      Promise.all(
        own.map(async (id) => {
          const head = await findHead(transaction, id)
          return head === null ? null : whole(transaction, head)
        }),
      ),
    )
  }

  async has(ids: readonly Uint8Array[]): Promise<readonly boolean[]> {
    assertIds(ids)
    const own = ids.map((id) => new Uint8Array(id))
    return this.#database.transact("readonly", (transaction) => {
      const byId = transaction.objectStore(HEADS).index(BY_ID)
      return Promise.all(own.map(async (id) => (await answer<number>(byId.count(id))) > 0))
    })
  }

  async index(): Promise<readonly EnvelopeEntry[]> {
    const heads = await this.#heads()
    return heads.map(({ id, day, stampBits, link, size, number }) => {
      return { id, day, stampBits, link, size, number }
    })
  }

  async since(number: number, limit: number): Promise<readonly StoredEnvelope[]> {
    return this.#database.transact("readonly", async (transaction) => {
      // To a browser, 0 means all.
      if (limit < 1) return []
      const byNumber = transaction.objectStore(HEADS).index(BY_NUMBER)
      const range = IDBKeyRange.lowerBound(number, true)
      const heads = await answer<Head[]>(byNumber.getAll(range, Math.min(limit, MOST)))
      return Promise.all(heads.map((head) => whole(transaction, head)))
    })
  }

  async drop(ids: readonly Uint8Array[]): Promise<number> {
    assertIds(ids)
    const own = ids.map((id) => new Uint8Array(id))
    return this.#database.transact("readwrite", async (transaction) => {
      let count = 0
      for (const id of own) {
        const head = await findHead(transaction, id)
        if (head === null) continue
        count++
        for (const name of [HEADS, BODIES]) transaction.objectStore(name).delete(keyOf(head))
      }
      return count
    })
  }

  async expire(beforeDay: number): Promise<number> {
    assertDay(beforeDay)
    return this.#database.transact("readwrite", async (transaction) => {
      const range = IDBKeyRange.upperBound([beforeDay], true)
      const count = await answer<number>(transaction.objectStore(HEADS).count(range))
      for (const name of [HEADS, BODIES]) transaction.objectStore(name).delete(range)
      return count
    })
  }

  async usage(): Promise<EnvelopeUsage> {
    return this.#database.transact("readonly", async (transaction) => {
      const heads = await answer<Head[]>(transaction.objectStore(HEADS).getAll())
      const links = new Map<string, { count: number; bytes: number }>()
      for (const { link, size } of heads) {
        const { count, bytes } = links.get(link) ?? { count: 0, bytes: 0 }
        links.set(link, { count: count + 1, bytes: bytes + size })
      }
      return {
        count: heads.length,
        bytes: heads.reduce((sum, { size }) => sum + size, 0),
        links,
        lastNumber: await lastNumber(transaction),
      }
    })
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  #heads(): Promise<readonly Head[]> {
    return this.#database.transact("readonly", (transaction) =>
      answer<Head[]>(transaction.objectStore(HEADS).getAll()),
    )
  }
}

function makeStores(database: IDBDatabase): void {
  const heads = database.createObjectStore(HEADS, { keyPath: ["day", "id"] })
  heads.createIndex(BY_ID, "id", { unique: true })
  heads.createIndex(BY_NUMBER, "number", { unique: true })
  database.createObjectStore(BODIES)
  database.createObjectStore(NUMBERS)
}

function keyOf({ day, id }: Head): IDBValidKey {
  return [day, new Uint8Array(id)]
}

async function findHead(transaction: IDBTransaction, id: Uint8Array): Promise<Head | null> {
  const byId = transaction.objectStore(HEADS).index(BY_ID)
  return (await answer<Head | undefined>(byId.get(new Uint8Array(id)))) ?? null
}

async function whole(transaction: IDBTransaction, head: Head): Promise<StoredEnvelope> {
  const bodies = transaction.objectStore(BODIES)
  const bytes = await answer<Uint8Array>(bodies.get(keyOf(head)))
  const { id, day, stamp, stampBits, link, number } = head
  return { id, day, stamp, stampBits, link, number, bytes }
}

async function lastNumber(transaction: IDBTransaction): Promise<number> {
  return (await answer<number | undefined>(transaction.objectStore(NUMBERS).get(LAST))) ?? 0
}
