// The line protocol of topic.py, whose beginning tells the requests, answered by our own functions.
//
// Ours draws guards, nonces, ephemeral keys, secrets and the order of slots by itself, and gives some
// of what Python gives to nobody: header keys, epoch secrets, the signature of a rekey's body. So what
// is made here is for opening, not for comparing, and these fields are missing in the answers.
import { fromHex, hex, PeerError, sameBytes, u32, UsageError } from "../../src/bytes/index.js"
import { exchangePublicKey, hash, labelled, open, verify } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { openData, sealData } from "../../src/topic/data-message.js"
import type { Decoded } from "../../src/topic/decoded.js"
import { beginEpoch, bindingOf, type Epoch } from "../../src/topic/epoch.js"
import { cut, Reassembly } from "../../src/topic/fragments.js"
import { type Signer, Topic } from "../../src/topic/index.js"
import {
  blockKeyOf,
  blockSize,
  branchKeyOf,
  branchSize,
  leafKeyOf,
  nextChainKey,
} from "../../src/topic/key-chain.js"
import { makeKeyRequest, makeRemovalNotice, openKeyRequest } from "../../src/topic/key-request.js"
import { type Membership, newMembership, receiveEpoch } from "../../src/topic/membership.js"
import { padmeLength } from "../../src/bytes/index.js"
import { pad, unpad } from "../../src/topic/padding.js"
import {
  closedHost,
  type Comparison,
  comparisonOf,
  decodePairingCode,
  emojiList,
  encodePairingCode,
  type HostEffect,
  type HostEvent,
  type HostProfile,
  type HostState,
  idleJoiner,
  type JoinerEffect,
  type JoinerEvent,
  type JoinerProfile,
  type JoinerState,
  makeInvitation,
  makeJoinRequest,
  makePairingCode,
  openInvitation,
  openJoinRequest,
  stepHost,
  stepJoiner,
} from "../../src/topic/pairing/index.js"
import { deriveOneTimeSecret, type PairingKeys } from "../../src/topic/pairing/keys.js"
import { findKey } from "../../src/topic/receiving-keys.js"
import { makeRekey, openRekey } from "../../src/topic/rekey.js"
import { contextOf, deriveEpochKeys, rekeyBodyKey } from "../../src/topic/schedule.js"
import { skipBlocks, takeBlock } from "../../src/topic/sending-keys.js"
import { type RekeyKeyPair, zeroNonce } from "../../src/topic/slot.js"
import { decodeTimed, encodeBundle, encodeTimed } from "../../src/topic/wire/content.js"
import { type Control, encodeControl } from "../../src/topic/wire/control.js"
import { type DataType, decodeData } from "../../src/topic/wire/data.js"
import { decodeFragment, fragmentOverhead, fragmentType } from "../../src/topic/wire/fragment.js"
import {
  decodeRekey,
  decodeRekeyBody,
  encodeRekeyBody,
  type Participant,
  type RekeyBody,
} from "../../src/topic/wire/rekey.js"
import { encodeSending, encodeState } from "../../src/topic/wire/state.js"

/** Content of a data message; bytes are in hexadecimal, here and below. */
export interface Content {
  readonly type: "M" | "T" | "B" | "C"
  readonly payload?: string
  readonly payloads?: readonly string[]
  readonly sentAt?: number
  readonly validFor?: number
  readonly kind?: number
  readonly serial?: number
  readonly rekeyKey?: string
  readonly challenge?: string
  readonly tag?: string
  readonly counters?: number
  readonly guard?: string
  readonly epoch?: number
  readonly raw?: string
}

export interface Member {
  readonly publicKey: string
  readonly serial: number
  readonly rekeyKey: string
  readonly joinId: string
  readonly flags: number
}

