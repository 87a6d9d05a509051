import { UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { type MailboxEvent, type MailboxSession, openMailbox } from "stringphone/session/mailbox"
import type { MailHub } from "stringphone/session/mailbox/hub"
import type { Context } from "../context.js"
import { readHubConfig } from "../hub/config-file.js"
import { noFlags } from "../hub/config.js"
import { type EnvelopeStore, openEnvelopes, openHubOnce } from "../hub/open-hub.js"
import { countOf } from "../wording.js"
import { withBar } from "./progress-bar.js"

/** What a mail command works with. */
export interface MailPlace {
  readonly ring: KeyRing
  readonly mailbox: MailboxSession
  readonly envelopes: EnvelopeStore
}

/** With the hub, for what takes mail of others in or passes it on. */
export interface HubPlace extends MailPlace {
  readonly hub: MailHub
}

/** Runs with the mailbox of the chosen key ring, and says at the end what was refused meanwhile. */
export async function withMailbox<T>(
  context: Context,
  use: (place: MailPlace) => Promise<T>,
): Promise<T> {
  return context.withRing(async (ring) => {
    const envelopes = await openEnvelopes()
    try {
      return await withOpenMailbox(context, ring, envelopes, (mailbox) =>
        use({ ring, mailbox, envelopes }),
      )
    } finally {
      await envelopes.close()
    }
  })
}

/**
 * The same with the hub open.
 * @throws {UsageError} `clock-leapt`: by a wrong date, all mail would have expired, here and on sticks
 */
export async function withMailHub<T>(
  context: Context,
  use: (place: HubPlace) => Promise<T>,
): Promise<T> {
  return withMailbox(context, async (place) => {
    const { clock } = await place.mailbox.status()
    if (clock !== null) {
      throw new UsageError(
        "clock-leapt",
        `${clock} To confirm it: ${context.command} mail status --confirm-date`,
      )
    }
    return withHub(context, place.envelopes, (hub) => use({ ...place, hub }))
  })
}

/** Runs with a hub on these envelopes, with the limits of its configuration. */
export async function withHub<T>(
  context: Context,
  envelopes: EnvelopeStore,
  use: (hub: MailHub) => Promise<T>,
): Promise<T> {
  const { limits } = await readHubConfig(null, noFlags)
  const hub = await openHubOnce(envelopes, limits, (event) => {
    if (event.kind === "trouble") context.warn(event.error.message)
  })
  try {
    return await use(hub)
  } finally {
    await hub.close()
  }
}

/** Opens what came since the last look. @returns how many letters */
export async function lookForMail({ mailbox }: Pick<MailPlace, "mailbox">): Promise<number> {
  const { letters } = await withBar("Looking", (onProgress) => mailbox.look({ onProgress }))
  return letters
}

async function withOpenMailbox<T>(
  context: Context,
  ring: KeyRing,
  envelopes: EnvelopeStore,
  use: (mailbox: MailboxSession) => Promise<T>,
): Promise<T> {
  const news = new News()
  const { identity, store } = ring
  const mailbox = await openMailbox({
    store,
    identity,
    contacts: ring,
    envelopes,
    onEvent: (event) => news.hear(event),
  })
  try {
    return await use(mailbox)
  } finally {
    await mailbox.close()
    news.tell(context)
  }
}

/** What a person should know although the command does what it should. */
class News {
  readonly #refused = new Map<string, number>()
  #clock: string | null = null

  hear(event: MailboxEvent): void {
    if (event.kind === "rejected") {
      const { code } = event.error
      this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1)
    }
    if (event.kind === "clock") this.#clock = event.explanation
  }

  tell(context: Context): void {
    for (const [code, count] of this.#refused) {
      context.warn(`${countOf(count, "envelope")} for you refused: ${code}.`)
    }
    if (this.#clock !== null) context.warn(this.#clock)
  }
}
