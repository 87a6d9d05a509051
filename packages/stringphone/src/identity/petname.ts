import { UsageError } from "../bytes/index.js"

/**
 * Checks a name that its owner gives to a contact, and brings it into one form (NFC, trimmed).
 * Names that could pass for another (invisible or direction-changing characters) are refused.
 *
 * @throws {UsageError} `bad-petname`
 */
export function takePetname(text: string): string {
  const name = text.normalize("NFC").trim()
  const length = [...name].length
  if (length < 1 || length > 64 || forbidden.test(name)) {
    throw new UsageError(
      "bad-petname",
      "A name has 1 to 64 characters and no control, invisible or direction-changing ones.",
    )
  }
  return name
}

/** Control and invisible characters, but not the one that makes an emoji coloured (U+FE0F). */
const forbidden = /(?!\uFE0F)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u

/** Two names with the same key look alike to people who do not mind case and width. */
export function petnameKey(name: string): string {
  return name.normalize("NFKC").toLowerCase().replaceAll("\uFE0F", "").replace(/\s+/g, " ")
}
