import { hex } from "stringphone/bytes"
import type { Correspondent, Letter, PairFacts } from "stringphone/session/mailbox"
import { dayOf, lastDayOf } from "../day.js"

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
