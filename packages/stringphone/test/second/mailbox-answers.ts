// Ours behind the line protocol of mailbox.py: the same questions, the same answers.
import { PeerError, type RandomBytes, sameBytes, UsageError } from "../../src/bytes/index.js"
import { exchange, exchangePublicKey } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { secretOfWords, wordsOfSecret } from "../../src/identity/secret-words.js"
import { proveContent } from "../../src/mailbox/authorship.js"
import { chainAfter, firstChain, pairSlot, tagsOf } from "../../src/mailbox/chain.js"
import { periodOf } from "../../src/mailbox/day.js"
import {
  checkEnvelope,
  dummyEnvelope,
  envelopeId,
  openBody,
  openSlot,
  sealEnvelope,
} from "../../src/mailbox/envelope.js"
import {
  invitationSlot,
  invitationTags,
  trialSlot,
  trialSlotFor,
} from "../../src/mailbox/first-contact.js"
import { unfitness } from "../../src/mailbox/hub/admission.js"
import { Mailbox, type Opened } from "../../src/mailbox/mailbox.js"
import { authorshipKey, rootOfOwner, rootOfWriter } from "../../src/mailbox/root.js"
import { decodeSaved, encodeSaved } from "../../src/mailbox/saved.js"
import { keysOfWords, openWithWords } from "../../src/mailbox/words-letter.js"
import {
  type Address,
  addressText,
  encodeAddress,
  readAddressText,
} from "../../src/mailbox/wire/address.js"
import type { Introduction, NamedFile } from "../../src/mailbox/wire/content.js"
import { readEnvelope, sizes, slotCounts } from "../../src/mailbox/wire/envelope.js"
import { type Answer, type Ask, fromJson, toJson } from "./json.js"

/** What is text; all other strings are bytes in hexadecimal. */
const textNames = new Set(["do", "name", "slot", "text", "words"])

interface AskedSlot {
  readonly tag: Uint8Array
  readonly slotKey: Uint8Array
  readonly random?: Uint8Array
}

/** What is asked, with bytes in place of hexadecimal; which of it there is, `do` tells. */
interface Fields {
  readonly authorship: number
  readonly authorshipKeys?: readonly Uint8Array[]
  readonly confirm?: number
  readonly content: Uint8Array
  readonly contentKey: Uint8Array
  readonly envelope: Uint8Array
  readonly ephemeralKey: Uint8Array
  readonly ephemeralSecret: Uint8Array
  readonly exchangeKey: Uint8Array
  readonly expiryDay: number
  readonly files: readonly NamedFile[]
  readonly firstPeriod: number
  readonly identityKey: Uint8Array
  readonly introduction?: Uint8Array
  readonly invitations?: readonly {
    readonly secret: Uint8Array
    readonly prekeySecret: Uint8Array
  }[]
  readonly kind: number
  readonly lastDay: number
  readonly messageId: Uint8Array
  readonly number: number
  readonly pairs?: readonly {
    readonly identityKey: Uint8Array
    readonly authorshipKey: Uint8Array
    readonly chain: Uint8Array
  }[]
  readonly period: number
  readonly prekey: Uint8Array
  readonly prekeySecret?: Uint8Array
  readonly prekeys?: readonly Uint8Array[]
  readonly receiver: Uint8Array
  readonly receivers: readonly Uint8Array[]
  readonly replyTo?: Uint8Array
  readonly root: Uint8Array
  readonly secret: Uint8Array
  readonly secretE: Uint8Array
  readonly seed: Uint8Array
  readonly sender: Uint8Array
  readonly sizeCode: number
  readonly slotCode: number
  readonly slotKey: Uint8Array
  readonly slots: readonly AskedSlot[]
  readonly tag: Uint8Array
  readonly text: string
  readonly today?: number
  readonly words: string
  readonly writtenDay: number
}

/** X25519 of ephemeral key and prekey as whoever asks has it, and both public keys. */
function agreed({ ephemeralKey, ephemeralSecret, prekey, prekeySecret }: Fields) {
  const shared = prekeySecret
    ? exchange(prekeySecret, ephemeralKey)
    : exchange(ephemeralSecret, prekey)
  if (!shared) throw new PeerError("low-order-key", "")
  return prekeySecret
    ? { shared, ephemeral: ephemeralKey, prekey: exchangePublicKey(prekeySecret) }
    : { shared, ephemeral: exchangePublicKey(ephemeralSecret), prekey }
}

const slotOf = ({ key, tag }: { readonly key: Uint8Array; readonly tag: Uint8Array }) => ({
  tag,
  slotKey: key,
})

/** What sealEnvelope asks for at random, such that the slots come out in the order of `slots`. */
function scripted({ contentKey, slots }: Fields): RandomBytes {
  const target = [...slots.keys()]
  const order = [
    ...target.filter((i) => !slots[i]!.random),
    ...target.filter((i) => slots[i]!.random),
  ]
  const dummies = slots.flatMap(({ random }) => (random ? [random] : []))
  let last = slots.length
  return (length) => {
    if (length === 32) return contentKey
    if (length === 64) return dummies.shift()!
    last--
    const place = order.indexOf(last)
    order[place] = order[last]!
    order[last] = last
    return Uint8Array.of(place)
  }
}

