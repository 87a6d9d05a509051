import { PeerError, UsageError } from "stringphone/bytes"
import { moveSession } from "stringphone/session/login"
import type { Store } from "stringphone/store"
import type { Context } from "../context.js"
import { visible } from "../terminal/escape.js"
import { patientFetch } from "./patient-fetch.js"
import { chosenSessions, type ChosenSession, type SessionChoice } from "./sessions.js"

/** `login moved`: a server is at another address; all of its sessions here go there, once it has proven itself. */
export async function moveSessions(
  context: Context,
  url: string,
  choice: SessionChoice,
): Promise<void> {
  await context.withRing(async ({ store }) => {
    const found = await chosenSessions(context, store, choice)
    const { realm } = found[0].status
    if (found.some(({ status }) => status.realm !== realm)) throw severalRealms(found)
    const logins: string[] = []
    for (const { status } of found) {
      await moveTo(store, { url, realm, login: status.login })
      logins.push(status.login)
    }
    const where = visible(new URL(url).origin)
    const text = `${visible(realm)} is at ${where} now, and has proven it. Sessions: ${visible(logins.join(", "))}.`
    context.print(text, { event: "moved", realm, url, logins })
  })
}

async function moveTo(
  store: Store,
  where: { readonly url: string; readonly login: string; readonly realm: string },
): Promise<void> {
  try {
    await moveSession({ store, fetch: patientFetch(), ...where })
  } catch (error) {
    if (!(error instanceof PeerError) || error.code !== "denied") throw error
    throw new PeerError(
      "denied",
      "The server is there, but takes no calls at this address. Its owner sets which it takes: login serve --authority.",
      { cause: error },
    )
  }
}

function severalRealms(found: readonly ChosenSession[]): UsageError {
  const realms = [...new Set(found.map(({ status }) => status.realm))].join(", ")
  return new UsageError(
    "several-sessions",
    `There are sessions of several servers: ${realms}. Say which one has moved with --at.`,
  )
}
