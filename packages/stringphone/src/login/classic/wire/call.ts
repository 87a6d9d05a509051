import { UsageError } from "../../../bytes/index.js"
import { isWellFormed } from "../names.js"
import { signText } from "../sign.js"
import { bytesField, decodeForm, encodeForm, type Field, maxCallCharacters } from "./form.js"

/** What a client wants done. */
export interface LoginCall {
  readonly login: string
  /** 16 bytes. */
  readonly token: Uint8Array
  /** Higher in each call. */
  readonly number: number
  /** The caller's own, in the order in which they were written. */
  readonly args: readonly Field[]
}

export const maxCallNumber: number = Number.MAX_SAFE_INTEGER // [YAAS-3-7]
const reserved = new Set(["", "user", "token", "seq", "sign"])

/*
 * user=<login>&token=<16 bytes>&seq=<number>[&<name>=<value> …]&sign=<32 bytes>
 * |<------------------------- signed ------------------------>|
 */
/** @throws {UsageError} `bad-arguments` */
export function encodeCall({ login, token, number, args }: LoginCall, key: Uint8Array): string {
  const isText = args.every((field) => field.every((one) => typeof one === "string"))
  if (!isText || !args.flat().every(isWellFormed)) {
    throw badArguments("Names and values of arguments are texts, without halves of surrogates.")
  }
  if (!areArguments(args)) {
    throw badArguments("A name is not empty, comes once, and is none of user, token, seq and sign.")
  }
  const text = encodeForm([
    ["user", login],
    bytesField("token", token),
    ["seq", String(number)],
    ...args,
  ])
  const signed = signText(text, key)
  if (signed.length <= maxCallCharacters) return signed
  throw badArguments(`A call has at most ${maxCallCharacters} characters. Say less at once.`)
}

/**
 * Parts only; the signature is not checked.
 * @throws {PeerError} `malformed`
 */
export function decodeCall(text: string): LoginCall {
  return decodeForm(
    text,
    "call",
    (form) => {
      const call = {
        login: form.login("user"),
        token: form.bytes("token", 16),
        number: form.number("seq", 1, maxCallNumber),
        args: form.allButLast(),
      }
      form.bytes("sign", 32)
      if (!areArguments(call.args)) throw form.fail("an argument has no name of its own") // [YAAS-3-8]
      return call
    },
    maxCallCharacters,
  )
}

function areArguments(args: readonly Field[]): boolean {
  const names = args.map(([name]) => name)
  return new Set(names).size === names.length && !names.some((name) => reserved.has(name))
}

function badArguments(message: string): UsageError {
  return new UsageError("bad-arguments", message)
}
