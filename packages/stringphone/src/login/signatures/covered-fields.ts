import { type Fields, isFieldName, isFieldValue, trimmed } from "./message.js"

/** Further fields that one signature covers, and bytes of all that it covers. */
export const maxCoveredFields = 64
export const maxBaseCharacters = 65_536

/** They carry the signature, or stand in it already. */
export const ownFields = ["content-digest", "signature", "signature-input"] as const

/** Covered where they are: they say what the body means. [LOGIN-7-2] */
export const bodyFields = ["content-type", "content-encoding"] as const

/** Fields as one signature covers them: one of a name, in alphabetical order. */
export interface CoveredFields {
  readonly fields: Fields
  /** Their names in the field `signature-input`. */
  readonly names: string
  /** Their lines in what is signed. */
  readonly lines: string
}

const nothing: CoveredFields = { fields: [], names: "", lines: "" }

/**
 * In alphabetical order; two of a name become one, as RFC 9421 §2.1 says.
 * @returns what is wrong with them, or they
 */
export function joinedFields(fields: Fields): Fields | string {
  if (fields.length === 0) return fields
  const joined = new Map<string, string>()
  for (const [name, value] of fields) {
    const before = joined.get(name)
    if (before !== undefined && name === unjoinable) return unjoinableTwice
    joined.set(name, before === undefined ? trimmed(value) : `${before}, ${trimmed(value)}`)
  }
  return [...joined].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Its values hold commas: joined they would be another cookie. RFC 9421 §7.5.6 */
const unjoinable = "set-cookie"
const unjoinableTwice = "set-cookie stands there twice, and can not be joined"

/**
 * Of joined fields, in their order.
 * @returns what is wrong with them, as a part of a sentence, or how they are covered
 */
export function coverFields(fields: Fields | string): CoveredFields | string {
  if (typeof fields === "string") return fields
  if (fields.length === 0) return nothing
  if (fields.length > maxCoveredFields) return `more than ${maxCoveredFields} fields are covered`
  let names = ""
  let lines = ""
  for (const [name, value] of fields) {
    if (!isFieldName(name)) return "a name of a field has characters that it must not have"
    if ((ownFields as readonly string[]).includes(name)) return `${name} is no further field`
    if (!isFieldValue(value)) return `the field ${name} has characters that it must not have`
    names += ` "${name}"`
    lines += `"${name}": ${value}\n`
  }
  return { fields, names, lines }
}

/**
 * The names behind the components that are always there, ` "a" "b"`; `null` when it is anything else, or not
 * in alphabetical order.
 */
export function coveredNames(text: string): readonly string[] | null {
  if (text === "") return []
  if (!text.startsWith(' "') || !text.endsWith('"') || text.length < 4) return null
  const names = text.slice(2, -1).split('" "')
  const isInOrder = names.every(
    (name, i) => isFieldName(name) && (i === 0 || (names[i - 1] as string) < name),
  )
  return isInOrder ? names : null
}

/**
 * Those that are covered, joined.
 * @returns what is wrong: one is not there, or a field of the body is not covered [LOGIN-7-2]
 */
export function chosenFields(fields: Fields, names: readonly string[]): Fields | string {
  const chosen = new Map<string, string | null>()
  for (const name of names) chosen.set(name, null)
  for (const [name, value] of fields) {
    const before = chosen.get(name)
    if (before === undefined) {
      if ((bodyFields as readonly string[]).includes(name)) return `${name} is not covered`
      continue
    }
    if (before !== null && name === unjoinable) return unjoinableTwice
    chosen.set(name, before === null ? trimmed(value) : `${before}, ${trimmed(value)}`)
  }
  const found: [string, string][] = []
  for (const [name, value] of chosen) {
    if (value === null) return `${name} is not there`
    found.push([name, value])
  }
  return found
}
