// Our classic mailbox behind the requests of wcmp.py, so that both can be asked the same.
import { fromHex, hex, PeerError, UsageError } from "../../src/bytes/index.js"
import {
  createMail,
  decodeMail,
  decodeMailList,
  encodeMailList,
  MailIdentity,
  openMail,
  relayMail,
  verifyMail,
} from "../../src/mailbox/classic/index.js"

interface Pair {
  readonly seed: string
  readonly number: number
}

/** The requests that wcmp.py describes. */
export type Request =
  | ({ readonly do: "keys" } & Pair)
  | {
      readonly do: "create"
      readonly sender: Pair
      readonly receivers: readonly string[]
      readonly message: string
      readonly expires: number
      readonly nonce1: string
      readonly key: string
      readonly nonce2: string
      readonly ephemerals: readonly string[]
    }
  | { readonly do: "decode"; readonly mail: string }
  | { readonly do: "verify"; readonly mail: string; readonly publicKey: string }
  | {
      readonly do: "open"
      readonly mail: string
      readonly mine: readonly Pair[]
      readonly contacts: readonly (readonly [string, string])[]
    }
  | {
      readonly do: "relay"
      readonly mails: readonly string[]
      readonly now: number
      readonly maxBytes: number
      readonly maxLife: number | null
    }
  | { readonly do: "list"; readonly mails: readonly string[] }
  | { readonly do: "unlist"; readonly bytes: string }

export type Answer = { readonly ok: unknown } | { readonly error: string }

/** What ours answers; errors by their codes. */
export function answer(request: Request): Answer {
  try {
    return { ok: inHex(answerOrThrow(request)) }
  } catch (error) {
    if (error instanceof PeerError || error instanceof UsageError) return { error: error.code }
    throw error
  }
}

const keyPair = ({ seed, number }: Pair) => new MailIdentity(fromHex(seed)).keyPair(number)

function answerOrThrow(ask: Request): unknown {
  switch (ask.do) {
    case "keys":
      return { publicKey: keyPair(ask).publicKey }
    case "create": {
      const drawn = [ask.nonce1, ask.key, ask.nonce2, ...ask.ephemerals].map((one) => fromHex(one))
      return createMail(
        {
          message: fromHex(ask.message),
          sender: keyPair(ask.sender),
          receivers: ask.receivers.map((one) => fromHex(one)),
          expiresAtSeconds: ask.expires,
        },
        () => drawn.shift()!,
      )
    }
    case "decode": {
      const { expiresAtSeconds: expires, ...parts } = decodeMail(fromHex(ask.mail))
      return { ...parts, expires }
    }
    case "verify":
      return verifyMail(decodeMail(fromHex(ask.mail)), fromHex(ask.publicKey))
    case "open": {
      const contacts = ask.contacts.map(([petname, key]) => ({ petname, publicKey: fromHex(key) }))
      const opened = openMail(fromHex(ask.mail), { keyPairs: ask.mine.map(keyPair), contacts })
      if (!opened) return null
      const { message, keyPair: mine, sender } = opened
      return { message, number: mine.number, sender: sender?.petname ?? null }
    }
    case "relay": {
      const { passed, dropped } = relayMail(
        ask.mails.map((one) => fromHex(one)),
        {
          nowSeconds: ask.now,
          maxBytes: ask.maxBytes,
          ...(ask.maxLife !== null && { maxLifeSeconds: ask.maxLife }),
        },
      )
      return { passed, dropped: dropped.map(({ reason }) => reason) }
    }
    case "list":
      return encodeMailList(ask.mails.map((one) => fromHex(one)))
    case "unlist":
      return decodeMailList(fromHex(ask.bytes))
  }
}

/** As JSON has it: bytes in hexadecimal, at every depth. */
function inHex(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, one: unknown) => (one instanceof Uint8Array ? hex(one) : one)),
  )
}
