import { fromHex, fromUtf8, hex, utf8 } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import {
  type Letter,
  type LetterToWrite,
  type MailboxEvent,
  type MailboxSession,
  type MailboxStatus,
  openMailbox,
} from "stringphone/session/mailbox"
import { sentenceOf } from "../lib/sentence.ts"
import { Carry } from "./carry.svelte.ts"
import { type EnvelopeStore, forgetEnvelopes, openEnvelopes } from "./envelopes.ts"
import { LetterDraft } from "./letter-draft.svelte.ts"
import { countOf, personName } from "./mail-words.ts"

export type MailStage =
  { readonly at: "opening" | "open" } | { readonly at: "failed"; readonly error: string }

/** Envelopes that were wrong in the same way. */
export interface Rejection {
  readonly reason: string
  readonly times: number
}

/** Receipts become due, and another tab may have taken something in. */
const lookEveryMs = 300_000

/** This phone's mailbox, and everything that the page shows of it. */
export class Mail {
  stage = $state.raw<MailStage>({ at: "opening" })
  /** Newest first. */
  letters = $state.raw<readonly Letter[]>([])
  status = $state.raw<MailboxStatus | null>(null)
  /** Envelopes for us that were wrong, by what was wrong with them. */
  rejections = $state.raw<readonly Rejection[]>([])
  failure = $state("")
  /** For those who listen to the page. */
  announcement = $state("")
  isLooking = $state(false)
  publicAddress = $state<string | null>(null)

  readonly draft = new LetterDraft()
  readonly carry = new Carry({
    inTurn: (work) => this.#inTurn((_, envelopes) => work(envelopes)),
    look: () => this.look(),
  })

  #ring: KeyRing | null = null
  #session: MailboxSession | null = null
  #envelopes: EnvelopeStore | null = null
  #work: Promise<unknown> = Promise.resolve()
  #timer: ReturnType<typeof setInterval> | undefined

  /** Unread letters. */
  get waiting(): number {
    return this.status?.unread ?? 0
  }

  /** Without any network. */
  async open(ring: KeyRing): Promise<void> {
    this.#ring = ring
    await this.retry()
  }

