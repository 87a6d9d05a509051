import { hex, UsageError } from "stringphone/bytes"
import type { FileOfLetter, Letter, MailboxSession } from "stringphone/session/mailbox"
import type { Context } from "../context.js"
import { confirmed } from "../input.js"
import { countOf, quoted } from "../wording.js"
import { saveAttachments } from "./attachments.js"
import { reportLetter } from "./letter-report.js"
import { letterText, rowText, shortId, whoText } from "./letter-text.js"
import { lookForMail, withMailbox } from "./place.js"

/** @throws {UsageError} `bad-letter-id`, `no-such-letter`, `ambiguous-letter` */
export async function requireLetter(mailbox: MailboxSession, given: string): Promise<Letter> {
  const id = given.trim().toLowerCase()
  if (!/^[0-9a-f]{4,32}$/.test(id)) {
    throw new UsageError(
      "bad-letter-id",
      "A letter is named by the first digits of its ID, at least 4, as `mail inbox` shows it.",
    )
  }
  const letter = await mailbox.letter(id)
  if (letter) return letter
  throw new UsageError("no-such-letter", `There is no letter ${id}.`)
}

export interface InboxOptions {
  readonly unread?: boolean
  readonly sent?: boolean
}

/** `mail inbox`: what came, newest first; or what we wrote. */
export async function printInbox(
  context: Context,
  { sent = false, unread = false }: InboxOptions,
): Promise<void> {
  await withMailbox(context, async (place) => {
    const fresh = await lookForMail(place)
    const direction = sent ? "out" : "in"
    const letters = (await place.mailbox.letters()).filter(
      (letter) => letter.direction === direction && !(unread && letter.isRead),
    )
    const columns = terminalColumns(80)
    const rows = letters.map((letter) => rowText(letter, context.paint, columns))
    const none = sent ? "You wrote no letter yet." : unread ? "Nothing unread." : "No mail yet."
    context.print(rows.length > 0 ? rows.join("\n") : none, {
      new: fresh,
      letters: letters.map(reportLetter),
    })
  })
}

/** `mail read`: one letter, which counts as read then; its files where the person wants them. */
export async function readLetter(
  context: Context,
  id: string,
  { save }: { readonly save?: string },
): Promise<void> {
  await withMailbox(context, async (place) => {
    await lookForMail(place)
    const { mailbox } = place
    const letter = await requireLetter(mailbox, id)
    const { files } = letter
    const paths =
      save === undefined ? [] : await saveAttachments(await contentsOf(mailbox, letter), save)
    const hint = `${context.command} mail read ${shortId(letter.id)} --save DIR`
    const { from } = letter
    const after = [
      ...(letter.direction === "in" && from && !from.contact
        ? [`Not your contact yet: ${context.command} contacts add NAME ${hex(from.publicKey)}`]
        : []),
      ...paths.map((path, i) => `Saved file ${i + 1} as ${quoted(path)}`),
      ...(save !== undefined && files.length === 0 ? ["It has no files."] : []),
      ...(save === undefined && files.length > 0
        ? [`${countOf(files.length, "file")} inside: ${hint}`]
        : []),
    ]
    const answered = await answeredBy(mailbox, letter)
    const { command, paint } = context
    const text = letterText(letter, answered, {
      paint,
      command,
      columns: terminalColumns(Infinity),
    })
    context.print([text, ...(after.length > 0 ? ["", ...after] : [])].join("\n"), {
      ...reportLetter(letter),
      saved: paths,
    })
    if (letter.direction === "in") await mailbox.markRead(letter.id)
  })
}

/** `mail confirm`: the receipt that a letter asks for. */
export async function confirmLetter(context: Context, id: string): Promise<void> {
  await withMailbox(context, async ({ mailbox }) => {
    const letter = await requireLetter(mailbox, id)
    await mailbox.confirm(letter.id)
    const who = letter.from ? whoText(letter.from) : "its writer"
    context.print(
      `Confirmed. The receipt for ${who} goes out in 1 to 24 hours, so that nobody learns when you read it.`,
      { event: "confirmed", id: letter.id },
    )
  })
}

/** `mail delete`: the letter here, for good. */
export async function deleteLetter(
  context: Context,
  id: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  await withMailbox(context, async ({ mailbox }) => {
    const letter = await requireLetter(mailbox, id)
    const short = shortId(letter.id)
    if (!yes) await confirmed(`Delete ${short} for good? Others may still have it.`)
    await mailbox.deleteLetter(letter.id)
    context.print(`Deleted ${short}.`, { event: "deleted", id: letter.id })
  })
}

async function contentsOf(
  mailbox: MailboxSession,
  { files, id }: Letter,
): Promise<readonly FileOfLetter[]> {
  const contents: FileOfLetter[] = []
  for (const [i, { name }] of files.entries()) {
    const bytes = await mailbox.file(id, i)
    if (bytes) contents.push({ name, bytes })
  }
  return contents
}

async function answeredBy(mailbox: MailboxSession, { replyTo }: Letter): Promise<Letter | null> {
  if (replyTo === null) return null
  return (await mailbox.letters()).find(({ messageId }) => messageId === replyTo) ?? null
}

/** What fits on the terminal; `missing` where there is none. */
function terminalColumns(missing: number): number {
  return process.stdout.isTTY ? process.stdout.columns : missing
}
