import { ChannelError, hex, sameBytes, UsageError } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import { secretOfWords, wordsOfSecret } from "../../identity/index.js"
import {
  checkEnvelope,
  type Draft,
  endOfDay,
  expiryDay,
  keysOfWords,
  longestLifeDays,
  type Mailbox,
  openWithWords,
  readAddressText,
  sealForWords,
  type Written,
} from "../../mailbox/index.js"
import { noStamp, ownLink } from "../../mailbox/hub/index.js"
import type { EnvelopeStore, StoredEnvelope } from "../../store/envelopes/port.js"
import { keptOfOwn } from "./kept-letter.js"
import { draftOf } from "./mailbox-draft.js"
import { MailboxKeeper } from "./mailbox-keeper.js"
import { openAll } from "./mailbox-opening.js"
import {
  type DueReceipt,
  dueWrite,
  letterRemovals,
  letterWrites,
  lookedWrite,
  MailboxShelf,
  outboxWrite,
  type ReadLetter,
  type Write,
} from "./mailbox-shelf.js"
import type {
  Invitation,
  Letter,
  LetterToWrite,
  MailboxSession,
  MailboxStatus,
  OpenMailboxOptions,
} from "./mailbox-types.js"

/** An envelope has up to 1 MiB. */
const batchSize = 128
/** Of one look: what is left over is searched the next time. */
const mostRounds = 4
const invitationDays = 28
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

interface LookOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, of: number) => void
}

interface LookResult {
  readonly letters: number
  readonly looked: number
}

class StoredMailbox implements MailboxSession {
  readonly #options: OpenMailboxOptions
  readonly #shelf: MailboxShelf
  readonly #keeper: MailboxKeeper
  readonly #envelopes: EnvelopeStore

  constructor(options: OpenMailboxOptions) {
    this.#options = options
    this.#shelf = new MailboxShelf(options.store)
    this.#keeper = new MailboxKeeper(options, this.#shelf)
    this.#envelopes = options.envelopes
  }

