import { UsageError } from "stringphone/bytes"
import { addContact, contactByKey, takePetname } from "stringphone/identity"
import type { Authorship, Letter, Receiver } from "stringphone/session/mailbox"
import type { Context } from "../context.js"
import { lastDayOf } from "../day.js"
import { readInput } from "../input.js"
import { readAttachment } from "./attachments.js"
import { requireLetter } from "./letters.js"
import { reportLetter } from "./letter-report.js"
import { shortId, trustedText } from "./letter-text.js"
import { lookForMail, type MailPlace, withMailbox } from "./place.js"
import { findByWords, findReceiver, readAddressText } from "./receivers.js"

export interface WriteOptions {
  readonly attach?: readonly string[]
  readonly address?: readonly string[]
  readonly words?: readonly string[]
  readonly petname?: string
  readonly sign?: true
  readonly anonymous?: true
  readonly life?: string
  readonly receipt?: true
  readonly replyTo?: string
}

/** `mail write`: seals a letter and leaves it in the hub. No network is needed. */
export async function writeLetter(
  context: Context,
  given: readonly string[],
  options: WriteOptions,
): Promise<void> {
  const { names, text: spoken } = namesAndText(given, options)
  const secrets = [...(options.address ?? []), ...(options.words ?? [])]
  const isPiped = secrets.includes("-")
  if (isPiped && spoken === null) {
    throw new UsageError(
      "bad-text",
      "The input is the address or the words; give the text on the command line.",
    )
  }
  const petname = options.petname === undefined ? null : takePetname(options.petname)
  if (petname !== null && secrets.length !== 1) {
    throw new UsageError("bad-petname", "--petname names whom one --address or --words is of.")
  }
  const files = await Promise.all((options.attach ?? []).map(readAttachment))
  const text = spoken ?? new TextDecoder().decode(await readInput(context, false))
  if (text === "" && files.length === 0) {
    throw new UsageError("bad-text", "There is nothing to send.")
  }
  await withMailbox(context, async (place) => {
    const to = await receiversOf(place, names, options)
    if (petname !== null) await nameNewcomer(place, petname, to.at(-1))
    const { mailbox } = place
    const replyTo =
      options.replyTo === undefined ? null : await requireLetter(mailbox, options.replyTo)
    const letter = await mailbox.write({
      to,
      text,
      files,
      authorship: authorshipOf(options),
      wantsReceipt: options.receipt ?? false,
      ...(options.life !== undefined && { lifeDays: Number(options.life) }),
      ...(replyTo && { replyTo: replyTo.messageId }),
    })
    context.print(writtenText(context, letter), { event: "written", ...reportLetter(letter) })
  })
}

/**
 * The last word is the text. A single one is the receiver, and the text comes from stdin; unless an
 * address says who receives it.
 */
export function namesAndText(
  given: readonly string[],
  { address, words }: Pick<WriteOptions, "address" | "words">,
): { readonly names: readonly string[]; readonly text: string | null } {
  const hasOther = address !== undefined || words !== undefined
  if (given.length === 0 && !hasOther) {
    throw new UsageError(
      "bad-receiver",
      "Say who receives it: a contact, or --address, or --words.",
    )
  }
  if (given.length === 0 || (given.length === 1 && !hasOther)) return { names: given, text: null }
  const text = given.at(-1) ?? ""
  return { names: given.slice(0, -1), text: text === "-" ? null : text }
}

async function receiversOf(
  place: MailPlace,
  names: readonly string[],
  { address = [], words = [] }: WriteOptions,
): Promise<readonly Receiver[]> {
  const { mailbox, ring } = place
  const { pairs } = await mailbox.status()
  const book = await ring.contacts()
  const to: Receiver[] = names.map((name) => ({ publicKey: findReceiver(pairs, book, name) }))
  for (const given of address) to.push({ address: await readAddressText(given) })
  if (words.length > 0) await lookForMail(place)
  for (const given of words) to.push({ address: await findByWords(mailbox, given) })
  return to
}

/** The name is for a key that nobody has compared: it is no verified contact. spec/mailbox.md §5.3 */
async function nameNewcomer(
  { mailbox, ring }: MailPlace,
  petname: string,
  receiver: Receiver | undefined,
): Promise<void> {
  if (!receiver || !("address" in receiver)) return
  const { publicKey } = mailbox.readAddress(receiver.address)
  await ring.updateContacts((book) =>
    contactByKey(book, publicKey)
      ? book
      : addContact(book, { petname, publicKey }, { state: "unknown", atMs: Date.now() }),
  )
}

function authorshipOf({ anonymous, sign }: WriteOptions): Authorship {
  if (sign) return "signed"
  return anonymous ? "anonymous" : "deniable"
}

function writtenText({ command, paint }: Context, letter: Letter): string {
  const names = letter.to.map((one) => trustedText(one, paint)).join(", ")
  return [
    `Sealed for ${names}: ${paint.bold(shortId(letter.id))} · ${letter.authorship} · carried until ${lastDayOf(letter.expiresAt)}.`,
    paint.dim(
      `It is in your hub, and goes with the next stick or sync: ${command} mail export DIR`,
    ),
  ].join("\n")
}
