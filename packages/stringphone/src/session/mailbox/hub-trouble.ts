import { ChannelError } from "../../bytes/index.js"

/** As an event tells it. */
export function troubleOf(error: unknown): { kind: "trouble"; error: ChannelError } {
  if (error instanceof ChannelError) return { kind: "trouble", error }
  const message = "A part of the hub's work could not be done; the cause says why."
  return { kind: "trouble", error: new ChannelError("hub-failed", message, { cause: error }) }
}
