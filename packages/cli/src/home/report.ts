import type { Paint } from "../terminal/paint.js"
import { visible } from "../terminal/escape.js"
import { ignoredText } from "../ignored.js"
import type { DeviceReport, HomeEvent, Phone, ReadyEvent } from "./event.js"

/** An event in words, for the person at the terminal. */
export function describe(event: HomeEvent, paint: Paint): string {
  switch (event.event) {
    case "ready":
      return describeReady(event, paint)
    case "notice":
      return event.level === "warning" ? paint.warn(event.text) : event.text
    case "pairing":
      return describePairing(event)
    case "request":
      return describeRequest(event, paint)
    case "trusted":
      return `${paint.good("✔")} ${visible(event.petname)} is trusted by ${listed(event.devices)}.`
    case "turned-away":
      return "Refused. It is not asked about again in this window."
    case "untrusted":
      return `${visible(event.petname)} is not trusted any more: no device obeys it. It still has the topic's key and can read along; classic topics can not take a key back.`
    case "phones":
      return describePhones(event.phones, paint)
    case "devices":
      return event.devices.map((device) => describeDevice(device, paint)).join("\n")
    case "command":
      return `${visible(event.petname)} → ${event.device}: ${describeSet(event.set)}`
    case "refused":
      return paint.warn(
        `${event.device} refused command ${event.sequence} of ${visible(event.petname)}: ${
          event.because === "stale" ? "an old one, repeated" : "it is not one for this device"
        }.`,
      )
    case "rejected":
      return paint.dim(`${ignoredText(event.code, event.count)}.`)
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
  "p pair a phone, c close pairing, d devices, l phones, u untrust a phone, q quit, ? help"

function describeReady({ address, broker, devices, lan, page }: ReadyEvent, paint: Paint): string {
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
        ]),
    "",
    `  keys     ${keysHelp}`,
    "",
  ]
  return lines.join("\n")
}

function describePairing(event: Extract<HomeEvent, { event: "pairing" }>): string {
  if (event.open) {
    return `Pairing for ${event.seconds ?? 0} s: let the phone ask now. Nobody is trusted without your y.`
  }
  return event.because === "time" ? "Pairing is closed: the time is over." : "Pairing is closed."
}

function describeRequest(event: Extract<HomeEvent, { event: "request" }>, paint: Paint): string {
  const known = event.petname === null ? [] : [`This home knows it as ${visible(event.petname)}.`]
  const warning =
    event.offers > 1
      ? [
          paint.warn(
            `Careful: ${event.offers} different requests came in this name. One may be an old one, repeated.`,
          ),
        ]
      : []
  return [
    "",
    "A phone asks to be trusted:",
    "",
    `  ${paint.bold(event.words)}`,
    `  ${event.digits}`,
    "",
    ...known,
    ...warning,
    paint.bold("Is this what the phone shows? y = trust, n = refuse"),
  ].join("\n")
}

function describePhones(phones: readonly Phone[], paint: Paint): string {
  if (phones.length === 0) return "No phone is trusted yet. Press p to pair one."
  return phones
    .map(
      ({ petname, trust, words }, i) =>
        `${i + 1}  ${paint.bold(visible(petname))}, ${trust}\n   ${words}`,
    )
    .join("\n")
}

function describeDevice({ digits, name, url, words }: DeviceReport, paint: Paint): string {
  return `${paint.bold(visible(name))}  ${paint.dim(url)}\n   ${words}\n   ${digits}`
}

/** What a command asks for, in a word. */
export function describeSet(set: { on: boolean } | { locked: boolean }): string {
  if ("on" in set) return set.on ? "on" : "off"
  return set.locked ? "lock" : "unlock"
}

function listed(words: readonly string[]): string {
  return words.length < 2
    ? words.join("")
    : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`
}