/** Every field of every request; each request has those that topic.py lists for it. */
export interface Fields {
  readonly seed: string
  readonly epochSecret: string
  readonly body: string
  readonly channelName: string
  readonly topicId: string
  readonly requestKey: string
  readonly chainKey: string
  readonly counter: number
  readonly length: number
  readonly bytes: string
  readonly epochs: readonly { readonly epochSecret: string; readonly body: string }[]
  readonly admins: readonly string[]
  readonly guard: string
  readonly content: Content
  readonly message: string
  readonly messageId: string
  readonly pieceLength: number
  readonly fragments: readonly string[]
  readonly ephemeralSecret: string
  readonly epoch: number
  readonly parent: string
  readonly madeAt: number
  readonly options: number
  readonly name: string
  readonly participants: readonly Member[]
  readonly tombstones: readonly string[]
  readonly slotOrder: readonly string[]
  readonly rekeySecret: string
  readonly signers: readonly string[]
  readonly above: number
  readonly highest: number
  readonly now: number
  readonly skew: number
  readonly maxAge: number
  readonly nonce: string
  readonly failed: string
  readonly serial: number
  readonly rekeyKey: string
  readonly publicKey: string
  readonly session: string
  readonly salt: string
  readonly topicName: string
  readonly code: string
  readonly cancel: number
  readonly message1: string
  readonly message2: string
  readonly message3: string
  readonly message4: string
  readonly message5: string
  readonly message6: string
  readonly role: number
  readonly secret: string
  readonly address: string
  readonly text: string
}

export type Request = Partial<Fields> & { readonly do: string }
/** The outcome, or `error`: ours refused, or ignored what was not for it. */
export type Answer = Readonly<Record<string, unknown>> & { readonly error?: string }

/** What a request of its kind has, and what it may have. */
type Ask<Needed extends keyof Fields, Optional extends keyof Fields = never> = Pick<
  Fields,
  Needed
> &
  Partial<Pick<Fields, Optional>>

/** Not an error of ours: it says nothing, since what came is not for it. */
class Ignored extends Error {
  override readonly name = "Ignored"
}

/** Answers one request as `topic.py` does. */
export function answer(request: Request): Answer {
  const respond = answers[request.do as keyof typeof answers] as (ask: unknown) => object
  try {
    return inHex(respond(request)) as Answer
  } catch (error) {
    if (error instanceof PeerError || error instanceof UsageError) {
      return { error: `${error instanceof PeerError ? "PeerError" : "UsageError"}: ${error.code}` }
    }
    if (error instanceof Ignored) return { error: `Ignored: ${error.message}` }
    throw error
  }
}

/** Of what Python answers, that which ours tells, too. */
export function comparable(request: Request, outcome: Answer): Answer {
  const told: Record<string, unknown> = { ...outcome }
  if (request.do === "derive") delete told["headerKey"]
  if (request.do === "openRekey") delete told["epochSecret"]
  const signatureDigits = 128
  if (typeof told["body"] === "string") told["body"] = told["body"].slice(0, -signatureDigits)
  return told
}

function inHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value)
  if (Array.isArray(value)) return value.map(inHex)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inHex(inner)]))
}

