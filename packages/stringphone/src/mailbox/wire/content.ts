import {
  concat,
  decodeAll,
  fromUtf8,
  hex,
  type Reader,
  u16,
  u32,
  u8,
  UsageError,
  utf8,
} from "../../bytes/index.js"
import { hash } from "../../crypto/index.js"

export type ContentKind = "mail" | "receipt" | "nothing"
export type Authorship = "anonymous" | "deniable" | "signed"

export interface NamedFile {
  /** At most 255 bytes of UTF-8, no path. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** How the writer of a first letter introduces itself. [MAILBOX-3-2] */
export interface Introduction {
  readonly identityKey: Uint8Array
  readonly exchangeKey: Uint8Array
  /** 64 bytes, of the identity's card: these two keys belong together. */
  readonly cardSignature: Uint8Array
  readonly freshKey: Uint8Array
  readonly prekey: Uint8Array
  readonly firstPeriod: number
}

export interface Content {
  readonly kind: ContentKind
  /** 16 bytes. */
  readonly messageId: Uint8Array
  readonly writtenDay: number
  readonly authorship: Authorship
  readonly introduction: Introduction | null
  readonly replyTo: Uint8Array | null
  readonly wantsReceipt: boolean
  /** `null`: anonymous. */
  readonly senderKey: Uint8Array | null
  readonly receiverKeys: readonly Uint8Array[]
  readonly text: string
  readonly files: readonly NamedFile[]
}

export interface ReadContent extends Content {
  /** One signature of 64, a MAC of 16 for each receiver, or none. */
  readonly proofs: readonly Uint8Array[]
  /** What the proofs are over, 32 bytes. */
  readonly digest: Uint8Array
}

const kinds = ["mail", "receipt", "nothing"] as const
const authorships = ["anonymous", "deniable", "signed"] as const
const flagsOf = { introduction: 1, replyTo: 2, wantsReceipt: 4 } as const
const nobody = new Uint8Array(32)
/** No control characters, and none that change the direction of writing: `exe.gpj` is no picture. */
const fileName = /^[^/\\\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+$/u
const maxNameBytes = 255
const maxFiles = 255

/**
 * Everything but the proofs. spec/mailbox.md §4
 *
 *   0         1      2            18            20           21
 *   +---------+------+------------+-------------+------------+-------+
 *   | version | kind | message ID | written day | authorship | flags |
 *   | u8 = 1  | u8   | 16         | u16         | u8         | u8    |
 *   +---------+------+------------+-------------+------------+-------+
 *   (introduction 196) (reply to 16) sender 32 · count u8, receivers 32 …
 *   text u32 n, n · count u8, (name u8 n, n · u32 n, n) …
 */
export function encodeContent(content: Content): Uint8Array {
  const { introduction, replyTo, receiverKeys, files } = content
  const flags =
    (introduction ? flagsOf.introduction : 0) |
    (replyTo ? flagsOf.replyTo : 0) |
    (content.wantsReceipt ? flagsOf.wantsReceipt : 0)
  const text = utf8(content.text)
  if (files.length > maxFiles) throw tooManyFiles()
  return concat(
    u8(1),
    u8(kinds.indexOf(content.kind) + 1),
    content.messageId,
    u16(content.writtenDay),
    u8(authorships.indexOf(content.authorship)),
    u8(flags),
    introduction ? encodeIntroduction(introduction) : new Uint8Array(0),
    replyTo ?? new Uint8Array(0),
    content.senderKey ?? nobody,
    u8(receiverKeys.length),
    ...receiverKeys,
    u32(text.length),
    text,
    u8(files.length),
    ...files.flatMap(({ name, bytes }) => {
      const encoded = encodeName(name)
      return [u8(encoded.length), encoded, u32(bytes.length), bytes]
    }),
  )
}

/** @throws {PeerError} `malformed` */
export function decodeContent(bytes: Uint8Array): ReadContent {
  return decodeAll(bytes, "letter", (r) => {
    r.expect(1, "version")
    const kind = oneOf(r, kinds, r.u8("kind") - 1, "kind")
    const messageId = r.take(16, "message ID").slice()
    const writtenDay = r.u16("written day")
    const authorship = oneOf(r, authorships, r.u8("authorship"), "authorship")
    const flags = r.u8("flags")
    if (flags > 7) throw r.fail(`flags are ${flags}`)
    const introduction = flags & flagsOf.introduction ? readIntroduction(r) : null
    const replyTo = flags & flagsOf.replyTo ? r.take(16, "reply to").slice() : null
    const sender = r.take(32, "sender").slice()
    const isNobody = sender.every((byte) => byte === 0)
    if (isNobody !== (authorship === "anonymous")) throw r.fail("it is anonymous by half")
    const receiverKeys = Array.from({ length: r.u8("receivers") }, () =>
      r.take(32, "receiver").slice(),
    )
    checkReceivers(r, kind, sender, receiverKeys)
    if (kind === "receipt" && !replyTo) throw r.fail("a receipt is for no letter")
    const text = readText(r, r.u32("length of the text"), "text")
    const files = Array.from({ length: r.u8("files") }, () => readFile(r))
    const digest = hash(bytes.subarray(0, bytes.length - r.remaining))
    const proofs = readProofs(r, authorship, receiverKeys.length)
    return {
      kind,
      messageId,
      writtenDay,
      authorship,
      introduction,
      replyTo,
      wantsReceipt: (flags & flagsOf.wantsReceipt) !== 0,
      senderKey: isNobody ? null : sender,
      receiverKeys,
      text,
      files,
      proofs,
      digest,
    }
  })
}

/** [MAILBOX-4-2] */
function checkReceivers(
  r: Reader,
  kind: ContentKind,
  sender: Uint8Array,
  receivers: readonly Uint8Array[],
): void {
  const keys = [sender, ...receivers].map(hex)
  if (new Set(keys).size < keys.length) throw r.fail("somebody is named twice")
  if (receivers.length === 0 && kind !== "nothing") throw r.fail("it is to nobody")
}

function encodeIntroduction(introduction: Introduction): Uint8Array {
  const { identityKey, exchangeKey, cardSignature, freshKey, prekey, firstPeriod } = introduction
  return concat(identityKey, exchangeKey, cardSignature, freshKey, prekey, u32(firstPeriod))
}

function readIntroduction(r: Reader): Introduction {
  return {
    identityKey: r.take(32, "introduced identity key").slice(),
    exchangeKey: r.take(32, "introduced exchange key").slice(),
    cardSignature: r.take(64, "signature of the card").slice(),
    freshKey: r.take(32, "fresh key").slice(),
    prekey: r.take(32, "prekey").slice(),
    firstPeriod: r.u32("first period"),
  }
}

function readProofs(r: Reader, authorship: Authorship, receivers: number): readonly Uint8Array[] {
  if (authorship === "anonymous") return []
  if (authorship === "signed") return [r.take(64, "signature").slice()]
  return Array.from({ length: receivers }, () => r.take(16, "proof").slice())
}

function readFile(r: Reader): NamedFile {
  const name = readText(r, r.u8("length of a file's name"), "name of a file")
  if (!isFileName(name)) throw r.fail("the name of a file is none") // [MAILBOX-4-6]
  return { name, bytes: r.take(r.u32("length of a file"), "file").slice() }
}

function readText(r: Reader, length: number, field: string): string {
  const text = fromUtf8(r.take(length, field))
  if (text === null) throw r.fail(`the ${field} is not UTF-8`)
  return text
}

function encodeName(name: string): Uint8Array {
  const encoded = utf8(name)
  if (isFileName(name) && encoded.length <= maxNameBytes) return encoded
  throw new UsageError(
    "bad-file-name",
    "A file's name has 1 to 255 bytes, no slash and no control character. Give it another name.",
  )
}

/** A name and no path, on any system. */
function isFileName(name: string): boolean {
  return fileName.test(name) && name !== "." && name !== ".."
}

function oneOf<T>(r: Reader, all: readonly T[], index: number, field: string): T {
  const found = all[index]
  if (found === undefined) throw r.fail(`${field} is unknown`)
  return found
}

function tooManyFiles(): UsageError {
  return new UsageError("too-large", "A letter has at most 255 files. Pack them into one.")
}
