import { UsageError, utf8 } from "../bytes/index.js"
import { takePetname } from "../identity/index.js"

const maxNameBytes = 64
const maxPasswordBytes = 1_024
const maxScopes = 256
/** White space, control and invisible characters, halves of a pair. */
const forbidden = /[\s\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u
const halfOfPair = /\p{Cs}/u
const scope = /^[a-z0-9:._/-]{1,64}$/

/**
 * One form of what a user may have typed in several.
 * @throws {UsageError} `bad-login`
 */
export function takeLogin(text: string): string {
  const login = canonical(text)
  if (login !== null) return login // [LOGIN-1-2]
  throw new UsageError(
    "bad-login",
    "A login has 1 to 64 bytes and no white space, control or invisible characters.",
  )
}

/** @throws {UsageError} `bad-realm` */
export function takeRealm(text: string): string {
  const realm = canonical(text)
  if (realm !== null) return realm // [LOGIN-1-1]
  throw new UsageError(
    "bad-realm",
    "A realm has 1 to 64 bytes, as lamp.example, and no white space, control or invisible characters.",
  )
}

/** A login or a realm as it travels: in its one form. */
export function isCanonicalName(text: string): boolean {
  return canonical(text) === text
}

/** @throws {UsageError} `bad-password` */
export function takePassword(text: string): string {
  const password = text.normalize("NFKC")
  const length = utf8(password).length
  if (length >= 1 && length <= maxPasswordBytes && !halfOfPair.test(password)) return password // [LOGIN-1-2]
  throw new UsageError("bad-password", "A password has 1 to 1,024 bytes.")
}

/** @throws {UsageError} `bad-petname` */
export function takeDeviceName(text: string): string {
  return takePetname(text) // [LOGIN-3-3]
}

/** @throws {UsageError} `bad-scope` */
export function takeScopes(scopes: readonly string[]): readonly string[] {
  if (areScopes(scopes)) return scopes
  throw new UsageError(
    "bad-scope",
    "Scopes are up to 256 different texts of 1 to 64 of a-z, 0-9 and : . _ / -",
  )
}

/** [LOGIN-6-7] */
export function areScopes(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > maxScopes) return false
  const isEachScope = value.every((one) => typeof one === "string" && scope.test(one))
  return isEachScope && new Set(value).size === value.length
}

/** Lower case can undo NFKC; what does not come to rest has no one form. */
function canonical(text: string): string | null {
  const name = folded(text)
  const length = utf8(name).length
  const isName = length >= 1 && length <= maxNameBytes && !forbidden.test(name)
  return isName && folded(name) === name ? name : null
}

function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase().normalize("NFKC")
}
