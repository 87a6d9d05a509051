import type { Pairing, PairingOutcome, PairingRequest } from "stringphone"
import type { Context } from "./context.js"
import { nameOf, shownName } from "./member.js"
import { reportKey, trustText } from "./person.js"
import { visible } from "./terminal/escape.js"
import { qrText } from "./terminal/qr.js"

/** Who asks, and what two persons compare: seven emoji with names, and digits. */
export function requestText(role: "host" | "joiner", request: PairingRequest): string {
  const { contact, digits, emoji, isProven, publicKey } = request
  const name = request.name === "" ? "Somebody without a name" : shownName(request.name)
  const intro =
    role === "host" ? `${name} asks to be let in.` : `${name} answers, and would let you in.`
  const known = contact
    ? [`You know this key as ${nameOf(publicKey, contact)}, ${trustText(contact)}.`]
    : []
  const head = [intro, ...known, ...clashText(request)]
  if (isProven) return [...head, "The code proved who it is; nothing is to be compared."].join("\n")
  const cells = emoji.map(({ symbol, name: said }) => `${symbol} ${said}`)
  const question =
    role === "host"
      ? "Does the other device show the same? y = the same, let it in; n = something else"
      : "Does the other device show the same? y = the same, join; n = something else"
  return [
    ...head,
    "",
    `  ${cells.slice(0, 4).join("   ")}`,
    `  ${cells.slice(4).join("   ")}`,
    "",
    `  ${digits}`,
    "",
    question,
  ].join("\n")
}

/** The same for machines. */
export function reportRequest(role: "host" | "joiner", request: PairingRequest): object {
  const { contact, digits, emoji, isProven, nameClash, publicKey } = request
  return {
    event: "request",
    role,
    name: request.name,
    petname: contact?.petname ?? null,
    nameClash: nameClash?.petname ?? null,
    isProven,
    ...(!isProven && { emoji, digits }),
    key: reportKey(publicKey),
  }
}

/** How one of them ended. */
export function outcomeText(outcome: PairingOutcome, who: string): string {
  return outcome.kind === "paired" ? `Paired with ${who}.` : outcome.message
}

/** A code to scan or paste. Whoever sees it can use it, once. */
export function codeText(context: Context, { code }: Pairing, what: string): string {
  if (code === null) return ""
  return [
    `${what} Whoever sees this code can use it, once:`,
    "",
    // A pipe gets no picture: nobody scans a file.
    ...(process.stdout.isTTY ? [qrText(code, { colour: context.paint.colours }), ""] : []),
    `  ${code}`,
    "",
  ].join("\n")
}

function clashText({ name, nameClash }: PairingRequest): readonly string[] {
  if (!nameClash) return []
  return [
    `Careful: your contact ${shownName(nameClash.petname)} has another key. This may be a new device of theirs, or somebody who uses the name ${visible(name)}.`,
  ]
}
