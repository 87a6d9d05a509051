import { decodeHomeMessage, encodeHomeMessage } from "@stringphone/cli/home-messages"
import { type ChannelError, fromHex, hex } from "stringphone/bytes"
import type { Contact, Fingerprint } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import {
  type ClassicTopicEvent,
  type ClassicTopicSession,
  openClassicTopic,
  type TopicMessage,
} from "stringphone/session"
import type { Store } from "stringphone/store"
import { openIndexedDbStore } from "stringphone/store/indexeddb"
import { participantId } from "stringphone/topic/classic"
import type { Transport, TransportStatus } from "stringphone/transport"
import { AddressBook } from "./lib/address-book.svelte.ts"
import { answerWithinMs, issued, type Setting } from "./lib/command.ts"
import { type Device, Devices } from "./lib/devices.svelte.ts"
import { forgetEverything, phoneDatabase } from "./lib/forget.ts"
import { callHome, keepTopic, type Login } from "./lib/call-home.ts"
import { fetchHomeInfo, type HomeInfo } from "./lib/home-info.ts"
import { Notices } from "./lib/notices.svelte.ts"
import { painted } from "./lib/painted.ts"
import { type Candidate, Pairing } from "./lib/pairing.svelte.ts"
import { openRing } from "./lib/open-ring.ts"
import { payloadText } from "./lib/peer-text.ts"
import { sentenceOf } from "./lib/sentence.ts"
import type { Channel, Stage } from "./lib/stage.ts"
import { takeSequence } from "./lib/sequence.ts"
import { tap } from "./lib/tap.ts"
import { claimedSender, unreadBecause } from "./lib/unread.ts"
import { Wire } from "./lib/wire.svelte.ts"

/** This phone: its keys, its session with the home, and everything that the page shows of them. */
export class Phone {
  stage = $state.raw<Stage>({ at: "starting", what: "Looking for the home" })
  channel = $state.raw<Channel>({ status: "connecting", sinceMs: 0, error: null, refused: false })
  home = $state.raw<HomeInfo | null>(null)
  membership = $state<ClassicTopicSession["membership"]>("outside")
  fingerprint = $state.raw<Fingerprint | null>(null)
  sealed = $state(false)
  nowMs = $state(Date.now())
  /** The last thing that happened, for those who listen to the page. */
  announcement = $state("")

