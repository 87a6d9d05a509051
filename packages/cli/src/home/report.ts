import { refusedText } from "../refused.js"
import { quoted, visible } from "../terminal/escape.js"
import type { Paint } from "../terminal/paint.js"
import { countOf } from "../wording.js"
import type { DeviceReport, HomeEvent, MemberReport, NamedKey, ReadyEvent } from "./event.js"
import type { Columns } from "./picture.js"
import { describeInvitation, describeLogin } from "./report-login.js"
import { describePairing, describeRequest } from "./report-pairing.js"

/** An event in words, for the person at the terminal. */
export function describe(event: HomeEvent, paint: Paint, columns: Columns): string {
  switch (event.event) {
    case "ready":
      return describeReady(event, paint)
    case "notice":
      return event.level === "warning" ? paint.warn(event.text) : event.text
    case "pairing":
      return describePairing(event, paint, columns)
    case "request":
      return describeRequest(event, paint)
    case "paired":
      return describePaired(event, paint)
    case "not-paired":
      return paint.warn(`${visible(event.name) || "The phone"} was not let in. ${event.message}`)
    case "members":
      return event.members.map((member, i) => describeMember(member, i + 1, paint)).join("\n")
    case "devices":
      return describeDevices(event, paint)
    case "rekeyed":
      return describeRekeyed(event)
    case "removed":
      return paint.warn(describeRemoved(event))
    case "command":
      return `${visible(event.petname)} → ${event.device}: ${describeSet(event.set)}`
    case "refused":
      return paint.warn(
        `${event.device} refused a command of ${visible(event.petname)}: it is not one for this device.`,
      )
    case "invitation":
      return describeInvitation(event, paint, columns)
    case "login":
      return describeLogin(event, paint)
    case "call":
      return `${visible(event.login)}, logged in on ${quoted(event.from)} → ${event.device}: ${describeSet(event.set)}`
    case "rejected":
      return paint.dim(`${rejectedText(event)}.`)
    case "gap":
      return paint.warn(
        `${countOf(event.missing, "message")} of ${visible(event.of)} did not arrive.`,
      )
    case "eavesdropper":
      return paint.dim(`The broker was asked to ${tampering[event.do]}.`)
    case "status":
      return event.broker === "back"
        ? paint.good("The broker is back; all devices are connected.")
        : paint.warn(`${visible(event.message ?? "The broker is gone.")} Trying again and again.`)
    case "failed":
      return paint.bad(`${event.device}: ${visible(event.message)}`)
    case "stopping":
      return "Stopping …"
    case "stopped":
      return "Stopped."
  }
}

export const keysHelp =
  "p pair a phone, c close pairing, i invite somebody to log in, m members, x remove one, r rotate the key, d devices, q quit, ? help"

function describeReady(event: ReadyEvent, paint: Paint): string {
  const { address, broker, devices, lan, login, page } = event
  const pages = devices.map(({ url }) => url).join("  ")
  const port = broker.tcp?.port
  const host = broker.tcp?.host ?? ""
  const lines = [
    "",
    `${paint.bold("String phone is ready.")} Open this on your phone or in a browser, then press p here:`,
    "",
    `  ${paint.bold(page)}`,
    ...lan.map((url) => `  ${paint.bold(url)}  (other devices of this network)`),
    "",
    `  devices  ${pages}`,
    `  broker   ${broker.address}${broker.embedded ? " (in this process; not trusted)" : " (not trusted)"}`,
    `  topic    ${address}`,
    ...(port === undefined
      ? []
      : [
          `  listen   mosquitto_sub -h ${host} -p ${port} -t '#' -F '%t %x'   (only ciphertext passes)`,
          `  rooms    in the page, or: stringphone room start mqtt://${host}:${port}/den`,
        ]),
    "",
    ...(login ? [`  logins   ${login.realm}, whose words are: ${login.words}`] : []),
    `  keys     ${keysHelp}`,
    "",
  ]
  return lines.join("\n")
}

function describePaired(event: Extract<HomeEvent, { event: "paired" }>, paint: Paint): string {
  const { isAdmin, petname, verifiedBy } = event
  const how = verifiedBy === "code" ? "by the code" : "by emoji"
  const admin = isAdmin ? " It is an admin, as the first phone: it can let in others, too." : ""
  return `${paint.good("✔")} ${visible(petname)} is in, verified ${how}.${admin}`
}

function describeMember(member: MemberReport, number: number, paint: Paint): string {
  const { device, isAdmin, petname, trust, words } = member
  const what = [device === null ? null : "device", isAdmin ? "admin" : null, trust]
  const facts = what.filter((one) => one !== null).join(", ")
  return `${number}  ${paint.bold(visible(petname))}, ${facts}\n   ${words}`
}

function describeRekeyed(event: Extract<HomeEvent, { event: "rekeyed" }>): string {
  const { added, by, epoch, removed } = event
  const changes = [
    ...(added.length > 0 ? [`let in ${namesOf(added)}`] : []),
    ...(removed.length > 0 ? [`removed ${namesOf(removed)}`] : []),
  ]
  const who = visible(by.petname)
  return changes.length > 0
    ? `${who} ${changes.join(" and ")}: epoch ${epoch}, new keys for all who are in.`
    : `${who} rotated the key: epoch ${epoch}. Who copied the old one reads nothing from now on.`
}

function describeRemoved({ by, device }: Extract<HomeEvent, { event: "removed" }>): string {
  const who = by ? ` by ${visible(by.petname)}` : ""
  return `${device} was removed from the topic${who}. Move the home's directory away to begin anew.`
}

function rejectedText(event: Extract<HomeEvent, { event: "rejected" }>): string {
  const { claimed, code, count } = event
  const hint = code in hints ? ` (${hints[code as keyof typeof hints]})` : ""
  return refusedText(code, count, claimed === null ? null : visible(claimed)) + hint
}

const hints = {
  "not-timed": "a command has to say when it was sent",
  stale: "somebody held it back, or that phone's clock is wrong",
  "from-the-future": "that phone's clock or this computer's is wrong",
} as const

function namesOf(keys: readonly NamedKey[]): string {
  return keys.map(({ petname }) => visible(petname)).join(", ")
}

const tampering = {
  flip: "flip a bit in the next message of a device",
  drop: "swallow the next message of a device",
  replay: "repeat the last message of a device",
  inject: "invent a message in the name of a device",
} as const

function describeDevices(
  { devices, login }: Extract<HomeEvent, { event: "devices" }>,
  paint: Paint,
): string {
  return [
    ...devices.map((device) => describeDevice(device, paint)),
    ...(login
      ? [`${paint.bold("Logins")}  ${login.realm}\n   ${login.words}\n   ${login.digits}`]
      : []),
  ].join("\n")
}

function describeDevice({ digits, name, url, words }: DeviceReport, paint: Paint): string {
  return `${paint.bold(visible(name))}  ${paint.dim(url)}\n   ${words}\n   ${digits}`
}

/** What a command asks for, in a word. */
export function describeSet(set: { on: boolean } | { locked: boolean }): string {
  if ("on" in set) return set.on ? "on" : "off"
  return set.locked ? "lock" : "unlock"
}
