import { fromHex, fromUtf8, hex, PeerError, utf8 } from "../../../bytes/index.js"
import { isBetween } from "../cost.js"
import { isLogin } from "../names.js"

/** A field of a message, in plain text. */
export type Field = readonly [name: string, value: string]

/** A call may be as long as its arguments; all else is short. [YAAS-3-3] */
export const maxCallCharacters = 65_536
const maxCharacters = 1024

const unescaped = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._"
const characters: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  if (unescaped.includes(character)) return character
  return byte === 0x20 ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
})

/** As `URLSearchParams` writes it. [YAAS-3-1] */
export function encodeForm(fields: readonly Field[]): string {
  return fields.map((field) => field.map(escape).join("=")).join("&")
}

function escape(text: string): string {
  let out = ""
  for (const byte of utf8(text)) out += characters[byte] as string
  return out
}

/** @returns `null` when it is no UTF-8. What is escaped wrongly shows when it is written again. */
function unescape(text: string): string | null {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === "%") bytes.push(Number.parseInt(text.slice(at + 1, (at += 2) + 1), 16))
    else bytes.push(character === "+" ? 0x20 : text.charCodeAt(at))
  }
  return fromUtf8(Uint8Array.from(bytes))
}

/** Takes the fields one after the other. Every error names the message and the field. */
export class FormReader {
  readonly #fields: readonly Field[]
  readonly #what: string
  #at = 0

  constructor(fields: readonly Field[], what: string) {
    this.#fields = fields
    this.#what = what
  }

  login(name: string): string {
    const value = this.#take(name)
    if (!isLogin(value)) throw this.fail(`${name} is no login`)
    return value
  }

  bytes(name: string, length: number): Uint8Array {
    const value = this.#take(name)
    if (value.length !== 2 * length || /[^0-9a-f]/.test(value)) {
      throw this.fail(`${name} is not ${length} bytes in lower-case hexadecimal`) // [YAAS-3-2]
    }
    return fromHex(value)
  }

  /** `null` when the next field is another. */
  optionalBytes(name: string, length: number): Uint8Array | null {
    return this.#fields[this.#at]?.[0] === name ? this.bytes(name, length) : null
  }

  number(name: string, least: number, most: number): number {
    const text = this.#take(name)
    const value = Number(text)
    if (String(value) === text && isBetween(value, least, most)) return value // [YAAS-3-2]
    throw this.fail(`${name} is no number from ${least} to ${most}`)
  }

  /** All fields but the last. */
  allButLast(): readonly Field[] {
    const fields = this.#fields.slice(this.#at, -1)
    this.#at += fields.length
    return fields
  }

  /** No field may be left over. */
  end(): void {
    const left = this.#fields.length - this.#at
    if (left > 0) throw this.fail(`${left} fields too many`)
  }

  fail(problem: string): PeerError {
    return malformed(this.#what, problem)
  }

  #take(name: string): string {
    const field = this.#fields[this.#at++]
    if (field?.[0] === name) return field[1]
    throw this.fail(`${name} is missing`)
  }
}

/**
 * Runs a decoder over all fields; too few and too many are errors, as is every form but the one that
 * {@link encodeForm} writes.
 * @throws {PeerError} `malformed`
 */
export function decodeForm<T>(
  text: string,
  what: string,
  read: (form: FormReader) => T,
  longest: number = maxCharacters,
): T {
  if (typeof text !== "string") throw malformed(what, "it is no text")
  if (text.length > longest) throw malformed(what, `it has more than ${longest} characters`)
  const fields = text.split("&").map((field) => field.split("=").map(unescape))
  const form = new FormReader(fields.filter(isField), what)
  if (!fields.every(isField) || encodeForm(fields) !== text) {
    throw form.fail("it is not written as URLSearchParams writes it") // [YAAS-3-1]
  }
  const value = read(form)
  form.end()
  return value
}

function isField(parts: readonly (string | null)[]): parts is [string, string] {
  return parts.length === 2 && parts.every((part) => part !== null)
}

function malformed(what: string, problem: string): PeerError {
  return new PeerError("malformed", `Malformed ${what}: ${problem}.`)
}

/** A field of bytes. */
export function bytesField(name: string, bytes: Uint8Array): Field {
  return [name, hex(bytes)]
}

/** A field of bytes that may be absent. */
export function optionalField(name: string, bytes: Uint8Array | null): readonly Field[] {
  return bytes ? [bytesField(name, bytes)] : []
}
