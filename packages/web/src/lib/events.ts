import type { TopicEvent } from "stringphone"
import type { Notice } from "./notices.svelte.ts"

export interface EventText {
  readonly sentence: string
  readonly level: Notice["level"]
  /** What it is about, where a later event makes it void. */
  readonly about?: string
}

/** What is wrong as long as no newer key has come. */
export const behindNotice = "behind"

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
    case "joined":
      return { level: "news", sentence: `${nameOf(event.from)} let this phone in.` }
    case "removed":
      return { level: "warning", sentence: `${nameOf(event.by)} removed this phone from the home.` }
    case "behind":
      return {
        level: "warning",
        sentence:
          "The others use a newer key, which this phone does not have yet. It has asked for it; until then it can not read them.",
        about: behindNotice,
      }
    case "old-copy":
      return {
        level: "warning",
        sentence:
          "What this browser kept is an old copy: a backup that was restored, perhaps. This phone goes on, and takes nothing that may have been repeated to it.",
      }
    case "failed":
      return { level: "warning", sentence: event.error.message }
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
    missing,
    possiblyMissing,
  }: Pick<Extract<TopicEvent, { kind: "gap" }>, "missing" | "possiblyMissing">,
  name: string,
): string {
  if (missing > 0) {
    return missing === 1
      ? `1 message of ${name} is missing.`
      : `${missing} messages of ${name} are missing.`
  }
  return possiblyMissing === 1
    ? `1 message of ${name} may be missing: it did not arrive, or was never sent.`
    : `Up to ${possiblyMissing} messages of ${name} may be missing: they did not arrive, or were never sent.`
}
