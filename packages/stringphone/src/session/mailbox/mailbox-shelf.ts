import { decodeJson, encodeJson } from "../../bytes/index.js"
import type { Commit, Entry, Store } from "../../store/index.js"
import type { KeptLetter } from "./kept-letter.js"

/** A letter, and what holds until somebody changes or deletes it. */
export interface ReadLetter {
  readonly letter: KeptLetter
  readonly check: Check
}

/** A receipt that goes out later. */
export interface DueReceipt {
  readonly dueAt: number
  readonly to: Uint8Array
  readonly messageId: Uint8Array
}

export interface Looked {
  readonly number: number
  readonly id: Uint8Array
}

export type Write = Commit["writes"][number]
export type Check = NonNullable<Commit["checks"]>[number]

const letterFolder = "mail/letter/"
const outboxFolder = "mail/outbox/"
const dueFolder = "mail/due/"
export const stateKey = "mail/state"
const lookedKey = "mail/looked"
const againKey = "mail/again"

/** Where a mailbox keeps things in its store: the names, and what is behind them. */
export class MailboxShelf {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  state(): Promise<Entry | null> {
    return this.#store.get(stateKey)
  }

  /** Newest first. */
  async letters(): Promise<readonly ReadLetter[]> {
    const entries = await this.#store.list(letterFolder)
    return entries.map(readLetter).sort((a, b) => b.letter.receivedAt - a.letter.receivedAt)
  }

  async letter(id: string): Promise<ReadLetter | null> {
    const entry = await this.#store.get(letterFolder + id)
    return entry && readLetter(entry)
  }

  async file(id: string, index: number): Promise<Uint8Array | null> {
    return (await this.#store.get(fileKey(id, index)))?.value ?? null
  }

  /** The last envelope that was looked at: its number, and its ID, as another hub counts from 1 again. */
  async looked(): Promise<Looked> {
    const entry = await this.#store.get(lookedKey)
    return entry ? (decodeJson(entry.value) as Looked) : { number: 0, id: new Uint8Array(0) }
  }

  /** What was looked at before has to be looked at again. */
  again(): Promise<Entry | null> {
    return this.#store.get(againKey)
  }

  /** It was, unless more has become known since. */
  async doneAgain({ key, version }: Entry): Promise<void> {
    await this.#store.commit({ checks: [{ key, version }], writes: [{ key, value: null }] })
  }

  outbox(): Promise<readonly Entry[]> {
    return this.#store.list(outboxFolder)
  }

  async due(): Promise<readonly (DueReceipt & { readonly key: string })[]> {
    const entries = await this.#store.list(dueFolder)
    return entries.map(({ key, value }) => ({ ...(decodeJson(value) as DueReceipt), key }))
  }

  async remove(keys: readonly string[]): Promise<void> {
    if (keys.length > 0)
      await this.#store.commit({ writes: keys.map((key) => ({ key, value: null })) })
  }

  /** @returns `false`: another program has changed since what was to be as it was */
  async put(writes: readonly Write[], checks: readonly Check[] = []): Promise<boolean> {
    return writes.length === 0 || this.#store.commit({ checks, writes })
  }

  /** @returns `false`: another program has saved this mailbox, or what was to be as it was, since */
  commit(
    version: string | null,
    state: Uint8Array,
    { writes, checks }: { readonly writes: readonly Write[]; readonly checks: readonly Check[] },
  ): Promise<boolean> {
    return this.#store.commit({
      checks: [{ key: stateKey, version }, ...checks],
      writes: [{ key: stateKey, value: state }, ...writes],
    })
  }
}

export function letterKey(id: string): string {
  return letterFolder + id
}

export function letterWrites(
  letter: KeptLetter,
  files: readonly Uint8Array[] = [],
): readonly Write[] {
  return [
    { key: letterFolder + letter.id, value: encodeJson(letter) },
    ...files.map((value, index) => ({ key: fileKey(letter.id, index), value })),
  ]
}

export function letterRemovals(letter: KeptLetter): readonly Write[] {
  const keys = [
    letterFolder + letter.id,
    ...letter.files.map((_, index) => fileKey(letter.id, index)),
  ]
  return keys.map((key) => ({ key, value: null }))
}

export function outboxWrite(id: string, envelope: Uint8Array): Write {
  return { key: outboxFolder + id, value: envelope }
}

export function dueWrite(id: string, due: DueReceipt): Write {
  return { key: dueFolder + id, value: encodeJson(due) }
}

export function lookedWrite({ number, id }: Looked): Write {
  return { key: lookedKey, value: encodeJson({ number, id }) }
}

export function againWrite(): Write {
  return { key: againKey, value: new Uint8Array(0) }
}

function readLetter({ key, value, version }: Entry): ReadLetter {
  return { letter: decodeJson(value) as KeptLetter, check: { key, version } }
}

function fileKey(id: string, index: number): string {
  return `mail/file/${id}/${index}`
}
