import { ChannelError, hex, PeerError, sameBytes, UsageError } from "../../bytes/index.js"
import { hash, labelled, randomBytes } from "../../crypto/index.js"
import { type ContactBook, secretOfWords, wordsOfSecret } from "../../identity/index.js"
import {
  type Address,
  checkEnvelope,
  dayMs,
  dayOf,
  type Draft,
  endOfDay,
  expiryDay,
  keysOfWords,
  longestLifeDays,
  Mailbox,
  type Opened,
  openWithWords,
  readAddressText,
  sealForWords,
  type Written,
} from "../../mailbox/index.js"
import type { EnvelopeStore, StoredEnvelope } from "../../store/envelopes/port.js"
import {
  againWrite,
  type DueReceipt,
  dueWrite,
  type KeptLetter,
  letterKey,
  letterRemovals,
  letterWrites,
  lookedWrite,
  MailboxShelf,
  outboxWrite,
  type Write,
} from "./mailbox-shelf.js"
import type {
  Invitation,
  Letter,
  LetterToWrite,
  MailboxEvent,
  MailboxSession,
  MailboxStatus,
  OpenMailboxOptions,
  Receiver,
} from "./mailbox-types.js"
import { isolated } from "../isolated.js"
import { MailboxView } from "./mailbox-view.js"

/** An envelope has up to 1 MiB. */
const batchSize = 128
/** Of one look: what is left over is searched the next time. */
const mostRounds = 4
const invitationDays = 28
const noStamp = new Uint8Array(8)
const hourMs = 3_600_000

/**
 * Opens one person's mailbox; an empty store gets a new one. Two programs on one store lose nothing:
 * each saves only what it made from the newest state.
 *
 * @throws {ChannelError} `mailbox-corrupt`, `mailbox-newer`, and those of the stores
 */
export async function openMailbox(options: OpenMailboxOptions): Promise<MailboxSession> {
  const session = new StoredMailbox(options)
  await session.begin()
  return session
}

/** What a change of the mailbox makes besides: it is saved together with it. */
interface Change<T> {
  readonly result: T
  readonly writes?: readonly Write[]
  readonly events?: readonly MailboxEvent[]
}

interface Loaded {
  readonly mailbox: Mailbox
  /** `null`: it was never saved. */
  readonly version: string | null
  /** As it was saved. */
  readonly state: Uint8Array
}

