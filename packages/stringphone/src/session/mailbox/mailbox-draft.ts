import { fromHex, UsageError } from "../../bytes/index.js"
import { type Address, type Draft, readAddressText } from "../../mailbox/index.js"
import type { LetterToWrite, Receiver } from "./mailbox-types.js"

/** @throws {UsageError} `bad-address`, `bad-message-id` */
export function draftOf({
  to,
  text,
  files,
  authorship,
  lifeDays,
  replyTo,
  wantsReceipt,
}: LetterToWrite): Draft {
  return {
    to: to.map(toOf),
    text,
    ...(files && { files }),
    ...(authorship && { authorship }),
    ...(lifeDays !== undefined && { life: lifeDays }),
    ...(replyTo !== undefined && { replyTo: messageIdOf(replyTo) }),
    ...(wantsReceipt !== undefined && { wantsReceipt }),
  }
}

function toOf(receiver: Receiver): Uint8Array | Address {
  return "address" in receiver ? readAddressText(receiver.address) : receiver.publicKey
}

function messageIdOf(text: string): Uint8Array {
  if (/^[0-9a-f]{32}$/.test(text)) return fromHex(text)
  throw new UsageError(
    "bad-message-id",
    "What is answered is named by the message ID of the letter.",
  )
}
