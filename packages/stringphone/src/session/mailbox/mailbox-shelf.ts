import { decodeJson, encodeJson } from "../../bytes/index.js"
import type { Entry, Store } from "../../store/index.js"

/** A letter as it is kept; who its people are is looked up when it is shown. */
export interface KeptLetter {
  readonly id: string
  readonly messageId: Uint8Array
  readonly direction: "in" | "out"
  readonly senderKey: Uint8Array | null
  readonly receiverKeys: readonly Uint8Array[]
  readonly authorship: "signed" | "deniable" | "anonymous"
  readonly text: string
  readonly files: readonly { readonly name: string; readonly size: number }[]
  readonly writtenAt: number
  readonly receivedAt: number
  readonly expiresAt: number
  readonly replyTo: Uint8Array | null
  readonly wantsReceipt: boolean
  readonly isRead: boolean
  readonly confirmedBy: readonly Uint8Array[]
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

export interface Write {
  readonly key: string
  readonly value: Uint8Array | null
}

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

  async letters(): Promise<readonly KeptLetter[]> {
    const entries = await this.#store.list(letterFolder)
    return entries
      .map(({ value }) => decodeJson(value) as KeptLetter)
      .sort((a, b) => b.receivedAt - a.receivedAt)
  }

  async letter(id: string): Promise<KeptLetter | null> {
    const entry = await this.#store.get(letterFolder + id)
    return entry && (decodeJson(entry.value) as KeptLetter)
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

  async put(writes: readonly Write[]): Promise<void> {
    if (writes.length > 0) await this.#store.commit({ writes })
  }

  /** @returns `false`: another program has saved this mailbox since it was read */
  commit(version: string | null, state: Uint8Array, writes: readonly Write[]): Promise<boolean> {
    return this.#store.commit({
      checks: [{ key: stateKey, version }],
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

function fileKey(id: string, index: number): string {
  return `mail/file/${id}/${index}`
}