class StoredMailbox implements MailboxSession {
  readonly #options: OpenMailboxOptions
  readonly #shelf: MailboxShelf
  readonly #envelopes: EnvelopeStore
  #cached: Loaded | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: OpenMailboxOptions) {
    this.#options = options
    this.#shelf = new MailboxShelf(options.store)
    this.#envelopes = options.envelopes
  }

  async begin(): Promise<void> {
    const isLeapt = await this.#change((mailbox, today) => ({
      result: mailbox.move(today) === "leapt",
    }))
    if (isLeapt) this.#tell({ kind: "clock", explanation: leapt })
    await this.#post()
  }

  async write(letter: LetterToWrite): Promise<Letter> {
    const draft = draftOf(letter)
    const now = this.#now()
    const kept = await this.#change((mailbox, today) => {
      const written = mailbox.write(draft, today)
      const kept = keptOfOwn(draft, written, this.#options.identity.publicKey, today, now)
      const files = (letter.files ?? []).map(({ bytes }) => bytes)
      return { result: kept, writes: [...letterWrites(kept, files), ...posted(written)] }
    })
    await this.#post()
    return (await this.#view()).letter(kept)
  }

  async look(
    options: {
      readonly signal?: AbortSignal
      readonly onProgress?: (done: number, of: number) => void
    } = {},
  ): Promise<{ readonly letters: number; readonly looked: number }> {
    await this.#change(() => ({ result: null }))
    await this.#sendDue()
    const before = await this.#lookedBefore()
    const first = await this.#lookFrom(before, false, options)
    let { letters } = first
    // Each round finds what the one before made known; what makes nothing known ends it.
    for (let round = 0; round < mostRounds; round++) {
      const again = await this.#shelf.again()
      if (!again || options.signal?.aborted) break
      letters += (await this.#lookFrom(0, true, options)).letters
      if (!options.signal?.aborted) await this.#shelf.doneAgain(again)
    }
    await this.#post()
    return { letters, looked: first.looked }
  }

  async letters(): Promise<readonly Letter[]> {
    const view = await this.#view()
    return (await this.#shelf.letters()).map((kept) => view.letter(kept))
  }

  async letter(id: string): Promise<Letter | null> {
    const kept = await this.#find(id)
    return kept && (await this.#view()).letter(kept)
  }

  async file(id: string, index: number): Promise<Uint8Array | null> {
    const kept = await this.#find(id)
    return kept && this.#shelf.file(kept.id, index)
  }

  async markRead(id: string): Promise<void> {
    const kept = await this.#need(id)
    await this.#shelf.put(letterWrites({ ...kept, isRead: true }))
  }

  async confirm(id: string): Promise<void> {
    const { direction, senderKey, messageId, wantsReceipt, ...kept } = await this.#need(id)
    if (direction === "out" || !senderKey || !wantsReceipt) {
      throw new UsageError("no-receipt-wanted", "This letter does not ask for a receipt.")
    }
    const [byte = 0] = randomBytes(1)
    const dueAt = this.#now() + hourMs + (byte / 256) * 23 * hourMs // [MAILBOX-4-5]
    await this.#shelf.put([dueWrite(kept.id, { dueAt, to: senderKey, messageId })])
  }

  async deleteLetter(id: string): Promise<void> {
    await this.#shelf.put(letterRemovals(await this.#need(id)))
  }

  async invite({
    withWords = false,
    days = invitationDays,
  }: { readonly withWords?: boolean; readonly days?: number } = {}): Promise<Invitation> {
    const invitation = await this.#change<Invitation>((mailbox, today) => {
      const lastDay = today + days
      const text = mailbox.invite(lastDay)
      if (!withWords) return { result: { text, words: null, expiresAt: endOfDay(lastDay) } }
      const secret = randomBytes(16)
      const day = expiryDay(today, longestLifeDays, randomBytes)
      const envelope = sealForWords(text, secret, today, day, randomBytes)
      const words = wordsOfSecret(secret)
      return {
        result: { text, words, expiresAt: endOfDay(Math.min(lastDay, day)) },
        writes: [outboxWrite(hex(randomBytes(8)), envelope)],
      }
    })
    await this.#post()
    return invitation
  }

  publicAddress(): Promise<string> {
    return this.#change((mailbox, today) => ({ result: mailbox.publicAddress(today) }))
  }

  async closePublicAddress(): Promise<void> {
    await this.#change((mailbox) => ({ result: mailbox.closePublicAddress() }))
  }

  async findInvitation(words: readonly string[]): Promise<string | null> {
    const keys = keysOfWords(secretOfWords(words))
    for (let number = 0; ;) {
      const batch = await this.#envelopes.since(number, batchSize)
      for (const { bytes } of batch) {
        const found = openWithWords(bytes, keys)
        if (found) return found
      }
      const last = batch.at(-1)
      if (!last) return null
      number = last.number
    }
  }

  readAddress(text: string): {
    readonly publicKey: Uint8Array
    readonly isInvitation: boolean
    readonly expiresAt: number
  } {
    const { identityKey, secret, lastDay } = readAddressText(text)
    return { publicKey: identityKey, isInvitation: secret !== null, expiresAt: endOfDay(lastDay) }
  }

  async status(): Promise<MailboxStatus> {
    const { mailbox } = await this.#load()
    const letters = await this.#shelf.letters()
    const view = await this.#view()
    const { count, lastNumber } = await this.#envelopes.usage()
    return {
      letters: letters.length,
      unread: letters.filter(({ isRead }) => !isRead).length,
      pairs: mailbox.pairs.map((pair) => view.pair(pair)),
      invitations: mailbox.invitations.filter(({ usedBy }) => !usedBy).length,
      looked: Math.min(await this.#lookedBefore(), lastNumber),
      envelopes: count,
      waiting: (await this.#shelf.outbox()).length,
      clock: mailbox.hasLeapt(this.#today()) ? leapt : null,
    }
  }

  async confirmDate(): Promise<void> {
    await this.#change((mailbox, today) => ({ result: mailbox.confirmDate(today) }))
  }

  async forget(publicKey: Uint8Array): Promise<void> {
    const hadKeys = await this.#change((mailbox) => ({ result: mailbox.forget(publicKey) }))
    if (!hadKeys) throw new UsageError("no-pair", "There are no keys with this contact.")
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#queue.catch(() => undefined)
    this.#cached = null
  }

  /** 0 when the hub is another one than before. */
  async #lookedBefore(): Promise<number> {
    const { number, id } = await this.#shelf.looked()
    if (number === 0) return 0
    const { lastNumber } = await this.#envelopes.usage()
    const [found] = await this.#envelopes.since(number - 1, 1)
    const isOther = found?.number === number && !sameBytes(found.id, id)
    return isOther || lastNumber < number ? 0 : number
  }

  async #lookFrom(
    from: number,
    onlyTags: boolean,
    options: {
      readonly signal?: AbortSignal
      readonly onProgress?: (done: number, of: number) => void
    },
  ): Promise<{ readonly letters: number; readonly looked: number }> {
    let number = from
    let looked = 0
    let letters = 0
    const { lastNumber } = await this.#envelopes.usage()
    while (!options.signal?.aborted) {
      const batch = await this.#envelopes.since(number, batchSize)
      const last = batch.at(-1)
      if (!last) break
      const opened = await this.#change((mailbox, today) =>
        this.#openAll(mailbox, batch, { today, onlyTags, last }),
      )
      letters += opened.letters
      number = last.number
      looked += batch.length
      options.onProgress?.(number - from, Math.max(1, lastNumber - from))
    }
    return { letters, looked }
  }

  async #openAll(
    mailbox: Mailbox,
    batch: readonly StoredEnvelope[],
    how: { readonly today: number; readonly onlyTags: boolean; readonly last: StoredEnvelope },
  ): Promise<Change<{ readonly letters: number }>> {
    // By key: several letters may say something about the same one.
    const writes = new Map<string, Write>()
    const write = (all: readonly Write[]): void => all.forEach((one) => writes.set(one.key, one))
    const confirmed = new Map<string, KeptLetter>()
    if (!how.onlyTags) write([lookedWrite(how.last)])
    const events: MailboxEvent[] = []
    let letters = 0
    const book = this.#book
    for (const { bytes, day } of batch) {
      if (how.onlyTags && !mailbox.isOurs(bytes)) continue
      try {
        const opened = mailbox.open(bytes, how.today)
        if (!opened) continue
        const view = new MailboxView(this.#options.identity.publicKey, book, mailbox.pairs)
        if (opened.isFirst && opened.senderKey) {
          const pair = mailbox.pairWith(opened.senderKey)
          if (pair) events.push({ kind: "pair", pair: view.pair(pair) })
        }
        if (opened.kind === "receipt") {
          const known = (await this.#shelf.letters()).map((one) => confirmed.get(one.id) ?? one)
          const letter = confirmedBy(known, opened)
          if (!letter || !opened.senderKey) continue
          confirmed.set(letter.id, letter)
          write(letterWrites(letter))
          const from = view.correspondent(opened.senderKey)
          events.push({ kind: "receipt", id: letter.id, from })
          continue
        }
        const id = await this.#idOf(opened, new Set(writes.keys()))
        const kept = keptOfOpened(id, opened, day, this.#now())
        const files = opened.files.map((file) => file.bytes)
        write(letterWrites(kept, files))
        events.push({ kind: "letter", letter: view.letter(kept) })
        letters++
      } catch (error) {
        if (!(error instanceof PeerError)) throw error
        // Told when it was first looked at.
        if (!how.onlyTags) events.push({ kind: "rejected", error })
      }
    }
    return { result: { letters }, writes: [...writes.values()], events }
  }

  /** The same for all who have the letter; another one where somebody used a message ID twice. */
  async #idOf(
    { senderKey, messageId, digest }: Opened,
    written: ReadonlySet<string>,
  ): Promise<string> {
    const id = letterId(senderKey, messageId)
    const isTaken = written.has(letterKey(id)) || (await this.#shelf.letter(id)) !== null
    return isTaken || !senderKey ? letterId(senderKey, messageId, digest) : id
  }

  /** What we wrote goes into the hub; saved before, so that nothing is lost and no number is used twice. */
  async #post(): Promise<void> {
    const entries = await this.#shelf.outbox()
    if (entries.length === 0) return
    const envelopes = entries.flatMap(({ value }) => {
      const facts = checkEnvelope(value)
      if (!facts) return []
      const { id, day } = facts
      return [{ id, day, bytes: value, stamp: noStamp, stampBits: 0, link: "own" }]
    })
    try {
      await this.#envelopes.add(envelopes)
      await this.#shelf.remove(entries.map(({ key }) => key))
    } catch (error) {
      // It is saved, and goes out when the hub takes it: nobody has to write it again.
      if (!(error instanceof ChannelError)) throw error
      this.#tell({ kind: "waiting", error })
    }
  }

  async #sendDue(): Promise<void> {
    const now = this.#now()
    for (const due of (await this.#shelf.due()).filter(({ dueAt }) => dueAt <= now)) {
      await this.#change((mailbox, today) => ({
        result: null,
        writes: [...this.#receipt(mailbox, due, today), { key: due.key, value: null }],
      }))
    }
  }

  #receipt(mailbox: Mailbox, { to, messageId }: DueReceipt, today: number): readonly Write[] {
    // Its keys may have been deleted since.
    if (!mailbox.pairWith(to) || mailbox.hasLeapt(today)) return []
    const draft: Draft = { to: [to], kind: "receipt", text: "", replyTo: messageId }
    try {
      return posted(mailbox.write(draft, today))
    } catch (error) {
      // Its address may be used up since.
      if (error instanceof UsageError) return []
      throw error
    }
  }

  /** Runs on the newest state, and again when another program was faster. One at a time. */
  #change<T>(
    make: (mailbox: Mailbox, today: number) => Change<T> | Promise<Change<T>>,
  ): Promise<T> {
    const run = this.#queue.then(async () => {
      for (;;) {
        if (this.#isClosed) throw new UsageError("closed", "This mailbox was closed.")
        this.#book = await this.#contacts()
        const { mailbox, version, state: before } = await this.#load()
        // It changes in place: whatever fails from here on, the saved state is the one that counts.
        this.#cached = null
        mailbox.move(this.#today())
        const made = await make(mailbox, this.#today())
        const { result, events = [] } = made
        const again = mailbox.hasNewTags ? [againWrite()] : []
        mailbox.hasNewTags = false
        const writes = [...(made.writes ?? []), ...again]
        const state = mailbox.save()
        // Most looks find nothing, and change nothing.
        if (version !== null && sameBytes(state, before)) {
          await this.#shelf.put(writes)
          this.#cached = { mailbox, version, state }
        } else {
          if (!(await this.#shelf.commit(version, state, writes))) continue
          const saved = await this.#shelf.state()
          // Another program may have been faster by now: then this is not the state behind the version.
          const isOurs = saved !== null && sameBytes(saved.value, state)
          if (isOurs) this.#cached = { mailbox, version: saved.version, state }
        }
        for (const event of events) this.#tell(event)
        return result
      }
    })
    this.#queue = run.catch(() => undefined)
    return run
  }

  /** As of the last change. */
  #book: ContactBook = []

  async #load(): Promise<Loaded> {
    const entry = await this.#shelf.state()
    const { identity } = this.#options
    if (!entry) {
      const mailbox = new Mailbox(identity, this.#today(), randomBytes)
      return { mailbox, version: null, state: new Uint8Array(0) }
    }
    if (this.#cached?.version === entry.version) return this.#cached
    const { value: state, version } = entry
    return { mailbox: Mailbox.restore(state, identity, randomBytes), version, state }
  }

  async #view(): Promise<MailboxView> {
    const { mailbox } = await this.#load()
    const book = await this.#contacts()
    return new MailboxView(this.#options.identity.publicKey, book, mailbox.pairs)
  }

  async #contacts(): Promise<ContactBook> {
    return (await this.#options.contacts?.contacts()) ?? []
  }

  async #need(id: string): Promise<KeptLetter> {
    const kept = await this.#find(id)
    if (kept) return kept
    throw new UsageError("no-such-letter", "There is no letter with this ID.")
  }

  async #find(id: string): Promise<KeptLetter | null> {
    const whole = await this.#shelf.letter(id)
    if (whole || !/^[0-9a-f]{4,31}$/.test(id)) return whole
    const all = (await this.#shelf.letters()).filter((letter) => letter.id.startsWith(id))
    if (all.length < 2) return all[0] ?? null
    throw new UsageError(
      "ambiguous-letter",
      "Several letters have an ID that begins so. Give more of it.",
    )
  }

  #tell(event: MailboxEvent): void {
    const { onEvent } = this.#options
    if (onEvent) void isolated(() => onEvent(event))
  }

  #now(): number {
    return (this.#options.wallClock ?? Date.now)()
  }

  #today(): number {
    return dayOf(this.#now())
  }
}

const leapt =
  "The clock of this device says weeks more than when it last looked. If the date is right, confirm it; otherwise set the clock. Nothing is written until then."

function draftOf({
  to,
  text,
  files,
  authorship,
  lifeDays,
  replyTo,
  wantsReceipt,
}: LetterToWrite): Draft {
  return {
    to: to.map(toOf),
    text,
    ...(files && { files }),
    ...(authorship && { authorship }),
    ...(lifeDays !== undefined && { life: lifeDays }),
    ...(replyTo !== undefined && { replyTo: messageIdOf(replyTo) }),
    ...(wantsReceipt !== undefined && { wantsReceipt }),
  }
}

function toOf(receiver: Receiver): Uint8Array | Address {
  return "address" in receiver ? readAddressText(receiver.address) : receiver.publicKey
}

function messageIdOf(text: string): Uint8Array {
  if (/^[0-9a-f]{32}$/.test(text))
    return Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16))
  throw new UsageError(
    "bad-message-id",
    "What is answered is named by the message ID of the letter.",
  )
}

