import type { Authorship, Correspondent, Letter } from "stringphone/session/mailbox"
import type { UnreadableFile } from "stringphone/session/mailbox/stick"
import { roomText } from "../rooms/room-text.ts"

type Trust = Correspondent["trust"]

/** What a person has to go on, in a few words. */
export const trustWords: Readonly<Record<Trust, string>> = {
  self: "You",
  verified: "Verified",
  trusted: "Trusted, not compared",
  invited: "Met by invitation, not compared",
  unverified: "Unknown key",
  revoked: "Revoked",
}

export const authorshipWords: Readonly<Record<Authorship, string>> = {
  signed: "Signed",
  deniable: "Deniable",
  anonymous: "Anonymous",
}

/** What that is worth to a reader. */
export function authorshipText({ authorship, direction }: Letter): string {
  switch (authorship) {
    case "signed":
      return "Signed: whoever has this letter can show to others who wrote it."
    case "deniable":
      return direction === "in"
        ? "Deniable: it is surely from that key, and you can prove that to nobody."
        : "Deniable: its readers know that you wrote it, and can prove that to nobody."
    case "anonymous":
      return "Anonymous: anybody may have written it, whatever it says."
  }
}

/** A petname, or the start of a key; never what somebody calls itself. */
export function personName({ contact, name, trust }: Correspondent): string {
  if (trust === "self") return "You"
  return contact ? contact.petname : `Key ${name}`
}

export function peopleNames(people: readonly Correspondent[]): string {
  return people.length === 0 ? "nobody" : people.map(personName).join(", ")
}

/** The first words of a letter, in one line. */
export function excerpt(text: string): string {
  const line = roomText(text.slice(0, 600)).replace(/\s+/g, " ").trim()
  return line.length > 160 ? `${[...line].slice(0, 160).join("")} …` : line
}

/** A file's name as it may be shown, in one line. */
export function fileNameText(name: string): string {
  return roomText(name).replaceAll("\n", " ")
}

/** A name under which it may be saved: no path, nothing hidden, nothing that turns the writing round. */
export function savedName(name: string): string {
  const plain = name
    .normalize("NFC")
    .replace(/[\p{C}\p{Zl}\p{Zp}\u115F\u1160\u3164\uFFA0]/gu, "_")
    .replace(/[/\\:*?"<>|%]/g, "_")
    .replace(/[. ]+$/, "")
    .replace(/^[.\s-]+/, "_")
  return plain === "" ? "file" : plain
}

/** `120 bytes`, `1.5 KiB`, `12 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes === 1) return "1 byte"
  const units = ["bytes", "KiB", "MiB", "GiB"]
  let [value, unit] = [bytes, 0]
  while (value >= 1_024 && unit < units.length - 1) [value, unit] = [value / 1_024, unit + 1]
  const shown = unit === 0 || value >= 10 ? Math.floor(value) : Math.floor(value * 10) / 10
  return `${shown} ${units[unit] ?? ""}`
}

export function countOf(count: number, thing: string): string {
  return `${count.toLocaleString("en-GB")} ${thing}${count === 1 ? "" : "s"}`
}

/** What of a stick could not be read, and why: one sentence for each reason. */
export function unreadableTexts(unreadable: readonly UnreadableFile[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const { explanation } of unreadable) {
    counts.set(explanation, (counts.get(explanation) ?? 0) + 1)
  }
  return [...counts].map(
    ([explanation, count]) => `${countOf(count, "file")} could not be read. ${explanation}`,
  )
}
