import { concat, PeerError, type RandomBytes, UsageError } from "../bytes/index.js"
import {
  derive,
  equal,
  exchangePublicKey,
  hash,
  labelled,
  openIetf,
  sealIetf,
} from "../crypto/index.js"
import {
  dayAt,
  encodeHeader,
  type EnvelopeParts,
  roomFor,
  shapeOf,
  sizes,
  slotBytes,
  slotCounts,
} from "./wire/envelope.js"

const noSalt = new Uint8Array(32)
const noNonce = new Uint8Array(12)

/** What goes into a slot for somebody: the key is used this once. */
export interface SlotKey {
  /** 16 bytes. */
  readonly tag: Uint8Array
  /** 32 bytes. */
  readonly key: Uint8Array
}

/** 32 bytes: what hubs call it. [MAILBOX-1-3] */
export function envelopeId(bytes: Uint8Array): Uint8Array {
  return hash(labelled("mailbox envelope", bytes))
}

/** All that a hub can know of it. `null`: it is no envelope. [MAILBOX-1-1] */
export function checkEnvelope(
  bytes: Uint8Array,
): { readonly id: Uint8Array; readonly day: number; readonly size: number } | null {
  return shapeOf(bytes) && { id: envelopeId(bytes), day: dayAt(bytes), size: bytes.length }
}

/** The day until which it is carried, which does not say when it was made. [MAILBOX-1-2] */
export function expiryDay(today: number, lifeDays: number, random: RandomBytes): number {
  const [byte = 0] = random(1)
  const most = Math.floor(lifeDays / 4)
  return today + lifeDays - Math.floor((byte / 256) * (most + 1))
}

/**
 * @param slots for each real receiver, made with the ephemeral secret
 * @throws {UsageError} `too-large`, `too-many-receivers`
 */
export function sealEnvelope(
  content: Uint8Array,
  day: number,
  ephemeralSecret: Uint8Array,
  slots: readonly SlotKey[],
  random: RandomBytes,
): Uint8Array {
  const { slotCount, size } = shapeFor(content.length, slots.length)
  const contentKey = random(32)
  const padded = new Uint8Array(roomFor(slotCount, size))
  padded.set(content)
  padded[content.length] = 0x80
  const header = encodeHeader({
    slotCount,
    size,
    expiryDay: day,
    ephemeralKey: exchangePublicKey(ephemeralSecret),
    commitment: commitmentOf(contentKey, padded),
  })
  const real = slots.map(({ tag, key }) => concat(tag, sealIetf(contentKey, noNonce, key, header)))
  const dummies = Array.from({ length: slotCount - slots.length }, () => random(slotBytes))
  const head = concat(header, ...shuffled([...real, ...dummies], random))
  return concat(head, sealIetf(padded, noNonce, bodyKeyOf(contentKey), headHash(head)))
}

/** An envelope for nobody, like any other. [MAILBOX-6-1] */
export function dummyEnvelope(
  shape: { readonly slotCount: number; readonly size: number },
  day: number,
  random: RandomBytes,
): Uint8Array {
  const contentKey = random(32)
  const { slotCount, size } = shape
  const body = new Uint8Array(roomFor(slotCount, size))
  const header = encodeHeader({
    slotCount,
    size,
    expiryDay: day,
    ephemeralKey: exchangePublicKey(random(32)),
    commitment: commitmentOf(contentKey, body),
  })
  const head = concat(header, random(slotCount * slotBytes))
  return concat(head, sealIetf(body, noNonce, bodyKeyOf(contentKey), headHash(head)))
}

/** The content key in a slot, 32 bytes. `null`: it is not for this key. [MAILBOX-2] */
export function openSlot(
  envelope: EnvelopeParts,
  slot: Uint8Array,
  key: Uint8Array,
): Uint8Array | null {
  return openIetf(slot.subarray(16), noNonce, key, envelope.header)
}

/**
 * The content, for whoever has the content key.
 * @throws {PeerError} `wrong-key`, `altered`, `malformed`
 */
export function openBody(envelope: EnvelopeParts, contentKey: Uint8Array): Uint8Array {
  const { head, body } = envelope
  const padded = openIetf(body, noNonce, bodyKeyOf(contentKey), headHash(head))
  if (!padded) throw new PeerError("altered", "An envelope was altered on its way, and not opened.")
  if (!equal(commitmentOf(contentKey, padded), envelope.commitment)) {
    throw new PeerError(
      "wrong-key",
      "An envelope shows one text to some and another one to others.",
    ) // [MAILBOX-1-4]
  }
  let end = padded.length - 1
  while (end > 0 && padded[end] === 0) end--
  if (padded[end] !== 0x80) throw new PeerError("malformed", "A letter has no end.") // [MAILBOX-1-4]
  return padded.subarray(0, end)
}

/** The smallest envelope for so much and so many. */
export function shapeFor(
  contentBytes: number,
  receivers: number,
): { readonly slotCount: number; readonly size: number } {
  const slotCount = slotCounts.find((count) => count >= receivers)
  if (slotCount === undefined) {
    throw new UsageError(
      "too-many-receivers",
      "A letter has at most 64 receivers. Write it several times.",
    )
  }
  const size = sizes.find(
    (one) => one >= leastSize(slotCount) && roomFor(slotCount, one) > contentBytes,
  )
  if (size === undefined) {
    throw new UsageError(
      "too-large",
      "A letter with its files has at most 1 MiB less 5 kB. Send less at once.",
    )
  }
  return { slotCount, size }
}

/** Small ones with several slots would be known not to be dummies. [MAILBOX-6-1] */
function leastSize(slotCount: number): number {
  return slotCount === 1 ? 1_024 : slotCount === 64 ? 16_384 : 4_096
}

function commitmentOf(contentKey: Uint8Array, padded: Uint8Array): Uint8Array {
  return derive(contentKey, noSalt, labelled("mailbox commitment", hash(padded)), 32)
}

function bodyKeyOf(contentKey: Uint8Array): Uint8Array {
  return derive(contentKey, noSalt, labelled("mailbox body"), 32)
}

function headHash(head: Uint8Array): Uint8Array {
  return hash(labelled("mailbox head", head))
}

/** Fisher–Yates. Of 64 things, a byte less those that would favour some. */
function shuffled<T>(things: readonly T[], random: RandomBytes): readonly T[] {
  const out = [...things]
  for (let i = out.length - 1; i > 0; i--) {
    const j = below(i + 1, random)
    const one = out[i] as T
    out[i] = out[j] as T
    out[j] = one
  }
  return out
}

function below(count: number, random: RandomBytes): number {
  const fair = 256 - (256 % count)
  for (;;) {
    const [byte = 0] = random(1)
    if (byte < fair) return byte % count
  }
}