const answers = {
  context: ({ channelName, topicId }: Ask<"channelName" | "topicId">) => ({
    context: contextOf(fromHex(topicId), channelName),
  }),

  derive({ body, epochSecret }: Ask<"body" | "epochSecret">) {
    const decoded = bodyOf(body)
    const { commitment, senders } = deriveEpochKeys(fromHex(epochSecret), decoded)
    const named = senders.map(({ chainKey, tag }, i) => ({
      publicKey: decoded.participants[i]!.publicKey,
      tag: u32(tag),
      chainKey,
    }))
    return { commitment, senders: named }
  },

  keys({ chainKey, counter }: Ask<"chainKey" | "counter">) {
    let key = fromHex(chainKey) as Uint8Array
    for (let block = 0; block < Math.floor(counter / blockSize); block++) key = nextChainKey(key)
    const blockKey = blockKeyOf(key)
    const branch = branchKeyOf(blockKey, Math.floor(counter / branchSize) % branchSize)
    return { chainKey: key, blockKey, branch, leaf: leafKeyOf(branch, counter % branchSize) }
  },

  padme: ({ length }: Ask<"length">) => ({ size: padmeLength(length) }),

  comparison: ({ bytes }: Ask<"bytes">) => shownOf(comparisonOf(fromHex(bytes))),

  /** The first one is ours, the second one comes. */
  winner({ admins, epochs }: Ask<"epochs", "admins">) {
    const [current, next] = epochs.map(({ body, epochSecret }) => {
      const decoded = bodyOf(body)
      return beginEpoch(decoded, deriveEpochKeys(fromHex(epochSecret), decoded), nobody).epoch
    }) as [Epoch, Epoch]
    const parentAdmins = admins?.map(fromHex) ?? [current.body.signer, next.body.signer]
    // A rekey by whom ours removes is refused: ours wins.
    const received = unlessRefused(() =>
      receiveEpoch({ ...newMembership(current), parentAdmins }, next, 0),
    )
    return { winner: received?.applied ? 1 : 0 }
  },

  makeData(ask: Ask<"seed" | "epochSecret" | "body" | "channelName" | "counter" | "content">) {
    const signer = new Identity(fromHex(ask.seed))
    const { binding, epoch, sending } = epochOf(ask, signer.publicKey)
    const { keys } = takeBlock(skipBlocks(sending, Math.floor(ask.counter / blockSize)))
    let next = keys.next()
    while (next.counter < ask.counter) next = keys.next()
    const type = dataTypes[ask.content.type]
    const header = { type, epoch: epoch.body.epoch & 0xffff, tag: epoch.ownTag, ...next }
    const content = bytesOf(ask.content)
    const isPadded = epoch.body.isPadded && ask.content.raw === undefined
    return {
      message: sealData(signer, binding, header, next.key, isPadded ? pad(content) : content),
    }
  },

  /** A topic decides; what it does not tell (`plain`, how long a timed message is valid) is opened. */
  openData(
    ask: Ask<
      "epochSecret" | "body" | "channelName" | "message",
      "tombstones" | "highest" | "now" | "skew" | "maxAge"
    >,
  ) {
    const message = fromHex(ask.message)
    const { binding, epoch } = epochOf(ask, nobody)
    if (ask.highest !== undefined) {
      for (const sender of epoch.senders.values()) {
        sender.chain = findKey(sender.chain, ask.highest).accepted(0)
      }
    }
    const removals = (ask.tombstones ?? []).map(fromHex)
    const reader = topicOf(nobody, { ...newMembership(epoch), removals }, [], ask.channelName)
    const decoded = reader.decode(message, {
      nowMs: ask.now ?? 0,
      allowedSkewMs: ask.now === undefined ? Infinity : (ask.skew ?? 2_000),
      maxAgeMs: ask.maxAge ?? Infinity,
    })
    const { header } = decodedOrIgnored(() => decodeData(message), decoded)
    const sender = epoch.senders.get(header.tag)
    if (!sender || !("from" in decoded)) throw new Ignored(decoded.kind)
    const { key } = findKey(sender.chain, header.counter)
    const opened = openData(message, binding, key, sender.publicKey)
    const plain = epoch.body.isPadded ? unpad(opened) : opened
    const content = contentOf(header.type, decoded, plain)
    return { sender: decoded.from, epoch: decoded.epoch, counter: decoded.counter, plain, content }
  },

  /** Ours leaves whole what fits; it makes no single fragment. */
  makeFragments(ask: Ask<"message" | "messageId" | "pieceLength">) {
    const maxBytes = ask.pieceLength + fragmentOverhead
    return { fragments: cut(fromHex(ask.message), maxBytes, fromHex(ask.messageId)) }
  },

  /** Put together by itself, and once more by a topic, which says whether it would look at the whole. */
  openFragments({ fragments }: Ask<"fragments">) {
    const reassembly = new Reassembly()
    const reader = memberOf(nobody, { topicId: "00".repeat(16), signers: [] })
    for (const fragment of fragments.map(fromHex)) {
      const decoded = decodeFragment(fragment)
      const whole = unlessRefused(() => reassembly.add(decoded, 0))
      const outcome = unlessRefused(() => reader.decode(fragment, { nowMs: 0 }))
      if (!whole) continue
      if (outcome?.kind === "other") throw new Ignored("other")
      if (whole[0] === fragmentType && !outcome) throw new PeerError("malformed", "In a fragment.")
      return { message: whole }
    }
    throw new Ignored("incomplete")
  },

  makeRekey(
    ask: Ask<
      | "seed"
      | "topicId"
      | "requestKey"
      | "epoch"
      | "parent"
      | "madeAt"
      | "options"
      | "name"
      | "participants"
      | "tombstones"
    >,
  ) {
    const signer = new Identity(fromHex(ask.seed))
    const { keys, message } = makeRekey(signer, {
      topicId: fromHex(ask.topicId),
      requestKey: fromHex(ask.requestKey),
      epoch: ask.epoch,
      parent: fromHex(ask.parent),
      madeMs: ask.madeAt,
      isPadded: ask.options === 1,
      signer: signer.publicKey,
      name: ask.name,
      participants: ask.participants.map((one) => ({
        publicKey: fromHex(one.publicKey),
        serial: one.serial,
        rekeyKey: fromHex(one.rekeyKey),
        joinId: fromHex(one.joinId),
        isAdmin: one.flags === 1,
      })),
      tombstones: ask.tombstones.map(fromHex),
    })
    return { message, commitment: keys.commitment }
  },

  openRekey(ask: Ask<"message", "rekeySecret" | "epochSecret" | "topicId" | "signers" | "above">) {
    const message = fromHex(ask.message)
    if (ask.rekeySecret === undefined) {
      return rekeyFields(openAsItsMaker(message, fromHex(ask.epochSecret!)))
    }
    const pair = rekeyKeyPair(ask.rekeySecret)
    const opened = openRekey(message, [pair])
    if (!opened) throw new Ignored("no slot")
    const { body } = opened
    const us = body.participants.find((one) => sameBytes(one.rekeyKey, pair.publicKey))
    const {
      above = body.epoch - 1,
      signers = [hex(body.signer)],
      topicId = hex(body.topicId),
    } = ask
    if (us && above > 0) {
      const before = { topicId, signers, requestKey: hex(body.requestKey), epoch: above }
      const decoded = memberOf(us.publicKey, before, [pair]).decode(message, { nowMs: 0 })
      if (decoded.kind !== "rekey" || !decoded.applied) throw new Ignored(decoded.kind)
    }
    return rekeyFields({ body, commitment: opened.keys.commitment })
  },

  makeRequest(
    ask: Ask<"seed" | "requestKey" | "topicId" | "epoch" | "failed" | "serial" | "rekeyKey">,
  ) {
    const secrets = { topicId: fromHex(ask.topicId), requestKey: fromHex(ask.requestKey) }
    const { epoch, serial } = ask
    const [failed, rekeyKey] = [fromHex(ask.failed), fromHex(ask.rekeyKey)]
    const signer = new Identity(fromHex(ask.seed))
    return { message: makeKeyRequest(signer, secrets, { epoch, failed, serial, rekeyKey }) }
  },

  openRequest(ask: Ask<"message" | "requestKey" | "topicId">) {
    const secrets = { topicId: fromHex(ask.topicId), requestKey: fromHex(ask.requestKey) }
    const request = openKeyRequest(fromHex(ask.message), secrets)
    if (!request) throw new Ignored("other")
    return request
  },

  makeRemoval(ask: Ask<"seed" | "topicId" | "epoch" | "publicKey" | "rekeyKey">) {
    const removed = { publicKey: fromHex(ask.publicKey), rekeyKey: fromHex(ask.rekeyKey) }
    const signer = new Identity(fromHex(ask.seed))
    return { message: makeRemovalNotice(signer, fromHex(ask.topicId), ask.epoch, removed) }
  },

  openRemoval(ask: Ask<"message" | "rekeySecret" | "topicId" | "publicKey" | "signers", "epoch">) {
    const member = memberOf(fromHex(ask.publicKey), ask, [rekeyKeyPair(ask.rekeySecret)])
    const decoded = member.decode(fromHex(ask.message), { nowMs: 0 })
    if (decoded.kind !== "removed") throw new Ignored(decoded.kind)
    return { signer: decoded.by, epoch: decoded.epoch }
  },

  joiner(
    ask: Ask<
      "seed" | "serial" | "rekeyKey" | "name" | "session" | "ephemeralSecret",
      "code" | "cancel" | "message2" | "message4" | "message6"
    >,
  ) {
    const context = {
      signer: new Identity(fromHex(ask.seed)),
      random: drawing(ask.session, ask.ephemeralSecret),
      serial: ask.serial,
      rekeyKey: fromHex(ask.rekeyKey),
      name: ask.name,
    }
    const code = ask.code === undefined ? null : decodePairingCode(ask.code)
    let state: JoinerState = idleJoiner
    const step = (event: JoinerEvent) => {
      const [next, effects] = stepJoiner(state, event, context)
      state = next
      return effects
    }
    const hear = (message: string) => step({ kind: "heard", nowMs: 0, bytes: fromHex(message) })
    const out: Record<string, unknown> = {}
    out["message1"] = sentBy(step({ kind: "open", nowMs: 0, forMs: 60_000, code }))
    if (ask.message2 === undefined) return out
    out["message3"] = sentBy(hear(ask.message2))
    const { keys, transcript } = agreedIn(state)
    Object.assign(out, { transcript, keys })
    let inTheEnd: readonly JoinerEffect[] = []
    if (ask.message4 !== undefined) {
      inTheEnd = hear(ask.message4)
      const shown = met(inTheEnd)
      out["host"] = hostFields(shown.profile)
      out["comparison"] = comparisonIn(shown, keys)
    }
    const session = fromHex(ask.session)
    const known: JoinerState = state
    const decide = (same: boolean) => step({ kind: "decide", nowMs: 0, session, same })
    if (ask.message4 !== undefined) out["message5"] = sentBy(code ? inTheEnd : decide(true))
    state = known
    if (ask.cancel !== undefined) {
      out["message6"] = sentBy(ask.cancel === 1 ? decide(false) : step({ kind: "close" }))
    }
    state = known
    if (ask.message6 !== undefined) out["cancelled"] = cancelledBy(hear(ask.message6))
    return out
  },

  host(
    ask: Ask<
      "seed" | "topicId" | "epoch" | "topicName" | "name" | "salt" | "ephemeralSecret" | "message1",
      "code" | "cancel" | "message3" | "message5" | "message6"
    >,
  ) {
    const context = {
      signer: new Identity(fromHex(ask.seed)),
      random: drawing(ask.salt, ask.ephemeralSecret),
      topicId: fromHex(ask.topicId),
      epoch: ask.epoch,
      topicName: ask.topicName,
      name: ask.name,
    }
    const code = ask.code === undefined ? null : decodePairingCode(ask.code)
    let state: HostState = closedHost
    const step = (event: HostEvent) => {
      const [next, effects] = stepHost(state, event, context)
      state = next
      return effects
    }
    const hear = (message: string) => step({ kind: "heard", nowMs: 0, bytes: fromHex(message) })
    const out: Record<string, unknown> = {}
    step({ kind: "open", nowMs: 0, forMs: 60_000, code })
    out["message2"] = sentBy(hear(ask.message1))
    if (ask.message3 === undefined) return out
    const effects = hear(ask.message3)
    const shown = met(effects)
    out["message4"] = sentBy(effects)
    const { keys, transcript } = agreedIn(state.phase === "open" ? state.current : null)
    Object.assign(out, { transcript, keys, joiner: joinerFields(shown.profile) })
    out["comparison"] = comparisonIn(shown, keys)
    const { session } = shown
    const known: HostState = state
    const decide = (same: boolean) => step({ kind: "decide", nowMs: 0, session, same })
    if (ask.message5 !== undefined) {
      decide(true)
      if (!hear(ask.message5).some(({ kind }) => kind === "ready")) throw new Ignored("no answer")
      out["confirmed"] = true
    }
    state = known
    if (ask.cancel !== undefined) {
      out["message6"] = sentBy(ask.cancel === 1 ? decide(false) : step({ kind: "close" }))
    }
    state = known
    if (ask.message6 !== undefined) out["cancelled"] = cancelledBy(hear(ask.message6))
    return out
  },

  makeCode(ask: Ask<"role" | "publicKey" | "secret" | "address">) {
    const role = ask.role === 1 ? "host" : "joiner"
    const random = () => fromHex(ask.secret)
    const code = makePairingCode(role, fromHex(ask.publicKey), ask.address, random)
    return { text: encodePairingCode(code) }
  },

  readCode({ text }: Ask<"text">) {
    const code = decodePairingCode(text)
    const { id: secretId, secret: oneTimeSecret } = deriveOneTimeSecret(code.secret)
    return { ...code, role: code.role === "host" ? 1 : 2, oneTimeSecret, secretId }
  },

  makeJoin({ name, rekeyKey, seed, serial }: Ask<"seed" | "serial" | "rekeyKey" | "name">) {
    const fields = { serial, rekeyKey: fromHex(rekeyKey), name }
    return { text: makeJoinRequest(new Identity(fromHex(seed)), fields) }
  },

  makeInvitation(ask: Ask<"seed" | "topicId" | "epoch" | "topicName" | "name">) {
    const { epoch, name, topicName } = ask
    const fields = { topicId: fromHex(ask.topicId), epoch, topicName, name }
    return { text: makeInvitation(new Identity(fromHex(ask.seed)), fields) }
  },

  readJoin: ({ text }: Ask<"text">) => ({ profile: joinerFields(openJoinRequest(text)) }),

  readInvitation: ({ text }: Ask<"text">) => ({ profile: hostFields(openInvitation(text)) }),
}