  async retry(): Promise<void> {
    this.stage = { at: "opening" }
    await this.#queue(async () => {
      try {
        await this.#begin()
        this.stage = { at: "open" }
      } catch (error) {
        this.stage = { at: "failed", error: sentenceOf(error) }
        await this.#end()
      }
    })
    if (this.stage.at !== "open") return
    clearInterval(this.#timer)
    this.#timer = setInterval(() => void this.look(), lookEveryMs)
    await this.look()
  }

  /** The page closes, or another tab takes over. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.carry.stop()
    await this.#queue(() => this.#end())
    this.#ring = null
  }

  /** All envelopes here; it has to be closed. The letters go with the key ring. */
  forget(): Promise<void> {
    return forgetEnvelopes()
  }

  /** @returns how many letters were found */
  async look(): Promise<number> {
    if (!this.#session) return 0
    this.isLooking = true
    try {
      return await this.#inTurn(async (session) => (await session.look()).letters)
    } catch (error) {
      this.failure = sentenceOf(error)
      return 0
    } finally {
      this.isLooking = false
    }
  }

  /** @throws what a person has to be told; the letter was not written then */
  async write(letter: LetterToWrite): Promise<Letter> {
    return this.#inTurn(async (session, envelopes) => {
      const { lastNumber } = await envelopes.usage()
      const written = await session.write(letter)
      const added = (await envelopes.since(lastNumber, 64)).filter(({ link }) => link === "own")
      await this.#remember(
        written.id,
        added.map(({ id }) => id),
      )
      return written
    })
  }

  /** The envelopes in which a letter of ours travels, as far as they are still here. */
  envelopesOf(id: string): Promise<readonly Uint8Array[]> {
    return this.#inTurn(async (_, envelopes) => {
      const entry = await this.#ring?.store.get(envelopesKey(id))
      const text = entry ? (fromUtf8(entry.value) ?? "") : ""
      const ids = text.split(" ").filter((one) => /^[0-9a-f]{64}$/.test(one))
      const found = await envelopes.get(ids.map(fromHex))
      return found.flatMap((one) => (one ? [one.bytes] : []))
    })
  }

  async delete(id: string): Promise<void> {
    await this.#inTurn(async (session) => {
      await session.deleteLetter(id)
      await this.#ring?.store.commit({ writes: [{ key: envelopesKey(id), value: null }] })
    })
  }

  async showPublicAddress(): Promise<void> {
    this.publicAddress = await this.#inTurn((session) => session.publicAddress())
    await this.#keepPublic(this.publicAddress)
  }

  async closePublicAddress(): Promise<void> {
    await this.#inTurn((session) => session.closePublicAddress())
    this.publicAddress = null
    await this.#keepPublic(null)
  }

  /** Anything else, one after the other; what is shown is renewed after it. */
  run<T>(work: (session: MailboxSession) => Promise<T>): Promise<T> {
    return this.#inTurn((session) => work(session))
  }

  dismissRejections(): void {
    this.rejections = []
  }

  async #begin(): Promise<void> {
    const ring = this.#ring
    if (!ring) return
    await this.#end()
    const envelopes = (this.#envelopes = await openEnvelopes())
    const { identity, store } = ring
    const onEvent = (event: MailboxEvent): void => this.#happened(event)
    const options = { store, identity, contacts: ring, envelopes, onEvent }
    this.#session = await openMailbox(options)
    const kept = await store.get(publicKey)
    // Begins a new one in time, as long as it is wanted.
    this.publicAddress = kept ? await this.#session.publicAddress() : null
    await this.#refresh(this.#session)
  }

  async #end(): Promise<void> {
    const [session, envelopes] = [this.#session, this.#envelopes]
    this.#session = null
    this.#envelopes = null
    await session?.close()
    await envelopes?.close()
  }

  async #refresh(session: MailboxSession): Promise<void> {
    this.letters = await session.letters()
    this.status = await session.status()
  }

  #happened(event: MailboxEvent): void {
    if (event.kind === "letter") {
      const { from } = event.letter
      this.announcement = `A letter came: ${from ? personName(from) : "anonymous"}.`
    }
    if (event.kind === "waiting") {
      this.failure = `What you wrote is kept, and waits until it can be put with the rest. ${event.error.message}`
    }
    if (event.kind === "rejected") {
      const { message } = event.error
      const known = this.rejections.find(({ reason }) => reason === message)
      const others = this.rejections.filter((one) => one !== known)
      const times = (known?.times ?? 0) + 1
      // By others they may come in any number; their sentences are few.
      this.rejections = [...others, { reason: message, times }].slice(-8)
      this.announcement = `${countOf(times, "envelope")} refused.`
    }
  }

  async #remember(id: string, envelopeIds: readonly Uint8Array[]): Promise<void> {
    const value = utf8(envelopeIds.map(hex).join(" "))
    await this.#ring?.store.commit({ writes: [{ key: envelopesKey(id), value }] })
  }

  async #keepPublic(address: string | null): Promise<void> {
    const value = address === null ? null : utf8("open")
    await this.#ring?.store.commit({ writes: [{ key: publicKey, value }] })
  }

  #inTurn<T>(work: (session: MailboxSession, envelopes: EnvelopeStore) => Promise<T>): Promise<T> {
    return this.#queue(async () => {
      const [session, envelopes] = [this.#session, this.#envelopes]
      if (!session || !envelopes) throw new Error("the mailbox is closed")
      try {
        return await work(session, envelopes)
      } finally {
        if (this.#session === session) await this.#refresh(session)
      }
    })
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => undefined)
    return done
  }
}

const publicKey = "mail page/public address"

function envelopesKey(id: string): string {
  return `mail page/envelopes/${id}`
}
