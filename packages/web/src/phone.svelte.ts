import {
  commandValidForMs,
  decodeHomeMessage,
  encodeHomeMessage,
} from "@stringphone/cli/home-messages"
import { openTopic, type ReceivedMessage, type TopicEvent, type TopicSession } from "stringphone"
import { type ChannelError, hex, utf8 } from "stringphone/bytes"
import { nameClash, type VerifiedBy } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import type { Transport, TransportStatus } from "stringphone/transport"
import { Access } from "./lib/access.svelte.ts"
import { AddressBook } from "./lib/address-book.svelte.ts"
import type { Asker } from "./lib/asker.svelte.ts"
import { callHome, type Login } from "./lib/call-home.ts"
import { issued, newCommandId, type Setting } from "./lib/command.ts"
import { type Device, Devices } from "./lib/devices.svelte.ts"
import { eventText, withdrawnBy } from "./lib/events.ts"
import { type HomeInfo, topicAddress } from "./lib/home-info.ts"
import { Noticed } from "./lib/noticed.svelte.ts"
import { Notices } from "./lib/notices.svelte.ts"
import { OtherTabs } from "./lib/other-tabs.ts"
import { Pairing, windowMs } from "./lib/pairing.svelte.ts"
import { payloadText, visible } from "./lib/peer-text.ts"
import { rejectionText } from "./lib/rejection.ts"
import { codeOf, sentenceOf } from "./lib/sentence.ts"
import type { Channel, Stage } from "./lib/stage.ts"
import { tap } from "./lib/tap.ts"
import { TopicView } from "./lib/topic-view.svelte.ts"
import { HomeLogin } from "./login/home-login.svelte.ts"
import { Mail } from "./mail/mail.svelte.ts"
import { Rooms } from "./rooms/rooms.svelte.ts"
import { type Status, statusOf } from "./lib/trust.ts"
import { unreadBecause } from "./lib/unread.ts"
import { Wire } from "./lib/wire.svelte.ts"

/** This phone: its keys, its session with the home, and everything that the page shows of them. */
export class Phone {
  stage = $state.raw<Stage>({ at: "starting", what: "Looking for the home" })
  channel = $state.raw<Channel>({ status: "connecting", sinceMs: 0, error: null, refused: false })
  nowMs = $state(Date.now())
  /** The last thing that happened, for those who listen to the page. */
  announcement = $state("")