  readonly book = new AddressBook()
  readonly devices = new Devices()
  readonly pairing = new Pairing()
  readonly notices = new Notices()
  readonly wire = new Wire((bytes) => this.#judge(bytes))

  #ring: KeyRing | null = null
  #store: Store | null = null
  #session: ClassicTopicSession | null = null
  #transport: Transport | null = null
  #login: Login | null = null
  #ownId = ""
  #starting: Promise<void> = Promise.resolve()
  #isTicking = false

  /** One start after the other. */
  start(): Promise<void> {
    this.#starting = this.#starting.then(() => this.#start())
    return this.#starting
  }

  async #start(): Promise<void> {
    this.stage = { at: "starting", what: "Looking for the home" }
    try {
      this.home = await fetchHomeInfo()
      this.#store ??= await openIndexedDbStore({ name: phoneDatabase })
      this.#ring ??= await openRing(
        (error) => this.#askPassphrase(error),
        () => {
          this.stage = { at: "opening" }
        },
      )
      await this.#connect(this.#ring, this.home)
    } catch (error) {
      this.stage = { at: "broken", error: sentenceOf(error) }
    }
  }

  /** User and password for the broker; kept in memory only. */
  async signIn(login: Login): Promise<void> {
    this.#login = login
    this.stage = { at: "starting", what: "Signing in" }
    await this.#starting
    await this.#disconnect()
    await this.start()
  }

  askForLogin(): void {
    if (this.channel.refused) this.stage = { at: "login", error: this.channel.error ?? "" }
  }

  async openPairing(): Promise<void> {
    await this.#attempt(async (session) => {
      this.announcement = "The pairing window is open. Whoever answers within a minute is listed."
      await this.pairing.begin(session)
    })
  }

  closePairing(): void {
    this.#session?.closePairing()
  }

  /** Gives up the topic key and asks for it anew, so that devices not trusted yet answer too. */
  async askAgain(): Promise<void> {
    const { home } = this
    const ring = this.#ring
    if (!home || !ring) return
    this.stage = { at: "starting", what: "Leaving the topic, to ask anew" }
    await this.#disconnect()
    try {
      await ring.updateTopic(
        home.channel,
        (topic) => topic && { ...topic, topicKey: null, keyProven: false },
      )
      await this.#connect(ring, home)
      await this.openPairing()
    } catch (error) {
      this.stage = { at: "broken", error: sentenceOf(error) }
    }
  }

  async trust(candidate: Candidate, petname: string): Promise<boolean> {
    const session = this.#session
    if (!session || !(await this.pairing.trust(session, candidate, petname))) return false
    await this.#sync()
    const name = this.book.nameOf(candidate.request.publicKey)
    this.announcement = `${name} is trusted now.`
    return true
  }

  refuse(candidate: Candidate): void {
    if (!this.#session) return
    this.pairing.refuse(this.#session, candidate)
    this.announcement = "Refused. It was not trusted."
  }

  async command(device: Device, set: Setting): Promise<void> {
    const store = this.#store
    await this.#attempt(async (session) => {
      if (!store) return
      const nowMs = Date.now()
      const sequence = await takeSequence(store, nowMs)
      this.devices.progress(device.key, issued(sequence, set, nowMs))
      const to = hex(participantId(device.publicKey))
      const payload = encodeHomeMessage({ kind: "command", to, sequence, set })
      this.wire.announce(payloadText(new TextEncoder().encode(payload)))
      // What a person sees fail must not happen minutes later, when the line is back.
      await session.send(payload, { signal: AbortSignal.timeout(answerWithinMs) })
    })
  }

  /** @throws {UsageError} `bad-petname`, `petname-taken` */
  async rename(contact: Contact, petname: string): Promise<void> {
    if (this.#ring) await this.book.rename(this.#ring, contact, petname)
  }

  async revoke(contact: Contact): Promise<void> {
    if (!this.#ring) return
    await this.book.revoke(this.#ring, contact)
    await this.#session?.refresh()
    await this.#sync()
    this.announcement = `${contact.petname} is revoked.`
  }

  async remove(contact: Contact): Promise<void> {
    if (!this.#ring) return
    await this.book.remove(this.#ring, contact)
    await this.#session?.refresh()
    await this.#sync()
  }

  /** `null` takes the passphrase away. Blocks the page for a second or two, after it was drawn. */
  async seal(passphrase: string | null): Promise<void> {
    await painted()
    await this.#ring?.setPassphrase(passphrase)
    this.sealed = this.#ring?.sealed ?? false
  }

  async forget(): Promise<void> {
    await this.#disconnect()
    await this.#ring?.close()
    await this.#store?.close()
    await forgetEverything()
    location.hash = ""
    location.reload()
  }

  #askPassphrase(error: string | null): Promise<string> {
    return new Promise((open) => {
      this.stage = { at: "sealed", error, open }
    })
  }

  async #connect(ring: KeyRing, home: HomeInfo): Promise<void> {
    this.fingerprint = ring.identity.fingerprint
    this.sealed = ring.sealed
    this.#ownId = hex(participantId(ring.identity.publicKey))
    await keepTopic(ring, home)
    const transport = await callHome(home, this.#login)
    this.#transport = transport
    transport.onEvent((event) => {
      if (this.#transport !== transport) return
      if (event.kind === "status") this.#channelIs(event.status, event.error ?? null)
      else if (event.kind === "dropped") {
        this.notices.add(`Too much arrived at once; dropped: ${event.count}.`)
      }
    })
    this.#channelIs(transport.status, null)
    this.stage = { at: "starting", what: "Calling the broker" }
    this.#session = await openClassicTopic({
      ring,
      name: home.channel,
      transport: tap(transport, this.wire),
      onMessage: (message) => this.#hear(message),
      onEvent: (event) => this.#happened(event),
    })
    if (!this.#isTicking) setInterval(() => void this.#tick(), 1_000)
    this.#isTicking = true
    await this.#sync()
    this.#arrive()
  }

  async #disconnect(): Promise<void> {
    const session = this.#session
    this.#session = null
    this.#transport = null
    await session?.close()
  }

  #channelIs(status: TransportStatus, error: ChannelError | null): void {
    const refused = error?.code === "refused"
    const sinceMs = status === this.channel.status ? this.channel.sinceMs : Date.now()
    this.channel = { status, sinceMs, error: error?.message ?? null, refused }
    this.#arrive()
  }

  /** Ends the start when it is known whether the broker lets us in; later, only a refusal counts. */
  #arrive(): void {
    const { error, refused, status } = this.channel
    if (!this.#session || status === "connecting") return
    if (refused && status === "closed") this.stage = { at: "login", error: error ?? "" }
    else if (this.stage.at === "starting") this.stage = { at: "ready" }
  }

  #hear({ from, payload, encoded }: TopicMessage): void {
    const key = hex(from)
    this.wire.opened(encoded, this.book.nameOf(from), payloadText(payload))
    const message = decodeHomeMessage(payload)
    // The session may take two seconds to notice that we revoked somebody.
    if (!message || !this.book.isKnown(from)) return
    const before = this.devices.get(key)?.command.phase
    this.devices.hear(key, from, message, this.#ownId, Date.now())
    const now = this.devices.get(key)
    if (before === "pending" && now) this.#announceResult(now)
  }

  #announceResult({ publicKey, command }: Device): void {
    if (command.phase === "done") this.announcement = `${this.book.nameOf(publicKey)}: done.`
    if (command.phase === "failed") this.announcement = command.sentence
  }

  #happened(event: ClassicTopicEvent): void {
    switch (event.kind) {
      case "request":
        this.announcement = "Somebody answered. Compare its words with the terminal."
        break
      case "crowded":
        this.pairing.crowded = true
        break
      case "pairing-closed":
        this.pairing.closed(event.because)
        this.announcement = "The pairing window is closed."
        break
      case "rejected":
        this.wire.rejected(event.encoded, this.#claimedBy(event.encoded), event.error.message)
        break
      case "failed":
        this.notices.add(event.error.message)
        break
      case "joined":
      case "key-proven":
      case "channel":
        break
    }
    void this.#sync()
  }

  async #tick(): Promise<void> {
    this.nowMs = Date.now()
    for (const device of this.devices.all) {
      if (device.command.phase !== "pending") continue
      this.devices.tick(this.nowMs)
      const after = this.devices.get(device.key)
      if (after) this.#announceResult(after)
    }
    await this.#sync()
  }

  /** Takes over what the session and the key ring say, where it changed. */
  async #sync(): Promise<void> {
    const session = this.#session
    if (!session) return
    try {
      this.membership = session.membership
      this.pairing.refresh(session)
      if (this.#ring) await this.book.refresh(this.#ring, session)
      this.devices.keep((publicKey) => this.book.isKnown(publicKey))
    } catch (error) {
      this.notices.add(sentenceOf(error))
    }
  }

  async #attempt(work: (session: ClassicTopicSession) => Promise<void>): Promise<void> {
    if (!this.#session) return
    try {
      await work(this.#session)
    } catch (error) {
      this.notices.add(sentenceOf(error))
    }
  }

  /** Whom a message names as its sender; a message that was refused may lie. */
  #claimedBy(bytes: Uint8Array): string {
    const id = claimedSender(bytes)
    if (id && hex(id) === this.#ownId) return "this phone"
    const contact = id && this.book.byId(id)
    return contact ? `claims to be ${contact.petname}` : "unknown sender"
  }

  #judge(bytes: Uint8Array): { readonly who: string; readonly sentence: string } {
    const hasKey = this.membership !== "outside"
    const reader = { ownId: fromHex(this.#ownId), hasKey, pairing: this.pairing.open }
    return { who: this.#claimedBy(bytes), sentence: unreadBecause(bytes, reader) }
  }
}
