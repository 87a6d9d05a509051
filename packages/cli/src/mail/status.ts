import type { MailboxStatus } from "stringphone/session/mailbox"
import type { MailHubUsage } from "stringphone/session/mailbox/hub"
import type { Context } from "../context.js"
import { lastDayOf } from "../day.js"
import { countOf } from "../wording.js"
import { reportPair } from "./letter-report.js"
import { lookForMail, withHub, withMailbox } from "./place.js"
import { linkText, reportUsage, sizeText } from "./usage-text.js"

export interface StatusOptions {
  readonly confirmDate?: boolean
}

/** `mail status`: what there is, here and of others. */
export async function printMailStatus(
  context: Context,
  { confirmDate = false }: StatusOptions,
): Promise<void> {
  await withMailbox(context, async (place) => {
    const { envelopes, mailbox } = place
    if (confirmDate) await mailbox.confirmDate()
    const isRight = (await mailbox.status()).clock === null
    if (isRight) await lookForMail(place)
    const status = await mailbox.status()
    // A hub drops what has expired, so it has to know the date.
    const usage = isRight ? await withHub(context, envelopes, async (hub) => hub.usage) : null
    context.print(statusText(context, status, usage), {
      letters: status.letters,
      unread: status.unread,
      pairs: status.pairs.map(reportPair),
      invitations: status.invitations,
      publicAddress: reportAddress(status),
      clock: status.clock,
      hub: usage && reportUsage(usage),
    })
  })
}

export function statusText(
  { paint }: Pick<Context, "paint">,
  status: MailboxStatus,
  usage: MailHubUsage | null,
): string {
  const { clock, invitations, letters, pairs, publicAddress, unread } = status
  const open = pairs.filter(({ phase }) => phase === "open").length
  return [
    `Letters      ${letters}, ${unread} unread`,
    `Contacts     ${pairs.length}, ${open} of them wrote back`,
    `Invitations  ${invitations} open`,
    publicAddress === null
      ? "Address      none that anybody may write to"
      : `Address      open to anybody until ${lastDayOf(publicAddress.expiresAt)}`,
    ...(usage === null
      ? [`Hub          ${countOf(status.envelopes, "envelope")}`]
      : hubRows(usage)),
    clock === null
      ? `Clock        ${paint.good("plausible")}`
      : `Clock        ${paint.bad("⚠")} ${clock}`,
  ].join("\n")
}

/** As `mail address` has it. */
function reportAddress({ publicAddress }: MailboxStatus): object | null {
  if (publicAddress === null) return null
  const { expiresAt, text } = publicAddress
  return { address: text, expiresOn: lastDayOf(expiresAt) }
}

/** What there is, and from whom it came, the heaviest first. */
function hubRows({ bytes, count, links, maxBytes }: MailHubUsage): readonly string[] {
  return [
    `Hub          ${countOf(count, "envelope")}, ${sizeText(bytes)} of ${sizeText(maxBytes)}`,
    ...[...links]
      .sort(([, a], [, b]) => b.bytes - a.bytes)
      .map(
        ([link, usage]) =>
          `  ${linkText(link)}: ${countOf(usage.count, "envelope")}, ${sizeText(usage.bytes)} of ${sizeText(usage.quotaBytes)}`,
      ),
  ]
}
