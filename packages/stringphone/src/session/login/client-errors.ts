import { ChannelError, PeerError } from "../../bytes/index.js"
import type { LoginErrorName, ProvenError } from "../../login/index.js"

const sentences: Readonly<Record<LoginErrorName, string>> = {
  denied: "The server says no: it is not allowed, has ended, or was changed on its way.",
  "slow-down": "There were too many attempts.",
  "unknown-lane":
    "The server was started anew, or has forgotten this program. Whether this call was acted on before that is not known; look before you try again.",
  expired: "The server wants a refresh again and again. Nothing was done; try later.",
  used: "This call came more than once: somebody repeated it. Whether it was acted on is not known; look before you try again.",
  "too-old":
    "This call came too late. Whether it was acted on before is not known; look before you try again.",
  revoked: "This session has ended. Log in again.",
  malformed:
    "The server does not understand this: it was changed on its way, or one of the two programs is too old.",
  "missing-scope": "This session may not do that. Nothing was done; ask the server's owner.",
  unprotected: "The server wants this call in the other way, sealed or signed. Nothing was done.",
}

/** What the server said, and proved. */
export function toldError({ name, seconds }: ProvenError): PeerError {
  const wait = seconds > 0 ? ` Try again in ${seconds} s.` : ""
  return new PeerError(name, sentences[name] + wait)
}

/** Whoever it is by: nothing was changed for it. [LOGIN-6-5] */
export function unauthenticated(problem: string, cause?: unknown): ChannelError {
  return new ChannelError(
    "unauthenticated-answer",
    `What came is not proven to be the server's answer: ${problem}. Whether it acted is not known, and nothing was changed here; try again, or on another network.`,
    cause === undefined ? undefined : { cause },
  )
}

export function isUnauthenticated(error: unknown): boolean {
  return error instanceof ChannelError && error.code === "unauthenticated-answer"
}

/** An answer is the server's, or none at all. */
export function believed<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    if (error.code === "unauthenticated-answer") {
      throw new ChannelError("unauthenticated-answer", error.message, { cause: error })
    }
    throw unauthenticated("somebody is in between, or one of the two programs is too old", error)
  }
}