// Epochs and topics

const nobody = new Identity(new Uint8Array(32).fill(0xee)).publicKey

function bodyOf(body: string): RekeyBody {
  return decodeRekeyBody(fromHex(body)).body
}

function epochOf(
  { body, channelName, epochSecret }: Ask<"body" | "channelName" | "epochSecret">,
  ownKey: Uint8Array,
) {
  const decoded = bodyOf(body)
  const begun = beginEpoch(decoded, deriveEpochKeys(fromHex(epochSecret), decoded), ownKey)
  return { ...begun, binding: bindingOf(begun.epoch, contextOf(decoded.topicId, channelName)) }
}

function rekeyKeyPair(secret: string): RekeyKeyPair {
  const secretKey = fromHex(secret)
  return { serial: 0, secretKey, publicKey: exchangePublicKey(secretKey), usedMs: null }
}

/** The topic of one who only listens. */
function topicOf(
  publicKey: Uint8Array,
  membership: Membership,
  rekeyKeys: readonly RekeyKeyPair[],
  channelName: string,
): Topic {
  const signer: Signer = { publicKey, sign: () => new Uint8Array(64) }
  const { commitment } = membership.current
  const chain = { chainKey: new Uint8Array(32), block: 0 }
  const state = encodeState({
    owner: publicKey,
    isRemoved: false,
    membership,
    latestRekey: new Uint8Array(0),
    rekeyKeys,
    announced: [],
    removed: [],
  })
  const sending = encodeSending({ commitment, chain, used: 0 })
  return Topic.restore({ signer, channelName }, { state, sending })
}

