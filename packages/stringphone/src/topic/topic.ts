import { fromHex, hex, PeerError, sameBytes, UsageError, utf8 } from "../bytes/index.js"
import { hash, randomBytes } from "../crypto/index.js"
import { type Binding, sealData } from "./data-message.js"
import {
  type Decoded,
  type DecodedControl,
  type Origin,
  RejectedMessage,
  type RequestAnswer,
} from "./decoded.js"
import {
  beginEpoch,
  bindingOf,
  type Epoch,
  includesBytes,
  participantIn,
  type Sender,
  senderIn,
  uniqueBytes,
} from "./epoch.js"
import { type EndedEpoch, endOf, missingAtEnd } from "./epoch-end.js"
import { cut, Reassembly } from "./fragments.js"
import {
  makeKeyRequest,
  makeRemovalNotice,
  openKeyRequest,
  openRemovalNotice,
} from "./key-request.js"
import {
  advance,
  forgetEarlier,
  isAdmin,
  type Membership,
  needsMerge,
  newMembership,
  pendingRemovals,
  receiveEpoch,
  withoutSenders,
} from "./membership.js"
import { afterUse, forgetUsed, newRekeyKey, withAnother } from "./own-rekey-keys.js"
import { OwnSending } from "./own-sending.js"
import { pad } from "./padding.js"
import { accept, openMessage } from "./receive.js"
import { forgetBelow, forgetLate } from "./receiving-keys.js"
import { makeRekey, openRekey } from "./rekey.js"
import { checkTopicName, nextBody, type RosterChange, rosterChanges } from "./roster-change.js"
import { contextOf } from "./schedule.js"
import type { SendingChain } from "./sending-keys.js"
import type { Signer } from "./signer.js"
import type { RekeyKeyPair } from "./slot.js"
import type {
  CreateTopicOptions,
  DecodeOptions,
  JoinTopicOptions,
  RestoreTopicOptions,
  SavedTopic,
  TopicSnapshot,
} from "./topic-options.js"
import { encodeBundle, encodeTimed } from "./wire/content.js"
import { type Control, encodeControl } from "./wire/control.js"
import {
  type DataType,
  dataTypeOf,
  decodeData,
  type DecodedData,
  headerBytes,
} from "./wire/data.js"
import { decodeFragment, fragmentType } from "./wire/fragment.js"
import { type KeyRequest, keyRequestType } from "./wire/key-request.js"
import {
  decodeRekey,
  maxTombstones,
  type Participant,
  type RekeyBody,
  rekeyType,
} from "./wire/rekey.js"
import { removalNoticeType } from "./wire/removal-notice.js"
import { decodeSending, decodeState, encodeState, type SavedSending } from "./wire/state.js"

interface LookedUp {
  readonly membership: Membership
  /** Whose messages are refused. */
  readonly gone: ReadonlySet<Sender>
  readonly isWaiting: boolean
}

/**
 * One participant in one topic, spec/topic.md: what comes in is decoded, what goes out encoded.
 * No I/O and no clock. It changes itself only when what came in proved genuine; a throw means that
 * nothing happened.
 *
 * The one rule for who embeds it: **store a snapshot before you send** what was made since the last
 * one (`encode` refuses when it has no stored counters left), and before you act on what was decoded.
 * `openTopic` of `stringphone` does all this over a store and a channel.
 */
export class Topic {
  readonly #signer: Signer
  readonly #context: Uint8Array
  readonly #bindings = new WeakMap<Uint8Array, Binding>()
  readonly #reassembly = new Reassembly()
  #membership: Membership
  #looked: LookedUp | null = null
  #latestRekey: Uint8Array
  #rekeyKeys: readonly RekeyKeyPair[]
  #announced: Map<string, { serial: number; rekeyKey: Uint8Array }>
  #isRemoved = false
  readonly #sending: OwnSending
  /** Whom we saw removed, to tell them so. */
  #removed: readonly Uint8Array[] = []
  /** Of our last sync; a fresh answer shows it. */
  #challenge: Uint8Array | null = null
  /** What is to be told of the epoch before. */
  #closing: Extract<Control, { kind: "closing" }> | null = null
  #ended: EndedEpoch | null = null
  /** The first bytes of the hash of a rekey message that we could not open. */
  #failed: Uint8Array = new Uint8Array(8)