  readonly access = new Access((stage) => (this.stage = stage))
  readonly topic = new TopicView()
  readonly book = new AddressBook(
    () => this.access.ring,
    async () => {
      await this.#session?.refresh()
      await this.rooms.live?.refresh()
      await this.#sync()
    },
  )
  readonly rooms = new Rooms({
    callBroker: (home, channel) => callHome({ ...home, channel }, this.#login),
  })
  readonly mail = new Mail()
  readonly login = new HomeLogin()
  readonly devices = new Devices()
  readonly notices = new Notices()
  readonly noticed = new Noticed()
  readonly wire = new Wire((bytes) =>
    unreadBecause(bytes, {
      standing: this.topic.standing,
      epoch: this.topic.epoch,
      isPairing: this.pairing.isOpen,
    }),
  )
  readonly pairing = new Pairing({
    asked: ({ request }) => {
      this.announcement = request.isProven
        ? `${visible(request.name)} gave the code.`
        : "Compare the seven emoji with the other side."
    },
    ended: (asker) => this.#asked(asker),
    closed: () => void this.#sync(),
  })

  #session: TopicSession | null = null
  #transport: Transport | null = null
  #login: Login | null = null
  #ownKey = ""
  #starting: Promise<void> = Promise.resolve()
  #isTicking = false
  readonly #otherTabs = new OtherTabs(() => void this.#takenOver())

  /** One start after the other. */
  start(): Promise<void> {
    this.#starting = this.#starting.then(() => this.#start())
    return this.#starting
  }

  /** User and password for the broker; kept in memory only. */
  async signIn(login: Login): Promise<void> {
    this.#login = login
    await this.#restart("Signing in")
  }

  askForLogin(): void {
    if (this.channel.refused) this.stage = { at: "login", error: this.channel.error ?? "" }
  }

  /** Asks the home to be let in. @param code what the other side shows; absent: two persons compare */
  async join(code?: string): Promise<void> {
    await this.#attempt(async (session) => {
      const window = await session.join({ forMs: windowMs, ...(code !== undefined && { code }) })
      this.pairing.begin("joiner", window, code !== undefined)
      this.announcement = "Asking the home to be let in."
    })
  }

  /** As an admin: hears who wants in. */
  async letIn(): Promise<void> {
    await this.#attempt(async (session) => {
      const { home } = this.access
      const address = home ? topicAddress(location, home) : ""
      const window = await session.openPairing({ forMs: windowMs, code: "show", address })
      this.pairing.begin("host", window, false)
      this.announcement = "The pairing window is open for two minutes."
    })
  }

  /** What this phone calls itself; the session has to begin anew to say so. */
  async callMyself(name: string): Promise<void> {
    if (await this.access.callMyself(name)) await this.#restart("Taking the name")
  }

  /** A person compared the key. `petname`: for whom is no contact yet. */
  async verifyMember(publicKey: Uint8Array, petname: string, by: VerifiedBy): Promise<void> {
    if (!this.book.of(publicKey)) await this.book.name(publicKey, petname)
    const contact = this.book.of(publicKey)
    if (contact) await this.book.verify(contact, by)
  }

  async remove(publicKey: Uint8Array): Promise<void> {
    const name = this.nameOf(publicKey)
    await this.#change((session) => session.remove(publicKey), `${name} was removed.`)
  }

  async setAdmin(publicKey: Uint8Array, isAdmin: boolean): Promise<void> {
    const name = this.nameOf(publicKey)
    const done = isAdmin ? `${name} is an admin now.` : `${name} is no admin any more.`
    await this.#change((session) => session.setAdmin(publicKey, isAdmin), done)
  }

  async rotate(): Promise<void> {
    await this.#change((session) => session.rotate(), "The key was changed.")
  }

  async command(device: Device, set: Setting): Promise<void> {
    await this.#attempt(async (session) => {
      const id = newCommandId()
      this.devices.progress(device.key, issued(id, set, Date.now()))
      const payload = encodeHomeMessage({ kind: "command", to: device.key, id, set })
      const takeBack = this.wire.announce(payloadText(utf8(payload)))
      try {
        // What a person sees fail must not happen minutes later, when the line is back.
        const signal = AbortSignal.timeout(commandValidForMs)
        await session.send(payload, { validForMs: commandValidForMs, signal })
      } finally {
        takeBack()
      }
    })
  }

  /** `null` takes the passphrase away. Blocks the page for a second or two, after it was drawn. */
  async seal(passphrase: string | null): Promise<void> {
    await this.#disconnect()
    try {
      await this.access.seal(passphrase)
    } finally {
      const { home, ring } = this.access
      if (home && ring) await this.#connect(ring, home)
    }
  }

  async forget(): Promise<void> {
    await this.#disconnect()
    await this.access.forget()
    await this.mail.forget()
    location.hash = ""
    location.reload()
  }

  /** A petname; for others what they call themselves, in quotes, or a part of the key. */
  nameOf(publicKey: Uint8Array): string {
    const key = hex(publicKey)
    if (key === this.#ownKey) return "this phone"
    const contact = this.book.of(publicKey)
    if (contact) return contact.petname
    const claimed = this.devices.get(key)?.name
    if (claimed === undefined) return `somebody without a name (key ${key.slice(0, 8)}…)`
    const clash = nameClash(this.book.contacts, claimed, publicKey)
    return clash ? `another key in the name of ${clash.petname}` : `“${visible(claimed)}”`
  }

  statusOf(publicKey: Uint8Array): Status {
    return statusOf(this.book.of(publicKey))
  }

  async #start(): Promise<void> {
    this.stage = { at: "starting", what: "Looking for the home" }
    try {
      const { home, ring } = await this.access.open()
      await this.#connect(ring, home)
    } catch (error) {
      this.stage = { at: "broken", error: sentenceOf(error) }
    }
  }

  async #restart(what: string): Promise<void> {
    this.stage = { at: "starting", what }
    await this.#starting
    await this.#disconnect()
    await this.start()
  }

  async #connect(ring: KeyRing, home: HomeInfo): Promise<void> {
    const { identity } = ring
    this.#ownKey = hex(identity.publicKey)
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
    if (this.stage.at !== "ready") this.stage = { at: "starting", what: "Calling the broker" }
    try {
      this.#session = await openTopic({
        store: ring.store,
        contacts: ring,
        identity,
        name: home.channel,
        ownName: this.access.ownName,
        transport: tap(transport, this.wire),
        onEvent: (event) => this.#happened(event),
      })
    } catch (error) {
      await transport.close()
      throw error
    }
    void this.#read(this.#session)
    this.login.open(ring, home.login)
    this.#otherTabs.tell()
    if (!this.#isTicking) setInterval(() => void this.#tick(), 1_000)
    this.#isTicking = true
    await this.#sync()
    this.#arrive()
    void this.#openRooms(ring, home)
    void this.mail.open(ring)
  }

  /** Beside the home, which does not wait for it. */
  async #openRooms(ring: KeyRing, home: HomeInfo): Promise<void> {
    try {
      await this.rooms.open(ring, home)
    } catch (error) {
      this.notices.add(sentenceOf(error))
    }
  }

  async #disconnect(): Promise<void> {
    const session = this.#session
    this.#session = null
    this.#transport = null
    this.login.close()
    try {
      await this.rooms.close()
      await this.mail.close()
      await session?.close()
    } catch (error) {
      // Another tab has it: there is nothing of ours to be saved.
      if (codeOf(error) !== "taken-over") this.notices.add(sentenceOf(error))
    }
  }

  /** What is shown here would stand still: so it is not shown. */
  async #takenOver(): Promise<void> {
    if (!this.#session) return
    this.stage = { at: "elsewhere" }
    this.#transport = null
    this.#channelIs("closed", null)
    await this.#disconnect()
  }

  #channelIs(status: TransportStatus, error: ChannelError | null): void {
    const refused = error?.code === "refused"
    const sinceMs = status === this.channel.status ? this.channel.sinceMs : Date.now()
    this.channel = { status, sinceMs, error: error?.message ?? null, refused }
    if (status === "open") this.noticed.lineIsUp()
    this.#arrive()
  }

  /** Ends the start when it is known whether the broker lets us in; later, only a refusal counts. */
  #arrive(): void {
    const { error, refused, status } = this.channel
    if (!this.#session || status === "connecting") return
    if (refused && status === "closed") this.stage = { at: "login", error: error ?? "" }
    else if (this.stage.at === "starting") this.stage = { at: "ready" }
  }

  async #read(session: TopicSession): Promise<void> {
    for await (const message of session.messages) {
      if (this.#session === session) this.#hear(message)
    }
  }

  #hear(message: ReceivedMessage): void {
    const { publicKey } = message.from
    this.noticed.heard(message.from)
    const content = decodeHomeMessage(message.payload)
    const before = this.devices.get(hex(publicKey))?.command.phase
    if (content) this.devices.hear(message, content, this.#ownKey)
    const now = this.devices.get(hex(publicKey))
    if (before === "pending" && now) this.#announceResult(now)
    const who = { name: this.nameOf(publicKey), status: this.statusOf(publicKey) }
    if (message.encoded) this.wire.opened(message.encoded, who, payloadText(message.payload))
  }

  #announceResult({ publicKey, command }: Device): void {
    if (command.phase === "done") this.announcement = `${this.nameOf(publicKey)}: done.`
    if (command.phase === "failed") this.announcement = command.sentence
  }

  #happened(event: TopicEvent): void {
    if (event.kind === "channel") return
    if (event.kind === "taken-over") return void this.#takenOver()
    if (event.kind === "rejected") return this.#refused(event)
    if (event.kind === "gap") {
      const sentence = this.noticed.gap(event, this.nameOf(event.from.publicKey))
      if (sentence !== null) this.notices.add(sentence)
      return
    }
    // Who was removed and does not know it yet goes on with an old key: no news.
    if (event.kind === "behind" && !this.wire.hasNewerThan(this.topic.epoch)) return
    for (const about of withdrawnBy[event.kind] ?? []) this.notices.withdraw(about)
    const text = eventText(event, (publicKey) => this.nameOf(publicKey))
    if (text) this.notices.add(text.sentence, text.level, text.about)
    void this.#sync()
  }

  #refused(event: Extract<TopicEvent, { kind: "rejected" }>): void {
    const { claimed, code, encoded, message } = event
    this.noticed.rejected(event)
    const who = claimed && this.nameOf(claimed.publicKey)
    this.wire.rejected(encoded, who, code, rejectionText(code, message))
  }

  #asked({ outcome, request }: Asker): void {
    void this.#sync()
    if (outcome?.kind === "paired") this.announcement = `${visible(request.name)} is paired.`
  }

  async #tick(): Promise<void> {
    this.nowMs = Date.now()
    this.pairing.tick(this.nowMs)
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
      this.topic.refresh(session)
      await this.book.refresh()
      this.devices.keep((key) => this.topic.get(key) !== null)
    } catch (error) {
      if (this.#session === session) this.notices.add(sentenceOf(error))
    }
  }

  async #change(work: (session: TopicSession) => Promise<void>, done: string): Promise<void> {
    await this.#attempt(async (session) => {
      await work(session)
      await this.#sync()
      this.announcement = done
    })
  }

  async #attempt(work: (session: TopicSession) => Promise<void>): Promise<void> {
    if (!this.#session) return
    try {
      await work(this.#session)
    } catch (error) {
      this.notices.add(sentenceOf(error))
    }
  }
}
