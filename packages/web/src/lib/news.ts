import type { HomeMessage, StateMessage } from "@stringphone/cli/home-messages"

/** Whether a message is no news: an old state, repeated by somebody on the channel. */
export function isRepeated(before: StateMessage | undefined, message: HomeMessage): boolean {
  return before !== undefined && message.kind === "state" && message.number <= before.number
}