  private constructor(
    signer: Signer,
    channelName: string,
    saved: {
      readonly membership: Membership
      readonly latestRekey: Uint8Array
      readonly rekeyKeys: readonly RekeyKeyPair[]
      readonly sending: SavedSending
    },
  ) {
    this.#signer = signer
    this.#membership = saved.membership
    this.#latestRekey = saved.latestRekey
    this.#rekeyKeys = saved.rekeyKeys
    this.#sending = new OwnSending(saved.sending)
    this.#announced = new Map()
    this.#context = contextOf(saved.membership.current.body.topicId, channelName)
  }

  /**
   * Founds a topic; its founder is its first admin.
   * @throws {UsageError} `bad-topic-name`, `bad-channel-name`
   */
  static create(options: CreateTopicOptions): Topic {
    const { channelName = "", isPadded = false, name = "", nowMs, signer } = options
    checkTopicName(name)
    const rekeyKey = newRekeyKey(nowMs)
    const { message, ...opened } = makeRekey(signer, {
      topicId: randomBytes(16),
      requestKey: randomBytes(32),
      epoch: 1,
      parent: new Uint8Array(32),
      madeMs: nowMs,
      isPadded,
      signer: signer.publicKey,
      name,
      participants: [
        {
          publicKey: signer.publicKey,
          serial: rekeyKey.serial,
          rekeyKey: rekeyKey.publicKey,
          joinId: randomBytes(8),
          isAdmin: true,
        },
      ],
      tombstones: [],
    })
    const { epoch, sending } = beginEpoch(opened.body, opened.keys, signer.publicKey)
    return new Topic(signer, channelName, {
      membership: newMembership(epoch),
      latestRekey: message,
      rekeyKeys: [rekeyKey],
      sending: { commitment: epoch.commitment, chain: sending, used: 0 },
    })
  }

  /**
   * Joins with the first rekey message that lets us in.
   *
   * @returns `null` when this one is not for us.
   * @throws {PeerError} `not-the-host`: somebody else made it, or for another topic
   */
  static join(options: JoinTopicOptions, rekey: Uint8Array, nowMs: number): Topic | null {
    const { channelName = "", host, rekeyKey, signer, topicId } = options
    const opened = openRekey(rekey, [rekeyKey])
    if (!opened || !participantIn(opened.body, signer.publicKey)) return null
    const { body } = opened
    const isHost = sameBytes(body.signer, host) && participantIn(body, host)?.isAdmin === true
    if (!isHost || !sameBytes(body.topicId, topicId)) {
      throw new PeerError("not-the-host", "A rekey message is not by whom we paired with.")
    }
    const { epoch, sending } = beginEpoch(body, opened.keys, signer.publicKey)
    return new Topic(signer, channelName, {
      membership: newMembership(epoch),
      latestRekey: Uint8Array.from(rekey),
      rekeyKeys: [
        { ...rekeyKey, usedMs: nowMs },
        newRekeyKey(Math.max(nowMs, rekeyKey.serial + 1)),
      ],
      sending: { commitment: epoch.commitment, chain: sending, used: 0 },
    })
  }

