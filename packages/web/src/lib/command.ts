import {
  type CommandMessage,
  commandValidForMs,
  type HomeMessage,
} from "@stringphone/cli/home-messages"
import { hex } from "stringphone/bytes"

export type Setting = CommandMessage["set"]

/** What became of the last command to a device. */
export type CommandProgress =
  | { readonly phase: "none" }
  | {
      readonly phase: "pending"
      readonly id: string
      readonly set: Setting
      readonly untilMs: number
    }
  | { readonly phase: "done"; readonly set: Setting }
  | { readonly phase: "failed"; readonly sentence: string }

export const noCommand: CommandProgress = { phase: "none" }
/** Longer than a device may take a command for valid, its clock being off by 2 s. */
export const answerWithinMs: number = commandValidForMs + 3_000

/** 16 hexadecimal digits, drawn at random. */
export function newCommandId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(8)))
}

export function issued(id: string, set: Setting, nowMs: number): CommandProgress {
  return { phase: "pending", id, set, untilMs: nowMs + answerWithinMs }
}

/** After a message of the device. @param ownKey our public key in hexadecimal */
export function answered(
  progress: CommandProgress,
  message: HomeMessage,
  ownKey: string,
): CommandProgress {
  if (progress.phase !== "pending") return progress
  if (message.kind === "state" && message.done === progress.id) {
    return { phase: "done", set: progress.set }
  }
  if (message.kind !== "refused" || message.to !== ownKey || message.command !== progress.id) {
    return progress
  }
  return { phase: "failed", sentence: "The device refused: the command was not meant for it." }
}

/** When time has passed. */
export function timedOut(progress: CommandProgress, nowMs: number): CommandProgress {
  if (progress.phase !== "pending" || nowMs < progress.untilMs) return progress
  return {
    phase: "failed",
    sentence:
      "No answer, and the command has run out: it will not be carried out later. If this happens again, compare the clocks.",
  }
}

export function describeSetting(set: Setting): string {
  if ("on" in set) return set.on ? "on" : "off"
  return set.locked ? "locked" : "unlocked"
}