/** Somebody in an epoch whose admins are `signers`. */
function memberOf(
  publicKey: Uint8Array,
  ask: Ask<"topicId" | "signers", "requestKey" | "epoch">,
  rekeyKeys: readonly RekeyKeyPair[] = [],
): Topic {
  const { epoch = 1, requestKey = "00".repeat(32), topicId } = ask
  const admins = new Set(ask.signers.length > 0 ? ask.signers : [hex(publicKey)])
  const participants: Participant[] = [...new Set([...admins, hex(publicKey)])].map((key, i) => ({
    publicKey: fromHex(key),
    serial: 0,
    rekeyKey: new Uint8Array(32),
    joinId: new Uint8Array(8).fill(i),
    isAdmin: admins.has(key),
  }))
  const body: RekeyBody = {
    topicId: fromHex(topicId),
    requestKey: fromHex(requestKey),
    epoch,
    parent: new Uint8Array(32).fill(epoch === 1 ? 0 : 1),
    madeMs: 0,
    isPadded: false,
    signer: publicKey,
    name: "",
    participants,
    tombstones: [],
  }
  const keys = deriveEpochKeys(new Uint8Array(32), body)
  const current = beginEpoch(body, keys, publicKey).epoch
  return topicOf(publicKey, newMembership(current), rekeyKeys, "")
}

