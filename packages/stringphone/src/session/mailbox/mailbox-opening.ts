import { PeerError } from "../../bytes/index.js"
import type { ContactBook } from "../../identity/index.js"
import type { Mailbox, Opened } from "../../mailbox/index.js"
import type { StoredEnvelope } from "../../store/envelopes/port.js"
import { confirmed, isConfirmedBy, keptOfOpened, letterId } from "./kept-letter.js"
import type { Change } from "./mailbox-keeper.js"
import {
  type Check,
  letterKey,
  letterWrites,
  type MailboxShelf,
  type ReadLetter,
  type Write,
} from "./mailbox-shelf.js"
import type { MailboxEvent } from "./mailbox-types.js"
import { MailboxView } from "./mailbox-view.js"

export interface OpeningOptions {
  readonly shelf: MailboxShelf
  readonly ownKey: Uint8Array
  readonly book: ContactBook
  readonly today: number
  readonly now: number
  /** Looked at before: only what has become ours since is opened. */
  readonly isAgain: boolean
}

/** Opens what is ours of some envelopes. @returns how many letters there were, and what to save of them */
export async function openAll(
  mailbox: Mailbox,
  envelopes: readonly StoredEnvelope[],
  options: OpeningOptions,
): Promise<Change<number>> {
  const opening = new Opening(mailbox, options)
  for (const envelope of envelopes) await opening.add(envelope)
  return opening.change
}

class Opening {
  readonly #mailbox: Mailbox
  readonly #options: OpeningOptions
  /** By key: several letters may say something about the same one. */
  readonly #writes = new Map<string, Write>()
  readonly #checks = new Map<string, Check>()
  readonly #events: MailboxEvent[] = []
  #letters = 0
  /** All that were kept before, with what came of them since; read when it is asked for. */
  #kept: ReadLetter[] | null = null

  constructor(mailbox: Mailbox, options: OpeningOptions) {
    this.#mailbox = mailbox
    this.#options = options
  }

  get change(): Change<number> {
    return {
      result: this.#letters,
      writes: [...this.#writes.values()],
      checks: [...this.#checks.values()],
      events: this.#events,
    }
  }

  async add({ bytes, day }: StoredEnvelope): Promise<void> {
    const { isAgain, today } = this.#options
    if (isAgain && !this.#mailbox.isOurs(bytes)) return
    try {
      const opened = this.#mailbox.open(bytes, today)
      if (!opened) return
      this.#tellPair(opened)
      if (opened.kind === "receipt") await this.#addReceipt(opened)
      else await this.#addLetter(opened, day)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      // Told when it was first looked at.
      if (!isAgain) this.#events.push({ kind: "rejected", error })
    }
  }

  #tellPair({ isFirst, senderKey }: Opened): void {
    const pair = isFirst && senderKey ? this.#mailbox.pairWith(senderKey) : null
    if (pair) this.#events.push({ kind: "pair", pair: this.#view.pair(pair) })
  }

  async #addLetter(opened: Opened, day: number): Promise<void> {
    const kept = keptOfOpened(await this.#idOf(opened), opened, day, this.#options.now)
    const files = opened.files.map((file) => file.bytes)
    this.#write(letterWrites(kept, files))
    this.#events.push({ kind: "letter", letter: this.#view.letter(kept) })
    this.#letters++
  }

  async #addReceipt(opened: Opened): Promise<void> {
    const { senderKey } = opened
    this.#kept ??= [...(await this.#options.shelf.letters())]
    const at = this.#kept.findIndex(({ letter }) => isConfirmedBy(letter, opened))
    const found = this.#kept[at]
    const letter = found && senderKey && confirmed(found.letter, senderKey)
    if (!letter) return
    // Whoever deletes it meanwhile has deleted it, and whoever changes it has changed it.
    this.#checks.set(found.check.key, found.check)
    this.#kept[at] = { letter, check: found.check }
    this.#write(letterWrites(letter))
    this.#events.push({
      kind: "receipt",
      id: letter.id,
      from: this.#view.correspondent(senderKey),
    })
  }

  /** The same for all who have the letter; another one where somebody used a message ID twice. */
  async #idOf({ senderKey, messageId, digest }: Opened): Promise<string> {
    const id = letterId(senderKey, messageId)
    const { shelf } = this.#options
    const isTaken = this.#writes.has(letterKey(id)) || (await shelf.letter(id)) !== null
    return isTaken || !senderKey ? letterId(senderKey, messageId, digest) : id
  }

  #write(writes: readonly Write[]): void {
    for (const write of writes) this.#writes.set(write.key, write)
  }

  get #view(): MailboxView {
    const { ownKey, book } = this.#options
    return new MailboxView(ownKey, book, this.#mailbox.pairs)
  }
}
