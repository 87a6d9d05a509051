// People with opened mailboxes, each with a store and a hub of its own, and what is carried between them.
import { utf8 } from "../../src/bytes/index.js"
import { hash } from "../../src/crypto/index.js"
import { type ContactBook, Identity } from "../../src/identity/index.js"
import { checkEnvelope } from "../../src/mailbox/index.js"
import {
  type MailboxEvent,
  type MailboxSession,
  openMailbox,
} from "../../src/session/mailbox/index.js"
import { createMemoryEnvelopeStore } from "../../src/store/envelopes/memory.js"
import type { EnvelopeStore } from "../../src/store/envelopes/port.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { Store } from "../../src/store/index.js"

export const dayMs = 86_400_000

export class Person {
  readonly identity: Identity
  readonly store: Store = createMemoryStore()
  readonly events: MailboxEvent[] = []
  hub: EnvelopeStore = createMemoryEnvelopeStore()
  book: ContactBook = []
  now = 20_000 * dayMs + 1_000

  constructor(name: string) {
    this.identity = new Identity(hash(utf8(name)))
  }

  get today(): number {
    return Math.floor(this.now / dayMs)
  }

  open(store: Store = this.store): Promise<MailboxSession> {
    return openMailbox({
      store,
      identity: this.identity,
      envelopes: this.hub,
      wallClock: () => this.now,
      contacts: {
        contacts: async () => this.book,
        updateContacts: async (change) => (this.book = change(this.book)),
      },
      onEvent: (event) => void this.events.push(event),
    })
  }

  /** As from a stick. */
  async put(...all: readonly Uint8Array[]): Promise<void> {
    await this.hub.add(
      all.map((bytes) => {
        const { id, day } = checkEnvelope(bytes)!
        return { id, day, bytes, stamp: new Uint8Array(8), stampBits: 0, link: "stick" }
      }),
    )
  }
}

/** Everything that one hub has, to the other. */
export async function carry(from: Person, to: Person): Promise<void> {
  const all = await from.hub.since(0, 10_000)
  await to.put(...all.map(({ bytes }) => bytes))
}

/** The same store; the first time that this is committed, something else is done before it. */
export function meddled(
  store: Store,
  meddle: { readonly before: string; readonly by: () => Promise<unknown> },
): Store {
  let isDone = false
  return {
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    close: () => store.close(),
    commit: async (commit) => {
      const isIt = commit.writes.some(({ key }) => key.startsWith(meddle.before))
      if (isIt && !isDone) {
        isDone = true
        await meddle.by()
      }
      return store.commit(commit)
    },
  }
}
