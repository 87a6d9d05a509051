import { PeerError } from "../../bytes/index.js"
import { fromBase64 } from "./base64.js"

/** RFC 8941 §3.3: no dates and display strings of RFC 9651, which nothing here uses. */
export type BareItem =
  | { readonly type: "integer" | "decimal"; readonly value: number }
  | { readonly type: "string" | "token"; readonly value: string }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "boolean"; readonly value: boolean }

/** In their order. */
export type FieldParameters = ReadonlyMap<string, BareItem>

export interface Item {
  readonly value: BareItem
  readonly parameters: FieldParameters
}

export interface InnerList {
  readonly items: readonly Item[]
  readonly parameters: FieldParameters
}

/** In the order of the field. */
export type Dictionary = ReadonlyMap<string, Item | InnerList>

/**
 * Stricter than RFC 9651 §4.2.2: a key that stands there twice is refused, where the RFC takes the last.
 * @throws {PeerError} `malformed`
 */
export function parseDictionary(text: string): Dictionary {
  return new FieldReader(text).dictionary()
}

/** @throws {PeerError} `malformed` */
export function parseItem(text: string): Item {
  return new FieldReader(text).wholeItem()
}

const keyText = /[a-z*][a-z0-9_\-.*]*/y
const numberText = /-?\d+(?:\.\d+)?/y
const tokenText = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y
const stringText = /"((?:[ !#-[\]-~]|\\["\\])*)"/y
const bytesText = /:([A-Za-z0-9+/=]*):/y
const booleanText = /\?([01])/y
const whiteText = /[\t ]*/y
const spaceText = / */y

class FieldReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  dictionary(): Dictionary {
    const members = new Map<string, Item | InnerList>()
    this.#take(spaceText)
    while (this.#at < this.#text.length) {
      const key = this.#need(keyText, "a key")
      if (members.has(key)) throw malformed(`${key} stands there twice`)
      members.set(key, this.#skip("=") ? this.#member() : this.#justTrue())
      this.#take(whiteText)
      if (this.#at === this.#text.length) break
      if (!this.#skip(",")) throw malformed("a comma is missing")
      this.#take(whiteText)
      if (this.#at === this.#text.length) throw malformed("nothing stands behind the last comma")
    }
    return members
  }

  wholeItem(): Item {
    this.#take(spaceText)
    const item = this.#item()
    this.#take(spaceText)
    if (this.#at < this.#text.length) throw malformed("something stands behind it")
    return item
  }

  #member(): Item | InnerList {
    if (!this.#skip("(")) return this.#item()
    const items: Item[] = []
    for (;;) {
      this.#take(spaceText)
      if (this.#skip(")")) return { items, parameters: this.#parameters() }
      items.push(this.#item())
      const next = this.#text[this.#at]
      if (next !== " " && next !== ")") throw malformed("an inner list does not go on")
    }
  }

  #item(): Item {
    const value = this.#bareItem()
    return { value, parameters: this.#parameters() }
  }

  #justTrue(): Item {
    return { value: { type: "boolean", value: true }, parameters: this.#parameters() }
  }

  #parameters(): FieldParameters {
    if (this.#text[this.#at] !== ";") return noParameters
    const parameters = new Map<string, BareItem>()
    while (this.#skip(";")) {
      this.#take(spaceText)
      const key = this.#need(keyText, "the name of a parameter")
      if (parameters.has(key)) throw malformed(`${key} stands there twice`)
      parameters.set(key, this.#skip("=") ? this.#bareItem() : { type: "boolean", value: true })
    }
    return parameters
  }

  #bareItem(): BareItem {
    switch (this.#text[this.#at]) {
      case '"': {
        const text = this.#need(stringText, "a text").slice(1, -1)
        return { type: "string", value: text.replace(/\\(.)/g, "$1") }
      }
      case ":": {
        const value = fromBase64(this.#need(bytesText, "bytes").slice(1, -1))
        if (!value) throw malformed("bytes are no base64")
        return { type: "bytes", value }
      }
      case "?":
        return { type: "boolean", value: this.#need(booleanText, "yes or no") === "?1" }
      default: {
        const token = this.#take(tokenText)
        return token === null ? this.#number() : { type: "token", value: token }
      }
    }
  }

  /** At most 15 digits, or 12 before the point and 3 behind it. */
  #number(): { readonly type: "integer" | "decimal"; readonly value: number } {
    const text = this.#need(numberText, "a value")
    const [whole = "", fraction] = text.replace("-", "").split(".")
    const isTooLong = fraction === undefined ? whole.length > 15 : whole.length > 12
    if (isTooLong || (fraction?.length ?? 0) > 3) throw malformed("a number is too long")
    return { type: fraction === undefined ? "integer" : "decimal", value: Number(text) }
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (!found) return null
    this.#at += found[0].length
    return found[0]
  }

  #need(pattern: RegExp, what: string): string {
    const found = this.#take(pattern)
    if (found === null) throw malformed(`${what} is missing`)
    return found
  }
}

const noParameters: FieldParameters = new Map()

function malformed(problem: string): PeerError {
  return new PeerError("malformed", `Malformed header field: ${problem}.`)
}
