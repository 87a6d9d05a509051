import type { TopicEvent } from "stringphone"
import type { Notice } from "./notices.svelte.ts"

export interface EventText {
  readonly sentence: string
  readonly level: Notice["level"]
  /** What it is about, where a later event makes it void. */
  readonly about?: string
}

/** Which notices an event makes void. */
export const withdrawnBy: Partial<Record<TopicEvent["kind"], readonly string[]>> = {
  rekeyed: ["behind"],
  removed: ["behind", "rekeyed"],
  joined: ["removed"],
}

/** What a person is told of an event; `null`: nothing. @param nameOf of a public key, for people */
export function eventText(
  event: TopicEvent,
  nameOf: (publicKey: Uint8Array) => string,
): EventText | null {
  switch (event.kind) {
    case "rekeyed":
      return { level: "news", sentence: rekeyText(event, nameOf), about: "rekeyed" }
    case "branch":
      return {
        level: "warning",
        sentence: `Two admins changed the key at the same time. The change of ${nameOf(event.by)} is merged with the other one: nobody who was removed stays in.`,
      }
    case "removed":
      return {
        level: "warning",
        sentence: `This phone was removed from the home: ${nameOf(event.by)} says so.`,
        about: "removed",
      }
    case "behind":
      return {
        level: "warning",
        sentence:
          "Somebody uses a newer key than this phone has, or one that is made up. This phone has asked the others for it.",
        about: "behind",
      }
    case "old-copy":
      return {
        level: "warning",
        sentence:
          "What this browser kept is an old copy: a backup that was restored, perhaps. This phone goes on, and takes nothing that may have been repeated to it.",
      }
    case "failed":
      return { level: "warning", sentence: event.error.message }
    case "joined":
    case "gap":
    case "rejected":
    case "taken-over":
    case "channel":
      return null
  }
}

function rekeyText(
  { added, by, epoch, removed }: Extract<TopicEvent, { kind: "rekeyed" }>,
  nameOf: (publicKey: Uint8Array) => string,
): string {
  const listed = (keys: readonly Uint8Array[]): string => keys.map(nameOf).join(", ")
  const changes = [
    ...(added.length > 0 ? [`let in ${listed(added)}`] : []),
    ...(removed.length > 0 ? [`removed ${listed(removed)}`] : []),
  ]
  const what = changes.length > 0 ? ` and ${changes.join(" and ")}` : ""
  return `${nameOf(by)} changed the key (now epoch ${epoch})${what}.`
}

/** What is missing of somebody, in a sentence. */
export function gapText(
  {
    atRemoval,
    missing,
    possiblyMissing,
  }: Pick<Extract<TopicEvent, { kind: "gap" }>, "atRemoval" | "missing" | "possiblyMissing">,
  name: string,
): string {
  if (atRemoval) {
    const what = missing === 1 ? "1 message" : `${missing} messages`
    return `${what} of ${name} did not count: sent before it knew that somebody was removed.`
  }
  if (missing === 1) return `1 message of ${name} is missing.`
  if (missing > 1) return `${missing} messages of ${name} are missing.`
  return `${name} stopped without saying so. Of its last messages at most ${possiblyMissing} did not arrive, or none.`
}