function introductionOf(bytes: Uint8Array): Introduction {
  const at = (from: number, to: number) => bytes.slice(from, to)
  return {
    identityKey: at(0, 32),
    exchangeKey: at(32, 64),
    cardSignature: at(64, 128),
    freshKey: at(128, 160),
    prekey: at(160, 192),
    firstPeriod: new DataView(bytes.buffer, bytes.byteOffset).getUint32(192),
  }
}

/** What another question always has. */
const optional = (field: Uint8Array | undefined) => field ?? null

const kinds = ["mail", "receipt", "nothing"] as const
const authorships = ["anonymous", "deniable", "signed"] as const
const slotNames = { pair: "pair", invitation: "invitation", address: "trial" } as const

/** As mailbox.py shows it. */
export function shown(letter: Opened): object {
  return {
    slot: slotNames[letter.via],
    kind: kinds.indexOf(letter.kind) + 1,
    messageId: letter.messageId,
    writtenDay: letter.writtenDay,
    authorship: authorships.indexOf(letter.authorship),
    ...(letter.replyTo && { replyTo: letter.replyTo }),
    confirm: Number(letter.wantsReceipt),
    sender: letter.senderKey ?? new Uint8Array(32),
    receivers: letter.receiverKeys,
    text: letter.text,
    files: letter.files,
  }
}

/** A mailbox that has just what the question says. */
function mailboxOf({
  invitations = [],
  pairs = [],
  prekeys = [],
  seed,
  today = 0,
}: Fields): Mailbox {
  const [identity, period] = [new Identity(seed), periodOf(today)]
  const random: RandomBytes = (length) => new Uint8Array(length)
  const saved = encodeSaved({
    ...decodeSaved(new Mailbox(identity, today, random).save()),
    pairs: pairs.map(({ authorshipKey: key, chain, identityKey }) => ({
      peerKey: identityKey,
      authorshipKey: key,
      hasSecret: false,
      firstPeriod: period,
      first: null,
      sending: { period, chain: new Uint8Array(32), next: 0 },
      receiving: [{ period, chain, highest: -1 }],
      lastMailDay: today,
      hasWritten: false,
      begunBy: null,
    })),
    prekeys: prekeys.map((secret) => ({
      ...{ secret, publicKey: exchangePublicKey(secret) },
      ...{ lastDay: today + 28 },
    })),
    invitations: invitations.map(({ prekeySecret, secret }) => ({
      ...{ secret, prekeySecret, prekey: exchangePublicKey(prekeySecret) },
      ...{ lastDay: today + 28, usedBy: null },
    })),
  })
  return Mailbox.restore(saved, identity, random)
}

function addressFields({ secret, ...address }: Address): object {
  return { ...address, kind: Number(secret !== null), ...(secret && { secret }) }
}

