import type { MailHubUsage } from "stringphone/session/mailbox/hub"
import { visible } from "../terminal/escape.js"

/** `120 bytes`, `1.5 KiB`, `12 MiB`. */
export function sizeText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
  let [value, unit] = [bytes, 0]
  while (value >= 1_024 && unit < units.length - 1) [value, unit] = [value / 1_024, unit + 1]
  const shown = unit === 0 || value >= 10 ? Math.floor(value) : Math.floor(value * 10) / 10
  return `${shown} ${units[unit] ?? ""}`
}

/** From where envelopes came. */
export function linkText(link: string): string {
  return link === "own" ? "written here" : visible(link)
}

export function reportUsage({ bytes, count, links, maxBytes }: MailHubUsage): object {
  return {
    envelopes: count,
    bytes,
    maxBytes,
    links: Object.fromEntries([...links].map(([link, usage]) => [link, { ...usage }])),
  }
}