  async begin(): Promise<void> {
    const hasLeapt = await this.#keeper.change((mailbox, today) => ({
      result: mailbox.hasLeapt(today),
    }))
    if (hasLeapt) this.#keeper.tell({ kind: "clock", explanation: leapt })
    await this.#post()
  }

  async write(letter: LetterToWrite): Promise<Letter> {
    const draft = draftOf(letter)
    const now = this.#keeper.now()
    const ownKey = this.#options.identity.publicKey
    const kept = await this.#keeper.change((mailbox, today) => {
      const written = mailbox.write(draft, today)
      const kept = keptOfOwn(draft, written, { ownKey, today, now })
      const files = (letter.files ?? []).map(({ bytes }) => bytes)
      return { result: kept, writes: [...letterWrites(kept, files), ...posted(written)] }
    })
    await this.#post()
    return (await this.#keeper.view()).letter(kept)
  }

  async look(options: LookOptions = {}): Promise<LookResult> {
    await this.#keeper.change(() => ({ result: null }))
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
    const view = await this.#keeper.view()
    return (await this.#shelf.letters()).map(({ letter }) => view.letter(letter))
  }

  async letter(id: string): Promise<Letter | null> {
    const found = await this.#find(id)
    return found && (await this.#keeper.view()).letter(found.letter)
  }

  async file(id: string, index: number): Promise<Uint8Array | null> {
    const found = await this.#find(id)
    return found && this.#shelf.file(found.letter.id, index)
  }

  async markRead(id: string): Promise<void> {
    // Made anew when another program has changed the letter meanwhile; one that it deleted stays deleted.
    for (let isSaved = false; !isSaved;) {
      const { letter, check } = await this.#need(id)
      isSaved = await this.#shelf.put(letterWrites({ ...letter, isRead: true }), [check])
    }
  }

  async confirm(id: string): Promise<void> {
    const { letter } = await this.#need(id)
    const { direction, senderKey, messageId, wantsReceipt } = letter
    if (direction === "out" || !senderKey || !wantsReceipt) {
      throw new UsageError("no-receipt-wanted", "This letter does not ask for a receipt.")
    }
    const [byte = 0] = randomBytes(1)
    const dueAt = this.#keeper.now() + hourMs + (byte / 256) * 23 * hourMs // [MAILBOX-4-5]
    await this.#shelf.put([dueWrite(letter.id, { dueAt, to: senderKey, messageId })])
  }

  async deleteLetter(id: string): Promise<void> {
    await this.#shelf.put(letterRemovals((await this.#need(id)).letter))
  }

  async invite({
    withWords = false,
    days = invitationDays,
  }: { readonly withWords?: boolean; readonly days?: number } = {}): Promise<Invitation> {
    const invitation = await this.#keeper.change<Invitation>((mailbox, today) => {
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
    return this.#keeper.change((mailbox, today) => ({ result: mailbox.publicAddress(today) }))
  }

  async closePublicAddress(): Promise<void> {
    await this.#keeper.change((mailbox) => ({ result: mailbox.closePublicAddress() }))
  }

  async findInvitation(words: readonly string[]): Promise<string | null> {
    const keys = keysOfWords(secretOfWords(words))
    for await (const { batch } of batchesAfter(this.#envelopes, 0)) {
      for (const { bytes } of batch) {
        const found = openWithWords(bytes, keys)
        if (found) return found
      }
    }
    return null
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
    const mailbox = await this.#keeper.mailbox()
    const letters = await this.#shelf.letters()
    const view = await this.#keeper.view()
    const today = this.#keeper.today()
    const open = mailbox.openPublicAddress(today)
    return {
      letters: letters.length,
      unread: letters.filter(({ letter }) => !letter.isRead).length,
      pairs: mailbox.pairs.map((pair) => view.pair(pair)),
      invitations: mailbox.invitations.filter(({ usedBy }) => !usedBy).length,
      publicAddress: open && { text: open.text, expiresAt: endOfDay(open.lastDay) },
      looked: await this.#lookedBefore(),
      envelopes: (await this.#envelopes.usage()).count,
      waiting: (await this.#shelf.outbox()).length,
      clock: mailbox.hasLeapt(today) ? leapt : null,
    }
  }

  async confirmDate(): Promise<void> {
    await this.#keeper.change((mailbox, today) => ({ result: mailbox.confirmDate(today) }))
  }

  async forget(publicKey: Uint8Array): Promise<void> {
    const hadKeys = await this.#keeper.change((mailbox) => ({ result: mailbox.forget(publicKey) }))
    if (!hadKeys) throw new UsageError("no-pair", "There are no keys with this contact.")
  }

  close(): Promise<void> {
    return this.#keeper.close()
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

  async #lookFrom(from: number, isAgain: boolean, options: LookOptions): Promise<LookResult> {
    let looked = 0
    let letters = 0
    const { lastNumber } = await this.#envelopes.usage()
    for await (const { batch, last } of batchesAfter(this.#envelopes, from, options.signal)) {
      letters += await this.#open(batch, isAgain, isAgain ? [] : [lookedWrite(last)])
      looked += batch.length
      options.onProgress?.(last.number - from, Math.max(1, lastNumber - from))
    }
    return { letters, looked }
  }

  /** @returns how many letters there were */
  #open(
    batch: readonly StoredEnvelope[],
    isAgain: boolean,
    besides: readonly Write[],
  ): Promise<number> {
    const { publicKey: ownKey } = this.#options.identity
    return this.#keeper.change(async (mailbox, today, book) => {
      const now = this.#keeper.now()
      const options = { shelf: this.#shelf, ownKey, book, today, now, isAgain }
      const opened = await openAll(mailbox, batch, options)
      return { ...opened, writes: [...besides, ...(opened.writes ?? [])] }
    })
  }

  /** What we wrote goes into the hub; saved before, so that nothing is lost and no number is used twice. */
  async #post(): Promise<void> {
    const entries = await this.#shelf.outbox()
    if (entries.length === 0) return
    const envelopes = entries.flatMap(({ value }) => {
      const facts = checkEnvelope(value)
      if (!facts) return []
      const { id, day } = facts
      return [{ id, day, bytes: value, stamp: noStamp, stampBits: 0, link: ownLink }]
    })
    try {
      await this.#envelopes.add(envelopes)
      await this.#shelf.remove(entries.map(({ key }) => key))
    } catch (error) {
      // It is saved, and goes out when the hub takes it: nobody has to write it again.
      if (!(error instanceof ChannelError)) throw error
      this.#keeper.tell({ kind: "waiting", error })
    }
  }

  async #sendDue(): Promise<void> {
    const now = this.#keeper.now()
    for (const due of (await this.#shelf.due()).filter(({ dueAt }) => dueAt <= now)) {
      await this.#keeper.change((mailbox, today) => ({
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

  async #need(id: string): Promise<ReadLetter> {
    const found = await this.#find(id)
    if (found) return found
    throw new UsageError("no-such-letter", "There is no letter with this ID.")
  }

  async #find(id: string): Promise<ReadLetter | null> {
    const whole = await this.#shelf.letter(id)
    if (whole || !/^[0-9a-f]{4,31}$/.test(id)) return whole
    const all = (await this.#shelf.letters()).filter(({ letter }) => letter.id.startsWith(id))
    if (all.length < 2) return all[0] ?? null
    throw new UsageError(
      "ambiguous-letter",
      "Several letters have an ID that begins so. Give more of it.",
    )
  }
}

const leapt =
  "The clock of this device says weeks more than when it last looked. If the date is right, confirm it; otherwise set the clock. Nothing is written until then."

/** All that came into a hub after this number. */
async function* batchesAfter(
  envelopes: EnvelopeStore,
  number: number,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly batch: readonly StoredEnvelope[]; readonly last: StoredEnvelope }> {
  for (let after = number; !signal?.aborted;) {
    const batch = await envelopes.since(after, batchSize)
    const last = batch.at(-1)
    if (!last) return
    yield { batch, last }
    after = last.number
  }
}

function posted({ envelopes }: Written): readonly Write[] {
  return envelopes.map((envelope) => outboxWrite(hex(randomBytes(8)), envelope))
}
