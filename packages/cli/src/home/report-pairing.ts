import type { PairingEvent, RequestEvent } from "./event.js"
import type { Paint } from "../terminal/paint.js"
import { visible } from "../terminal/escape.js"
import { type Columns, picture } from "./picture.js"

export function describePairing(event: PairingEvent, paint: Paint, columns: Columns): string {
  if (!event.open) return closings[event.because]
  const { code, seconds } = event
  return [
    "",
    paint.bold(`For ${seconds} s a phone may ask to be let in.`),
    "",
    ...picture(code, paint, columns),
    "Scan or paste this, and it is let in at once (whoever sees it can do that):",
    "",
    `  ${code}`,
    "",
    "Or press “Pair” there without it; then both show seven emoji, and you compare them.",
    "",
  ].join("\n")
}

export function describeRequest(event: RequestEvent, paint: Paint): string {
  const { comparedDigits, emoji, isProven, name, nameClash, petname } = event
  const called = name === "" ? "It does not say its name." : `It calls itself “${visible(name)}”.`
  const known = petname === null ? [] : [`This home knows it as ${visible(petname)}.`]
  const clash = nameClash === null ? [] : [paint.bad(paint.bold(clashText(nameClash)))]
  if (isProven) return [`A phone scanned the code. ${called}`, ...known, ...clash].join("\n")
  const signs = emoji.map((one) => `${one.symbol} ${one.name}`)
  return [
    "",
    `A phone asks to be let in. ${called}`,
    ...known,
    ...clash,
    "",
    `  ${paint.bold(signs.slice(0, 4).join("   "))}`,
    `  ${paint.bold(signs.slice(4).join("   "))}`,
    "",
    `  ${comparedDigits}`,
    "",
    paint.bold("Does the phone show the same? y = the same, n = different"),
  ].join("\n")
}

function clashText(petname: string): string {
  return `CAREFUL: you know somebody else as “${visible(petname)}”, with another key. Is this really who you think?`
}

const closings = {
  time: "Pairing is closed: the time is over.",
  person: "Pairing is closed.",
  "too-many-attempts":
    "Pairing is closed: three attempts failed. Somebody may be trying to get in; press p to start again.",
} as const