const tasks: Readonly<Record<string, (ask: Fields) => object>> = {
  identity: ({ seed }) => {
    const { exchangePublicKey: exchangeKey, publicKey } = new Identity(seed)
    return { identityKey: publicKey, exchangeKey }
  },
  envelopeId: ({ envelope }) => ({ id: envelopeId(envelope) }),
  pairSlot: ({ ephemeralKey, firstPeriod, number, period, receiver, root, sender }) => {
    const chain = chainAfter(firstChain(root, sender, receiver), period - firstPeriod)
    return { chain, ...slotOf(pairSlot(tagsOf(chain), number, ephemeralKey)) }
  },
  invitationSlot: (ask) => {
    const { ephemeral, shared } = agreed(ask)
    return slotOf(invitationSlot(invitationTags(ask.secret), ask.number, ephemeral, shared))
  },
  trialSlot: (ask) => {
    const { ephemeral, prekey, shared } = agreed(ask)
    if (ask.prekeySecret) return slotOf(trialSlot(ephemeral, prekey, shared))
    return slotOf(trialSlotFor(ask.ephemeralSecret, prekey)!)
  },
  wordsSlot: ({ secret }) => ({ tag: keysOfWords(secret).tag }),
  makeAddress: ({ kind, lastDay, prekey, secret, seed }) => {
    const itsSecret = kind === 1 ? secret : null
    const address = encodeAddress({ lastDay, prekey, secret: itsSecret }, new Identity(seed))
    return { address, text: addressText(address) }
  },
  readAddress: ({ text }) => addressFields(readAddressText(text)),
  writerRoot: ({ exchangeKey, identityKey, prekey, secret, secretE, seed }) => {
    const identity = new Identity(seed)
    const root = rootOfWriter(identity, secretE, {
      writerKey: identity.publicKey,
      writerExchangeKey: identity.exchangePublicKey,
      freshKey: exchangePublicKey(secretE),
      ownerKey: identityKey,
      ownerExchangeKey: exchangeKey,
      prekey,
      secret: optional(secret),
    })
    if (!root) throw new PeerError("low-order-key", "")
    return { root, authorshipKey: authorshipKey(root) }
  },
  readerRoot: ({ introduction, prekeySecret, secret, seed }) => {
    const identity = new Identity(seed)
    const its = introductionOf(introduction!)
    const root = rootOfOwner(identity, prekeySecret!, {
      writerKey: its.identityKey,
      writerExchangeKey: its.exchangeKey,
      freshKey: its.freshKey,
      ownerKey: identity.publicKey,
      ownerExchangeKey: identity.exchangePublicKey,
      prekey: its.prekey,
      secret: optional(secret),
    })
    if (!root) throw new PeerError("low-order-key", "")
    return { root, authorshipKey: authorshipKey(root) }
  },
  makeContent: (ask) => {
    const { authorshipKeys = [], introduction, replyTo = null, seed } = ask
    const { files, messageId, receivers: receiverKeys, text, writtenDay } = ask
    const authorship = authorships[ask.authorship]!
    const content = {
      ...{ kind: kinds[ask.kind - 1]!, messageId, writtenDay, authorship },
      introduction: introduction ? introductionOf(introduction) : null,
      ...{ replyTo, wantsReceipt: ask.confirm === 1 },
      senderKey: ask.authorship === 0 ? null : ask.sender,
      ...{ receiverKeys, text, files },
    }
    const identity = new Identity(optional(seed) ?? new Uint8Array(32))
    return { content: proveContent(content, identity, authorshipKeys) }
  },
  makeEnvelope: (ask) => {
    const real = ask.slots.flatMap(({ random, slotKey, tag }) =>
      random ? [] : [{ tag, key: slotKey }],
    )
    const { content, ephemeralSecret, expiryDay } = ask
    const envelope = sealEnvelope(content, expiryDay, ephemeralSecret, real, scripted(ask))
    return { envelope, id: envelopeId(envelope) }
  },
  makeDummy: ({ contentKey, ephemeralSecret, expiryDay, sizeCode, slotCode, slots }) => {
    const [size, slotCount] = [sizes[sizeCode]!, slotCounts[slotCode]!]
    const left = [contentKey, ephemeralSecret]
    const random: RandomBytes = () =>
      left.shift() ?? Uint8Array.from(slots.flatMap((slot) => [...slot.random!]))
    const envelope = dummyEnvelope({ size, slotCount }, expiryDay, random)
    return { envelope, id: envelopeId(envelope) }
  },
  readHead: ({ envelope, today }) => {
    const [facts, parts] = [checkEnvelope(envelope), readEnvelope(envelope)]
    if (!facts || !parts) throw new PeerError("no-envelope", "")
    const limits = { maxEnvelopeBytes: 1_048_576, minStampBits: 0 }
    const why = today === undefined ? null : unfitness(facts, 0, today, limits)
    if (why) throw new PeerError(why, "")
    const { commitment, ephemeralKey, expiryDay, size, slotCount } = parts
    const codes = {
      sizeCode: sizes.indexOf(size as 1024),
      slotCode: slotCounts.indexOf(slotCount as 1),
    }
    return { ...codes, expiryDay, ephemeralKey, commitment, id: facts.id }
  },
  openEnvelope: ({ envelope, slotKey, tag }) => {
    const parts = readEnvelope(envelope)
    const slot = parts?.slots.find((one) => sameBytes(one.subarray(0, 16), tag))
    const contentKey = parts && slot && openSlot(parts, slot, slotKey)
    if (!contentKey) throw new PeerError("not-ours", "")
    return { contentKey, content: openBody(parts, contentKey) }
  },
  readMail: (ask) => {
    const mailbox = mailboxOf(ask)
    const letter = mailbox.open(ask.envelope, ask.today ?? 0)
    if (!letter) throw new PeerError("not-ours", "")
    const pair = mailbox.pairs[ask.pairs?.length ?? 0]
    return { ...shown(letter), ...(pair && { introduced: pair.authorshipKey }) }
  },
  readWords: ({ envelope, words }) => {
    const text = openWithWords(envelope, keysOfWords(secretOfWords(words.split(" "))))
    if (text === null) throw new PeerError("not-ours", "")
    return addressFields(readAddressText(text))
  },
  makeWords: ({ secret }) => ({ words: wordsOfSecret(secret).join(" ") }),
  openWords: ({ words }) => ({ secret: secretOfWords(words.split(" ")) }),
}

export function hasTask(name: string): boolean {
  return name in tasks
}

/** What a peer or a person does wrong is an `error`; whatever else is thrown fails the test. */
export function answer(ask: Ask): Answer {
  try {
    return toJson(tasks[ask.do]!(fromJson(ask, textNames) as Fields)) as Answer
  } catch (error) {
    if (error instanceof PeerError) return { error: `PeerError: ${error.code}` }
    if (error instanceof UsageError) return { error: `UsageError: ${error.code}` }
    throw error
  }
}
