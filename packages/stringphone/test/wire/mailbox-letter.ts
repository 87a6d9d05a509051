// A letter to try things with, and what becomes of its bytes.
import { concat, PeerError, UsageError } from "../../src/bytes/index.js"
import type { Content } from "../../src/mailbox/index.js"
import { decodeContent, encodeContent, type ReadContent } from "../../src/mailbox/wire/content.js"
import { secret } from "./fixtures.js"

export const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)

export const plain: Content = {
  kind: "mail",
  messageId: fill(16, 0x11),
  writtenDay: 0x4e20,
  authorship: "signed",
  introduction: null,
  replyTo: null,
  wantsReceipt: false,
  senderKey: secret(0xa1),
  receiverKeys: [secret(0xb2)],
  text: "Hi",
  files: [],
}

/** Of the error, if it is one of ours. */
export function codeOf(run: () => unknown): string {
  try {
    run()
    return "none"
  } catch (error) {
    if (error instanceof PeerError || error instanceof UsageError) return error.code
    throw error
  }
}

/** `malformed`, or that it was read and is written the same again. */
export function outcome(bytes: Uint8Array): string {
  let read: ReadContent
  try {
    read = decodeContent(bytes)
  } catch (error) {
    return error instanceof PeerError ? error.code : String(error)
  }
  const again = concat(encodeContent(read), ...read.proofs)
  return again.every((byte, i) => byte === bytes[i]) && again.length === bytes.length
    ? "the same"
    : "something else"
}