/** What `openRekey` does once a slot is open: the maker has no slot. */
function openAsItsMaker(message: Uint8Array, epochSecret: Uint8Array) {
  const { epoch, outer, sealedBody } = decodeRekey(message)
  const opened = open(sealedBody, zeroNonce, rekeyBodyKey(epochSecret, outer), outer)
  if (!opened) throw new PeerError("not-authentic", "Not with this secret.")
  const { body, signature, unsigned } = decodeRekeyBody(opened)
  const signed = labelled("topic rekey", hash(outer), unsigned)
  if (!verify(signature, signed, body.signer))
    throw new PeerError("bad-signature", "Not so signed.")
  if (body.epoch !== epoch) throw new PeerError("malformed", "Two epochs.")
  return { body, commitment: deriveEpochKeys(epochSecret, body).commitment }
}

/** `body` is without its signature. */
function rekeyFields({ body, commitment }: Pick<Epoch, "body" | "commitment">) {
  const { isPadded, madeMs, participants, ...same } = body
  return {
    ...same,
    body: encodeRekeyBody(body),
    commitment,
    madeAt: madeMs,
    options: isPadded ? 1 : 0,
    participants: participants.map(({ isAdmin, ...one }) => ({ ...one, flags: isAdmin ? 1 : 0 })),
  }
}

