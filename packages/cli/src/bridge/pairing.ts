import type { Pairing, PairingRequest } from "stringphone"
import { ChannelError } from "stringphone/bytes"
import type { Context } from "../context.js"
import { reportFailure } from "../failure.js"
import type { interrupted } from "../interrupt.js"
import { reportKey } from "../person.js"
import { visible } from "../terminal/escape.js"
import { listenToKeys } from "../terminal/keys.js"

export interface AttendOptions {
  readonly context: Context
  readonly pairing: Pairing
  readonly ending: ReturnType<typeof interrupted>
  readonly petname?: string
  readonly asAdmin?: boolean
  /** What the one who asks would be allowed to do, for the person to see before the answer. */
  readonly rightsOf: (request: PairingRequest) => string | null
}

/**
 * Puts everybody who asks before the person, until one is paired or the window is closed. From a pipe,
 * lines with y or n are the answers.
 *
 * @throws {ChannelError} `not-paired`, `aborted`
 */
export async function attend(options: AttendOptions): Promise<void> {
  const { asAdmin, context, ending, pairing, petname } = options
  let asked: PairingRequest | null = null
  const decision = { ...(petname !== undefined && { petname }), ...(asAdmin && { asAdmin }) }
  const confirm = (request: PairingRequest): void => {
    request.confirm(decision).catch((error: unknown) => reportFailure(error, false))
  }
  const stopKeys = listenToKeys(process.stdin, (key) => {
    if (key === "\x03") ending.interrupt()
    else if (key.toLowerCase() === "y" && asked) confirm(asked)
    else if (key.toLowerCase() === "n") asked?.refuse()
  })
  void ending.promise.then(() => pairing.close())
  try {
    for await (const request of pairing) {
      sayRequest(options, request)
      asked = request
      // Nothing is to be compared, but the name counts.
      if (request.isProven) confirm(request)
      const outcome = await Promise.race([request.outcome, ending.promise.then(() => null)])
      asked = null
      if (outcome?.kind === "paired") {
        const name = petname ?? visible(request.name)
        return context.print(`Paired with ${name}.`, {
          event: "paired",
          name: request.name,
          ...reportKey(request.publicKey),
        })
      }
      if (outcome) context.print(outcome.message, { event: "not-paired", because: outcome.because })
    }
  } finally {
    stopKeys()
  }
  const because = await pairing.closed
  if (because === "closed") throw new ChannelError("aborted", "Given up; nobody was let in.")
  throw new ChannelError("not-paired", `Nobody was paired (${because}). Start again on both sides.`)
}

function sayRequest({ context, rightsOf }: AttendOptions, request: PairingRequest): void {
  const { contact, digits, emoji, isProven, name, nameClash, publicKey, words } = request
  const rights = rightsOf(request)
  const lines = [
    `Somebody who calls itself "${visible(name)}" is there.`,
    ...(nameClash ? [warning(nameClash.petname)] : []),
    ...(contact ? [`You know this key as ${visible(contact.petname)}.`] : []),
    ...(rights === null ? [] : [rights]),
  ]
  if (isProven) lines.push("The code proves who it is.")
  else {
    const pictures = emoji.map(({ emoji: picture, name: word }) => `${picture} ${word}`)
    lines.push("", `  ${pictures.join("   ")}`, `  ${digits}`, "")
    lines.push("Does the other side show the same? y = yes, n = no")
  }
  context.print(lines.join("\n"), {
    event: "request",
    name,
    isProven,
    words,
    digits,
    contact: contact?.petname ?? null,
    nameClash: nameClash?.petname ?? null,
    rights,
    ...fingerprintOf(publicKey),
  })
}

function fingerprintOf(publicKey: Uint8Array): object {
  const { words: fingerprint, publicKey: key } = reportKey(publicKey)
  return { publicKey: key, fingerprint }
}

function warning(petname: string): string {
  return `Careful: you know somebody else as ${visible(petname)}. This is another key in that name.`
}
