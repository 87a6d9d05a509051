import type { CommandMessage, HomeMessage, StateMessage } from "@stringphone/cli/home-messages"

export type Setting = CommandMessage["set"]

/** What became of the last command to a device. */
export type CommandProgress =
  | { readonly phase: "none" }
  | {
      readonly phase: "pending"
      readonly sequence: number
      readonly set: Setting
      readonly untilMs: number
    }
  | { readonly phase: "done"; readonly set: Setting }
  | { readonly phase: "failed"; readonly sentence: string }

export const noCommand: CommandProgress = { phase: "none" }
export const answerWithinMs = 6_000

/** Rises from one command to the next, also when the clock was set back. */
export function nextSequence(last: number, nowMs: number): number {
  return Math.max(last + 1, Math.floor(nowMs))
}

export function issued(sequence: number, set: Setting, nowMs: number): CommandProgress {
  return { phase: "pending", sequence, set, untilMs: nowMs + answerWithinMs }
}

/** After a message of the device. @param ownId our participant ID in hexadecimal */
export function answered(
  progress: CommandProgress,
  message: HomeMessage,
  ownId: string,
): CommandProgress {
  if (progress.phase !== "pending" || message.kind === "command") return progress
  const receipt = message.kind === "state" ? message.done : message.command
  if (receipt?.from !== ownId || receipt.sequence !== progress.sequence) return progress
  if (message.kind === "state") return { phase: "done", set: progress.set }
  return { phase: "failed", sentence: refusals[message.because] }
}

/** When time has passed. */
export function timedOut(progress: CommandProgress, nowMs: number): CommandProgress {
  if (progress.phase !== "pending" || nowMs < progress.untilMs) return progress
  return {
    phase: "failed",
    sentence:
      "No answer. It may or may not have been carried out; the state above is the last it told.",
  }
}

const refusals = {
  stale:
    "The device refused: it has seen a later command of this phone. Set this phone’s clock, or try again.",
  "not-mine": "The device refused: the command was not meant for it.",
} as const

export function describeSetting(set: Setting): string {
  if ("on" in set) return set.on ? "on" : "off"
  return set.locked ? "locked" : "unlocked"
}

export type DeviceKind = StateMessage["device"]