  /**
   * Goes on from what was saved.
   *
   * @throws {PeerError} `malformed`: this is no saved topic
   * @throws {UsageError} `other-identity`
   */
  static restore(options: RestoreTopicOptions, saved: SavedTopic): Topic {
    const state = decodeState(saved.state)
    const sending = decodeSending(saved.sending)
    if (!sameBytes(state.owner, options.signer.publicKey)) {
      throw new UsageError("other-identity", "This topic was saved by another identity.")
    }
    if (!sameBytes(sending.commitment, state.membership.current.commitment)) {
      throw new PeerError("malformed", "Malformed saved topic: it is of two epochs.")
    }
    const membership = options.sendsOnly ? withoutSenders(state.membership) : state.membership
    const parts = { ...state, membership, sending }
    const topic = new Topic(options.signer, options.channelName ?? "", parts)
    topic.#announced = new Map(
      state.announced.map(({ publicKey, ...announced }) => [hex(publicKey), announced]),
    )
    topic.#isRemoved = state.isRemoved
    topic.#removed = state.removed
    return topic
  }

  /** 16 bytes. */
  get id(): Uint8Array {
    return this.#body.topicId
  }

  get name(): string {
    return this.#body.name
  }

  /** Our own key, 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#signer.publicKey
  }

  /** The number of the current epoch. */
  get epoch(): number {
    return this.#body.epoch
  }

  /** When the current epoch was made by its admin's clock, milliseconds since 1970. */
  get epochMadeMs(): number {
    return this.#body.madeMs
  }

  get isPadded(): boolean {
    return this.#body.isPadded
  }

  /** Everybody in the topic, ourselves included; without those whom another branch removed. */
  get participants(): readonly Participant[] {
    const { removals } = this.#membership
    return this.#body.participants.filter(({ joinId }) => !includesBytes(removals, joinId))
  }

  get isAdmin(): boolean {
    return !this.#isRemoved && isAdmin(this.#membership, this.publicKey)
  }

  /**
   * `waiting`: a removal is not in this epoch yet, and nothing is sent until an admin merged it.
   * `removed`: we are out, for good.
   */
  get standing(): "member" | "waiting" | "removed" {
    if (this.#isRemoved) return "removed"
    return this.#lookup.isWaiting ? "waiting" : "member"
  }

  /** Whether two branches are to be merged, and we as an admin can. */
  get needsMerge(): boolean {
    return this.isAdmin && needsMerge(this.#membership)
  }

  /** Our place among the admins, from 0: who merges first. [TOPIC-7-7] */
  get adminRank(): number {
    const admins = this.participants.filter((one) => one.isAdmin)
    return admins.findIndex(({ publicKey }) => sameBytes(publicKey, this.publicKey))
  }

  /** The latest rekey message, as it came. */
  get latestRekey(): Uint8Array {
    return this.#latestRekey
  }

  /** How many messages of the current epoch one sender used most, to know when to rotate. */
  get mostCounters(): number {
    const others = [...this.#membership.current.senders.values()].map(({ chain }) => chain.counters)
    return Math.max(this.#sending.taken, ...others)
  }

  /** How many messages can be encoded before a snapshot has to be stored. */
  get stored(): number {
    return this.#sending.left
  }

  /**
   * Everything to save. It takes the counters of the next messages when few are left; they can be
   * used when `stored` was called. spec/topic.md §6
   *
   * @param closing nothing more will be sent: note the counters that were used, take no more
   */
  snapshot(closing = false): TopicSnapshot {
    return { state: this.#encodeState(), ...this.#sending.snapshot(closing) }
  }

  /** Another process took counters meanwhile: begin after them. @throws {PeerError} `malformed` */
  adoptSending(sending: Uint8Array): void {
    this.#sending.adopt(sending)
  }

  /**
   * Encrypts and signs one message; 99 bytes over the payload, padding aside.
   *
   * @throws {UsageError} `save-first`: store a snapshot; `removal-pending`: wait for the next epoch;
   *   `removed`
   */
  encode(payload: string | Uint8Array): Uint8Array {
    return this.#encode("message", bytesOf(payload))
  }

  /**
   * One message with the time at which it was sent; 10 bytes more. Receivers refuse it when it is
   * older than `validForMs` (0: no limit).
   */
  encodeTimed(
    payload: string | Uint8Array,
    time: { readonly sentMs: number; readonly validForMs: number },
  ): Uint8Array {
    const content = encodeTimed({ ...time, payload: bytesOf(payload) })
    return this.#encode("timed", content)
  }

  /**
   * Many payloads under one signature: at 16, about 7 bytes over each, and many times as fast.
   * @throws {UsageError} `bad-bundle` and those of {@link encode}
   */
  encodeBundle(payloads: readonly (string | Uint8Array)[]): Uint8Array {
    return this.#encode("bundle", encodeBundle(payloads.map(bytesOf)))
  }

  /** Asks the others what they have of us, to find out whether our state is an old copy. [TOPIC-4-2] */
  sync(): Uint8Array {
    const challenge = randomBytes(16)
    const encoded = this.#encodeControl({
      kind: "sync",
      challenge,
      counters: this.#sending.usedBefore,
    })
    this.#challenge = challenge
    return encoded
  }

  /**
   * What we have of a sender: the answer to its sync, or unasked (no challenge).
   * @returns `null` when it is not in the current epoch.
   */
  report(about: Uint8Array, challenge: Uint8Array = new Uint8Array(16)): Uint8Array | null {
    const sender = senderIn(this.#membership.current, about)
    if (!sender) return null
    const counters = Math.min(sender.chain.counters, 0xffffffff)
    const { guard, tag } = sender
    return this.#encodeControl({ kind: "report", challenge, tag, counters, guard })
  }

  /** Announces the rekey key that the next epoch secret is to be sealed to. [TOPIC-4-1] */
  announcement(): Uint8Array {
    const { publicKey, serial } = this.#newestRekeyKey
    return this.#encodeControl({ kind: "rekey-key", serial, rekeyKey: publicKey })
  }

  /** Tells how many counters we used in the epoch before. [TOPIC-4-5] @returns `null`: nothing to tell */
  closing(): Uint8Array | null {
    if (!this.#closing) return null
    const encoded = this.#encodeControl(this.#closing)
    this.#closing = null
    return encoded
  }

  /**
   * Makes the next epoch, as an admin: lets in, removes, makes admin, or rotates (`{}`). It counts
   * at once; store a snapshot, then send what is returned.
   *
   * @throws {UsageError} `not-an-admin`, `not-a-participant`, `last-admin`, `too-many-participants`,
   *   `bad-topic-name`, `removed`
   */
  change(change: RosterChange, nowMs: number): Uint8Array {
    this.#checkNotRemoved()
    const { publicKey: rekeyKey, serial } = this.#newestRekeyKey
    const announced = new Map(this.#announced).set(hex(this.publicKey), { serial, rekeyKey })
    const body = nextBody(this.#membership, this.publicKey, change, announced, nowMs)
    const { keys, message } = makeRekey(this.#signer, body)
    const { epoch, sending } = beginEpoch(body, keys, this.publicKey)
    this.#enter(advance(this.#membership, epoch, nowMs), message, sending)
    if (!participantIn(body, this.publicKey)) this.#isRemoved = true
    return message
  }

  /**
   * Asks for the epoch that we do not have; save a snapshot before you send it. If a rekey message
   * could not be opened, our rekey key is an old one, and another is made. [TOPIC-8-1]
   */
  keyRequest(nowMs: number): Uint8Array {
    if (this.#failed.some((byte) => byte !== 0)) {
      const serial = Math.max(nowMs, this.#newestRekeyKey.serial + 1)
      const known = participantIn(this.#body, this.publicKey)?.rekeyKey
      this.#rekeyKeys = withAnother(this.#rekeyKeys, newRekeyKey(serial), known)
    }
    const { publicKey, serial } = this.#newestRekeyKey
    const request = { epoch: this.epoch, failed: this.#failed, serial, rekeyKey: publicKey }
    return makeKeyRequest(this.#signer, this.#body, request)
  }

  /** Tells who asks that it was removed. @returns `null` when its key is bad. [TOPIC-8-4] */
  removalNotice(request: Pick<KeyRequest, "publicKey" | "rekeyKey">): Uint8Array | null {
    return makeRemovalNotice(this.#signer, this.id, this.epoch, request)
  }

  /** The newest rekey key that a participant announced, 32 bytes; `null`: it is not in the topic. */
  rekeyKeyOf(publicKey: Uint8Array): Uint8Array | null {
    const participant = participantIn(this.#body, publicKey)
    return participant && (this.#announced.get(hex(publicKey))?.rekeyKey ?? participant.rekeyKey)
  }

  /** Cuts an encoded message for a channel that takes at most `maxBytes` at once. [TOPIC-5-1] */
  fragments(message: Uint8Array, maxBytes: number): readonly Uint8Array[] {
    return cut(message, maxBytes, randomBytes(4))
  }

  /** Lets go of what waited long enough; call it once a minute or so. @returns whether anything was. */
  forget(nowMs: number): boolean {
    const [membership, rekeyKeys] = [this.#membership, this.#rekeyKeys]
    this.#reassembly.forget(nowMs)
    this.#membership = forgetEarlier(membership, nowMs)
    this.#rekeyKeys = forgetUsed(rekeyKeys, nowMs)
    let isChanged = membership !== this.#membership || rekeyKeys.length > this.#rekeyKeys.length
    for (const epoch of this.#epochs) {
      for (const sender of epoch.senders.values()) {
        const chain = forgetLate(sender.chain, nowMs)
        isChanged ||= chain !== sender.chain
        sender.chain = chain
      }
    }
    return isChanged
  }

  /**
   * Opens, verifies and tells what came in.
   *
   * @throws {PeerError} for us, but wrong; nothing was changed: `malformed`, `not-authentic`,
   *   `bad-signature`, `replayed`, `too-far-ahead`, `removed-participant`, `stale`, `from-the-future`,
   *   `not-timed`, `resynchronising`, `old-rekey`, `not-an-admin`, `tags-collide`, `other-topic`. A
   *   {@link RejectedMessage} names the participant whose message it seems to be.
   */
  decode(bytes: Uint8Array, options: DecodeOptions): Decoded {
    if (this.#isRemoved) return { kind: "other" }
    const type = bytes[0]
    if (dataTypeOf(type)) return this.#decodeData(bytes, options)
    switch (type) {
      case fragmentType: {
        const whole = this.#reassembly.add(decodeFragment(bytes), options.nowMs)
        if (!whole) return { kind: "incomplete" }
        if (whole[0] === fragmentType) {
          throw new PeerError("malformed", "Malformed fragment: it holds another one.")
        }
        return this.decode(whole, options)
      }
      case rekeyType:
        return this.#decodeRekey(bytes, options.nowMs)
      case keyRequestType:
        return this.#decodeKeyRequest(bytes)
      case removalNoticeType:
        return this.#decodeRemovalNotice(bytes)
      default:
        return isPairing(type) ? { kind: "pairing", encoded: bytes } : { kind: "other" } // [TOPIC-0-1]
    }
  }

  /**
   * Looks whether these bytes are a report that answers our last `sync`, or that shows that we are an
   * old copy; nothing is changed. So what came before it can wait for it.
   */
  peekReport(bytes: Uint8Array, options: DecodeOptions): "answer" | "we-are-old" | null {
    if (dataTypeOf(bytes[0]) !== "control") return null
    try {
      const decoded = decodeData(bytes)
      const { header } = decoded
      const { current } = this.#membership
      const sender = current.senders.get(header.tag)
      if (!sender || header.epoch !== (current.body.epoch & 0xffff)) return null
      const binding = this.#binding(current)
      const { content } = openMessage(bytes, decoded, current, sender, binding, options)
      if (content.kind !== "control" || content.control.kind !== "report") return null
      const { counters, guard, tag } = content.control
      const isOld = tag === current.ownTag && this.#sending.isOtherCopy(counters, guard)
      return isOld ? "we-are-old" : this.#answersUs(content.control) ? "answer" : null
    } catch (error) {
      if (error instanceof PeerError) return null
      throw error
    }
  }

  get #body(): RekeyBody {
    return this.#membership.current.body
  }

  get #epochs(): readonly Epoch[] {
    return [this.#membership.current, ...this.#membership.earlier]
  }

  get #newestRekeyKey(): RekeyKeyPair {
    return this.#rekeyKeys.at(-1) as RekeyKeyPair
  }

  #checkNotRemoved(): void {
    if (!this.#isRemoved) return
    throw new UsageError("removed", "We were removed. Ask to be let in again.")
  }

  #encodeControl(control: Exclude<Control, { kind: "unknown" }>): Uint8Array {
    return this.#encode("control", encodeControl(control), true)
  }

  #encode(type: DataType, content: Uint8Array, evenWaiting = false): Uint8Array {
    this.#checkNotRemoved()
    if (!evenWaiting && this.standing === "waiting") {
      throw new UsageError("removal-pending", "Somebody was removed. Wait for an admin's new key.") // [TOPIC-7-8]
    }
    const { current } = this.#membership
    const { counter, key } = this.#sending.next()
    const header = { type, epoch: current.body.epoch & 0xffff, tag: current.ownTag, counter }
    const padded = current.body.isPadded ? pad(content) : content // [TOPIC-3-6]
    const encoded = sealData(this.#signer, this.#binding(current), header, key, padded)
    this.#sending.used(counter, encoded.subarray(headerBytes - 8, headerBytes))
    return encoded
  }

  #decodeData(bytes: Uint8Array, options: DecodeOptions): Decoded {
    const decoded = decodeData(bytes)
    const { header } = decoded
    const epochs = this.#epochs.filter(({ body }) => (body.epoch & 0xffff) === header.epoch)
    const epoch = epochs.find(({ senders }) => senders.has(header.tag))
    const sender = epoch?.senders.get(header.tag)
    if (!epoch || !sender) {
      if (epochs.some(({ ownTag }) => ownTag === header.tag)) return { kind: "own" }
      // By 16 bits, the nearer way round.
      const isOlder = ((header.epoch - this.epoch) & 0xffff) >= 0x8000
      return { kind: "behind", isOlder, what: `${header.epoch} ${header.tag}` }
    }
    try {
      return this.#decodeFrom(bytes, decoded, epoch, sender, options)
    } catch (error) {
      if (error instanceof PeerError) throw new RejectedMessage(error, sender.publicKey)
      throw error
    }
  }

  #decodeFrom(
    bytes: Uint8Array,
    decoded: DecodedData,
    epoch: Epoch,
    sender: Sender,
    options: DecodeOptions,
  ): Decoded {
    if (this.#lookup.gone.has(sender)) {
      throw new PeerError("removed-participant", "A message of somebody who was removed.") // [TOPIC-3-10]
    }
    const opened = openMessage(bytes, decoded, epoch, sender, this.#binding(epoch), options)
    const { content, found, header } = opened
    if (sender.mustAnswer && !(content.kind === "control" && this.#answersUs(content.control))) {
      throw new PeerError("resynchronising", "A message may be older than our saved state.")
    }
    const wasAt = sender.chain.counters
    accept(sender, opened, options.nowMs)
    const origin: Origin = {
      from: sender.publicKey,
      epoch: epoch.body.epoch,
      counter: header.counter,
      isLate: found.late,
      gap: found.gap,
    }
    // Two spreads in one object take longer than all else here but the cryptography.
    const told = Object.assign(origin, content)
    if (told.kind !== "control") return told
    const answersUs = this.#answersUs(told.control)
    return this.#heed({ ...told, weAreOld: false, answersUs }, epoch, sender, wasAt)
  }

  /** What a control message changes. */
  #heed(decoded: DecodedControl, epoch: Epoch, sender: Sender, wasAt: number): DecodedControl {
    const { control } = decoded
    switch (control.kind) {
      case "rekey-key":
        this.#announce(sender.publicKey, control)
        return decoded
      case "sync": {
        // It tells what it used: the rest of its earlier blocks was never sent.
        const { counters } = control
        if (counters === null || decoded.isLate) return decoded
        const missing = Math.max(0, counters - wasAt)
        return { ...decoded, gap: missing > 0 ? { missing, possiblyMissing: 0 } : null }
      }
      case "report": {
        if (this.#answersUs(control)) answered(sender, decoded.counter)
        const isOurs = epoch === this.#membership.current && control.tag === epoch.ownTag
        if (!isOurs || !this.#sending.isOtherCopy(control.counters, control.guard)) return decoded
        this.#beginAnew(control.counters)
        if (this.#answersUs(control)) answered(sender, decoded.counter)
        // One alarm for each time that we asked: who lies must wait for the next.
        this.#challenge = null
        return { ...decoded, weAreOld: true }
      }
      case "closing":
        return {
          ...decoded,
          gap:
            decoded.gap ??
            missingAtEnd(sender.publicKey, control, this.#membership.earlier, this.#ended),
        }
      case "unknown":
        return decoded
    }
  }

  /** We are an old copy: go on above what others have of us, and believe no sender before it answers. */
  #beginAnew(counters: number): void {
    this.#sending.skipTo(counters)
    for (const epoch of this.#epochs) {
      for (const sender of epoch.senders.values()) sender.mustAnswer = true
    }
  }

  #answersUs(control: Control): boolean {
    return (
      control.kind === "report" &&
      this.#challenge !== null &&
      sameBytes(control.challenge, this.#challenge)
    )
  }

  #decodeRekey(bytes: Uint8Array, nowMs: number): Decoded {
    if (sameBytes(bytes, this.#latestRekey)) return { kind: "known" }
    const opened = openRekey(bytes, this.#rekeyKeys)
    if (!opened) {
      if (decodeRekey(bytes).epoch <= this.epoch) return { kind: "other" }
      this.#failed = hash(bytes).slice(0, 8)
      return { kind: "behind", isOlder: false, what: hex(this.#failed) }
    }
    const { body, by, keys } = opened
    const before = this.#body
    if (
      !sameBytes(body.topicId, before.topicId) ||
      !sameBytes(body.requestKey, before.requestKey)
    ) {
      throw new PeerError("other-topic", "A rekey message of another topic.")
    }
    if (!participantIn(body, this.publicKey)) {
      throw new PeerError("malformed", "Malformed rekey message: we are not in it.")
    }
    const { epoch, sending } = beginEpoch(body, keys, this.publicKey)
    const { applied, membership } = receiveEpoch(this.#membership, epoch, nowMs)
    this.#rekeyKeys = afterUse(this.#rekeyKeys, by, nowMs)
    if (applied) this.#enter(membership, Uint8Array.from(bytes), sending)
    else this.#membership = membership
    return {
      kind: "rekey",
      applied,
      by: body.signer,
      epoch: body.epoch,
      ...rosterChanges(before, body),
    }
  }

  #decodeKeyRequest(bytes: Uint8Array): Decoded {
    const request = openKeyRequest(bytes, this.#body)
    if (!request) return { kind: "other" }
    if (sameBytes(request.publicKey, this.publicKey)) return { kind: "own" }
    const participant = this.participants.find((one) => sameBytes(one.publicKey, request.publicKey))
    return { kind: "key-request", request, answer: this.#answer(request, participant) }
  }

  #answer(request: KeyRequest, participant: Participant | undefined): RequestAnswer {
    if (!participant) {
      const wasRemoved = includesBytes(this.#removed, request.publicKey)
      return this.isAdmin && wasRemoved ? "notice" : "none" // [TOPIC-8-4]
    }
    const isNew = request.serial > participant.serial
    this.#announce(request.publicKey, request)
    const failed = hash(this.#latestRekey).subarray(0, 8)
    if (request.epoch > this.epoch) return "none"
    if (!sameBytes(request.failed, failed)) return "resend" // [TOPIC-8-2]
    return this.isAdmin && isNew ? "renew" : "none" // [TOPIC-8-3]
  }

  #decodeRemovalNotice(bytes: Uint8Array): Decoded {
    const notice = openRemovalNotice(bytes, this.id, this.publicKey, this.#rekeyKeys)
    if (!notice) return { kind: "other" }
    if (notice.epoch < this.epoch) {
      throw new PeerError("old-rekey", "A removal notice of an epoch that is over.")
    }
    if (!isAdmin(this.#membership, notice.admin)) {
      throw new PeerError("not-an-admin", "A removal notice is by somebody who is no admin.")
    }
    this.#isRemoved = true // [TOPIC-8-5]
    return { kind: "removed", by: notice.admin, epoch: notice.epoch }
  }

  /** Into a new epoch. Of the one before, what is missing is known by numbers alone from now on. */
  #enter(next: Membership, rekey: Uint8Array, sending: SendingChain): void {
    const { current: before } = this.#membership
    const counters = this.#sending.usedTo ?? 0
    this.#closing = counters > 0 ? { kind: "closing", epoch: this.epoch, counters } : null
    this.#ended = endOf(before, next.earlier.length === 0)
    this.#membership = next
    this.#latestRekey = rekey
    this.#sending.enter(next.current.commitment, sending)
    this.#failed = new Uint8Array(8)
    const { participants, tombstones } = this.#body
    const present = new Set(participants.map(({ publicKey }) => hex(publicKey)))
    const gone = before.body.participants.filter((p) => includesBytes(tombstones, p.joinId))
    this.#removed = uniqueBytes([...this.#removed, ...gone.map((p) => p.publicKey)])
      .filter((key) => !present.has(hex(key)))
      .slice(-maxTombstones)
    for (const key of this.#announced.keys()) if (!present.has(key)) this.#announced.delete(key)
  }

  #announce(
    publicKey: Uint8Array,
    { rekeyKey, serial }: { readonly serial: number; readonly rekeyKey: Uint8Array },
  ): void {
    const known = this.#announced.get(hex(publicKey))?.serial ?? 0
    if (serial > known) this.#announced.set(hex(publicKey), { serial, rekeyKey })
  }

  /** What each message needs to know, and what is the same until the membership is another. */
  get #lookup(): LookedUp {
    const membership = this.#membership
    if (this.#looked?.membership === membership) return this.#looked
    const { removals } = membership
    const senders = this.#epochs.flatMap((epoch) => [...epoch.senders.values()])
    const gone = senders.filter(
      ({ joinId, publicKey }) =>
        !participantIn(this.#body, publicKey) || includesBytes(removals, joinId),
    )
    const isWaiting = pendingRemovals(membership).length > 0
    this.#looked = { membership, gone: new Set(gone), isWaiting }
    return this.#looked
  }

  #binding(epoch: Epoch): Binding {
    const known = this.#bindings.get(epoch.commitment)
    if (known) return known
    const binding = bindingOf(epoch, this.#context)
    this.#bindings.set(epoch.commitment, binding)
    return binding
  }

  #encodeState(): Uint8Array {
    return encodeState({
      owner: this.publicKey,
      isRemoved: this.#isRemoved,
      membership: this.#membership,
      latestRekey: this.#latestRekey,
      rekeyKeys: this.#rekeyKeys,
      removed: this.#removed,
      announced: [...this.#announced].map(([key, announced]) => ({
        publicKey: fromHex(key),
        ...announced,
      })),
    })
  }
}

/** A sender answered our challenge by its message with this counter: what is below it is old. [TOPIC-4-3] */
function answered(sender: Sender, counter: number): void {
  if (!sender.mustAnswer) return
  sender.chain = forgetBelow(sender.chain, counter)
  sender.mustAnswer = false
}

function bytesOf(payload: string | Uint8Array): Uint8Array {
  return typeof payload === "string" ? utf8(payload) : payload
}

function isPairing(type: number | undefined): boolean {
  return type !== undefined && type >= 0x31 && type <= 0x36
}
