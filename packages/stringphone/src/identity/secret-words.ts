import { entropyToMnemonic, mnemonicToEntropy, validateMnemonic } from "@scure/bip39"
import { wordlist } from "@scure/bip39/wordlists/english.js"
import { UsageError } from "../bytes/index.js"

/** Twelve words for 16 secret bytes (BIP-39), to write down or to say. */
export function wordsOfSecret(secret: Uint8Array): readonly string[] {
  return entropyToMnemonic(secret, wordlist).split(" ")
}

/**
 * The 16 bytes; a wrong word is nearly always found.
 * @throws {UsageError} `bad-words`
 */
export function secretOfWords(words: readonly string[]): Uint8Array {
  const text = words.map((word) => word.trim().toLowerCase()).join(" ")
  if (words.length === 12 && validateMnemonic(text, wordlist)) {
    return mnemonicToEntropy(text, wordlist)
  }
  throw new UsageError(
    "bad-words",
    "These are not the twelve words of an invitation. Compare them with what you were given.",
  )
}
