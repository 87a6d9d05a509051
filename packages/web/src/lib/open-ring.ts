import type { KeyRing } from "stringphone/keyring"
import { openBrowserKeyRing } from "stringphone/keyring/browser"
import { painted } from "./painted.ts"
import { codeOf, sentenceOf } from "./sentence.ts"

/**
 * Opens this phone's key ring, and asks for its passphrase as often as it takes.
 *
 * @param ask gets what was wrong with the last answer
 * @param opening is called before the second or two in which the page can not be drawn
 */
export async function openRing(
  ask: (error: string | null) => Promise<string>,
  opening: () => void,
): Promise<KeyRing> {
  let error: string | null = null
  const passphrase = async (): Promise<string> => {
    const text = await ask(error)
    opening()
    await painted()
    return text
  }
  for (;;) {
    try {
      return await openBrowserKeyRing({ passphrase })
    } catch (failure) {
      if (codeOf(failure) !== "passphrase-wrong") throw failure
      error = sentenceOf(failure)
    }
  }
}