// Content

const dataTypes: Readonly<Record<Content["type"], DataType>> = {
  M: "message",
  T: "timed",
  B: "bundle",
  C: "control",
}

function bytesOf(content: Content): Uint8Array {
  if (content.raw !== undefined) return fromHex(content.raw)
  const payload = fromHex(content.payload ?? "")
  switch (content.type) {
    case "M":
      return payload
    case "T":
      return encodeTimed({ sentMs: content.sentAt!, validForMs: content.validFor!, payload })
    case "B":
      return encodeBundle(content.payloads!.map(fromHex))
    case "C":
      return encodeControl(controlOf(content))
  }
}

function controlOf(content: Content): Exclude<Control, { kind: "unknown" }> {
  const challenge = fromHex(content.challenge ?? "")
  const counters = content.counters ?? 0
  switch (content.kind) {
    case 1:
      return { kind: "rekey-key", serial: content.serial!, rekeyKey: fromHex(content.rekeyKey!) }
    case 2:
      return { kind: "sync", challenge, counters: counters === 0xffffffff ? null : counters }
    case 3: {
      const tag = Number.parseInt(content.tag!, 16)
      return { kind: "report", challenge, tag, counters, guard: fromHex(content.guard!) }
    }
    default:
      return { kind: "closing", epoch: content.epoch!, counters }
  }
}

