import { hex, UsageError } from "stringphone/bytes"
import type { Invitation } from "stringphone/session/mailbox"
import type { Context } from "../context.js"
import { lastDayOf } from "../day.js"
import { confirmed } from "../input.js"
import { intoNewFile } from "../new-file.js"
import { qrText } from "../terminal/qr.js"
import { reportPair } from "./letter-report.js"
import { pairText, whoText } from "./letter-text.js"
import { lookForMail, withMailbox } from "./place.js"
import { findReceiver } from "./receivers.js"

/** `mail contacts`: with whom we share keys. */
export async function printPairs(context: Context): Promise<void> {
  await withMailbox(context, async (place) => {
    await lookForMail(place)
    const { pairs } = await place.mailbox.status()
    const none = `Nobody yet. Ask for an invitation, or make one: ${context.command} mail invite`
    const text = pairs.map((pair) => pairText(pair, context.paint)).join("\n")
    context.print(pairs.length > 0 ? text : none, { pairs: pairs.map(reportPair) })
  })
}

/** `mail forget`: deletes the keys that we share with somebody. */
export async function forgetPair(
  context: Context,
  name: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  await withMailbox(context, async ({ mailbox, ring }) => {
    const { pairs } = await mailbox.status()
    const publicKey = keyOf(pairs, name) ?? findReceiver(pairs, await ring.contacts(), name)
    const pair = pairs.find((one) => hex(one.publicKey) === hex(publicKey))
    if (!pair) throw new UsageError("no-pair", "You share no mail keys with that contact.")
    if (!yes) {
      await confirmed(`Delete the keys shared with ${whoText(pair)}? Mail of theirs will not open.`)
    }
    await mailbox.forget(publicKey)
    context.print(`The keys shared with ${whoText(pair)} are deleted.`, {
      event: "forgotten",
      ...reportPair(pair),
    })
  })
}

export interface InviteOptions {
  readonly words?: boolean
  readonly file?: string
  readonly days?: number
  readonly qr: boolean
}

/** `mail invite`: what one person needs to write to us. */
export async function invite(context: Context, options: InviteOptions): Promise<void> {
  const { days, file, words: withWords = false } = options
  await withMailbox(context, async ({ mailbox }) => {
    const make = (): Promise<Invitation> =>
      mailbox.invite({ withWords, ...(days !== undefined && { days }) })
    const invitation = file === undefined ? await make() : await intoNewFile(file, make)
    context.print(invitationText(context, invitation, options), {
      event: "invitation",
      text: invitation.text,
      words: invitation.words,
      file: file ?? null,
      expiresOn: lastDayOf(invitation.expiresAt),
    })
    if (withWords) {
      context.warn(
        "Others find these words when your hub has passed on its envelope: sync or export first.",
      )
    }
    context.progress(
      `For one person, until ${lastDayOf(invitation.expiresAt)}. Whoever sees it can use it in their place.`,
    )
  })
}

/** `mail address`: what anybody may write to. */
export async function printAddress(
  context: Context,
  { close = false }: { readonly close?: boolean },
): Promise<void> {
  await withMailbox(context, async ({ mailbox }) => {
    if (close) {
      await mailbox.closePublicAddress()
      return context.print(
        "Your public address is closed: mail to it is not looked for any more.",
        {
          event: "address-closed",
        },
      )
    }
    const address = await mailbox.publicAddress()
    const { expiresAt } = mailbox.readAddress(address)
    context.print(address, { address, expiresOn: lastDayOf(expiresAt) })
    context.progress(`Anybody may write to it, until ${lastDayOf(expiresAt)}; it is no secret.`)
  })
}

function invitationText(
  { paint }: Context,
  { text, words }: Invitation,
  { file, qr }: InviteOptions,
): string {
  if (words) return words.join(" ")
  if (file !== undefined) return `Wrote the invitation to ${file}. Give it to one person.`
  // A pipe gets the text alone.
  if (!qr || !process.stdout.isTTY) return text
  return `${qrText(text, { colour: paint.colours })}\n\n${text}`
}

/** A revoked contact's keys may be deleted, too. */
function keyOf(
  pairs: readonly {
    readonly publicKey: Uint8Array
    readonly contact: { readonly petname: string } | null
  }[],
  name: string,
): Uint8Array | null {
  return pairs.find(({ contact }) => contact?.petname === name.trim())?.publicKey ?? null
}
