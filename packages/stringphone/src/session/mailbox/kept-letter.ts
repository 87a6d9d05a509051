import { hex, sameBytes } from "../../bytes/index.js"
import { hash, labelled } from "../../crypto/index.js"
import { dayMs, type Draft, endOfDay, type Opened, type Written } from "../../mailbox/index.js"

/** A letter as it is kept; who its people are is looked up when it is shown. */
export interface KeptLetter {
  readonly id: string
  readonly messageId: Uint8Array
  readonly direction: "in" | "out"
  readonly senderKey: Uint8Array | null
  readonly receiverKeys: readonly Uint8Array[]
  readonly authorship: "signed" | "deniable" | "anonymous"
  readonly text: string
  readonly files: readonly { readonly name: string; readonly size: number }[]
  readonly writtenAt: number
  readonly receivedAt: number
  readonly expiresAt: number
  readonly replyTo: Uint8Array | null
  readonly wantsReceipt: boolean
  readonly isRead: boolean
  readonly confirmedBy: readonly Uint8Array[]
}

/** Two people may choose one message ID. */
export function letterId(
  senderKey: Uint8Array | null,
  messageId: Uint8Array,
  digest: Uint8Array = new Uint8Array(32),
): string {
  const sender = senderKey ?? new Uint8Array(32)
  return hex(hash(labelled("mailbox letter", sender, messageId, digest))).slice(0, 32)
}

export function keptOfOwn(
  draft: Draft,
  { messageId, day, receiverKeys }: Written,
  by: { readonly ownKey: Uint8Array; readonly today: number; readonly now: number },
): KeptLetter {
  return {
    id: letterId(by.ownKey, messageId),
    messageId,
    direction: "out",
    senderKey: by.ownKey,
    receiverKeys,
    authorship: draft.authorship ?? "deniable",
    text: draft.text,
    files: (draft.files ?? []).map(({ name, bytes }) => ({ name, size: bytes.length })),
    writtenAt: by.today * dayMs,
    receivedAt: by.now,
    expiresAt: endOfDay(day),
    replyTo: draft.replyTo ?? null,
    wantsReceipt: draft.wantsReceipt ?? false,
    isRead: true,
    confirmedBy: [],
  }
}

export function keptOfOpened(id: string, opened: Opened, day: number, now: number): KeptLetter {
  const { messageId, senderKey, receiverKeys, authorship, text, replyTo, wantsReceipt } = opened
  return {
    id,
    messageId,
    direction: "in",
    senderKey,
    receiverKeys,
    authorship,
    text,
    files: opened.files.map(({ name, bytes }) => ({ name, size: bytes.length })),
    writtenAt: opened.writtenDay * dayMs,
    receivedAt: now,
    expiresAt: endOfDay(day),
    replyTo,
    wantsReceipt,
    isRead: false,
    confirmedBy: [],
  }
}

/** Whether it is the letter of ours that a receipt is for. */
export function isConfirmedBy(
  { direction, messageId }: KeptLetter,
  { replyTo }: Pick<Opened, "replyTo">,
): boolean {
  return direction === "out" && replyTo !== null && sameBytes(messageId, replyTo)
}

/** A letter of ours, confirmed. `null`: not by its receiver, or not for the first time. */
export function confirmed(letter: KeptLetter, senderKey: Uint8Array): KeptLetter | null {
  const isIn = (keys: readonly Uint8Array[]) => keys.some((key) => sameBytes(key, senderKey))
  if (!isIn(letter.receiverKeys) || isIn(letter.confirmedBy)) return null
  return { ...letter, confirmedBy: [...letter.confirmedBy, senderKey] }
}