function contentOf(type: DataType, decoded: Decoded, plain: Uint8Array): object {
  switch (decoded.kind) {
    case "message": {
      const { payload, sentMs } = decoded
      if (type === "message") return { type: "M", payload }
      return { type: "T", sentAt: sentMs, validFor: decodeTimed(plain).validForMs, payload }
    }
    case "bundle":
      return { type: "B", payloads: decoded.payloads }
    case "control":
      return { type: "C", ...controlFields(decoded.control, plain) }
    default:
      throw new Ignored(decoded.kind)
  }
}

function controlFields(control: Control, plain: Uint8Array): object {
  switch (control.kind) {
    case "rekey-key":
      return { ...control, kind: 1 }
    case "sync":
      return { ...control, kind: 2, counters: control.counters ?? 0xffffffff }
    case "report":
      return { ...control, kind: 3, tag: u32(control.tag) }
    case "closing":
      return { ...control, kind: 4 }
    case "unknown":
      return { kind: plain[0], unknown: true }
  }
}

// Pairing

/** What is drawn: one of 16 bytes (session, salt), one of 32 (the ephemeral key). */
function drawing(short: string, ephemeralSecret: string): (length: number) => Uint8Array {
  return (length) => fromHex(length === 32 ? ephemeralSecret : short)
}

type Effects = readonly (JoinerEffect | HostEffect)[]

/** The one message that a step sent. */
function sentBy(effects: Effects): Uint8Array {
  const sent = effects.find((effect) => effect.kind === "send")
  if (sent) return sent.bytes
  throw refusalIn(effects)
}

/** Who is shown or was scanned. */
function met<Effect extends JoinerEffect | HostEffect>(
  effects: readonly Effect[],
): Extract<Effect, { kind: "compare" | "scanned" }> {
  for (const effect of effects) {
    if (effect.kind === "compare" || effect.kind === "scanned") {
      return effect as Extract<Effect, { kind: "compare" | "scanned" }>
    }
  }
  throw refusalIn(effects)
}

/** The number of the reason of a '6'. */
function cancelledBy(effects: Effects): number {
  const ended = effects.find((effect) => effect.kind === "ended")
  if (ended?.because !== "cancelled-by-peer") throw refusalIn(effects)
  return ended.reason === "different" ? 1 : 2
}

function refusalIn(effects: Effects): Error {
  const ended = effects.find((effect) => effect.kind === "ended")
  return ended ? new PeerError(ended.because, "The session ended.") : new Ignored("no answer")
}

function agreedIn(state: object | null) {
  if (!state || !("agreed" in state)) throw new Ignored("nothing agreed")
  return state.agreed as { readonly transcript: Uint8Array; readonly keys: PairingKeys }
}

function comparisonIn(
  shown: { readonly kind: string } | { readonly kind: "compare"; readonly comparison: Comparison },
  { comparisonBytes }: PairingKeys,
) {
  return shownOf("comparison" in shown ? shown.comparison : comparisonOf(comparisonBytes))
}

function shownOf({ digits, emoji }: Comparison) {
  return {
    numbers: emoji.map((one) => emojiList.indexOf(one)),
    emoji: emoji.map(({ name, symbol }) => `${symbol} ${name}`),
    digits: digits.split(" ").map(Number),
  }
}

function joinerFields({ exchangePublicKey: exchangeKey, name, ...profile }: JoinerProfile) {
  const { publicKey, rekeyKey, serial } = profile
  return { publicKey, exchangeKey, serial, rekeyKey, name }
}

function hostFields({ exchangePublicKey: exchangeKey, name, ...profile }: HostProfile) {
  const { epoch, publicKey, topicId, topicName } = profile
  return { publicKey, exchangeKey, topicId, epoch, topicName, name }
}

// Refusals

function unlessRefused<T>(run: () => T): T | null {
  try {
    return run()
  } catch (error) {
    if (error instanceof PeerError) return null
    throw error
  }
}

/** What a topic ignores may be no message at all. */
function decodedOrIgnored<T>(decode: () => T, { kind }: Decoded): T {
  const decoded = unlessRefused(decode)
  if (decoded === null) throw new Ignored(kind)
  return decoded
}
