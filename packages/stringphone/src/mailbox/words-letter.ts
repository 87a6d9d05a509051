import { PeerError, type RandomBytes, u8 } from "../bytes/index.js"
import { authenticate, derive, exchangePublicKey, labelled } from "../crypto/index.js"
import { longestLifeDays } from "./day.js"
import { openBody, openSlot, sealEnvelope } from "./envelope.js"
import { decodeContent, encodeContent } from "./wire/content.js"
import {
  type EnvelopeParts,
  headerBytes,
  readEnvelope,
  shapeOf,
  slotBytes,
} from "./wire/envelope.js"

/** What those who know the words look for. [MAILBOX-5-2] */
export interface WordsKeys {
  /** 16 bytes. */
  readonly tag: Uint8Array
  /** 32 bytes. */
  readonly slotSecret: Uint8Array
}

export function keysOfWords(secret: Uint8Array): WordsKeys {
  const key = derive(secret, new Uint8Array(32), labelled("mailbox words"), 32)
  const made = (purpose: number): Uint8Array => authenticate(u8(purpose), key)
  return { tag: made(0).slice(0, 16), slotSecret: made(1) }
}

function slotKeyOf({ slotSecret }: WordsKeys, ephemeralKey: Uint8Array): Uint8Array {
  return derive(slotSecret, new Uint8Array(32), labelled("mailbox words slot", ephemeralKey), 32)
}

/** An envelope with an address, for whoever has the words of the secret (16 bytes). */
export function sealForWords(
  address: string,
  secret: Uint8Array,
  today: number,
  day: number,
  random: RandomBytes,
): Uint8Array {
  const content = encodeContent({
    kind: "nothing",
    messageId: random(16),
    writtenDay: today,
    authorship: "anonymous",
    introduction: null,
    replyTo: null,
    wantsReceipt: false,
    senderKey: null,
    receiverKeys: [],
    text: address,
    files: [],
  })
  const ephemeralSecret = random(32)
  const keys = keysOfWords(secret)
  const key = slotKeyOf(keys, exchangePublicKey(ephemeralSecret))
  return sealEnvelope(content, day, ephemeralSecret, [{ tag: keys.tag, key }], random)
}

/** The address. `null`: the envelope is another one, or was altered. */
export function openWithWords(bytes: Uint8Array, keys: WordsKeys): string | null {
  const shape = shapeOf(bytes)
  for (let i = 0; i < (shape?.slotCount ?? 0); i++) {
    if (!keys.tag.every((byte, at) => bytes[headerBytes + i * slotBytes + at] === byte)) continue
    const envelope = readEnvelope(bytes)
    if (!envelope) return null
    const key = slotKeyOf(keys, envelope.ephemeralKey)
    const contentKey = openSlot(envelope, envelope.slots[i] as Uint8Array, key)
    if (!contentKey) continue
    const text = textOf(envelope, contentKey)
    if (text !== null) return text
  }
  return null
}

/** Anybody can copy the tag into an envelope of its own: that one is none. */
function textOf(envelope: EnvelopeParts, contentKey: Uint8Array): string | null {
  try {
    const content = decodeContent(openBody(envelope, contentKey))
    const { kind, text, receiverKeys, authorship, writtenDay } = content
    const life = envelope.expiryDay - writtenDay
    const isPosted = kind === "nothing" && receiverKeys.length === 0 && authorship === "anonymous"
    return isPosted && life >= 0 && life <= longestLifeDays ? text : null
  } catch (error) {
    if (error instanceof PeerError) return null
    throw error
  }
}
