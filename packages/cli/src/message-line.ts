import type { ReceivedMessage } from "stringphone"
import { hex } from "stringphone/bytes"
import { trustOf } from "stringphone/identity"
import type { Context } from "./context.js"
import { nameOf } from "./member.js"
import { visible } from "./terminal/escape.js"
import { wrap } from "./terminal/wrap.js"

/**
 * `12:00:00 bob ✔ verified Dinner is ready.` The text comes last and stays on its line, or behind a
 * bar: whatever is in it, it can look like nothing else.
 */
export function messageLine({ paint }: Context, message: ReceivedMessage): string {
  const { at, from, isLate, isRepeated, payload, status, text } = message
  const time = new Date(at).toTimeString().slice(0, 8)
  const late = isLate ? "+late" : ""
  const again = isRepeated ? "+kept" : ""
  const name = nameOf(from.publicKey, from.contact)
  const trust = status === "verified" ? "✔ verified" : status
  const plainHead = `${time}${late}${again} ${name} ${trust} `
  const colour = status === "verified" ? paint.good : paint.warn
  const head = `${paint.dim(time + late + again)} ${paint.bold(name)} ${colour(trust)} `
  const body = text === null ? `(${payload.length} bytes that are no text)` : visible(text)
  const columns = process.stdout.isTTY ? process.stdout.columns : Infinity
  return head + wrap(body, columns, plainHead.length + 2, "         │ ")
}

export function reportMessage(message: ReceivedMessage): object {
  const { at, from, id, isLate, isRepeated, payload, sentAt, status, text } = message
  const { by } = trustOf(from.contact)
  return {
    event: "message",
    at: new Date(at).toISOString(),
    sentAt: sentAt === null ? null : new Date(sentAt).toISOString(),
    from: hex(from.publicKey),
    petname: from.contact?.petname ?? null,
    status,
    ...(by && { verifiedBy: by }),
    id,
    isRepeated,
    isLate,
    ...(text === null ? { base64: Buffer.from(payload).toString("base64") } : { text }),
  }
}
