import { hex } from "stringphone/bytes"
import type { Correspondent, Letter, PairFacts } from "stringphone/session/mailbox"

/** Somebody for machines. */
export function reportCorrespondent({ contact, publicKey, trust }: Correspondent): object {
  return { publicKey: hex(publicKey), petname: contact?.petname ?? null, trust }
}

export function reportPair(pair: PairFacts): object {
  const { hasSecret, phase } = pair
  return { ...reportCorrespondent(pair), phase, hasSecret }
}

/** A letter for machines; what is in its files is not shown. */
export function reportLetter(letter: Letter): object {
  const { authorship, confirmedBy, direction, files, from, id, isRead, replyTo, text, to } = letter
  return {
    id,
    messageId: letter.messageId,
    direction,
    from: from && reportCorrespondent(from),
    to: to.map(reportCorrespondent),
    authorship,
    isRead,
    writtenOn: dayOf(letter.writtenAt),
    receivedAt: new Date(letter.receivedAt).toISOString(),
    carriedUntil: lastDayOf(letter.expiresAt),
    replyTo,
    wantsReceipt: letter.wantsReceipt,
    confirmedBy: confirmedBy.map(reportCorrespondent),
    text,
    files: files.map(({ name, size }) => ({ name, bytes: size })),
  }
}

/** `2026-11-21`: of a time that nobody knows better than to the day. */
export function dayOf(atMs: number): string {
  const date = new Date(atMs)
  return Number.isNaN(date.getTime()) ? "????-??-??" : date.toISOString().slice(0, 10)
}

/** The last day of what ends at this moment: mail expires when its last day is over. */
export function lastDayOf(endMs: number): string {
  return dayOf(endMs - 1)
}
