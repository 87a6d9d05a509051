import { fromUtf8, UsageError, utf8 } from "../../bytes/index.js"

export const maxLoginBytes = 64
const maxRealmBytes = 255
const maxPasswordBytes = 1024

/** Whether a text is a login as it stands in a message. [YAAS-2-1] */
export function isLogin(text: string): boolean {
  return isName(text, maxLoginBytes)
}

/**
 * A login as somebody typed it, in form NFC.
 * @throws {UsageError} `bad-login`
 */
export function loginFrom(typed: string): string {
  const login = typed.normalize("NFC")
  if (isLogin(login)) return login
  throw new UsageError(
    "bad-login",
    `A login is 1 to ${maxLoginBytes} bytes of UTF-8 without control characters.`,
  )
}

/**
 * A realm as somebody typed it, in form NFC.
 * @throws {UsageError} `bad-realm`
 */
export function realmFrom(typed: string): string {
  const realm = typed.normalize("NFC")
  if (isName(realm, maxRealmBytes)) return realm
  throw new UsageError(
    "bad-realm",
    `A realm is 1 to ${maxRealmBytes} bytes of UTF-8 without control characters.`,
  )
}

/**
 * The bytes of a password; the caller overwrites them.
 * @throws {UsageError} `bad-password`
 */
export function passwordBytes(typed: string): Uint8Array {
  const bytes = utf8(typed.normalize("NFKC")) // [YAAS-2-2]
  if (bytes.length >= 1 && bytes.length <= maxPasswordBytes) return bytes
  throw new UsageError("bad-password", `A password is 1 to ${maxPasswordBytes} bytes of UTF-8.`)
}

/** Whether UTF-8 can hold it: no half of a surrogate pair. */
export function isWellFormed(text: string): boolean {
  return fromUtf8(utf8(text)) === text
}

function isName(text: string, maxBytes: number): boolean {
  const size = utf8(text).length
  return (
    size >= 1 &&
    size <= maxBytes &&
    !/\p{Cc}/u.test(text) &&
    isWellFormed(text) &&
    text.normalize("NFC") === text
  )
}
