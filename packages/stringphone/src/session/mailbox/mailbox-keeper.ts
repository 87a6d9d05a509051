import { sameBytes, UsageError } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import type { ContactBook } from "../../identity/index.js"
import { dayOf, Mailbox } from "../../mailbox/index.js"
import { isolated } from "../isolated.js"
import { againWrite, type Check, type MailboxShelf, type Write } from "./mailbox-shelf.js"
import type { MailboxEvent, OpenMailboxOptions } from "./mailbox-types.js"
import { MailboxView } from "./mailbox-view.js"

/** What a change of the mailbox makes besides: it is saved together with it. */
export interface Change<T> {
  readonly result: T
  readonly writes?: readonly Write[]
  /** What has to be as it was read; otherwise the change is made anew. */
  readonly checks?: readonly Check[]
  /** Told once it is saved. */
  readonly events?: readonly MailboxEvent[]
}

interface Loaded {
  readonly mailbox: Mailbox
  /** `null`: it was never saved. */
  readonly version: string | null
  /** As it was saved. */
  readonly state: Uint8Array
}

/** Holds the mailbox's state: all changes are made on the newest one, and saved before they count. */
export class MailboxKeeper {
  readonly #options: OpenMailboxOptions
  readonly #shelf: MailboxShelf
  #cached: Loaded | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: OpenMailboxOptions, shelf: MailboxShelf) {
    this.#options = options
    this.#shelf = shelf
  }

  /** To look at: what changes it goes through `change`. */
  async mailbox(): Promise<Mailbox> {
    return (await this.#load()).mailbox
  }

  /** Runs on the newest state, and again when another program was faster. One at a time. */
  change<T>(
    make: (mailbox: Mailbox, today: number, book: ContactBook) => Change<T> | Promise<Change<T>>,
  ): Promise<T> {
    const run = this.#queue.then(async () => {
      for (;;) {
        if (this.#isClosed) throw new UsageError("closed", "This mailbox was closed.")
        const book = await this.#contacts()
        const loaded = await this.#load()
        // It changes in place: whatever fails from here on, the saved state is the one that counts.
        this.#cached = null
        loaded.mailbox.move(this.today())
        const change = await make(loaded.mailbox, this.today(), book)
        if (!(await this.#save(loaded, change))) continue
        for (const event of change.events ?? []) this.tell(event)
        return change.result
      }
    })
    this.#queue = run.catch(() => undefined)
    return run
  }

  async view(): Promise<MailboxView> {
    const { pairs } = await this.mailbox()
    return new MailboxView(this.#options.identity.publicKey, await this.#contacts(), pairs)
  }

  tell(event: MailboxEvent): void {
    const { onEvent } = this.#options
    if (onEvent) void isolated(() => onEvent(event))
  }

  now(): number {
    return (this.#options.wallClock ?? Date.now)()
  }

  today(): number {
    return dayOf(this.now())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#queue.catch(() => undefined)
    this.#cached = null
  }

  /** @returns `false`: another program was faster, and nothing was saved */
  async #save(
    { mailbox, version, state: before }: Loaded,
    { writes = [], checks = [] }: Change<unknown>,
  ): Promise<boolean> {
    const all = mailbox.hasNewTags ? [...writes, againWrite()] : writes
    mailbox.hasNewTags = false
    const state = mailbox.save()
    // Most looks find nothing, and change nothing.
    if (version !== null && sameBytes(state, before)) {
      if (!(await this.#shelf.put(all, checks))) return false
      this.#cached = { mailbox, version, state }
      return true
    }
    if (!(await this.#shelf.commit(version, state, { writes: all, checks }))) return false
    const saved = await this.#shelf.state()
    // Another program may have been faster by now: then this is not the state behind the version.
    const isOurs = saved !== null && sameBytes(saved.value, state)
    if (isOurs) this.#cached = { mailbox, version: saved.version, state }
    return true
  }

  async #load(): Promise<Loaded> {
    const entry = await this.#shelf.state()
    const { identity } = this.#options
    if (!entry) {
      const mailbox = new Mailbox(identity, this.today(), randomBytes)
      return { mailbox, version: null, state: new Uint8Array(0) }
    }
    if (this.#cached?.version === entry.version) return this.#cached
    const { value: state, version } = entry
    return { mailbox: Mailbox.restore(state, identity, randomBytes), version, state }
  }

  async #contacts(): Promise<ContactBook> {
    return (await this.#options.contacts?.contacts()) ?? []
  }
}