function posted({ envelopes }: Written): readonly Write[] {
  return envelopes.map((envelope) => outboxWrite(hex(randomBytes(8)), envelope))
}

/** Two people may choose one message ID. */
function letterId(
  senderKey: Uint8Array | null,
  messageId: Uint8Array,
  digest: Uint8Array = new Uint8Array(32),
): string {
  const sender = senderKey ?? new Uint8Array(32)
  return hex(hash(labelled("mailbox letter", sender, messageId, digest))).slice(0, 32)
}

function keptOfOwn(
  draft: Draft,
  { messageId, day, receiverKeys }: Written,
  ownKey: Uint8Array,
  today: number,
  now: number,
): KeptLetter {
  return {
    id: letterId(ownKey, messageId),
    messageId,
    direction: "out",
    senderKey: ownKey,
    receiverKeys,
    authorship: draft.authorship ?? "deniable",
    text: draft.text,
    files: (draft.files ?? []).map(({ name, bytes }) => ({ name, size: bytes.length })),
    writtenAt: today * dayMs,
    receivedAt: now,
    expiresAt: endOfDay(day),
    replyTo: draft.replyTo ?? null,
    wantsReceipt: draft.wantsReceipt ?? false,
    isRead: true,
    confirmedBy: [],
  }
}

function keptOfOpened(id: string, opened: Opened, day: number, now: number): KeptLetter {
  const { messageId, senderKey, receiverKeys, authorship, text, replyTo, wantsReceipt } = opened
  return {
    id,
    messageId,
    direction: "in",
    senderKey,
    receiverKeys,
    authorship,
    text,
    files: opened.files.map(({ name, bytes }) => ({ name, size: bytes.length })),
    writtenAt: opened.writtenDay * dayMs,
    receivedAt: now,
    expiresAt: endOfDay(day),
    replyTo,
    wantsReceipt,
    isRead: false,
    confirmedBy: [],
  }
}

/** The letter of ours that a receipt is for, confirmed. `null`: none, or not by its receiver. */
function confirmedBy(
  known: readonly KeptLetter[],
  { replyTo, senderKey }: Opened,
): KeptLetter | null {
  const letter = known.find(
    ({ direction, messageId }) => direction === "out" && replyTo && sameBytes(messageId, replyTo),
  )
  if (!letter || !senderKey) return null
  if (!letter.receiverKeys.some((key) => sameBytes(key, senderKey))) return null
  if (letter.confirmedBy.some((key) => sameBytes(key, senderKey))) return null
  return { ...letter, confirmedBy: [...letter.confirmedBy, senderKey] }
}
